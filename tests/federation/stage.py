"""A deliverer on a stage: a real database, a clock that a test moves, and a server that stands for many hosts."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from aiohttp import web

from node.federation.delivery import SLOTS, VISITS, Delivery
from node.federation.peer import Peers
from node.storage import sets
from node.storage.contract import Entry, Reads, Storage, Tx
from node.storage.sqlite import open_sqlite
from protocol import http_signature, legacy_signature
from protocol.http_message import Form, Request
from protocol.limits import MINUTE
from tests.federation.hostile import Character, Handler, Seen, Server, answer

NOW = 1_800_000_000_000
EPOCH = NOW - MINUTE


class ManualClock:
    """Time stands still until a test says otherwise."""

    def __init__(self) -> None:
        self._now = NOW
        self._ids = 0
        self._moved = asyncio.Condition()

    def now(self) -> int:
        return self._now

    def new_id(self) -> str:
        self._ids += 1
        return f"id{self._ids}"

    async def advance(self, by: int) -> None:
        async with self._moved:
            self._now += by
            self._moved.notify_all()

    async def wait(self, event: asyncio.Event, until: int | None) -> bool:
        async def passed() -> None:
            async with self._moved:
                await self._moved.wait_for(lambda: until is not None and self._now >= until)

        came, late = asyncio.ensure_future(event.wait()), asyncio.ensure_future(passed())
        try:
            await asyncio.wait({came, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            came.cancel()
            late.cancel()
        if event.is_set():
            event.clear()
            return True
        return False


class Stage:
    """One node's deliverer, its database, and a server that stands for any number of hosts."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.clock = ManualClock()
        self.server = Server()
        self.home = Server()
        self.ahead: list[tuple[str, int, int, str]] = []
        self.signed: list[tuple[str, Form]] = []

    async def open(self, storage: Storage | None = None) -> None:
        """On a file of its own, or on what is given."""
        self.author = Character(self.home, "/practices/violence")
        self.set = f"{self.author.id}/outbox"
        self.storage: Storage = storage or await open_sqlite(self.directory)
        hosts = [f"h{number}.example" for number in range(SLOTS + 10)]
        allowed = frozenset({(host, self.server.port) for host in hosts} | {self.server.pair})
        self.peers = Peers("Commonweave/test", allowed, names=self._names)
        self.begin()

    def begin(self) -> None:
        self.delivery = self.another(self.storage)
        self.running: asyncio.Task[None] | None = None

    def another(self, storage: Storage, visits: int = VISITS) -> Delivery:
        """One more deliverer, as another process over the same database has it."""
        return Delivery(storage, self.peers, self._sign, self.clock, lambda: 0.5, self._ahead, visits)

    def run(self) -> None:
        self.running = asyncio.create_task(self.delivery.run())

    async def kill(self) -> None:
        if self.running is not None:
            self.running.cancel()
            await asyncio.gather(self.running, return_exceptions=True)

    async def close(self) -> None:
        await self.kill()
        await self.peers.close()
        await self.storage.close()

    async def _names(self, _: str) -> list[str]:
        return ["127.0.0.1"]

    def _sign(self, actor: str, request: Request, form: Form) -> list[tuple[str, str]]:
        assert actor == self.author.id
        self.signed.append((request.target, form))
        now = self.clock.now()
        if form == "legacy":
            return legacy_signature.sign(request, self.author.rsa, self.author.rsa_id, now)
        extra = ("commonweave-log",) if any(name == "commonweave-log" for name, _ in request.headers) else ()
        return http_signature.sign(request, self.author.key, self.author.key_id, now // 1000, "n", extra)

    def _ahead(self, name: str, epoch: int, seq: int, host: str) -> None:
        self.ahead.append((name, epoch, seq, host))

    def host(self, number: int) -> str:
        return f"h{number}.example:{self.server.port}"

    def inbox(self, number: int, path: str = "/inbox") -> str:
        return f"http://{self.host(number)}{path}"

    async def subscribe(
        self, number: int, path: str = "/inbox", name: str | None = None, form: str | None = None
    ) -> None:
        def work(tx: Tx) -> None:
            key = sets.create(tx, name or self.set, self.author.id, "public", local=True, epoch=EPOCH, now=EPOCH)
            host = self.host(number)
            tx.run("INSERT INTO peer(host, form) VALUES(:h, :f) ON CONFLICT(host) DO NOTHING", h=host, f=form)
            tx.run(
                "INSERT INTO inbox(url, set_key, host, acked) VALUES(:url, :key, :host, 0)",
                url=self.inbox(number, path), key=key, host=host,
            )  # fmt: skip

        await self.storage.transact(work)

    async def publish(self, *numbers: int, name: str | None = None, superseded: int | None = None) -> None:
        def work(tx: Tx) -> None:
            for number in numbers:
                tx.run(
                    "INSERT INTO activity(id, digest, actor, type, proof, carrier, at, raw)"
                    " VALUES(:id, :digest, :actor, 'Create', 1, :actor, :now, :raw)",
                    id=f"a{number}", digest=sha256(b"%d" % number).digest(), actor=self.author.id, now=NOW,
                    raw=self.bytes_of(number),
                )  # fmt: skip
                gone = None if superseded is None else f"a{superseded}"
                tx.append(Entry(name or self.set, f"a{number}", sha256(b"%d" % number).digest(), gone))

        await self.storage.transact(work)
        self.delivery.wake()

    @staticmethod
    def bytes_of(number: int) -> bytes:
        return b'{"id": "a%d",  "odd": "spacing"}' % number

    async def peer(self, number: int) -> dict[str, Any]:
        def look(reads: Reads) -> dict[str, Any]:
            row = reads.the("SELECT * FROM peer WHERE host = :host", host=self.host(number))
            return {name: row[name] for name in row.keys()}  # noqa: SIM118 a Row has no membership test

        return await self.storage.read(look)

    async def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return await self.storage.read(lambda r: [tuple(row[n] for n in row.keys()) for row in r.all(sql)])  # noqa: SIM118

    async def until(self, check: Callable[[], Awaitable[bool]]) -> None:
        """Until what the database says is so; pytest's timeout is the only clock."""
        while not await check():  # noqa: ASYNC110 the database has no event
            await asyncio.sleep(0)

    async def settled(self) -> None:
        """Nobody holds a lease and nothing is due now."""

        async def check() -> bool:
            return not await self.rows(f"SELECT host FROM peer WHERE lease IS NOT NULL OR due <= {self.clock.now()}")

        await self.until(check)

    async def seen(self, count: int) -> None:
        async def check() -> bool:
            return len(self.server.seen) >= count

        await self.until(check)

    def bodies(self, number: int, path: str = "/inbox") -> list[bytes]:
        return [
            seen.body for seen in self.server.seen if seen.headers["host"] == self.host(number) and seen.path == path
        ]


def by_host(**answers: Handler) -> Handler:
    """Another answer for each host (h0, h1 …), 202 for the rest."""
    other = answer(202)

    async def handle(seen: Seen) -> web.StreamResponse:
        return await answers.get(seen.headers["host"].partition(".")[0], other)(seen)

    return handle


def in_turn(*answers: Handler) -> Handler:
    """One answer after another; the last for good."""
    left = list(answers)

    async def handle(seen: Seen) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(seen)

    return handle
