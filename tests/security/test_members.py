"""Members over HTTP: coming in, signing in, being locked out, leaving; and that nothing of them is anybody else's."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from argon2 import PasswordHasher

from node.coalition.people import passwords
from node.coalition.people.rules import RECOVERY
from tests.cluster.kit import cluster
from tests.cluster.people import WORDS, Place, link_in


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        await town.open_practice("guns", name="Gun violence")
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


async def id_of(place: Place, name: str) -> str:
    (row,) = await place.town.rows("SELECT id FROM member WHERE name = :name", name=name)
    return row["id"]


async def test_a_coalition_gets_its_people(place: Place) -> None:
    """The operator lets the first coordinator in, who lets others in; each comes by their own act."""
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    ben = await place.member("Ben", ana, role="coordinator", practice="guns")
    assert "Gun violence" in (await ben.get("/me"))[1]
    cleo = await place.member("Cleo", ben, practice="guns")
    status, text = await cleo.get("/members")
    assert status == 200
    assert all(name in text for name in ("Ana", "Ben", "Cleo"))
    assert (await cleo.get("/members/invite"))[0] == 403
    assert (await cleo.get("/record"))[0] == 403
    status, record = await ana.get("/record")
    assert (status, record.count("Join by an invitation")) == (200, 3)
    # A coordinator of one practice makes nobody the coalition's.
    status, text, _ = await ben.post("/members/invite", "/members/invite?practice=guns", role="coordinator",
                                     practice="", days="1", uses="1")  # fmt: skip
    assert status == 422
    assert "coalition&#39;s coordinators" in text


async def test_a_link_is_for_so_many_and_so_long(place: Place) -> None:
    operator = await place.operator()
    link = await operator.invite(uses="2")
    assert (await place.somebody().join(link, "Ana"))[0] == 303
    status, text = await place.somebody().join(link, "Ana")  # the name is taken; the link is not used up by that
    assert (status, "signs in by that name already" in text, 'value="Ana"' in text) == (422, True, True)
    assert (await place.somebody().join(link, "Ben"))[0] == 303
    assert (await place.somebody().join(link, "Cleo"))[0] == 410
    assert (await place.somebody().get(link))[0] == 410
    late = await operator.invite(days="3")
    place.town.clock.advance(3 * 24 * 3_600_000)
    assert (await place.somebody().join(late, "Dora"))[0] == 410
    assert (await place.somebody().get("/join/" + "x" * 32))[0] == 404
    assert sorted(row["name"] for row in await place.town.rows("SELECT name FROM member")) == ["Ana", "Ben"]


async def test_a_revoked_link_opens_nothing(place: Place) -> None:
    operator = await place.operator()
    link = await operator.invite()
    (row,) = await place.town.rows("SELECT id FROM invitation")
    assert (await operator.post(f"/members/invite/{row['id']}/revoke", "/members/invite"))[0] == 303
    assert (await place.somebody().join(link, "Ana"))[0] == 404


@pytest.mark.parametrize("password", ["short", "a" * 201, "aaaaaaaaaaaa", "Ana-Lopez-1"])
async def test_a_password_that_is_guessed_at_once_is_refused_and_nothing_is_lost(place: Place, password: str) -> None:
    link = await (await place.operator()).invite()
    name = "Ana-Lopez-1"
    status, text = await place.somebody().join(link, name, sign_in="ana", password=password, email="ana@x.example")
    assert status == 422
    assert 'value="ana@x.example"' in text
    assert password not in text.replace(name, "") or password == "short"
    assert await place.town.rows("SELECT id FROM member") == []


async def test_signing_in_tells_nobody_who_is_here(place: Place) -> None:
    await place.member("Ana", await place.operator())
    stranger = place.somebody()
    wrong = await stranger.sign_in("ana", "not her words")
    unknown = await stranger.sign_in("nobody", "not her words")
    assert wrong[0] == unknown[0] == 422
    assert wrong[1].replace("ana", "?") == unknown[1].replace("nobody", "?")
    assert (await stranger.sign_in(" ANA "))[0] == 303


def test_an_unknown_account_is_checked_against_a_hash_that_costs_what_ours_cost() -> None:
    assert not PasswordHasher().check_needs_rehash(passwords.NOBODYS)


async def test_guessing_is_slowed_down_by_account_and_by_place(place: Place) -> None:
    await place.member("Ana", await place.operator())
    thief = place.somebody()
    for _ in range(passwords.AN_ACCOUNT):
        assert "do not belong together" in (await thief.sign_in("ana", "a guess at it"))[1]
    status, text = await thief.sign_in("ana")  # the right one, too late
    assert (status, "Too many attempts" in text) == (422, True)
    place.town.clock.advance(passwords.WINDOW)
    assert (await thief.sign_in("ana"))[0] == 303
    for number in range(passwords.A_PLACE):
        await thief.sign_in(f"name-{number}", "a guess at it")
    assert "Too many attempts" in (await thief.sign_in("another", "a guess at it"))[1]


async def test_who_is_suspended_is_out_at_once(place: Place) -> None:
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    ben = await place.member("Ben", ana)
    _, text, _ = await ben.post("/me/tokens", "/me", token_name="t", days="3", **{"scope-read": "yes"})
    token = re.search(r"cwm1_[\w-]+", text.replace("<wbr>", ""))
    assert token is not None

    async def program() -> int:
        headers = {"Authorization": f"Bearer {token[0]}"}
        async with aiohttp.ClientSession() as client, client.get(
            f"{place.town.origin}/api/v1/practices", headers=headers
        ) as answer:  # fmt: skip
            return answer.status

    assert await program() == 200
    id = await id_of(place, "Ben")
    assert (await ana.post(f"/members/{id}/suspend", f"/members/{id}"))[0] == 303
    assert (await ben.get("/me"))[0] == 303  # to the sign-in page
    assert await program() == 401
    assert (await ben.sign_in("ben"))[0] == 422
    assert (await ana.post(f"/members/{id}/readmit", f"/members/{id}"))[0] == 303
    assert (await ben.sign_in("ben"))[0] == 303
    assert await program() == 401  # what was ended stays ended
    # The only coordinator cannot be lost.
    me = await id_of(place, "Ana")
    assert (await ana.post(f"/members/{me}/suspend", "/me"))[0] == 403


async def test_a_new_way_in_ends_the_old_ones(place: Place) -> None:
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    ben = await place.member("Ben", ana)
    id = await id_of(place, "Ben")
    links: list[str] = []
    for _ in range(2):
        status, text, _ = await ana.post(f"/members/{id}/recover", f"/members/{id}")
        assert status == 200
        links.append(link_in(text))
    thief = place.somebody()
    assert (await ben.post(links[0], password="quite other words"))[0] == 303
    assert (await thief.post(links[1], password="quite other words"))[0] == 404  # it went with the first
    assert (await thief.sign_in("ben"))[0] == 422
    assert (await thief.sign_in("ben", "quite other words"))[0] == 303
    status, text, _ = await ana.post(f"/members/{id}/recover", f"/members/{id}")
    late = link_in(text)
    place.town.clock.advance(RECOVERY)
    assert (await thief.post(late, password="yet other words"))[0] == 410


async def test_a_password_is_changed_by_who_knows_it_and_a_session_ended(place: Place) -> None:
    ana = await place.member("Ana", await place.operator())
    elsewhere = place.somebody()
    assert (await elsewhere.sign_in("ana"))[0] == 303
    assert (await ana.post("/me/password", "/me", old="wrong words", new="entirely new words"))[0] == 422
    assert (await elsewhere.get("/me"))[0] == 200
    assert (await ana.post("/me/password", "/me", old=WORDS, new="entirely new words"))[0] == 303
    assert (await elsewhere.get("/me"))[0] == 303
    assert (await elsewhere.sign_in("ana", "entirely new words"))[0] == 303
    ends = re.findall(r"/me/sessions/[0-9a-f]+/end", (await ana.get("/me"))[1])
    assert len(ends) == 1
    assert (await ana.post(ends[0], "/me"))[0] == 303
    assert (await elsewhere.get("/me"))[0] == 303
    assert (await ana.get("/me"))[0] == 200


async def test_signing_in_leaves_no_session_that_somebody_planted(place: Place) -> None:
    ana = await place.member("Ana", await place.operator())
    before = {cookie.key: cookie.value for cookie in ana.client.cookie_jar}
    assert (await ana.sign_in("ana"))[0] == 303
    async with aiohttp.ClientSession(cookies=before) as thief, thief.get(
        f"{place.town.origin}/me", allow_redirects=False
    ) as answer:  # fmt: skip
        assert answer.status in (303, 403)


async def test_who_leaves_takes_everything_along(place: Place) -> None:
    operator = await place.operator()
    ana = await place.member("Ana", operator, role="coordinator")
    assert (await ana.post("/me/leave", "/me/leave"))[0] == 403  # the only coordinator
    ben = await place.member("Ben", ana, practice="guns")
    fields = {"name": "Ben Secret", "email": "ben@x.example", "help": "plumbing", "discipline": "law"}
    assert (await ben.post("/me/details", "/me", **fields))[0] == 303
    assert (await ben.post("/me/affiliations", "/me", organisation="Brakes", since="2020-01-31"))[0] == 303
    status, data = await ben.get("/me/data.json")
    assert status == 200
    assert all(word in data for word in ("ben@x.example", "plumbing", "Brakes", "member.join"))
    assert "$argon2" not in data
    assert (await ben.post("/me/leave", "/me/leave"))[0] == 303
    assert (await ben.sign_in("ben"))[0] == 422
    tables = ("member", "role", "affiliation", "session", "access_token", "invitation", "audit")
    left = [repr(dict(row)) for name in tables for row in await place.town.rows(f"SELECT * FROM {name}")]
    assert not [row for row in left if re.search(r"Secret|ben@|plumbing|'law'", row)]


async def test_changing_employers_is_dated_and_membership_stays(place: Place) -> None:
    ana = await place.member("Ana", await place.operator(), practice="guns")
    assert (await ana.post("/me/affiliations", "/me", organisation="Brakes", since="2020-01-31"))[0] == 303
    (row,) = await place.town.rows("SELECT key FROM affiliation")
    early, _, _ = await ana.post(f"/me/affiliations/{row['key']}/end", "/me", until="2019-01-31")
    assert early == 422
    assert (await ana.post(f"/me/affiliations/{row['key']}/end", "/me", until="2026-01-31"))[0] == 303
    assert (await ana.post("/me/affiliations", "/me", organisation="Wipers", since="2026-02-01"))[0] == 303
    status, text = await ana.get("/practices/guns/members")
    assert status == 200
    assert "Wipers" in text
    assert "Brakes" not in text
    assert "from 31 January 2020 until 31 January 2026" in re.sub(r"<[^>]+>", "", (await ana.get("/me"))[1])


@pytest.mark.parametrize("who", ["nobody", "operator"])
async def test_nothing_of_a_member_is_shown_to_others(place: Place, who: str) -> None:
    operator = await place.operator()
    ana = await place.member("Anastasia", operator, practice="guns", role="coordinator")
    await ana.post("/me/details", "/me", name="Anastasia", email="anastasia@x.example", help="a secret skill")
    id = await id_of(place, "Anastasia")
    visitor = operator if who == "operator" else place.somebody()
    paths = ["/", "/catalog", "/practices/guns", "/practices/guns/members", "/members", f"/members/{id}", "/me",
             "/me/data.json", "/record", "/permissions", "/sign-in", "/actor", "/.well-known/nodeinfo",
             "/nodeinfo/2.1", "/actor/outbox", "/practices/guns/outbox", "/api/v1/openapi.json"]  # fmt: skip
    if who == "operator":
        paths += ["/members/invite", "/operation", "/connections", "/items/new"]
    for path in paths:
        _, text = await visitor.get(path)
        assert not re.search(r"anastasia|a secret skill", text, re.IGNORECASE), path
        assert not re.search(r"\b1 member\b", text), path
    async with visitor.client.get("/practices/guns", headers={"Accept": "application/activity+json"}) as answer:
        assert "nastasia" not in await answer.text()
