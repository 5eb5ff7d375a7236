"""Five fetches of keys a host in ten seconds, for a node as a whole: whatever process makes them, before and after a
restart. Every count here is of requests that a server saw, or of bookings that a database has."""

import asyncio
import multiprocessing
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from node.federation import key_limits
from node.federation.admission import Admission
from node.federation.keyring import Keyring
from node.federation.peer import Peers
from node.storage.contract import Storage
from protocol import identifiers, limits
from protocol.errors import Reason, RemoteProtocolError
from tests.cluster.kit import START, StoryClock, settle
from tests.federation.hostile import Cast, Character, Seen, serve
from tests.storage.opening import OPEN

HERE = identifiers.origin("https://fort-wayne.example")
HOST = "high-point.example"
FIVE, WINDOW = limits.KEY_FETCHES_A_HOST, limits.KEY_FETCH_WINDOW


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, str]:
    """An engine and its fresh database."""
    name = request.param
    return name, str(tmp_path / "data") if name == "sqlite" else request.getfixturevalue("postgres_url")


@asynccontextmanager
async def keyring(place: tuple[str, str], world: Cast, clock: StoryClock) -> AsyncIterator[tuple[Keyring, Storage]]:
    """What one process of a node has."""
    name, where = place
    storage, peers = await OPEN[name](where), Peers("Commonweave/test", world.allowed)
    try:
        made = Keyring(storage, peers, clock, Admission("block", HERE.key), lambda *_request: [], HERE)
        storage.hear("actor", made.forgotten)
        yield made, storage
    finally:
        await peers.close()
        await storage.close()


async def reason(ring: Keyring, key_id: str) -> Reason:
    """What asking for a key comes to."""
    try:
        await ring.find(key_id, 100)
    except RemoteProtocolError as error:
        return error.reason
    return Reason.ACCEPTED


async def book(storage: Storage, number: int, now: int, host: str = HOST) -> bool:
    key_id = f"https://{host}/people/{number}#main-key"
    return await storage.transact(lambda tx: key_limits.book(tx, key_id, host, now), (key_limits.lock(host),))


async def count(storage: Storage) -> int:
    return await storage.read(lambda reads: reads.the("SELECT COUNT(*) AS n FROM key_fetch")["n"])


async def test_two_processes_of_a_node_ask_a_host_five_times_together(postgres_url: str, world: Cast) -> None:
    clock, place = StoryClock(), ("postgres", postgres_url)
    async with keyring(place, world, clock) as (one, _), keyring(place, world, clock) as (other, _):

        async def flood(ring: Keyring, name: str) -> list[Reason]:
            return [await reason(ring, world.good.url(f"/{name}/{number}#main-key")) for number in range(50)]

        reasons = await asyncio.gather(flood(one, "a"), flood(other, "b"))
        assert len(world.good.seen) == FIVE
        assert sorted(reasons[0] + reasons[1]) == [Reason.KEY_UNAVAILABLE] * 95 + [Reason.UNKNOWN_KEY] * 5
        clock.advance(WINDOW)
        assert await reason(other, world.good.url("/c/1#main-key")) is Reason.UNKNOWN_KEY
        assert len(world.good.seen) == FIVE + 1


async def test_a_restart_gives_no_five_more(place: tuple[str, str], world: Cast) -> None:
    clock = StoryClock()
    for start in range(3):
        async with keyring(place, world, clock) as (ring, _):
            reasons = [await reason(ring, world.good.url(f"/{start}/{number}#main-key")) for number in range(3)]
        assert reasons == [
            Reason.UNKNOWN_KEY if start * 3 + number < FIVE else Reason.KEY_UNAVAILABLE for number in range(3)
        ]
    assert len(world.good.seen) == FIVE


async def test_what_another_process_asks_for_is_not_asked_for_again_and_is_there_afterwards(
    postgres_url: str, world: Cast
) -> None:
    who, clock, place, gate = (
        Character(world.good, "/practices/x"),
        StoryClock(),
        ("postgres", postgres_url),
        asyncio.Event(),
    )
    document = serve(who.sign(who.document(START), START))

    async def held(seen: Seen) -> Any:
        await gate.wait()
        return await document(seen)

    world.good.on("/practices/x", held)
    async with keyring(place, world, clock) as (one, _), keyring(place, world, clock) as (other, _):
        asking = asyncio.create_task(reason(one, who.key_id))

        async def asked() -> bool:
            return bool(world.good.seen)

        await settle(asked, "the first has asked")
        assert await reason(other, who.key_id) is Reason.KEY_UNAVAILABLE  # not now is not never
        gate.set()
        assert await asking is Reason.ACCEPTED
        assert await reason(other, who.key_id) is Reason.ACCEPTED
        assert len(world.good.seen) == 1


def _book_many(url: str, pipe: Connection) -> None:
    """A process of its own: books until it is refused, when it is told to begin."""

    async def run() -> int:
        storage = await OPEN["postgres"](url)
        pipe.send("ready")
        await asyncio.to_thread(pipe.recv)
        booked = await asyncio.gather(*(book(storage, number, START) for number in range(20)))
        await storage.close()
        return sum(booked)

    pipe.send(asyncio.run(run()))


def test_real_processes_that_book_at_once_do_not_exceed_five_together(postgres_url: str) -> None:
    spawn = multiprocessing.get_context("spawn")
    pipes: list[Connection] = []
    processes = []
    for _ in range(3):
        mine, theirs = spawn.Pipe()
        processes.append(spawn.Process(target=_book_many, args=(postgres_url, theirs)))
        processes[-1].start()
        pipes.append(mine)
    assert [pipe.recv() for pipe in pipes] == ["ready"] * 3
    for pipe in pipes:
        pipe.send("begin")
    # The same twenty keys in each, so that who comes second finds them asked for.
    assert sum(pipe.recv() for pipe in pipes) == FIVE
    for process in processes:
        process.join()


async def test_bookings_end_and_are_removed(place: tuple[str, str]) -> None:
    storage = await OPEN[place[0]](place[1])
    try:
        for round in range(4):
            now = START + round * WINDOW
            assert [await book(storage, round * 10 + n, now) for n in range(7)] == [True] * FIVE + [False] * 2
            assert await book(storage, 0, now, "inkster.example")  # another host has its own five
            assert await count(storage) == FIVE + 1
        # A clock that is set back opens the host again, and one that runs on does so after the window.
        assert await book(storage, 90, START - limits.HOUR)
    finally:
        await storage.close()


async def test_a_booking_is_of_one_key(place: tuple[str, str]) -> None:
    storage = await OPEN[place[0]](place[1])
    try:
        assert await book(storage, 1, START)
        assert not await book(storage, 1, START + WINDOW - 1)
        assert await book(storage, 2, START + WINDOW - 1)
        assert await book(storage, 1, START + WINDOW)
    finally:
        await storage.close()
