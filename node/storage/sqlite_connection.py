"""One SQLite connection: how it is opened, brought up to date, spoken to, and what its errors mean.

All of it is synchronous and runs on the thread that owns the connection. It knows no loop and no group.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, cast

from node.storage import sets
from node.storage.contract import Entry, Row, StorageBusy, StorageError
from node.storage.files import create_private
from node.storage.migrate import (
    CREATE_VERSION,
    EMPTY,
    READ_VERSION,
    WRITE_VERSION,
    Migration,
    Version,
    check_readable,
    migrations,
    pending,
)

_OLDEST = (3, 37, 0)  # STRICT tables
_STATEMENTS = 1_024  # prepared statements kept: more than all rooms together have, so that none is parsed twice

# 4 KiB pages: with 8 a lone work writes 140 KB of log instead of 82, in a group of 64 19 instead of 15, and saves
# only a quarter of the file.
# secure_delete: erased bytes leave the file, not only the index (protocol section 8).
# A checkpoint at 12,000 pages (48 MiB): the default copies the same hot pages twelve times as often.
_WRITER = """
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -65536;
PRAGMA wal_autocheckpoint = 12000;
PRAGMA journal_size_limit = 67108864;
"""
# A reader never checkpoints: before SQLite 3.51.3 that can lose the writer's commit.
_READER = """
PRAGMA query_only = ON;
PRAGMA wal_autocheckpoint = 0;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8192;
"""

# What the engine's module raises: its own, and Python's for an integer beyond 64 bits or a lone surrogate.
ENGINE_ERRORS = (sqlite3.Error, OverflowError, UnicodeEncodeError)

_BUSY = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_SENTENCES = {
    sqlite3.SQLITE_FULL: "The disk is full: make room and the node goes on by itself.",
    sqlite3.SQLITE_IOERR: "The disk cannot be read or written: look at the system's log.",
    sqlite3.SQLITE_READONLY: "The database file cannot be written: look at its owner and permissions.",
    sqlite3.SQLITE_CANTOPEN: "The database file cannot be opened: look at its folder's owner and permissions.",
    sqlite3.SQLITE_CORRUPT: "The database file is damaged: restore the last backup.",
    sqlite3.SQLITE_NOTADB: "The database file is damaged or no database: restore the last backup.",
}


def told(error: Exception) -> StorageError:
    """The engine's error in the contract's terms, with a sentence for the operator."""
    code = cast(int | None, getattr(error, "sqlite_errorcode", None))
    primary = None if code is None else code & 0xFF  # the extended codes keep the primary one in the low byte
    if primary in _BUSY:
        return StorageBusy("Another program holds the database; the same work may be tried again.")
    return StorageError(_SENTENCES.get(primary or -1) or f"The database refused: {error}")


class SqliteReads:
    """`Reads` over one cursor. One cursor, so that no statement stays open behind the one that runs."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.cursor().execute

    def one(self, sql: str, /, **named: Any) -> Row | None:
        try:
            return self._execute(sql, named).fetchone()
        except ENGINE_ERRORS as error:
            self._failed(error)

    def the(self, sql: str, /, **named: Any) -> Row:
        row = self.one(sql, **named)
        if row is None:
            raise LookupError(f"no row where one always is: {sql}")
        return row

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        try:
            return cast(list[Row], self._execute(sql, named).fetchall())
        except ENGINE_ERRORS as error:
            self._failed(error)

    def end(self) -> None:
        """From now on refuse: a work must not keep its transaction."""
        self._execute = _refused

    def _failed(self, error: Exception) -> NoReturn:
        # A full disk and its like roll the whole transaction back: what came after would commit by itself.
        if not self._connection.in_transaction:
            self.end()
        raise told(error) from error


class SqliteTx(SqliteReads):
    """`Tx`."""

    def run(self, sql: str, /, **named: Any) -> None:
        try:
            self._execute(sql, named)
        except ENGINE_ERRORS as error:
            self._failed(error)

    def append(self, entry: Entry) -> int:
        return sets.append(self, entry)


def _refused(sql: str, *_: object) -> NoReturn:
    raise StorageError(f"The transaction is over; it refuses: {sql}")


def open_writer(path: Path, patience: int) -> sqlite3.Connection:
    """The writing connection on a database brought up to date. patience: how long to wait for a lock, ms."""
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StorageError(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed.")
    try:
        create_private(path)
    except OSError as error:
        raise StorageError(f"The database {path} cannot be made: {error.strerror}.") from error
    connection = _connect(path, "rw", patience)
    try:
        connection.executescript(_WRITER)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            raise StorageError(f"The disk under {path} cannot keep a write-ahead log: use a local one.")
        migrate(connection, migrations())
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise told(error) from error
        raise
    return connection


def open_reader(path: Path, patience: int) -> sqlite3.Connection:
    """A connection that cannot write, on a database this code can read."""
    connection = _connect(path, "ro", patience)
    try:
        connection.executescript(_READER)
        check_readable(_version(connection), migrations())
    except BaseException as error:
        connection.close()
        if isinstance(error, sqlite3.Error):
            raise told(error) from error
        raise
    return connection


def _connect(path: Path, mode: str, patience: int) -> sqlite3.Connection:
    try:
        # isolation_level None: no BEGIN but ours.
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=patience / 1_000,
            isolation_level=None,
            cached_statements=_STATEMENTS,
        )
    except sqlite3.Error as error:
        raise told(error) from error
    connection.row_factory = sqlite3.Row
    return connection


def _version(connection: sqlite3.Connection) -> Version:
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    row = connection.execute(READ_VERSION).fetchone() if known else None
    return EMPTY if row is None else Version(row["version"], row["compat"])


def migrate(connection: sqlite3.Connection, known: tuple[Migration, ...]) -> None:
    """Take the steps that are still to take, each in a transaction of its own."""
    found = _version(connection)
    compat = found.compat
    for step in pending(found, known):
        compat = max(compat, step.compat)
        try:
            connection.execute("BEGIN IMMEDIATE")
            for statement in _statements(step.sql):
                connection.execute(statement)
            connection.execute(CREATE_VERSION)
            connection.execute(WRITE_VERSION, {"version": step.version, "compat": compat})
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StorageError(f"Migration {step.name} failed and nothing of it was kept: {error}") from error


def _statements(script: str) -> Iterator[str]:
    # Not executescript(), which commits first: a migration is one transaction.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
