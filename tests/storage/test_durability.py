"""What was answered survives kill -9: each exactly once, in a log without gaps."""

import asyncio
import sys

from node.storage.contract import Reads
from tests.storage.conftest import Engine
from tests.storage.sayings import activity_id, log, said

KILLS = 3
ANSWERS = 400  # more than the 64 of a group, and answers of many groups


async def killed_in_full_flight(engine: Engine, first: int) -> list[int]:
    """Start a writer, kill it after ANSWERS; the numbers it was answered for."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.storage.writer", engine.name, engine.place, str(first),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    answered = [int(await process.stdout.readline()) for _ in range(ANSWERS)]
    process.kill()
    rest = await process.stdout.read()  # what it still said; a last line may be cut
    answered += [int(line) for line in rest.splitlines(keepends=True) if line.endswith(b"\n")]
    await process.wait()
    return answered


async def test_every_answered_work_is_there_once_after_kill_9(engine: Engine) -> None:
    answered: list[int] = []
    first = 0
    for _ in range(KILLS):
        answered += await killed_in_full_flight(engine, first)
        storage = await engine.open()

        def look(reads: Reads) -> tuple[list[int], list[int], list[tuple[int, str]]]:
            tally = [row["n"] for row in reads.all("SELECT n FROM tally ORDER BY n")]
            return tally, said(reads), log(reads)

        tally, activities, entries = await storage.read(look)
        await storage.close()
        assert len(answered) == len(set(answered))
        assert set(answered) <= set(tally)
        assert tally == activities == sorted(set(tally))  # none doubled, none half
        assert [seq for seq, _ in entries] == list(range(1, len(entries) + 1))
        assert {activity for _, activity in entries} == {activity_id(n) for n in tally}
        first = max(tally) + 1
