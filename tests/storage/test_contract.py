"""What every engine promises (node/storage/contract.py). Works are held up by events, never by time."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from node.storage.contract import Reads, Storage, StorageError, Tx
from tests.storage.conftest import Engine
from tests.storage.sayings import SET, digest_of, log, make_set, raw_of, said, say

WAIT = 60  # seconds until a test that hangs says so


class Refused(Exception):
    """A work's own exception."""


async def turn() -> None:
    """One turn of the loop: every task that was made has handed in its work."""
    loop = asyncio.get_running_loop()
    come = loop.create_future()
    loop.call_soon(come.set_result, None)
    await come


@asynccontextmanager
async def writer_held_up(storage: Storage) -> AsyncIterator[None]:
    """The writing thread stands in a work: whatever is handed in meanwhile gathers, and leaves with the block."""
    standing, go = threading.Event(), threading.Event()

    def stand(tx: Tx) -> None:
        standing.set()
        go.wait(WAIT)

    task = asyncio.ensure_future(storage.transact(stand))
    await asyncio.to_thread(standing.wait, WAIT)
    try:
        yield
        await turn()
    finally:
        go.set()
    await task


async def test_a_work_answers_and_its_rows_are_there(storage: Storage) -> None:
    assert await storage.transact(lambda tx: (make_set(tx), say(tx, 1))[1]) == 1
    row = await storage.read(lambda reads: reads.the("SELECT id, raw, digest, object FROM activity"))
    assert (row["raw"], row["digest"], row["object"]) == (raw_of(1), digest_of(1), None)
    assert list(row.keys()) == ["id", "raw", "digest", "object"]


async def test_one_the_and_all(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        assert tx.one("SELECT 1 AS x FROM activity") is None
        assert tx.all("SELECT 1 AS x FROM activity") == []
        with pytest.raises(LookupError):
            tx.the("SELECT 1 AS x FROM activity")
        make_set(tx)
        say(tx, 1)
        say(tx, 2)
        assert tx.the("SELECT COUNT(*) AS n FROM activity")["n"] == 2
        assert [row["at"] for row in tx.all("UPDATE activity SET at = 5 RETURNING at")] == [5, 5]
        changed = tx.one("UPDATE activity SET at = 7 RETURNING at")  # every row, though one is asked for
        assert changed is not None
        assert [row["at"] for row in tx.all("SELECT at FROM activity")] == [7, 7]

    await storage.transact(work)
    await storage.read(lambda reads: reads.one("SELECT id FROM activity"))  # an open statement behind it
    assert await storage.transact(lambda tx: tx.the("SELECT COUNT(*) AS n FROM activity")["n"]) == 2


async def test_an_exception_undoes_its_work_whole(storage: Storage) -> None:
    await storage.transact(make_set)

    def work(tx: Tx) -> None:
        say(tx, 1)
        say(tx, 2)
        raise Refused("no")

    with pytest.raises(Refused, match="no"):
        await storage.transact(work)
    assert await storage.read(said) == []
    assert await storage.transact(lambda tx: say(tx, 3)) == 1  # the seq it took went back as well


async def test_in_a_group_an_exception_leaves_the_others(storage: Storage) -> None:
    await storage.transact(make_set)

    def work(number: int, tx: Tx) -> int:
        seq = say(tx, number)
        if number % 3 == 0:
            raise Refused(str(number))
        return seq

    async with writer_held_up(storage):
        tasks = [asyncio.ensure_future(storage.transact(lambda tx, n=n: work(n, tx))) for n in range(1, 31)]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    refused = [n for n, result in enumerate(results, 1) if isinstance(result, Refused)]
    assert refused == list(range(3, 31, 3))
    kept = [n for n in range(1, 31) if n % 3]
    assert [result for result in results if isinstance(result, int)] == list(range(1, len(kept) + 1))
    assert await storage.read(said) == kept
    assert [seq for seq, _ in await storage.read(log)] == list(range(1, len(kept) + 1))


async def test_works_run_in_the_order_they_were_handed_in(storage: Storage) -> None:
    await storage.transact(make_set)
    async with writer_held_up(storage):
        tasks = [asyncio.ensure_future(storage.transact(lambda tx, n=n: say(tx, n))) for n in range(1, 201)]
    assert await asyncio.gather(*tasks) == list(range(1, 201))


async def test_a_statement_that_fails_can_be_survived_by_its_work(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        make_set(tx)
        say(tx, 1)
        with pytest.raises(StorageError):
            tx.run("INSERT INTO need(kind, url, because, due) VALUES('object', NULL, '', 0)")
        say(tx, 2)

    await storage.transact(work)
    assert await storage.read(said) == [1, 2]


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        ("INSERT INTO nowhere(x) VALUES(1)", {}),
        ("SELECT :x AS x", {}),
        ("this is not SQL", {}),
        ("INSERT INTO need(kind, url, because, due) VALUES('a', 'b', 'c', :x)", {"x": 2**63}),
        ("INSERT INTO need(kind, url, because, due) VALUES('a', :x, 'c', 1)", {"x": "\ud800"}),
        ("INSERT INTO need(kind, url, because, due) VALUES('a', 'b', 'c', :x)", {"x": "word"}),
        ("INSERT INTO need(kind, url, because, due) VALUES('a', 'b', 'c', :x)", {"x": object()}),
    ],
)
async def test_what_the_engine_raises_is_a_storage_error(storage: Storage, sql: str, named: dict[str, object]) -> None:
    for ask in (Tx.run, Tx.one, Tx.all):
        with pytest.raises(StorageError):
            await storage.transact(lambda tx, ask=ask: getattr(tx, ask.__name__)(sql, **named))


async def test_if_the_commit_fails_every_work_of_the_group_has_failed(storage: Storage) -> None:
    def make(tx: Tx) -> None:
        make_set(tx)
        tx.run("CREATE TABLE parent(key INTEGER PRIMARY KEY)")
        tx.run("CREATE TABLE child(of INTEGER REFERENCES parent(key) DEFERRABLE INITIALLY DEFERRED)")

    def raises(tx: Tx) -> None:
        raise Refused

    await storage.transact(make)
    async with writer_held_up(storage):
        works = [
            lambda tx: say(tx, 1),
            lambda tx: tx.run("INSERT INTO child(of) VALUES(1)"),  # noticed at COMMIT
            raises,
        ]
        tasks = [asyncio.ensure_future(storage.transact(work)) for work in works]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 3
    assert len({id(result) for result in results}) == 3
    assert await storage.read(said) == []
    assert await storage.transact(lambda tx: say(tx, 2)) == 1


async def test_a_cancelled_caller_loses_and_doubles_nothing(storage: Storage) -> None:
    await storage.transact(make_set)
    async with writer_held_up(storage):
        tasks = [asyncio.ensure_future(storage.transact(lambda tx, n=n: say(tx, n))) for n in range(1, 11)]
        await turn()
        for task in tasks[::2]:
            task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(result, asyncio.CancelledError) for result in results] == [True, False] * 5
    # What was accepted is done, once each; those who stayed have their own answer.
    assert results[1::2] == [2, 4, 6, 8, 10]
    assert await storage.transact(said) == list(range(1, 11))
    assert [seq for seq, _ in await storage.read(log)] == list(range(1, 11))


async def test_a_caller_cancelled_while_its_work_runs(storage: Storage) -> None:
    await storage.transact(make_set)
    running, go = threading.Event(), threading.Event()

    def work(tx: Tx) -> None:
        running.set()
        go.wait(WAIT)
        say(tx, 1)

    task = asyncio.ensure_future(storage.transact(work))
    await asyncio.to_thread(running.wait, WAIT)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    go.set()
    assert await storage.transact(said) == [1]


async def test_a_reader_sees_no_half_work_and_keeps_its_snapshot(storage: Storage) -> None:
    await storage.transact(make_set)
    half, seen, looked, done = (threading.Event() for _ in range(4))

    def work(tx: Tx) -> None:
        say(tx, 1)
        half.set()
        seen.wait(WAIT)
        say(tx, 2)

    def look(reads: Reads) -> tuple[list[int], list[int]]:
        first = said(reads)
        looked.set()
        done.wait(WAIT)
        return first, said(reads)

    writing = asyncio.ensure_future(storage.transact(work))
    await asyncio.to_thread(half.wait, WAIT)
    assert await storage.read(said) == []
    reading = asyncio.ensure_future(storage.read(look))
    await asyncio.to_thread(looked.wait, WAIT)
    seen.set()
    await writing
    assert await storage.read(said) == [1, 2]  # another snapshot, made after the answer
    done.set()
    assert await reading == ([], [])


async def test_a_read_cannot_write(storage: Storage) -> None:
    with pytest.raises(StorageError):
        await storage.read(lambda reads: reads.one("UPDATE peer SET due = 1 RETURNING host"))
    with pytest.raises(StorageError):
        await storage.read(lambda reads: reads.all("CREATE TABLE mine(x INTEGER)"))
    assert await storage.read(said) == []


async def test_an_exception_in_a_read_is_its_callers(storage: Storage) -> None:
    def look(reads: Reads) -> None:
        raise Refused

    for _ in range(5):
        with pytest.raises(Refused):
            await storage.read(look)
    assert await storage.read(said) == []


async def test_many_reads_wait_for_few_connections(storage: Storage) -> None:
    await storage.transact(lambda tx: (make_set(tx), [say(tx, n) for n in range(20)]))
    tasks = [asyncio.ensure_future(storage.read(said)) for _ in range(50)]
    await turn()
    for task in tasks[1::2]:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert results[::2] == [list(range(20))] * 25


async def test_a_transaction_cannot_be_kept(storage: Storage) -> None:
    tx = await storage.transact(lambda tx: tx)
    reads = await storage.read(lambda reads: reads)
    for kept in (tx, reads):
        with pytest.raises(StorageError, match="over"):
            kept.one("SELECT 1 AS x")


async def test_a_work_that_raises_stop_iteration_stops_nobody(storage: Storage) -> None:
    with pytest.raises(RuntimeError):
        await storage.transact(lambda tx: next(iter(())))
    assert await storage.transact(said) == []


async def test_close_finishes_what_was_accepted(engine: Engine) -> None:
    storage = await engine.open()
    await storage.transact(make_set)
    async with writer_held_up(storage):
        works = [asyncio.ensure_future(storage.transact(lambda tx, n=n: say(tx, n))) for n in range(1, 101)]
        reads = [asyncio.ensure_future(storage.read(said)) for _ in range(10)]
        await turn()
        closing = asyncio.ensure_future(storage.close())
        await turn()
        with pytest.raises(StorageError, match="closed"):
            await storage.transact(said)
    assert await asyncio.gather(*works) == list(range(1, 101))
    for seen in await asyncio.gather(*reads):  # before, between or after the groups
        assert seen == list(range(1, len(seen) + 1))
    await closing
    await storage.close()
    with pytest.raises(StorageError, match="closed"):
        await storage.transact(said)
    with pytest.raises(StorageError, match="closed"):
        await storage.read(said)

    again = await engine.open()
    assert await again.read(said) == list(range(1, 101))
    assert [seq for seq, _ in await again.read(lambda reads: log(reads, SET))] == list(range(1, 101))
    await again.close()


async def test_close_waits_for_the_reads_that_wait(engine: Engine) -> None:
    storage = await engine.open()
    await storage.transact(lambda tx: (make_set(tx), say(tx, 1)))
    go = threading.Event()

    def look(reads: Reads) -> list[int]:
        go.wait(WAIT)
        return said(reads)

    reads = [asyncio.ensure_future(storage.read(look)) for _ in range(20)]
    await turn()
    closing = asyncio.ensure_future(storage.close())
    await turn()
    with pytest.raises(StorageError, match="closed"):
        await storage.read(said)
    go.set()
    assert await asyncio.gather(*reads) == [[1]] * 20
    await closing
