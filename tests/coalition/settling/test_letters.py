"""Mail as a coordinator sets it up: tried before it is kept, and invitations go by it."""

from collections.abc import AsyncIterator
from email import message_from_bytes, policy
from pathlib import Path

import pytest_asyncio

from tests.cluster.kit import cluster
from tests.cluster.people import Person, Place, link_in
from tests.smtp import Post, post

SECRET = "s3cret-s3cret"


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


async def coordinator(place: Place) -> Person:
    return await place.member("Ana", await place.operator(), role="coordinator")


def fields(server: Post, **more: str) -> dict[str, str]:
    return {
        "host": "localhost", "port": str(server.port), "security": "none", "sender": "office@here.example",
        "to": "ana@here.example", **more,
    }  # fmt: skip


async def mailbox(place: Place) -> list[str]:
    return [row["value"] for row in await place.town.rows("SELECT value FROM setting WHERE name = 'mailbox'")]


async def test_a_server_that_takes_the_test_is_kept_and_mails_invitations(place: Place) -> None:
    ana = await coordinator(place)
    async with post() as server:
        assert (await ana.post("/settings/mail", "/settings/reach", **fields(server, password="s3cret-s3cret")))[
            0
        ] == 303
        page = (await ana.get("/settings/reach"))[1]
        assert SECRET not in page
        status, text, _ = await ana.post("/settings/second", "/settings/second", note="", email="ben@here.example")
        assert status == 200
        assert "mailed to ben@here.example" in text
        test, invitation = (message_from_bytes(raw, policy=policy.default) for raw in server.taken)
    assert test["To"] == "ana@here.example"
    assert invitation["To"] == "ben@here.example"
    ben = place.somebody()
    assert (await ben.join(link_in(invitation.get_content()), "Ben"))[0] == 303
    assert (await ana.post("/settings/mail/forget", "/settings/reach"))[0] == 303
    assert await mailbox(place) == []


async def test_a_server_that_does_not_answer_is_not_kept_and_nothing_typed_is_lost(place: Place) -> None:
    ana = await coordinator(place)
    async with post() as server:
        gone = fields(server)
    status, text, _ = await ana.post("/settings/mail", "/settings/reach", **gone)
    assert status == 422
    assert "cannot be reached" in text
    assert 'value="office@here.example"' in text
    assert await mailbox(place) == []


async def test_a_page_cannot_send_the_password_elsewhere_in_the_clear(place: Place) -> None:
    ana = await coordinator(place)
    async with post() as server:
        status, text, _ = await ana.post(
            "/settings/mail", "/settings/reach", **fields(server, host="mail.example.org", password="x")
        )
    assert status == 422
    assert "Without encryption" in text


async def test_an_invitation_that_could_not_be_mailed_is_shown_all_the_same(place: Place) -> None:
    ana = await coordinator(place)
    async with post(refuses=True) as server:
        away = fields(server)
        await place.town.running.storage.transact(
            lambda tx: tx.run(
                "INSERT INTO setting(name, value) VALUES('mailbox', :value)",
                value=f'{{"host":"localhost","port":{away["port"]},"security":"none","sender":"a@b.example"}}',
            )
        )
        status, text, _ = await ana.post("/settings/second", "/settings/second", note="", email="ben@here.example")
    assert status == 200
    assert link_in(text)
    assert "does not deliver" in text


async def test_the_form_sent_twice_mails_once(place: Place) -> None:
    ana = await coordinator(place)
    page = (await ana.get("/settings/reach"))[1]
    token = page.split('name="form_token" value="')[1].split('"')[0]
    async with post() as server:
        sent = fields(server, form_token=token)
        assert (await ana.post("/settings/mail", **sent))[0] == 303
        assert (await ana.post("/settings/mail", **sent))[0] == 409
