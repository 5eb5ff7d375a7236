"""The rounds: node and floor take turns on the same core, under the same load, and the medians are compared.

A round that did not do all its work voids the whole benchmark: every answer must be 202, and what is stored or has
arrived must be as many as were sent.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from statistics import median

import aiohttp
import msgspec

from node.clock import SystemClock
from node.storage.files import database_in
from tests.bench import material, prepare
from tests.bench.material import Remote
from tests.bench.processes import BenchError, Program
from tests.bench.wire import Sink, send
from tests.cluster.kit import settle

ACTORS = 20
CONNECTIONS = 32
ACTIVITIES = 5_000  # a round
HOSTS = 500
ITEMS = 4  # a round; each goes to every host
ROUNDS = 3


class Result(msgspec.Struct, frozen=True):
    """A line of the table. `ratio`: 1 is the floor, less is worse, whatever the unit."""

    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None


Results = dict[str, Result]


class _Turns:
    """What node and floor came to, round by round: seconds and CPU seconds for the same amount of work."""

    def __init__(self) -> None:
        self.node: list[tuple[float, float]] = []
        self.floor: list[tuple[float, float]] = []

    def results(self, name: str, work: int, unit: str) -> Results:
        speed = [work / median(seconds for seconds, _ in turns) for turns in (self.node, self.floor)]
        cost = [median(cpu for _, cpu in turns) / work * 1e6 for turns in (self.node, self.floor)]
        return {
            name: Result(speed[0], f"{unit}/s", speed[1], speed[0] / speed[1]),
            f"{name}_cpu": Result(cost[0], f"us CPU/{unit}", cost[1], cost[1] / cost[0]),
        }


def node_in(directory: Path) -> Program:
    """The node, as an operator starts it."""
    return Program(["-m", "node", "run", "--data", str(directory)], "is running")


def _count(path: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchone()[0]


async def inbound(directory: Path) -> Results:
    """Signed Creates of the actors whom the node follows, answered after the commit."""
    port, floor_port = prepare.free_port(), prepare.free_port()
    data, floor_file = directory / "inbound", directory / "floor.sqlite"
    remotes = [Remote.at(f"http://{prepare.host(number)}:8420", "method") for number in range(ACTORS)]
    await prepare.found(data, port)
    await prepare.follow(data, remotes)
    inbox, clock = f"http://127.0.0.1:{port}/inbox", SystemClock()
    sent = 0

    def batch(size: int) -> list[bytes]:
        nonlocal sent
        made: list[bytes] = []
        for _ in range(size):
            sent += 1
            remote, now = remotes[sent % ACTORS], clock.now()
            made.append(material.push(remote, material.create(remote, sent, now), sent, inbox, now))
        return made

    turns, floor_sent = _Turns(), 0
    floor = Program(["-m", "tests.bench.floor_inbound", str(floor_port), str(floor_file)], "ready")
    with node_in(data) as node, floor as bare:
        idle = node.resident()
        for size in (ACTIVITIES // 10, *[ACTIVITIES] * ROUNDS):  # the first warms up
            requests = batch(size)
            floor_sent += size
            for program, at, into in ((node, port, turns.node), (bare, floor_port, turns.floor)):
                before = program.cpu()
                seconds = await send("127.0.0.1", at, requests, CONNECTIONS)
                if size == ACTIVITIES:
                    into.append((seconds, program.cpu() - before))
        stored = _count(database_in(data), "SELECT COUNT(*) FROM activity WHERE type = 'Create' AND raw IS NOT NULL")
        shown = _count(database_in(data), "SELECT COUNT(*) FROM item")
        entries = _count(database_in(data), "SELECT COALESCE(SUM(seq), 0) FROM held_set WHERE local = 0")
        if not sent == stored == shown == entries or floor_sent != _count(floor_file, "SELECT COUNT(*) FROM activity"):
            raise BenchError(f"{sent} sent, but {stored} stored, {shown} in the catalog, {entries} in the sets")
        loaded = node.resident()
    return {
        **turns.results("inbound", ACTIVITIES, "activity"),
        "memory_idle": Result(idle, "MiB"),
        "memory_loaded": Result(loaded, "MiB"),
    }


@asynccontextmanager
async def _published(data: Path, port: int) -> AsyncIterator[Callable[[int], Awaitable[None]]]:
    """A function that publishes one item of the usual size over the API."""
    origin, headers = f"http://127.0.0.1:{port}", {"Authorization": f"Bearer {prepare.token(data)}"}
    async with aiohttp.ClientSession(origin, headers=headers) as client:

        async def publish(number: int) -> None:
            like = material.item(f"{origin}/x", f"{origin}/y", number, 0)
            body = {
                "title": like.name, "content": like.source * 2, "summary": like.summary, "kind": like.kind,
                "principle": like.principle, "local_conditions": like.local_conditions, "evidence": like.evidence,
                "contact": like.contact, "license": like.license, "place": like.place.name,
            }  # fmt: skip
            async with client.post(f"/api/v1/practices/{prepare.SLUG}/items", json=body) as answer:
                if answer.status not in (200, 201):
                    raise BenchError(f"publishing was answered {answer.status}: {await answer.text()}")

        yield publish


async def outbound(directory: Path, form: str) -> Results:
    """Items delivered to every follower. `form`: native (RFC 9421, Ed25519) or legacy (draft-cavage, RSA-2048)."""
    port, sink_port = prepare.free_port(), prepare.free_port()
    data, body_file = directory / f"outbound-{form}", directory / f"body-{form}"
    await prepare.found(data, port, tuple(f"{prepare.host(number)}:{sink_port}" for number in range(HOSTS)))
    await prepare.be_followed(data, HOSTS, sink_port, form)
    sink, turns = Sink(), _Turns()
    await sink.start(sink_port)

    async def settled() -> bool:
        # The last of a visit lets go of its host as it stores the acknowledgement.
        return all(
            _count(database_in(data), f"SELECT COUNT(*) FROM {table}") == 0
            for table in ("inbox WHERE wants IS NOT NULL", "peer WHERE lease IS NOT NULL")
        )

    def check(items: int) -> None:
        if len(sink.hosts) != HOSTS or set(sink.hosts.values()) != {items}:
            raise BenchError(f"{sink.count} deliveries to {len(sink.hosts)} hosts, but not {items} to each of {HOSTS}")
        sink.reset()

    async with _published(data, port) as publish:
        with node_in(data) as node:
            await publish(0)
            await sink.until(HOSTS)
            await settle(settled, "every acknowledgement is stored")
            head, body = sink.last
            if (b"\r\nsignature-input:" in head.lower()) != (form == "native"):
                raise BenchError(f"the node did not sign in the {form} form")
            check(1)
            body_file.write_bytes(body)
            arguments = [str(sink_port), str(HOSTS), form, str(body_file)]
            with Program(["-m", "tests.bench.floor_outbound", *arguments], "ready") as bare:
                loop = asyncio.get_running_loop()
                for items in (1, *[ITEMS] * ROUNDS):  # the first warms up
                    start, before = loop.time(), node.cpu()
                    for number in range(items):
                        await publish(number)
                    await sink.until(items * HOSTS)
                    seconds = loop.time() - start
                    await settle(settled, "every acknowledgement is stored")
                    mine = (seconds, node.cpu() - before)
                    check(items)
                    start, before = loop.time(), bare.cpu()
                    bare.tell(str(items))
                    await sink.until(items * HOSTS)
                    theirs = (loop.time() - start, bare.cpu() - before)
                    await asyncio.to_thread(bare.line)
                    check(items)
                    if items == ITEMS:
                        turns.node.append(mine)
                        turns.floor.append(theirs)
    name = "outbound" if form == "native" else "outbound_legacy"
    return turns.results(name, ITEMS * HOSTS, "delivery")
