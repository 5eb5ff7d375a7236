"""The embedded engine: SQLite in one process, with one connection that writes and a few that read.

Each connection has its thread and queue; a work is one function carried there, never a statement a hop.
Works share commits (groups.py); an answer comes after COMMIT with synchronous=FULL, so it survives a power cut. The
writing connection does every checkpoint and is the only one of its file; more processes means PostgreSQL.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TypeVar

import apsw

from node.storage.contract import Reads, StorageError, Tx
from node.storage.files import Lock, database_in, hold
from node.storage.groups import Groups, Outcome, Work
from node.storage.snapshots import Look, Snapshots
from node.storage.sqlite_connection import SqliteReads, SqliteTx, open_reader, open_writer
from node.storage.sqlite_engine import Connection, told
from node.storage.threads import ConnectionThread

T = TypeVar("T")

PATIENCE = 5_000  # ms to wait for a program that holds the file, as an operator's shell may
APART = 16  # groups
READERS = 2  # Python runs one thread at a time: the second is there for while the first waits for the disk


class Link(ConnectionThread[Connection]):
    """A connection with its thread."""

    async def close(self) -> None:
        """Finish what was carried, and close the connection. apsw.Error if that fails."""
        await super().close()
        await asyncio.to_thread(self._connection.close, True)


class Sqlite:
    """`Storage` on one file. Made by `open_sqlite`."""

    def __init__(self, writer: Link, readers: list[Link], lock: Lock) -> None:
        self._connections = [*readers, writer]  # the order of closing: the last one out checkpoints
        self._lock = lock
        self._groups = Groups(Commit(), writer.carry)
        self._snapshots = Snapshots(look, [reader.carry for reader in readers])
        self._closing: asyncio.Task[None] | None = None

    async def transact(self, work: Callable[[Tx], T], locks: tuple[str, ...] = ()) -> T:  # noqa: ARG002
        """Run work in a transaction; resolves after the durable commit. One writer needs no locks."""
        return await self._groups.submit(work)

    async def read(self, work: Callable[[Reads], T]) -> T:
        """Run work on one read-only snapshot, which has all that was answered before the call."""
        return await self._snapshots.submit(work)

    @property
    def shared(self) -> bool:
        """No other process can hold this file."""
        return False

    def tell(self, topic: str, word: str = "") -> None:
        """There is nobody else to tell."""

    def hear(self, topic: str, ear: Callable[[str], None]) -> None:
        """There is nobody else to hear."""

    async def close(self) -> None:
        """Finish what was accepted, checkpoint, close, and let the next process in. Again: no effect."""
        if self._closing is None:
            self._groups.refuse()
            self._snapshots.refuse()
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        try:
            await self._groups.finish()
            await self._snapshots.finish()
            for connection in self._connections:
                await connection.close()
        except apsw.Error as error:
            raise told(error) from error
        finally:
            self._lock.release()


async def open_sqlite(directory: Path, *, readers: int = READERS, patience: int = PATIENCE) -> Sqlite:
    """Open the database of a data directory, making or migrating it; StorageError with a sentence if that fails.

    patience: milliseconds to wait for another program's lock on the file.
    """
    lock = hold(directory)
    path = database_in(directory)
    opened: list[Link] = []
    try:
        for connector in [open_writer] + [open_reader] * readers:
            opened.append(Link(await asyncio.to_thread(connector, path, patience), "sqlite"))
        return Sqlite(opened[0], opened[1:], lock)
    except BaseException:
        for connection in opened:
            await connection.close()
        lock.release()
        raise


@contextmanager
def look_into(directory: Path) -> Generator[Reads]:
    """One read-only snapshot of a data directory, from any process, also while a node runs on it.

    It never writes, migrates or checkpoints. A long look keeps the node's log from being folded into its file.
    """
    path = database_in(directory)
    if not path.exists():
        raise StorageError(f"There is no database in {directory}.")
    with closing(open_reader(path, PATIENCE)) as connection:
        reads = SqliteReads(connection)
        connection.execute("BEGIN")
        try:
            yield reads
        finally:
            reads.end()


class Commit:
    """Runs groups of works, each group in one transaction. On the connection's thread; never raises.

    First all together, without savepoints, which cost a sixth of a group. If one work raises, nothing has happened
    and every work runs again in a savepoint of its own; so do the next groups, for who is refused comes again.
    """

    def __init__(self) -> None:
        self._apart = 0  # groups still to be run in savepoints

    def __call__(self, connection: Connection, works: list[Work]) -> list[Outcome]:
        """What each work gave, or what it raised.

        If the whole fails, every work has failed: also one that raised, for it may have seen what is not there any
        more.
        """
        outcomes = None
        if self._apart:
            self._apart -= 1
        else:
            outcomes = _run(connection, works, _together)
        if outcomes is None:
            self._apart = self._apart or APART
            outcomes = _run(connection, works, _each)
        return outcomes or []


def _run(
    connection: Connection, works: list[Work], do: Callable[[SqliteTx, list[Work]], list[Outcome] | None]
) -> list[Outcome] | None:
    """The works in one transaction; None if they are to run again, and nothing is kept of them."""
    tx = SqliteTx(connection)
    outcomes: list[Outcome] | None
    try:
        tx.run("BEGIN IMMEDIATE")
        outcomes = do(tx, works)
        if outcomes is not None:
            tx.run("COMMIT")
    except StorageError as error:
        outcomes = [(None, _again(error)) for _ in works]
    if connection.in_transaction:
        connection.execute("ROLLBACK")
    tx.end()
    return outcomes


def _together(tx: SqliteTx, works: list[Work]) -> list[Outcome] | None:
    try:
        return [(work(tx), None) for work in works]
    except BaseException:  # which of them, and what it leaves of the others, is told apart in savepoints
        return None


def _each(tx: SqliteTx, works: list[Work]) -> list[Outcome]:
    return [_attempt(tx, work) for work in works]


def _attempt(tx: SqliteTx, work: Work) -> Outcome:
    tx.run("SAVEPOINT work")
    try:
        outcome = work(tx), None
    except BaseException as error:  # whatever it is, it is the caller's
        tx.run("ROLLBACK TO work")
        outcome = None, error
    tx.run("RELEASE work")
    return outcome


def _again(error: StorageError) -> StorageError:
    # One for each caller: a raised exception gathers its traceback.
    mine = type(error)(*error.args)
    mine.__cause__ = error.__cause__
    return mine


def look(connection: Connection, work: Look) -> Outcome:
    """Run a read on a snapshot of its own; never raises. On the connection's thread."""
    reads = SqliteReads(connection)
    try:
        connection.execute("BEGIN")
        return work(reads), None
    except apsw.Error as error:
        return None, told(error)
    except BaseException as error:  # whatever it is, it is the caller's
        return None, error
    finally:
        reads.end()
        if connection.in_transaction:
            connection.execute("ROLLBACK")
