"""Heads of others, compared with what is held of them: told by a server that says what it likes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import web

from node.federation import comparing
from node.federation.catchup import _advance
from node.federation.comparing import Comparing, judge
from node.federation.peer import Peers
from node.storage import sets
from node.storage.contract import Entry, Reads, Storage, Tx
from node.storage.sqlite import open_sqlite
from protocol import canonical, hash_tree, identifiers, integrity, log
from protocol.errors import Reason, RemoteProtocolError
from protocol.keys import HeldKey, SigningKey
from tests.federation.hostile import ACTIVITY_JSON, Seen, Server
from tests.federation.stage import NOW, ManualClock
from tests.storage.sayings import digest_of

EPOCH = NOW - 1_000
KEY, STRANGERS = (SigningKey.generate_ed25519() for _ in range(2))


class Owner:
    """A node that says what its set has, whatever it has."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.actor = identifiers.node_actor(identifiers.origin(server.origin))
        self.practice = f"{server.origin}/practices/method"
        self.set = f"{self.practice}/outbox"
        self.status, self.raw, self.key = 200, b"", KEY
        server.on("/federation/head", self._answer)

    def head(self, *numbers: int, seq: int = 2, **changed: Any) -> log.Head:
        """A head over these numbers' ids."""
        where = identifiers.origin(self.server.origin)
        root = hash_tree.root_of([digest_of(number) for number in numbers])
        made = log.Head(log.head_id(where, self.set), self.set, self.actor, EPOCH, seq, len(numbers), root, NOW)
        return msgspec.structs.replace(made, **changed)

    def say(self, head: log.Head, at: int = NOW) -> bytes:
        self.raw = integrity.sign(log.build_head(head), self.key, f"{head.holder}#ed25519-1", at)
        return self.raw

    async def find(self, method: str, _waiting: int) -> HeldKey:
        if identifiers.key_owner(method) != self.actor:
            raise RemoteProtocolError(Reason.UNKNOWN_KEY)
        return HeldKey(method, self.actor, KEY.public)

    async def _answer(self, seen: Seen) -> web.StreamResponse:
        tag = f'"{sha256(self.raw).hexdigest()}"'
        if seen.headers.get("If-None-Match") == tag:
            return web.Response(status=304)
        return web.Response(status=self.status, body=self.raw, headers={"ETag": tag, "Content-Type": ACTIVITY_JSON})


class Scene:
    """A replica of the owner's set that has the entries 1 and 2 and stands at seq 2."""

    def __init__(self, storage: Storage, owner: Owner, comparing: Comparing) -> None:
        self.storage, self.owner, self._comparing = storage, owner, comparing

    async def build(self) -> None:
        def work(tx: Tx) -> None:
            sets.create(tx, self.owner.set, self.owner.practice, "public", local=False, epoch=NOW, now=NOW)
            tx.run("UPDATE held_set SET pull_at = 0")
            tx.run(
                "INSERT INTO actor(id, host, local, type, name, handle, inbox, sequence, proof, native, fetched, raw)"
                " VALUES(:id, 'high-point.example', 0, 'Group', 'Gun violence', 'm', 'x', 1, 1, 1, 1, x'00')",
                id=self.owner.practice,
            )

        await self.storage.transact(work)
        await self.hold(1, 2)

    async def hold(self, *numbers: int, at: tuple[int, int] = (EPOCH, 2)) -> None:
        """These are added, and it stands there."""

        def work(tx: Tx) -> None:
            for number in numbers:
                tx.append(Entry(self.owner.set, None, digest_of(number)))
            tx.run("UPDATE held_set SET theirs_epoch = :e, theirs_seq = :s, pull_at = 9e15", e=at[0], s=at[1])

        await self.storage.transact(work)

    async def compare(self) -> bool:
        return await self._comparing.compare(self.owner.set)

    async def row(self, sql: str) -> tuple[Any, ...] | None:
        def look(reads: Reads) -> tuple[Any, ...] | None:
            row = reads.one(sql)
            return None if row is None else tuple(row[name] for name in row.keys())  # noqa: SIM118 a Row

        return await self.storage.read(look)

    async def told(self) -> list[str]:
        return await self.storage.read(comparing.amiss)


@asynccontextmanager
async def scene_in(directory: Path) -> AsyncIterator[Scene]:
    server, clock = Server(), ManualClock()
    await server.start()
    peers = Peers("Commonweave/test", frozenset({server.pair}))
    storage = await open_sqlite(directory)
    owner = Owner(server)
    scene = Scene(storage, owner, Comparing(storage, owner.find, peers, clock, lambda *_: []))
    await scene.build()
    try:
        yield scene
    finally:
        await peers.close()
        await storage.close()
        await server.stop()


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene_in(tmp_path) as made:
        yield made


POSITION = "SELECT theirs_seq, pull_at < 9e15 FROM held_set"


async def test_what_agrees_is_asked_for_once_and_leaves_no_word(scene: Scene) -> None:
    scene.owner.say(scene.owner.head(1, 2))
    assert [await scene.compare() for _ in range(3)] == [False] * 3
    assert await scene.row("SELECT epoch, seq, total, differs, other FROM head") == (EPOCH, 2, 2, 0, None)
    assert await scene.told() == []
    assert [bool(seen.headers.get("If-None-Match")) for seen in scene.owner.server.seen] == [False, True, True]


async def test_a_difference_without_a_gap_is_pulled_once_and_then_told(scene: Scene) -> None:
    scene.owner.say(scene.owner.head(1, 3))
    assert await scene.compare() is True
    assert await scene.row(POSITION) == (0, 1)
    assert await scene.told() == []  # it may be mended yet
    assert await scene.compare() is False  # not level: nothing can be compared
    await scene.hold(at=(EPOCH, 2))
    assert await scene.compare() is False
    assert await scene.row(POSITION) == (2, 0)  # not again and again: nothing else would come
    (sentence,) = await scene.told()
    assert sentence.startswith("Gun violence (high-point.example): what this node holds is not what they say")

    await scene.hold(3, at=(EPOCH, 4))  # what they say and what is held meet again
    scene.owner.say(scene.owner.head(1, 2, 3, seq=4))
    assert await scene.compare() is False
    assert await scene.told() == []


async def test_a_pull_that_was_under_way_does_not_move_the_cursor_past_what_is_to_be_pulled_again(scene: Scene) -> None:
    scene.owner.say(scene.owner.head(1, 3))
    assert await scene.compare() is True
    later = log.Page(scene.owner.set, EPOCH, 1, 2, (), None)
    await scene.storage.transact(_advance(scene.owner.set, later, True, 1, NOW, NOW, down=False))
    assert await scene.row("SELECT theirs_seq FROM held_set") == (0,)
    whole = log.Page(scene.owner.set, EPOCH, 0, 2, (), None)
    await scene.storage.transact(_advance(scene.owner.set, whole, True, 1, NOW, NOW, down=False))
    assert await scene.row("SELECT theirs_seq FROM held_set") == (2,)


async def test_what_is_not_level_is_not_judged(scene: Scene) -> None:
    for head in (scene.owner.head(1, 2, 3, seq=3), scene.owner.head(1, 2, 3, epoch=EPOCH + 1)):
        scene.owner.say(head)
        assert await scene.compare() is False
    assert await scene.row(POSITION) == (2, 0)
    assert await scene.told() == []


async def test_two_words_of_one_place_are_told_and_the_first_stays(scene: Scene) -> None:
    first = scene.owner.say(scene.owner.head(1, 2))
    await scene.compare()
    again = scene.owner.say(scene.owner.head(1, 2), NOW + 60_000)  # signed anew, as each day: the same word
    await scene.compare()
    other = scene.owner.say(scene.owner.head(1, 3))
    assert await scene.compare() is False
    third = scene.owner.say(scene.owner.head(1, 4))
    await scene.compare()
    assert len({first, again, other, third}) == 4
    assert await scene.row("SELECT raw, other FROM head") == (again, other)
    (sentence,) = await scene.told()
    assert "two different things of the same moment" in sentence
    scene.owner.say(scene.owner.head(1, 2, 5, seq=3))  # it stays told, whatever they say later
    await scene.compare()
    assert await scene.told() == [sentence]


async def test_an_answer_that_was_overtaken_changes_nothing(scene: Scene) -> None:
    late = scene.owner.say(scene.owner.head(1, 2))
    await scene.compare()
    scene.owner.say(scene.owner.head(1, seq=1))
    await scene.compare()
    assert await scene.row("SELECT seq, raw FROM head") == (2, late)


@pytest.mark.parametrize(
    "case", ["no proof", "another's key", "another set", "another holder", "changed", "no head", "refused", "not there"]
)
async def test_what_is_no_head_of_its_owner_counts_for_nothing(scene: Scene, case: str) -> None:
    owner, head = scene.owner, scene.owner.head(1, 3)
    match case:
        case "no proof":
            owner.raw = canonical.encode(log.build_head(head))
        case "another's key":
            owner.key = STRANGERS
            owner.say(head)
        case "another set":
            owner.say(msgspec.structs.replace(head, set=f"{owner.server.origin}/practices/other/outbox"))
        case "another holder":
            owner.say(msgspec.structs.replace(head, holder=owner.practice))
        case "changed":
            owner.raw = owner.say(head).replace(b'"totalItems":2', b'"totalItems":3')
        case "no head":
            owner.raw = b'{"id": 1}'
        case "refused":
            owner.status = 403
            owner.say(head)
        case _:
            owner.status = 404
            owner.say(head)
    assert await scene.compare() is False
    assert await scene.row("SELECT 1 FROM head") is None
    assert await scene.row(POSITION) == (2, 0)


async def test_a_set_of_our_own_is_never_begun_again(scene: Scene) -> None:
    scene.owner.say(scene.owner.head(1, 3))
    await scene.storage.transact(lambda tx: tx.run("UPDATE held_set SET local = 1, pull_at = NULL"))
    await scene.compare()
    assert await scene.row("SELECT theirs_seq FROM held_set") == (2,)
    await scene.storage.transact(lambda tx: judge(tx, scene.owner.set, NOW))
    assert await scene.told() == []
