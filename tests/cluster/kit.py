"""Real nodes for stories: each with its own directory, SQLite database, keys and port, speaking HTTP on loopback.

The clock is the story's: it stands still until the story moves it. `settle` waits for what must come true, never for
a span of time; it gives up only after a bound that no sound run comes near.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import aiohttp

from node import app, config
from node.clock import time_ordered_id
from node.coalition import rules
from node.coalition.pages import keys_of
from node.gate.handler import BY_NODE
from node.keystore import Keystore
from node.storage.contract import Row
from protocol import canonical, hash_tree, identifiers, limits
from protocol import log as wire_log
from tests.cluster.network import Road

# Each town's database, as its settings name it: SQLite's file, unless a story is told on both engines.
DATABASES: ContextVar[Callable[[], str]] = ContextVar("databases", default=lambda: "sqlite")
START = 1_780_000_000_000  # 2026-05-28, the stories' own time
_LOOK = 0.01
_LOOKS = 3_000


class StoryClock:
    """Stands still; `advance` moves it and wakes whoever waited for that moment."""

    def __init__(self, start: int = START) -> None:
        self._now = start
        self._ids = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []

    def now(self) -> int:
        return self._now

    def new_id(self) -> str:
        self._ids += 1
        return time_ordered_id(self._now, self._ids)

    def advance(self, milliseconds: int) -> None:
        """Move on."""
        self._now += milliseconds
        due = [future for until, future in self._waiting if until <= self._now]
        self._waiting = [(until, future) for until, future in self._waiting if until > self._now]
        for future in due:
            if not future.done():
                future.set_result(None)

    async def wait(self, event: asyncio.Event, until: int | None) -> bool:
        if event.is_set():
            event.clear()
            return True
        if until is not None and until <= self._now:
            return False
        moment: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if until is not None:
            self._waiting.append((until, moment))
        came = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait({came, moment}, return_when=asyncio.FIRST_COMPLETED)
            if event.is_set():
                event.clear()
                return True
            return False
        finally:
            came.cancel()
            moment.cancel()
            self._waiting = [(at, future) for at, future in self._waiting if future is not moment]


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


class Town:
    """One node of a story, and a client that holds its operator's token.

    `listen` other than `port`: a road leads to it, and only the story's own client goes round it.
    """

    def __init__(
        self, directory: Path, port: int, name: str, clock: Any, peers: list[int], listen: int = 0,
        host: str = "127.0.0.1", **settings: Any,
    ) -> None:  # fmt: skip
        self.directory = directory
        self.port = port
        self.name = name
        self.clock = clock
        self.origin = f"http://{host}:{port}"
        self.listen = listen or port
        self._road = Road(port, listen) if listen else None
        self.settings = config.checked(
            config.Settings(
                origin=self.origin,
                listen=f"127.0.0.1:{self.listen}",
                allow_peers=tuple(f"127.0.0.1:{peer}" for peer in peers),
                **settings,
            )
        )
        self.node: app.Node | None = None
        self.client: aiohttp.ClientSession | None = None

    @property
    def running(self) -> app.Node:
        assert self.node is not None, f"{self.name} is down"
        return self.node

    @property
    def actor(self) -> str:
        return f"{self.origin}/actor"

    @property
    def road(self) -> Road:
        assert self._road is not None, f"no road leads to {self.name}"
        return self._road

    def practice(self, slug: str = "gun-violence") -> str:
        return f"{self.origin}/practices/{slug}"

    async def found(self) -> None:
        """Make the node, once."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        Keystore.create(self.directory)
        config.write(self.directory, self.settings)
        node = await app.build(self.directory, self.settings, self.clock)
        keys = await asyncio.to_thread(keys_of, node.keystore, node.actor, self.clock.now())
        activity = node.origin.at(f"/activities/{self.clock.new_id()}")
        outcome = await node.gate.perform(
            rules.FoundCoalition(node.actor, self.name, "", self.settings.language, keys, activity), BY_NODE
        )
        assert outcome.done, outcome
        await node.stop()

    async def start(self) -> None:
        """Run it; again after `stop`, over the same directory."""
        if self._road is not None and self._road.closed:
            await self._road.start()
        self.node = await app.build(self.directory, self.settings, self.clock)
        await self.node.serve()
        token = self.node.keystore.mint_token(self.clock.now(), "story")
        address = f"http://127.0.0.1:{self.listen}"
        self.client = aiohttp.ClientSession(address, headers={"Authorization": f"Bearer {token}"})

    async def stop(self) -> None:
        """Go down; the road stays."""
        if self.client is not None:
            await self.client.close()
            self.client = None
        if self.node is not None:
            await self.node.stop()
            self.node = None

    async def close_road(self) -> None:
        if self._road is not None:
            await self._road.stop()

    async def api(self, method: str, path: str, expect: int | None = None, **arguments: Any) -> Any:
        """One call of the JSON API; asserts 2xx, or the expected status."""
        assert self.client is not None, f"{self.name} is down"
        async with self.client.request(method, f"/api/v1{path}", **arguments) as answer:
            value = await answer.json(content_type=None)
            assert answer.status == expect if expect else answer.status < 300, (answer.status, value)
            return value

    async def open_practice(self, slug: str = "gun-violence", **more: Any) -> str:
        """The new practice's id."""
        body = {"slug": slug, "name": f"{slug} in {self.name}", "domain": "public-safety/gun-violence", **more}
        return (await self.api("POST", "/practices", json=body))["id"]

    async def publish(self, title: str, slug: str = "gun-violence", **more: Any) -> str:
        """The new item's id."""
        body = {"title": title, "content": f"How we do *{title}*.", "license": "CC-BY-4.0", **more}
        return (await self.api("POST", f"/practices/{slug}/items", json=body))["id"]

    async def follow(self, target: str) -> str:
        """The followed actor's id."""
        return (await self.api("POST", "/follows", json={"target": target}))["target"]

    async def unfollow(self, target: str) -> None:
        await self.api("DELETE", "/follows", params={"target": target})

    async def edit(self, id: str, **changes: Any) -> None:
        await self.api("PATCH", f"/items/{id.rpartition('/')[2]}", json=changes)

    async def withdraw(self, id: str) -> None:
        await self.api("DELETE", f"/items/{id.rpartition('/')[2]}")

    async def page(self, path: str, **headers: str) -> tuple[int, str]:
        """What anybody who asks this town without a token is shown: status and body."""
        async with (
            aiohttp.ClientSession(f"http://127.0.0.1:{self.listen}") as anybody,
            anybody.get(path, headers=headers, allow_redirects=False) as answer,
        ):
            return answer.status, await answer.text()

    async def ask(self, url: str) -> tuple[int, bytes]:
        """What another town answers this one, which asks as its own actor."""
        answer = await self.running.peers.get(url, sign=self.running._sign_as_node)
        return answer.status, answer.body

    async def rows(self, sql: str, **named: Any) -> list[Row]:
        return await self.running.storage.read(lambda reads: reads.all(sql, **named))

    async def item(self, id: str) -> Any:
        """The item as held here; None if it is not."""
        assert self.client is not None, f"{self.name} is down"
        async with self.client.get("/api/v1/items", params={"id": id}) as answer:
            return await answer.json() if answer.status == 200 else None

    async def titles(self) -> list[str]:
        """Every title in the catalog, oldest change first."""
        found: list[str] = []
        page = 1
        while True:
            answer = await self.api("GET", "/catalog", params={"page": str(page)})
            found += [card["title"] for card in answer["items"]]
            if answer["next"] is None:
                return found[::-1]
            page += 1

    async def follow_state(self, target: str) -> str:
        """Our follow's state in words."""
        follows = (await self.api("GET", "/follows"))["follows"]
        return next((one["state"] for one in follows if one["target"].startswith(target)), "")

    # What is in the log, and what its holder says of it

    async def entries(self, owner: str) -> list[str]:
        """The objects of an actor's public set as they stand, in the order of the log here."""
        found = await self.rows(
            "SELECT a.object FROM entry e JOIN held_set s ON s.key = e.set_key JOIN activity a ON a.key = e.activity"
            " WHERE s.name = :name ORDER BY e.seq",
            name=f"{owner}/outbox",
        )
        return [row["object"] for row in found]

    async def head(self, owner: str, of: "Town | None" = None) -> wire_log.Head | None:
        """The signed head of an actor's public set, asked of its owner or of another holder; None: it has none."""
        where = identifiers.origin(of.origin if of is not None else owner)
        status, body = await self.ask(wire_log.head_id(where, f"{owner}/outbox"))
        return wire_log.read_head(canonical.read(body)) if status == 200 else None

    async def sound_head(self, owner: str) -> tuple[int, str]:
        """How many are in the set here and their root, as reckoned from the entries themselves."""
        found = await self.rows(
            "SELECT e.digest FROM logged e JOIN held_set s ON s.key = e.set_key WHERE s.name = :name",
            name=f"{owner}/outbox",
        )
        return len(found), hash_tree.root_of([row["digest"] for row in found]).hex()

    # Deliveries

    async def rest(self) -> int | None:
        """Wait until nothing is under way from here and nothing is due; when the next attempt is (ms)."""

        async def still() -> bool:
            busy = await self.rows(
                "SELECT 1 AS yes FROM peer WHERE lease IS NOT NULL OR (due <= :now AND paused IS NULL) UNION ALL"
                " SELECT 1 FROM held_set WHERE pull_at <= :lease AND attempts > 0 AND last_error IS NULL UNION ALL"
                " SELECT 1 FROM held_set WHERE pull_at <= :now UNION ALL SELECT 1 FROM need WHERE due <= :now",
                now=self.clock.now(), lease=self.clock.now() + limits.LEASE,
            )  # fmt: skip
            return not busy

        await settle(still, f"{self.name} comes to rest")
        return (await self.rows("SELECT MIN(due) AS due FROM peer WHERE paused IS NULL"))[0]["due"]


async def settle(what: Callable[[], Awaitable[Any]], said: str = "") -> Any:
    """Look until it is so. The bound only ends a story that has gone wrong."""
    for _ in range(_LOOKS):
        found = await what()
        if found:
            return found
        await asyncio.sleep(_LOOK)
    raise AssertionError(f"this never came true: {said or what}")


async def agree(owner: str, *towns: Town) -> None:
    """All hold the same set of this actor: the same root and count in signed heads and in the entries themselves."""

    async def same() -> bool:
        heads = [await towns[0].head(owner, town) if town is not towns[0] else None for town in towns]
        said = {(head.total_items, head.root.hex()) for head in heads if head is not None}
        return said | {await town.sound_head(owner) for town in towns} == {await towns[0].sound_head(owner)}

    await settle(same, f"the holders of {owner} agree")
    # Once each: an object that is twice in a set would be so under two digests.
    for town in towns:
        held = [object for object in await town.entries(owner) if object is not None]
        assert len(held) == len(set(held)), f"{town.name} holds something twice"


@asynccontextmanager
async def cluster(
    directory: Path, *names: str, clock: Any = None, roads: tuple[str, ...] = (), peers: tuple[int, ...] = (),
    **settings: Any,
) -> AsyncIterator[list[Town]]:  # fmt: skip
    """Running nodes that may reach each other. They share one clock.

    `roads`: the names of those that are reached over a road. `peers`: ports of whoever else plays.
    """
    ports = free_ports(2 * len(names))
    shared = clock or StoryClock()
    towns = [
        Town(
            directory / name, port, name, shared, [*(other for other in ports if other != port), *peers],
            listen if name in roads else 0, **{"database": DATABASES.get()(), **settings},
        )
        for name, port, listen in zip(names, ports[::2], ports[1::2], strict=True)
    ]  # fmt: skip
    try:
        await asyncio.gather(*(town.found() for town in towns))
        for town in towns:
            await town.start()
        yield towns
    finally:
        for town in towns:
            await town.stop()
            await town.close_road()
