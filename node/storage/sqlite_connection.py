"""One SQLite connection: how it is opened, brought up to date, spoken to, and what its errors mean.

All of it is synchronous and runs on the thread that owns the connection. It knows no loop and no group.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

import apsw

from node.storage import sets
from node.storage.contract import Entry, Row, StorageError
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
from node.storage.sqlite_engine import (
    ENGINE_ERRORS,
    READ_ONLY,
    READ_WRITE,
    STATEMENTS,
    Connection,
    Cursor,
    connect,
    told,
)

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
# A reader never checkpoints: that is the writer's work.
_READER = """
PRAGMA query_only = ON;
PRAGMA wal_autocheckpoint = 0;
PRAGMA trusted_schema = OFF;
PRAGMA temp_store = MEMORY;
PRAGMA cache_size = -8192;
"""

_NAMES: dict[str, tuple[str, ...]] = {}  # of a statement's columns


class SqliteReads:
    """`Reads` over one cursor. One cursor, so that no statement stays open behind the one that runs."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._execute = self._cursor.execute

    def one(self, sql: str, /, **named: Any) -> Row | None:
        try:
            cursor = self._execute(sql, named)
            row = cursor.fetchone()
            return None if row is None else dict(zip(_columns(sql, cursor), row, strict=True))
        except ENGINE_ERRORS as error:
            self._failed(error)

    def the(self, sql: str, /, **named: Any) -> Row:
        row = self.one(sql, **named)
        if row is None:
            raise LookupError(f"no row where one always is: {sql}")
        return row

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        try:
            cursor = self._execute(sql, named)
            first = cursor.fetchone()
            if first is None:
                return []
            columns = _columns(sql, cursor)
            return [dict(zip(columns, row, strict=True)) for row in (first, *cursor.fetchall())]
        except ENGINE_ERRORS as error:
            self._failed(error)

    def end(self) -> None:
        """From now on refuse: a work must not keep its transaction. A statement that is still open ends."""
        self._execute = _refused
        self._cursor.close(True)

    def _failed(self, error: Exception) -> NoReturn:
        # A full disk and its like roll the whole transaction back: what came after would commit by itself.
        if not self._connection.in_transaction:
            self.end()
        raise told(error) from error


def _columns(sql: str, cursor: Cursor) -> tuple[str, ...]:
    """The names of the columns of a row that the cursor has just given."""
    names = _NAMES.get(sql)
    if names is None:
        if len(_NAMES) >= STATEMENTS:
            _NAMES.clear()
        names = _NAMES[sql] = tuple(column[0] for column in cursor.get_description())
    return names


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


def open_writer(path: Path, patience: int) -> Connection:
    """The writing connection on a database brought up to date. patience: how long to wait for a lock, ms."""
    try:
        create_private(path)
    except OSError as error:
        raise StorageError(f"The database {path} cannot be made: {error.strerror}.") from error
    connection = connect(path, READ_WRITE, patience)
    try:
        connection.execute(_WRITER).fetchall()
        if connection.execute("PRAGMA journal_mode").fetchall() != [("wal",)]:
            raise StorageError(f"The disk under {path} cannot keep a write-ahead log: use a local one.")
        migrate(connection, migrations())
    except BaseException as error:
        connection.close(True)
        if isinstance(error, apsw.Error):
            raise told(error) from error
        raise
    return connection


def open_reader(path: Path, patience: int) -> Connection:
    """A connection that cannot write, on a database this code can read."""
    connection = connect(path, READ_ONLY, patience)
    try:
        connection.execute(_READER).fetchall()
        check_readable(_version(connection), migrations())
    except BaseException as error:
        connection.close(True)
        if isinstance(error, apsw.Error):
            raise told(error) from error
        raise
    return connection


def _version(connection: Connection) -> Version:
    known = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_version'").fetchone()
    row = connection.execute(READ_VERSION).fetchone() if known else None
    return EMPTY if row is None else Version(*row)


def migrate(connection: Connection, known: tuple[Migration, ...]) -> None:
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
        except apsw.Error as error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise StorageError(f"Migration {step.name} failed and nothing of it was kept: {error}") from error


def _statements(script: str) -> Iterator[str]:
    # Not executescript(), which commits first: a migration is one transaction.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if apsw.complete(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
