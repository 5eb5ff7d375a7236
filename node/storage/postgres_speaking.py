"""How statements and values travel to PostgreSQL and back: prepared once a connection, rows by name.

libpq is spoken to directly (psycopg.pq): of what a statement costs the node, psycopg's own cursor is four fifths, and
a node says fifteen for each activity. Values go as they are meant for SQLite: whole numbers are 64 bits, truth is 0
or 1, text has no declared type, so that PostgreSQL takes it for what stands there.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any, cast

import psycopg
from psycopg import errors, pq
from psycopg.types.numeric import NumericBinaryLoader

from node.storage.contract import StorageError
from node.storage.postgres_sql import statement

KEPT = 1_024  # prepared statements of a connection: more than all rooms have, with every combination of types

_UNKNOWN, _INT8, _BYTEA, _FLOAT8 = 0, 20, 17, 701  # oids, as in pg_type.dat
_DONE = (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)
_NUL, _STANDS_FOR_NUL = b"\0", b"\xef\xbf\xbd"
_DOUBLE = Struct(">d")

Read = Callable[[bytes], Any]


def _whole(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def _truth(raw: bytes) -> bool:
    return raw != _NUL


def _double(raw: bytes) -> float:
    return _DOUBLE.unpack(raw)[0]


def _numeric(raw: bytes) -> int | float:
    """A sum of whole numbers is one, as on SQLite."""
    value = NumericBinaryLoader(1700).load(raw)
    return int(value) if value == value.to_integral_value() else float(value)


_READ: dict[int, Read] = {16: _truth, 17: bytes, 20: _whole, 21: _whole, 23: _whole, 701: _double, 1700: _numeric}


class _Prepared:
    """One statement, for one choice of types; `columns` once it was answered."""

    __slots__ = ("columns", "name")

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.columns: list[tuple[str, Read]] | None = None


class Speaker:
    """A connection and the statements prepared on it. On the connection's thread."""

    def __init__(self, connection: "psycopg.Connection[Any]") -> None:
        self.connection = connection
        self._prepared: dict[tuple[str, tuple[int, ...]], _Prepared] = {}

    def say(self, sql: str, named: dict[str, Any], *, first: bool = False) -> list[dict[str, Any]]:
        """Execute; every row, or the first.

        psycopg.Error; UnicodeEncodeError for a lone surrogate; StorageError for a value that is missing or of no type.
        """
        asked = statement(sql)
        values: list[bytes | None] = []
        types: list[int] = []
        formats: list[int] = []
        for name in asked.names:
            try:
                value = named[name]
            except KeyError:
                raise StorageError(f"The statement wants a value for {name}: {sql}") from None
            raw, oid, form = _encoded(value)
            values.append(raw)
            types.append(oid)
            formats.append(form)
        key = (sql, tuple(types))
        prepared = self._prepared.get(key) or self._prepare(key, asked.text)
        given = cast("list[bytes]", values)  # None is NULL, which psycopg's own types do not say
        result = self.connection.pgconn.exec_prepared(prepared.name, given, formats, 1)
        if result.status not in _DONE:
            raise errors.error_from_result(result)
        return _rows(result, prepared, min(1, result.ntuples) if first else result.ntuples)

    def _prepare(self, key: tuple[str, tuple[int, ...]], text: bytes) -> _Prepared:
        pgconn = self.connection.pgconn
        if len(self._prepared) >= KEPT:
            pgconn.exec_(b"DEALLOCATE ALL")
            self._prepared.clear()
        made = _Prepared(b"s%d" % len(self._prepared))
        result = pgconn.prepare(made.name, text, key[1])
        if result.status not in _DONE:
            raise errors.error_from_result(result)
        self._prepared[key] = made
        return made


def _encoded(value: object) -> tuple[bytes | None, int, int]:
    """A value on the wire: bytes, the oid of its type, 1 if they are binary."""
    if isinstance(value, str):
        raw = value.encode()
        # It cannot hold U+0000; a name or a search text that has one shows U+FFFD, and the signed bytes are elsewhere.
        return (raw.replace(_NUL, _STANDS_FOR_NUL) if _NUL in raw else raw), _UNKNOWN, 0
    if isinstance(value, int):
        return b"%d" % value, _INT8, 0
    if value is None:
        return None, _UNKNOWN, 0
    if isinstance(value, bytes):
        return value, _BYTEA, 1
    if isinstance(value, float):
        return repr(value).encode(), _FLOAT8, 0
    raise StorageError(f"The database takes no {type(value).__name__}.")


def _rows(result: pq.abc.PGresult, prepared: _Prepared, count: int) -> list[dict[str, Any]]:
    if not count:
        return []
    columns = prepared.columns
    if columns is None:
        columns = prepared.columns = [
            ((result.fname(at) or b"").decode(), _READ.get(result.ftype(at), _text)) for at in range(result.nfields)
        ]
    get = result.get_value
    rows: list[dict[str, Any]] = []
    for number in range(count):
        row: dict[str, Any] = {}
        for at, (name, read) in enumerate(columns):
            raw = get(number, at)
            row[name] = None if raw is None else read(raw)
        rows.append(row)
    return rows


def _text(raw: bytes) -> str:
    return raw.decode()
