"""Several processes write one log at once and are killed, and so are their back ends: no snapshot has a gap."""

import asyncio
import sys
from random import Random

import psycopg

from node.storage.contract import Reads, Storage, Tx
from node.storage.postgres import open_postgres
from tests.storage.sayings import activity_id, log, said

WRITERS = 3
KILLS = 4
APART = 1_000_000  # numbers between two writers
ANSWERS = 250  # before each kill, of all together

_BACK_ENDS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'commonweave' AND datname = current_database()"


class Writer:
    """A process, and the numbers that it was answered for."""

    def __init__(self, url: str, first: int) -> None:
        self.url = url
        self.first = first
        self.answered: list[int] = []
        self.process: asyncio.subprocess.Process | None = None
        self.reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.storage.writer", "postgres", self.url, str(self.first),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        while (line := await self.process.stdout.readline()).endswith(b"\n"):
            self.answered.append(int(line))

    async def kill(self) -> None:
        assert self.process is not None
        assert self.reading is not None
        self.process.kill()
        await self.process.wait()
        await self.reading
        self.first += APART // 10


def whole(reads: Reads) -> int:
    """Asserts that the log of this snapshot has no gap and agrees with its counter; how long it is."""
    seqs = [seq for seq, _ in log(reads)]
    assert seqs == list(range(1, len(seqs) + 1))
    row = reads.one("SELECT seq FROM held_set")
    assert (row["seq"] if row else 0) == len(seqs)
    return len(seqs)


async def more(storage: Storage, writers: list[Writer]) -> None:
    """Until the writers have ANSWERS more; every snapshot meanwhile is whole."""
    wanted = sum(len(writer.answered) for writer in writers) + ANSWERS
    while sum(len(writer.answered) for writer in writers) < wanted:
        await storage.read(whole)
        for writer in writers:
            assert writer.process is not None
            assert writer.process.returncode is None, "a writer ended by itself"


async def test_the_log_is_gapless_for_every_snapshot_whoever_is_killed(postgres_url: str) -> None:
    chance = Random(3)
    storage = await open_postgres(postgres_url, readers=1)
    writers = [Writer(postgres_url, number * APART) for number in range(WRITERS)]
    await asyncio.gather(*(writer.start() for writer in writers))
    for _ in range(KILLS):
        await more(storage, writers)
        with psycopg.connect(postgres_url, autocommit=True) as operator:
            pids = [row[0] for row in operator.execute(_BACK_ENDS)]
            operator.execute("SELECT pg_terminate_backend(%s)", (chance.choice(pids),))
        await more(storage, writers)
        victim = chance.choice(writers)
        await victim.kill()
        await victim.start()
    await more(storage, writers)
    await asyncio.gather(*(writer.kill() for writer in writers))

    answered = [number for writer in writers for number in writer.answered]
    assert len(answered) == len(set(answered))

    def settled(tx: Tx) -> list[int]:
        tx.run("SELECT seq FROM held_set /*+ FOR UPDATE */")  # behind what a killed writer's back end still finishes
        return said(tx)

    held = await storage.transact(settled)
    assert set(answered) <= set(held)
    assert await storage.read(whole) == len(held)
    assert {activity for _, activity in await storage.read(log)} == {activity_id(number) for number in held}
    await storage.close()
