"""A node moves from SQLite to PostgreSQL: every row, counted on both sides, in one transaction or not at all.

The data directory is held meanwhile, so that no node runs on it; the file itself is only read and stays as it was.
"""

from collections.abc import Callable
from contextlib import closing
from itertools import islice
from pathlib import Path

import apsw
import msgspec
import psycopg
from psycopg import sql

from node.storage.contract import StorageError
from node.storage.files import database_in, hold
from node.storage.postgres_connection import Connection, command, connect, place_of, told
from node.storage.postgres_schema import prepare
from node.storage.sqlite_connection import open_reader
from node.storage.sqlite_engine import Connection as Source
from node.storage.sqlite_engine import told as told_by_sqlite

_PATIENCE = 5_000  # ms
_ROWS = 2_000  # read at a time; an activity is a few kilobytes
_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    " AND name <> 'schema_version' ORDER BY name"
)


class Moved(msgspec.Struct, frozen=True):
    """How many rows of each table were moved."""

    rows: dict[str, int]


def move(directory: Path, url: str, progress: Callable[[str, int, int], None]) -> Moved:
    """Copy the database of a data directory to an empty one at `url`; StorageError with a sentence.

    progress: told the table, how many of its rows are copied, and how many there are.
    """
    if not database_in(directory).exists():
        raise StorageError(f"There is no SQLite database in {directory}.")
    lock = hold(directory)
    try:
        prepare(url)
        with closing(open_reader(database_in(directory), _PATIENCE)) as source, connect(url) as target:
            return _move(source, target, place_of(url), progress)
    except apsw.Error as error:
        raise told_by_sqlite(error) from error
    except psycopg.Error as error:
        raise told(error) from error
    finally:
        lock.release()


def _move(
    source: Source, target: Connection, place: dict[str, str], progress: Callable[[str, int, int], None]
) -> Moved:
    source.execute("BEGIN")
    command(target, b"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
    tables = [str(row[0]) for row in source.execute(_TABLES)]
    moved: dict[str, int] = {}
    with target.transaction():
        for table in tables:
            if _count(target, table):
                raise StorageError(
                    f"The database {place['name']} on {place['at']} holds a node already ({table}): name an empty one."
                )
        for table in tables:
            moved[table] = _copy(source, target, table, progress)
        for table, rows in moved.items():
            if _count(target, table) != rows:
                raise StorageError(f"The table {table} did not arrive whole; nothing was moved.")
    command(target, b"ANALYZE")
    return Moved(moved)


def _copy(source: Source, target: Connection, table: str, progress: Callable[[str, int, int], None]) -> int:
    # The names come from the schema, that is, from this program.
    (total,) = source.execute(f'SELECT COUNT(*) FROM "{table}"').fetchall()[0]  # noqa: S608
    columns = [str(row[0]) for row in source.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    rows = iter(source.execute(f'SELECT * FROM "{table}"'))  # noqa: S608
    into = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    done = 0
    progress(table, 0, total)
    with target.cursor() as cursor, cursor.copy(into) as copy:
        while batch := list(islice(rows, _ROWS)):
            for row in batch:
                copy.write_row([_held(value) for value in row])
            done += len(batch)
            progress(table, done, total)
    if "key" in columns and done:
        # New rows are numbered after those that came.
        target.execute(
            sql.SQL("SELECT setval(s, m) FROM (SELECT pg_get_serial_sequence({}, 'key') AS s, MAX(key) AS m FROM {})"
                    " AS of_table WHERE s IS NOT NULL").format(sql.Literal(table), sql.Identifier(table))
        )  # fmt: skip
    return done


def _held(value: object) -> object:
    # As postgres_speaking.py says it: PostgreSQL's text cannot hold U+0000.
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def _count(target: Connection, table: str) -> int:
    found = target.execute(sql.SQL("SELECT COUNT(*) AS n FROM {}").format(sql.Identifier(table))).fetchone()
    return 0 if found is None else int(found["n"])
