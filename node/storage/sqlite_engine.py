"""SQLite as apsw brings it, the same version on every machine: its connections, and what its errors mean.

The system's own may be of before 3.51.3, where a checkpoint can lose another connection's commit.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, Self, cast

import apsw

from node.storage.contract import StorageBusy, StorageError

READ_WRITE = apsw.SQLITE_OPEN_READWRITE
READ_ONLY = apsw.SQLITE_OPEN_READONLY
STATEMENTS = 512  # prepared statements kept: more than all rooms together have, so that none is parsed twice

# What the engine's module raises: its own, and Python's for a parameter that is missing or cannot be stored (of another
# type, an integer beyond 64 bits, a lone surrogate).
ENGINE_ERRORS = (apsw.Error, KeyError, TypeError, OverflowError, UnicodeEncodeError)

_BUSY = (apsw.SQLITE_BUSY, apsw.SQLITE_LOCKED)
_SENTENCES = {
    apsw.SQLITE_FULL: "The disk is full: make room and the node goes on by itself.",
    apsw.SQLITE_IOERR: "The disk cannot be read or written: look at the system's log.",
    apsw.SQLITE_READONLY: "The database file cannot be written: look at its owner and permissions.",
    apsw.SQLITE_CANTOPEN: "The database file cannot be opened: look at its folder's owner and permissions.",
    apsw.SQLITE_CORRUPT: "The database file is damaged: restore the last backup.",
    apsw.SQLITE_NOTADB: "The database file is damaged or no database: restore the last backup.",
}


class Cursor(Protocol):
    """Runs one statement at a time, as far as it was asked; the next one ends it."""

    def execute(self, statements: str, bindings: Mapping[str, Any] | Sequence[Any] = (), /) -> Self: ...
    def fetchone(self) -> tuple[Any, ...] | None: ...
    def fetchall(self) -> list[tuple[Any, ...]]: ...
    def get_description(self) -> tuple[tuple[str, ...], ...]: ...
    def close(self, force: bool = False) -> None: ...
    def __iter__(self) -> Iterator[tuple[Any, ...]]: ...


class Connection(Protocol):
    """What is used of apsw's: its own types can be read from Python 3.12 on."""

    @property
    def in_transaction(self) -> bool: ...
    def cursor(self) -> Cursor: ...
    def execute(self, statements: str, bindings: Mapping[str, Any] | Sequence[Any] = (), /) -> Cursor: ...
    def close(self, force: bool = False) -> None: ...


def connect(path: Path, mode: int, patience: int) -> Connection:
    """Open a file that exists; StorageError. patience: how long to wait for another program's lock, ms.

    The connection is for one thread at a time.
    """
    try:
        flags = mode | apsw.SQLITE_OPEN_NOMUTEX
        connection = apsw.Connection(str(path.absolute()), flags=flags, statementcachesize=STATEMENTS)
    except apsw.Error as error:
        raise told(error) from error
    connection.set_busy_timeout(patience)
    return cast("Connection", connection)


def told(error: Exception) -> StorageError:
    """The engine's error in the contract's terms, with a sentence for the operator."""
    primary: int | None = getattr(error, "result", None)
    if primary in _BUSY:
        return StorageBusy("Another program holds the database; the same work may be tried again.")
    return StorageError(_SENTENCES.get(primary or -1) or f"The database refused: {error}")
