"""A digest comes in its reader's morning, once, with what is new, and is ended by one click from the mail itself."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from node.coalition.digests.rules import Drop, Facts, Keep, SetDigest, decide_set, next_due
from node.mail import Mailbox
from node.storage.contract import Tx
from protocol.errors import Reason
from tests.cluster.kit import cluster, settle
from tests.cluster.people import Person, Place
from tests.smtp import Post, post

DAY = 86_400_000


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000)


MORNINGS = [
    ("before seven, the same day", "2026-05-28T05:00:00+00:00", "day", "", "2026-05-28T07:00:00+00:00"),
    ("at seven, the next day", "2026-05-28T07:00:00+00:00", "day", "", "2026-05-29T07:00:00+00:00"),
    ("in Chicago", "2026-05-28T07:00:00+00:00", "day", "America/Chicago", "2026-05-28T07:00:00-05:00"),
    ("on a Thursday, next Monday", "2026-05-28T08:00:00+00:00", "week", "", "2026-06-01T07:00:00+00:00"),
    ("on Monday before seven", "2026-06-01T06:00:00+00:00", "week", "", "2026-06-01T07:00:00+00:00"),
    ("on Monday after seven", "2026-06-01T08:00:00+00:00", "week", "", "2026-06-08T07:00:00+00:00"),
    ("over the change to winter", "2026-10-24T12:00:00+02:00", "day", "Europe/Madrid", "2026-10-25T07:00:00+01:00"),
    ("over the change to summer", "2026-03-28T12:00:00+01:00", "day", "Europe/Madrid", "2026-03-29T07:00:00+02:00"),
]


@pytest.mark.parametrize(("what", "now", "every", "zone", "due"), MORNINGS, ids=[row[0] for row in MORNINGS])
def test_mornings(what: str, now: str, every: str, zone: str, due: str) -> None:
    assert next_due(at(now), every, zone) == at(due), what


def test_who_may_wish_for_one() -> None:
    wish, now = SetDigest("m", "week", "s"), at("2026-05-28T05:00:00+00:00")
    assert decide_set(wish, Facts(), now).reason is Reason.NOT_FOUND
    assert decide_set(wish, Facts(there=True), now).reason is Reason.INVALID
    assert decide_set(SetDigest("m", "hour", "s"), Facts(there=True, mail=True), now).reason is Reason.INVALID
    [kept] = decide_set(wish, Facts(there=True, mail=True), now).effects
    assert isinstance(kept, Keep)
    assert decide_set(SetDigest("m", "", "s"), Facts(there=True), now).effects == (Drop("m"),)


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


async def mailed(place: Place, server: Post) -> Person:
    """Ana, who has an address, and a Spanish page; and a mail server that the coalition uses."""
    ana = await place.member("Ana", await place.operator())
    box = Mailbox("localhost", server.port, "none", "office@here.example")

    def work(tx: Tx) -> None:
        tx.run("UPDATE member SET email = 'ana@here.example', language = 'es', time_zone = 'Europe/Madrid'")
        tx.run("INSERT INTO setting(name, value) VALUES('mailbox', :box)", box=msgspec.json.encode(box).decode())

    await place.town.running.storage.transact(work)
    return ana


def letters(server: Post) -> list[EmailMessage]:
    return [message_from_bytes(raw, policy=policy.default) for raw in server.taken]


async def test_it_comes_once_with_what_is_new_and_ends_by_one_click(place: Place) -> None:
    town = place.town
    async with post() as server:
        ana = await mailed(place, server)
        await town.open_practice()
        assert (await ana.post("/me/digest", "/me/digest", every="day"))[0] == 303

        async def due() -> int:
            return (await town.rows("SELECT due FROM digest"))[0]["due"]

        first = await due()
        town.clock.advance(first - town.clock.now())
        await settle(lambda: _moved(place, first), "the morning passes")
        assert server.taken == []  # nothing was new
        await town.publish("Call-in meetings")
        second = await due()
        town.clock.advance(second - town.clock.now())

        async def came() -> bool:
            return len(server.taken) == 1

        await settle(came, "the second morning's digest")
        [letter] = letters(server)
        text = letter.get_content()
        assert letter["To"] == "ana@here.example"
        assert letter["Subject"] == "Lo nuevo en here"
        assert "Call-in meetings (gun-violence in here)" in text
        assert f"{town.origin}/items/" in text
        assert "Nuevo de otros" in text
        assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        end = str(letter["List-Unsubscribe"]).strip(" <>").replace(town.origin, "")
        assert end in text.replace("=\n", "")

        # Looking at the link changes nothing; a mail program's post does, without a cookie, and once.
        assert (await town.page(end, Accept="text/html"))[0] == 200
        assert len(await town.rows("SELECT member FROM digest")) == 1
        async with aiohttp.ClientSession(town.origin) as program:
            for status in (200, 410):
                async with program.post(end, data={"List-Unsubscribe": "One-Click"}) as answer:
                    assert answer.status == status
        assert await town.rows("SELECT member FROM digest") == []


async def _moved(place: Place, due: int) -> bool:
    return (await place.town.rows("SELECT due FROM digest"))[0]["due"] > due


async def test_none_is_sent_twice_by_whoever_works_and_none_after_they_left(place: Place) -> None:
    town = place.town
    async with post() as server:
        ana = await mailed(place, server)
        assert (await ana.post("/me/digest", "/me/digest", every="week"))[0] == 303
        await town.open_practice()
        await town.publish("Call-in meetings")
        due = (await town.rows("SELECT due FROM digest"))[0]["due"]
        await town.stop()  # down over the morning, and a day later
        town.clock.advance(due - town.clock.now() + DAY)
        await town.start()

        async def came() -> bool:
            return len(server.taken) == 1

        await settle(came, "it comes when the node is up again")
        await town.stop()
        await town.start()
        await settle(lambda: _moved(place, due))
        assert len(server.taken) == 1
        assert (await ana.post("/me/leave", "/me/leave"))[0] == 303
        assert await town.rows("SELECT member FROM digest") == []
