"""What only the embedded engine has: one process, one file, its lock, and looking into it from outside."""

import asyncio
import os
import stat
import sys
from pathlib import Path

import apsw
import pytest

from node.storage.contract import Reads, StorageBusy, StorageError, Tx
from node.storage.files import database_in, hold
from node.storage.sqlite import look_into, open_sqlite
from tests.storage.sayings import make_set, raw_of, said, say

LOOK = "import sys, pathlib; from node.storage.sqlite import look_into; from tests.storage.sayings import said\n"
OPEN = "import sys, pathlib, asyncio; from node.storage.sqlite import open_sqlite\n"


def files_of(directory: Path) -> list[Path]:
    return sorted(directory.iterdir())


async def python(code: str, *arguments: str) -> tuple[str, str]:
    """Run code in another process; what it printed and its last line of error."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    return out.decode().strip(), (err.decode().strip().splitlines() or [""])[-1]


async def test_a_second_process_is_refused_in_a_sentence(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    code = OPEN + "asyncio.run(open_sqlite(pathlib.Path(sys.argv[1])))"
    _, error = await python(code, str(tmp_path))
    assert "StorageError" in error
    assert f"in use by another process ({os.getpid()})" in error
    assert "PostgreSQL" in error
    with pytest.raises(StorageError, match="another process"):
        await open_sqlite(tmp_path)  # nor a second time in this one
    assert await storage.read(said) == []
    await storage.close()
    await (await open_sqlite(tmp_path)).close()


async def test_a_lock_file_that_is_left_over_holds_nobody(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711\n")
    hold(tmp_path).release()
    lock = hold(tmp_path)
    lock.release()
    lock.release()
    assert (tmp_path / "lock").exists()


async def test_another_process_looks_into_it_while_the_node_writes(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    await storage.transact(lambda tx: (make_set(tx), say(tx, 1)))
    code = LOOK + "with look_into(pathlib.Path(sys.argv[1])) as reads: print(said(reads))"
    assert await python(code, str(tmp_path)) == ("[1]", "")
    with look_into(tmp_path) as reads:
        assert said(reads) == [1]
        await storage.transact(lambda tx: say(tx, 2))
        assert said(reads) == [1]
        with pytest.raises(StorageError):
            reads.one("DELETE FROM activity RETURNING id")
    with pytest.raises(StorageError, match="over"):
        said(reads)
    assert await storage.read(said) == [1, 2]
    await storage.close()
    assert await python(code, str(tmp_path)) == ("[1, 2]", "")  # and while none runs


def test_looking_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no database"), look_into(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


async def test_a_program_that_holds_the_file_makes_it_busy_not_broken(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path, patience=0)
    await storage.transact(make_set)
    shell = apsw.Connection(str(database_in(tmp_path)))
    shell.execute("BEGIN IMMEDIATE")
    results = await asyncio.gather(
        *[storage.transact(lambda tx, n=n: say(tx, n)) for n in range(5)], return_exceptions=True
    )
    assert [type(result) for result in results] == [StorageBusy] * 5
    assert await storage.read(said) == []
    shell.execute("ROLLBACK")
    shell.close()
    assert await storage.transact(lambda tx: say(tx, 1)) == 1
    await storage.close()


async def test_a_full_disk_fails_the_whole_group_and_nothing_slips_out_of_it(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    await storage.transact(make_set)
    pages = await storage.transact(lambda tx: tx.the("PRAGMA page_count")["page_count"])
    await storage.transact(lambda tx: tx.the(f"PRAGMA max_page_count = {pages + 4}"))

    def survives(tx: Tx) -> None:
        with pytest.raises(StorageError, match="disk is full"):
            say(tx, 2, size=1_000_000)
        # SQLite has rolled all of it back: what follows must not commit by itself.
        with pytest.raises(StorageError, match="over"):
            say(tx, 3)

    works = [lambda tx: say(tx, 1), survives, lambda tx: say(tx, 4)]
    results = await asyncio.gather(*[storage.transact(work) for work in works], return_exceptions=True)
    assert [type(result) for result in results] == [StorageError] * 3
    assert await storage.read(said) == []
    await storage.transact(lambda tx: tx.the(f"PRAGMA max_page_count = {pages + 4_000}"))
    assert await storage.transact(lambda tx: say(tx, 5, size=1_000_000)) == 1
    assert await storage.transact(said) == [5]
    await storage.close()


async def test_a_damaged_file_is_told_in_a_sentence_and_frees_the_lock(tmp_path: Path) -> None:
    database_in(tmp_path).write_bytes(b"this is no database" * 1_000)
    for _ in range(2):
        with pytest.raises(StorageError, match="restore the last backup"):
            await open_sqlite(tmp_path)


async def test_only_its_user_can_read_it(tmp_path: Path) -> None:
    place = tmp_path / "new" / "data"
    storage = await open_sqlite(place)
    await storage.transact(make_set)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in files_of(place)} == {0o600}
    await storage.close()


async def test_erased_bytes_leave_the_file(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    sizes = {n: 40 * 3**n for n in range(8)}  # within a page, and over many
    await storage.transact(make_set)
    for n, size in sizes.items():
        await storage.transact(lambda tx, n=n, size=size: say(tx, n, size=size))
        await storage.transact(lambda tx, n=n, size=size: say(tx, n + 10, size=size))
    for n in sizes:
        await storage.transact(lambda tx, n=n: say(tx, n + 20, superseded=n))
    await storage.close()  # folds the log into the file
    kept = b"".join(file.read_bytes() for file in files_of(tmp_path))
    assert [n for n in sizes if raw_of(n).strip() in kept] == []
    assert [n for n in sizes if raw_of(n + 10).strip() in kept] == list(sizes)


async def test_a_reader_could_not_write_if_it_would(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)

    def look(reads: Reads) -> None:
        reads.one("PRAGMA query_only = OFF")
        reads.one("INSERT INTO peer(host) VALUES('a.example')")

    with pytest.raises(StorageError, match="cannot be written"):
        await storage.read(look)
    await storage.close()


async def test_every_answer_is_on_the_disk_when_it_is_given(tmp_path: Path) -> None:
    storage = await open_sqlite(tmp_path)
    settings = await storage.transact(
        lambda tx: [tx.the(f"PRAGMA {name}")[name] for name in ("journal_mode", "synchronous")]
    )
    assert settings == ["wal", 2]  # 2 is FULL
    await storage.close()
