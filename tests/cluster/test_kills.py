"""The receiver is killed at random moments under load, on either engine: each 202 is there, once, and all is sound."""

import asyncio
import json
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from node import verification
from node.app import look_into
from node.clock import SystemClock
from node.storage import tree
from node.storage.contract import Reads
from protocol import hash_tree
from tests.cluster.kit import DATABASES, Town, free_ports, settle
from tests.cluster.loader import Author, City
from tests.federation.hostile import Server, serving

pytestmark = pytest.mark.usefixtures("both_engines")

ROOT = Path(__file__).resolve().parents[2]
KILLS = 50
AUTHORS = 4
SEED = 20_260_528
MOST_BETWEEN = 40  # acknowledged between two kills


class Receiver:
    """A node as a process of its own, which can be killed and started again over the same directory."""

    def __init__(self, starter: asyncio.subprocess.Process, town: Town) -> None:
        self._starter = starter
        self._town = town
        self._pid = 0

    async def start(self) -> None:
        """Run it; returns when it answers."""
        await self._become("run", self._town.directory / "log")

        async def listens() -> bool:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self._town.port)
            except OSError:
                return False
            writer.close()
            await writer.wait_closed()
            return True

        await settle(listens, "the receiver listens")

    async def _become(self, word: str, log: Path) -> None:
        order = {"log": str(log), "arguments": [word, "--data", str(self._town.directory)]}
        assert self._starter.stdin is not None
        assert not self._pid
        self._starter.stdin.write(json.dumps(order).encode() + b"\n")
        self._pid = int(await self._said())

    async def end(self, number: signal.Signals = signal.SIGKILL) -> None:
        """Kill it; returns when it is dead."""
        os.kill(self._pid, number)
        assert await self._said() == "ended"
        self._pid = 0

    async def gone(self) -> None:
        """Whatever came of the story, it does not stay behind."""
        if self._pid:
            await self.end()

    async def _said(self) -> str:
        assert self._starter.stdout is not None
        return (await self._starter.stdout.readline()).decode().strip()


class Worker(Receiver):
    """A process that shares the node's work and listens nowhere."""

    def __init__(self, starter: asyncio.subprocess.Process, town: Town, name: str) -> None:
        super().__init__(starter, town)
        self._name = name
        self._starts = 0

    async def start(self) -> None:
        """Run it; returns when it works."""
        self._starts += 1
        log = self._town.directory / f"{self._name}-{self._starts}.log"
        await self._become("work", log)

        async def works() -> bool:
            return log.exists() and b"one more worker" in log.read_bytes()

        await settle(works, f"{self._name} works")


@asynccontextmanager
async def starter() -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.cluster.starter", cwd=ROOT,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    try:
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def acquaint(receiver: Town, city: City) -> None:
    """The receiver follows every author, and each has accepted."""
    await receiver.found()
    await receiver.start()
    async with aiohttp.ClientSession() as client:
        for author in city.authors:
            await receiver.follow(author.character.id)

            async def asked(author: Author = author) -> bool:
                return author.follow is not None

            await settle(asked, "the Follow has arrived")
            assert await city.post(client, author, author.accept()) == (202, "")

            async def pulled(author: Author = author) -> bool:
                name = f"{author.character.id}/outbox"
                return bool(await receiver.rows("SELECT 1 FROM held_set WHERE name = :n AND pulled > 0", n=name))

            await settle(pulled, "the empty log was looked at")
    await receiver.stop()


def missing(reads: Reads, author: Author) -> set[str]:
    """What was answered 202 and is not there, or is there as another state than the last one."""
    said = {row["id"] for row in reads.all("SELECT id FROM activity WHERE actor = :a", a=author.character.id)}
    found = {saying.id for saying in author.taken} - said
    order = {saying.id: number for number, saying in enumerate(author.taken)}
    for row in reads.all("SELECT id, activity FROM object WHERE owner = :a", a=author.character.id):
        last = author.state.get(row["id"])
        # One that came after it and was not answered any more may be there as well.
        if last is not None and order.get(row["activity"], len(order)) < order[last.id]:
            found.add(last.id)
    return found


def sound(reads: Reads, author: Author) -> None:
    """The set is exactly what the author says it is, each once, under the root that follows from it."""
    name = f"{author.character.id}/outbox"
    expected = {saying.digest for saying in author.state.values()}
    held = reads.the("SELECT key, seq, total FROM held_set WHERE name = :name", name=name)
    entries = reads.all("SELECT seq, activity, digest FROM logged WHERE set_key = :key", key=held["key"])
    assert len(entries) == held["total"] == len(expected)
    assert {row["digest"] for row in entries} == expected
    assert held["seq"] == len(author.taken)  # one entry each, whatever was sent again
    cards = reads.all("SELECT id, withdrawn FROM item WHERE owner = :owner", owner=author.character.id)
    assert {row["id"] for row in cards if row["withdrawn"] is None} == {
        object for object, saying in author.state.items() if saying.type != "Delete"
    }
    stored = reads.all("SELECT id, raw FROM activity WHERE actor = :a AND raw IS NOT NULL", a=author.character.id)
    kept = {row["id"]: row["raw"] for row in stored}
    for saying in author.state.values():
        assert kept[saying.id] == saying.raw


async def test_what_was_answered_202_survives_fifty_kills(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    server, clock = Server(), SystemClock()
    [port] = free_ports(1)
    async with serving(server), starter() as process, AsyncExitStack() as stack:
        town = Town(tmp_path / "fort-wayne", port, "fort-wayne", clock, [server.port], database=DATABASES.get()())
        city = City(server, f"{town.origin}/inbox", clock, AUTHORS, chance)
        await acquaint(town, city)
        receiver, enough = Receiver(process, town), asyncio.Event()
        stack.push_async_callback(receiver.gone)
        await receiver.start()
        city.up.set()
        speaking = [asyncio.create_task(city.speak(author, enough)) for author in city.authors]

        for kill in range(KILLS):
            target = city.taken + chance.randint(1, MOST_BETWEEN)
            while city.taken < target:
                await city.more()
            for _ in range(chance.randint(0, 20)):  # some turns later, in the middle of the others' requests
                await asyncio.sleep(0)
            city.up.clear()
            await receiver.end()
            with look_into(town.directory, town.settings) as reads:
                for author in city.authors:
                    assert not missing(reads, author), f"lost by kill {kill + 1}"
            await receiver.start()
            city.up.set()

        enough.set()
        await asyncio.gather(*speaking)
        assert not city.wrong
        await receiver.end(signal.SIGTERM)
        assert city.taken > KILLS
        with look_into(town.directory, town.settings) as reads:
            for author in city.authors:
                sound(reads, author)
            report = verification.verify(reads, clock.now(), lambda _: None)
            assert report.faults == ()
            assert report.checked >= sum(len(author.state) for author in city.authors)

        # The tree, kept up to date across the kills, has the root that its entries give.
        await town.start()
        for author in city.authors:
            name = f"{author.character.id}/outbox"
            root, total = await town.running.storage.transact(lambda tx, name=name: tree.root_and_total(tx, name))
            assert root == hash_tree.root_of([saying.digest for saying in author.state.values()])
            assert total == len(author.state)
        await town.stop()
