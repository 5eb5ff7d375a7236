"""The database as a node needs it: the right server, the tables of the one numbered series (migrate.py).

Several processes may start at the same moment: each takes its turn by an advisory lock, so that a step is taken once.
"""

import psycopg

from node.storage.contract import StorageError
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
from node.storage.postgres_connection import Connection, PostgresTx, command, connect, place_of, told
from node.storage.postgres_speaking import Speaker
from node.storage.postgres_sql import lock_number, schema

OLDEST = 15
_TURN = lock_number("commonweave migrations")
_LOOK = (
    "SELECT current_setting('server_version_num')::int8 AS number, current_setting('server_encoding') AS encoding,"
    " pg_is_in_recovery() AS replica, has_schema_privilege(current_schema(), 'CREATE') AS creates,"
    " to_regclass('schema_version') IS NOT NULL AS known"
)


def prepare(url: str) -> None:
    """Check the server and bring its database up to date; StorageError with a sentence."""
    connection = connect(url)
    try:
        migrate(connection, migrations(), place_of(url))
    finally:
        connection.close()


def check(connection: Connection, place: dict[str, str]) -> None:
    """For who only reads: StorageError if this code cannot read the database."""
    try:
        known = _read(connection, place)["known"]
        check_readable(_version(connection) if known else EMPTY, migrations())
    except psycopg.Error as error:
        raise told(error) from error


def migrate(connection: Connection, known: tuple[Migration, ...], place: dict[str, str]) -> None:
    """Take the steps that are still to take, each in a transaction of its own."""
    found = _read(connection, place)
    if found["replica"]:
        raise StorageError(f"PostgreSQL at {place['at']} is a read-only replica: name the primary instead.")
    try:
        # A step may rebuild an index for minutes, and the turn before ours may take as long.
        command(
            connection, f"SET statement_timeout = 0; SET lock_timeout = 0; SELECT pg_advisory_lock({_TURN})".encode()
        )
        at = _version(connection) if _read(connection, place)["known"] else EMPTY
        compat = at.compat
        steps = pending(at, known)
        if steps and not found["creates"]:
            raise StorageError(
                f"PostgreSQL at {place['at']} does not let {place['user']} make tables in {place['name']}: make it the"
                " owner of the database."
            )
        tx = PostgresTx(Speaker(connection))
        for step in steps:
            compat = max(compat, step.compat)
            _take(connection, tx, step, compat)
        command(connection, f"SELECT pg_advisory_unlock({_TURN})".encode())
    except psycopg.Error as error:
        raise told(error) from error


def _take(connection: Connection, tx: PostgresTx, step: Migration, compat: int) -> None:
    try:
        with connection.transaction():
            command(connection, schema(step.sql).encode())
            command(connection, CREATE_VERSION.encode())
            tx.run(WRITE_VERSION, version=step.version, compat=compat)
    except (psycopg.Error, StorageError) as error:
        raise StorageError(f"Migration {step.name} failed and nothing of it was kept: {error}") from error


def _version(connection: Connection) -> Version:
    row = connection.execute(READ_VERSION).fetchone()  # pyright: ignore[reportArgumentType] one fixed statement
    return EMPTY if row is None else Version(row["version"], row["compat"])


def _read(connection: Connection, place: dict[str, str]) -> dict[str, object]:
    row = connection.execute(_LOOK).fetchone()
    if row is None or row["number"] < OLDEST * 10_000:
        found = "of an unknown version" if row is None else str(row["number"] // 10_000)
        raise StorageError(f"PostgreSQL at {place['at']} is {found}: {OLDEST} or newer is needed.")
    if row["encoding"] != "UTF8":
        raise StorageError(
            f"The database {place['name']} holds text as {row['encoding']}: make one with  createdb --encoding UTF8"
        )
    return row
