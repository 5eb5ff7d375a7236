"""Keys from their owners, under the limits of protocol section 2: every count here is of requests that a server saw."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from node.federation.admission import Admission
from node.federation.key_limits import Waiting
from node.federation.keyring import Keyring
from node.federation.peer import PeerError, Peers
from node.storage.sqlite import Sqlite, open_sqlite
from protocol import identifiers, limits
from protocol.errors import Reason, RemoteProtocolError
from protocol.keys import HeldKey, SigningKey
from protocol.limits import MINUTE, SECOND
from protocol.vocabulary.actors import build_actor
from tests.cluster.kit import START, StoryClock, settle
from tests.federation.hostile import Cast, Character, Seen, answer, dead_port, serve

HERE = identifiers.origin("https://fort-wayne.example")


class Ring:
    """A keyring over a real database and a real client."""

    def __init__(self, storage: Sqlite, keyring: Keyring, clock: StoryClock) -> None:
        self.storage = storage
        self.keyring = keyring
        self.clock = clock

    async def reason(self, key_id: str, size: int = 100) -> Reason:
        """What asking for the key comes to."""
        try:
            key = self.keyring.held(key_id) or await self.keyring.find(key_id, size)
        except RemoteProtocolError as error:
            return error.reason
        assert key.id == key_id
        return Reason.ACCEPTED

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.storage.read(lambda r: [{n: row[n] for n in row.keys()} for row in r.all(sql)])  # noqa: SIM118


@asynccontextmanager
async def ring(
    directory: Path, allowed: frozenset[tuple[str, int]], clock: StoryClock | None = None
) -> AsyncIterator[Ring]:
    storage, peers = await open_sqlite(directory), Peers("Commonweave/test", allowed)
    moving = clock or StoryClock()
    admission = Admission("block", HERE.key)
    try:
        yield Ring(storage, Keyring(storage, peers, moving, admission, lambda *_request: [], HERE), moving)
    finally:
        await peers.close()
        await storage.close()


@pytest.fixture
async def made(world: Cast, tmp_path: Path) -> AsyncIterator[Ring]:
    async with ring(tmp_path, world.allowed) as opened:
        yield opened


def fetches(world: Cast, path: str = "") -> int:
    return sum(seen.path.startswith(path) for seen in world.good.seen)


async def test_a_key_is_fetched_once_and_then_known(made: Ring, world: Cast, tmp_path: Path) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    for key_id in (who.key_id, who.key_id, who.rsa_id):
        assert await made.reason(key_id) is Reason.ACCEPTED
    assert fetches(world) == 1
    held = made.keyring.held(who.key_id)
    assert held is not None
    assert held.public == who.key.public


async def test_many_who_wait_for_one_actor_cause_one_fetch(made: Ring, world: Cast) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    reasons = await asyncio.gather(*(made.reason(who.key_id) for _ in range(limits.WAITING_A_HOST)))
    assert set(reasons) == {Reason.ACCEPTED}
    assert fetches(world) == 1


async def test_invented_keys_cost_their_host_five_fetches_in_ten_seconds(made: Ring, world: Cast) -> None:
    reasons = [await made.reason(world.good.url(f"/people/{number}#main-key")) for number in range(100)]
    assert fetches(world) == limits.KEY_FETCHES_A_HOST
    assert reasons[:5] == [Reason.UNKNOWN_KEY] * 5
    assert set(reasons[5:]) == {Reason.KEY_UNAVAILABLE}  # not now is not never: 503
    made.clock.advance(limits.KEY_FETCH_WINDOW)
    assert await made.reason(world.good.url("/people/200#main-key")) is Reason.UNKNOWN_KEY
    assert fetches(world) == limits.KEY_FETCHES_A_HOST + 1


async def test_one_host_at_its_limit_delays_no_other(made: Ring, world: Cast) -> None:
    for number in range(10):
        await made.reason(world.evil.url(f"/people/{number}#main-key"))
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    assert await made.reason(who.key_id) is Reason.ACCEPTED


async def test_a_key_that_is_not_there_is_asked_for_once_in_five_minutes_also_after_a_restart(
    world: Cast, tmp_path: Path
) -> None:
    key_id = world.good.url("/people/nobody#main-key")
    clock = StoryClock()
    for _ in range(2):
        async with ring(tmp_path, world.allowed, clock) as opened:
            assert await opened.reason(key_id) is Reason.UNKNOWN_KEY
            assert fetches(world) == 1
        clock.advance(limits.KEY_FETCH_WINDOW)
    async with ring(tmp_path, world.allowed, clock) as opened:
        clock.advance(limits.KEY_REFETCH - 2 * limits.KEY_FETCH_WINDOW)
        assert await opened.reason(key_id) is Reason.UNKNOWN_KEY
        assert fetches(world) == 2


async def test_a_key_that_its_actor_does_not_list_is_remembered_as_missing(made: Ring, world: Cast) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    for _ in range(3):
        assert await made.reason(f"{who.id}#ed25519-9") is Reason.UNKNOWN_KEY
    assert fetches(world) == 1
    assert await made.reason(who.key_id) is Reason.ACCEPTED
    assert fetches(world) == 1


NOT_NOW = {"refuses": None, "is broken": answer(500), "is busy": answer(503)}


@pytest.mark.parametrize("how", NOT_NOW)
async def test_a_host_that_cannot_answer_now_is_asked_again_soon(
    made: Ring, world: Cast, tmp_path: Path, how: str
) -> None:
    who = Character(world.good, "/practices/violence")
    handler = NOT_NOW[how]
    if handler is None:
        port = world.good.port
        await world.good.stop()
        assert port == world.good.port
    else:
        world.good.on("/practices/violence", handler)
    assert await made.reason(who.key_id) is Reason.KEY_UNAVAILABLE
    assert await made.reason(who.key_id) is Reason.KEY_UNAVAILABLE
    if handler is None:
        await world.good.start()
    who.publish(START)
    made.clock.advance(MINUTE)
    assert await made.reason(who.key_id) is Reason.ACCEPTED


NEVER = ["http://127.0.0.1:{canary}/x#key", "http://169.254.169.254/x#key", "http://[::1]:{canary}/x#key"]


@pytest.mark.parametrize("key_id", NEVER)
async def test_no_key_id_makes_us_speak_to_who_is_not_public(made: Ring, world: Cast, key_id: str) -> None:
    assert await made.reason(key_id.format(canary=world.canary.port)) is Reason.UNKNOWN_KEY
    assert world.canary.connections == 0


async def test_a_dead_port_is_not_now(made: Ring, world: Cast, tmp_path: Path) -> None:
    port = dead_port()
    async with ring(tmp_path / "other", frozenset({("127.0.0.1", port)})) as opened:
        assert await opened.reason(f"http://127.0.0.1:{port}/actor#key") is Reason.KEY_UNAVAILABLE


async def test_a_document_of_another_is_no_answer(made: Ring, world: Cast) -> None:
    who, other = Character(world.good, "/practices/violence"), Character(world.evil, "/practices/violence")
    world.good.on("/practices/violence", serve(other.sign(other.document(START), START)))
    assert await made.reason(who.key_id) is Reason.UNKNOWN_KEY
    assert await made.rows("SELECT id FROM actor WHERE host = 'x'") == []
    assert (await made.rows("SELECT COUNT(*) AS n FROM actor_key"))[0]["n"] == 0


async def test_our_own_keys_are_never_fetched(made: Ring, world: Cast) -> None:
    assert await made.reason(HERE.at("/actor#ed25519-9")) is Reason.UNKNOWN_KEY
    assert await made.rows("SELECT * FROM key_miss") == []


# What waits in memory


def _fill(waiting: Waiting, hosts: int, size: int) -> None:
    for number in range(hosts):
        waiting.enter(f"h{number // limits.WAITING_A_HOST}", size)


BOUNDS: dict[str, tuple[Callable[[Waiting], None], int, bool]] = {
    "room for one more": (lambda w: _fill(w, limits.WAITING_REQUESTS - 1, 1), 1, True),
    "too many": (lambda w: _fill(w, limits.WAITING_REQUESTS, 1), 1, False),
    "bytes to the brim": (lambda w: w.enter("h0", limits.WAITING_BYTES - 10), 10, True),
    "a byte too much": (lambda w: w.enter("h0", limits.WAITING_BYTES - 10), 11, False),
    "a host's share": (lambda w: [w.enter("new", 1) for _ in range(limits.WAITING_A_HOST - 1)] and None, 1, True),
    "more than its share": (lambda w: [w.enter("new", 1) for _ in range(limits.WAITING_A_HOST)] and None, 1, False),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_what_waits_is_bounded(name: str) -> None:
    fill, size, fits = BOUNDS[name]
    waiting = Waiting()
    fill(waiting)
    if fits:
        waiting.enter("new", size)
        waiting.leave("new", size)
        return
    with pytest.raises(RemoteProtocolError) as refused:
        waiting.enter("new", size)
    assert refused.value.reason is Reason.KEY_UNAVAILABLE
    assert refused.value.status == 503


async def test_who_waits_too_long_or_beyond_the_share_is_answered_503_and_leaves_room(made: Ring, world: Cast) -> None:
    gate = asyncio.Event()

    async def held(seen: Seen) -> Any:
        await gate.wait()
        return await answer(404)(seen)

    world.good.otherwise(held)

    def ask(number: int) -> Awaitable[Reason]:
        return asyncio.ensure_future(made.reason(world.good.url(f"/people/{number}#k")))

    async def all_asked() -> bool:
        return fetches(world) >= limits.WAITING_A_HOST

    waiting = [ask(number) for number in range(limits.WAITING_A_HOST)]
    await settle(all_asked, "four wait at the server")
    assert await made.reason(world.good.url("/people/99#k")) is Reason.KEY_UNAVAILABLE
    assert await made.reason(world.evil.url("/people/1#k")) is Reason.UNKNOWN_KEY  # others have room
    gate.set()
    assert set(await asyncio.gather(*waiting)) == {Reason.UNKNOWN_KEY}
    made.clock.advance(limits.KEY_FETCH_WINDOW)
    assert await made.reason(world.good.url("/people/100#k")) is Reason.UNKNOWN_KEY


# Keys over time


async def test_a_cached_key_is_invalidated_when_its_actor_shows_another(made: Ring, world: Cast) -> None:
    """A document signed by the key that is held brings the next one (continuity); the old one is retired."""
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    assert await made.reason(who.key_id) is Reason.ACCEPTED
    second = HeldKey(f"{who.id}#ed25519-2", who.id, SigningKey.generate_ed25519().public, START + 5)
    unsigned = build_actor(
        id=who.id, type="Group", name="violence", preferred_username="violence", sequence=START + 10,
        keys=[HeldKey(who.key_id, who.id, who.key.public, 0, START + 5), second],
    )  # fmt: skip
    world.good.on("/practices/violence", serve(who.sign(unsigned, START)))
    assert await made.keyring.renew(who.key_id) is None  # the document was read just now
    made.clock.advance(limits.KEY_REFETCH)
    renewed = await made.keyring.renew(who.key_id)
    assert renewed is not None
    assert renewed.valid_until == START + 5
    assert await made.reason(second.id) is Reason.ACCEPTED
    held = made.keyring.held(second.id)
    assert held is not None
    assert held.public == second.public
    assert fetches(world) == 2


async def test_renewing_is_once_in_five_minutes(made: Ring, world: Cast) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    await made.reason(who.key_id)
    assert await made.keyring.renew(who.key_id) is None
    assert fetches(world) == 1
    made.clock.advance(limits.KEY_REFETCH)
    for _ in range(3):
        await made.keyring.renew(who.key_id)
    assert fetches(world) == 2


async def test_a_key_that_changed_without_continuity_is_refused_until_a_steward_says_so(
    made: Ring, world: Cast
) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    await made.reason(who.key_id)
    who.key = SigningKey.generate_ed25519()
    who.publish(START + 10)
    made.clock.advance(limits.KEY_REFETCH + SECOND)
    with pytest.raises(RemoteProtocolError) as refused:
        await made.keyring.renew(who.key_id)
    assert refused.value.reason is Reason.KEY_CHANGED
    assert await made.reason(who.key_id) is Reason.KEY_CHANGED
    (row,) = await made.rows("SELECT pending FROM actor")
    with pytest.raises(RemoteProtocolError):
        await made.keyring.repin(who.id, "0" * 64)
    assert await made.reason(who.key_id) is Reason.KEY_CHANGED
    await made.keyring.repin(who.id, sha256(row["pending"]).hexdigest())
    assert await made.reason(who.key_id) is Reason.ACCEPTED
    held = made.keyring.held(who.key_id)
    assert held is not None
    assert held.public == who.key.public


@pytest.mark.parametrize(("status", "gone"), [(410, True), (404, False), (200, False), (500, False)])
async def test_only_410_of_its_own_origin_ends_an_actor(made: Ring, world: Cast, status: int, gone: bool) -> None:
    who = Character(world.good, "/practices/violence")
    who.publish(START)
    await made.reason(who.key_id)
    if status != 200:
        world.good.on("/practices/violence", answer(status))
    with suppress(PeerError):
        await made.keyring.confirm_gone(who.id)
    assert (await made.reason(who.key_id) is Reason.UNKNOWN_KEY) is gone
