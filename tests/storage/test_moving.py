"""A node's database moves to PostgreSQL whole, or not at all, and never from beneath a running node."""

from pathlib import Path

import pytest

from node.storage import sets, tree
from node.storage.contract import Reads, Row, StorageError, Tx
from node.storage.moving import move
from node.storage.postgres import open_postgres
from node.storage.sqlite import open_sqlite
from tests.storage.sayings import SET, log, make_set, said, say, subscribe


def quiet(table: str, done: int, total: int) -> None:
    """Nobody watches."""


async def filled(directory: Path) -> None:
    def work(tx: Tx) -> None:
        subscribe(tx, make_set(tx))
        for number in range(1, 2_501):
            say(tx, number, number - 1 if number % 5 == 0 else None)
        tx.run("UPDATE peer SET last_error = :text", text="tab\tline\n back\\slash \u00fc \U0001f600 '\"")

    storage = await open_sqlite(directory)
    await storage.transact(work)
    await storage.close()


def columns_of(row: Row) -> list[str]:
    return sorted(row.keys())


def everything(reads: Reads) -> dict[str, list[tuple[object, ...]]]:
    tables = ("activity", "entry", "held_set", "inbox", "peer", "tree_node", "tree_left")
    return {
        table: sorted(
            (tuple(row[name] for name in columns_of(row)) for row in reads.all(f"SELECT * FROM {table}")), key=repr
        )
        for table in tables
    }


async def test_every_row_arrives_and_life_goes_on(tmp_path: Path, postgres_url: str) -> None:
    await filled(tmp_path)
    seen: list[tuple[str, int, int]] = []
    moved = move(tmp_path, postgres_url, lambda *at: seen.append(at))
    assert (moved.rows["activity"], moved.rows["entry"], moved.rows["coalition"]) == (2_500, 2_000, 0)
    assert ("activity", 2_000, 2_500) in seen
    before, after = await open_sqlite(tmp_path), await open_postgres(postgres_url)
    assert await before.read(everything) == await after.read(everything)
    roots = [await storage.transact(lambda tx: tree.root_and_total(tx, SET)) for storage in (before, after)]
    assert roots[0] == roots[1]
    # New rows get new keys, and the log its next number.
    for storage in (before, after):
        assert await storage.transact(lambda tx: say(tx, 9_999)) == 2_501
        assert (await storage.read(said))[-1] == 9_999
        assert await storage.transact(lambda tx: make_set(tx, "another")) == 2
        assert await storage.read(lambda reads: sets.held(reads, SET)) is not None
    assert await before.read(log) == await after.read(log)
    await before.close()
    await after.close()


async def test_what_is_not_moved(tmp_path: Path, postgres_url: str) -> None:
    with pytest.raises(StorageError, match="no SQLite database"):
        move(tmp_path / "nothing", postgres_url, quiet)
    running = await open_sqlite(tmp_path)
    with pytest.raises(StorageError, match="in use by another process"):
        move(tmp_path, postgres_url, quiet)
    await running.transact(make_set)
    await running.close()
    with pytest.raises(StorageError, match="No PostgreSQL server answers"):
        move(tmp_path, "postgresql://me@127.0.0.1:1/x", quiet)

    def stop(table: str, done: int, total: int) -> None:
        if table == "peer":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        move(tmp_path, postgres_url, stop)
    move(tmp_path, postgres_url, quiet)  # what was broken off has left nothing
    with pytest.raises(StorageError, match=r"holds a node already \(held_set\)"):
        move(tmp_path, postgres_url, quiet)
    await (await open_sqlite(tmp_path)).close()  # and the lock is free
