"""On PostgreSQL, too, no statement walks through a table, of this room and of those that work by leases.

The tables of a test are empty, so that a plan by cost would say little. Walking is made dear, and the plan is the one
for any value: a statement that walks all the same has no index that could serve it.
"""

from collections.abc import Iterator
from types import ModuleType

import pytest

from node.federation import catchup, owed
from node.gate import objects
from node.storage import sets, tree
from node.storage.postgres_connection import Connection, command, connect
from node.storage.postgres_sql import statement


def statements(*rooms: ModuleType) -> dict[str, str]:
    """Every statement that stands by name in these files."""
    return {
        f"{room.__name__.rpartition('.')[2]}.{name}": sql
        for room in rooms
        for name, sql in vars(room).items()
        if name.isupper()
        and isinstance(sql, str)
        and sql.lstrip().startswith(("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"))
    }


STATEMENTS = statements(sets, tree, owed, objects, catchup)
# At the start of a process, and once a minute: they look at every peer.
RARE = {"owed.RECOVER", "owed.BY_US", "owed.MISSED", "owed.FAILING", "owed.LET_GO"}


@pytest.fixture
def connection(postgres_url: str) -> Iterator[Connection]:
    opened = connect(postgres_url)
    command(opened, b"SET enable_seqscan = off; SET plan_cache_mode = force_generic_plan")
    yield opened
    opened.close()


def test_all_are_here() -> None:
    assert len(STATEMENTS) > 40
    assert set(STATEMENTS) >= RARE


def test_none_walks_through_a_table(connection: Connection) -> None:
    walking: dict[str, list[str]] = {}
    for name, sql in STATEMENTS.items():
        prepared = statement(sql)
        # Where nothing else says it, a time is a whole number, as it is when the node asks.
        types = ", ".join("int8" if parameter == "now" else "unknown" for parameter in prepared.names)
        command(connection, f"PREPARE asked{f'({types})' if types else ''} AS ".encode() + prepared.text)
        values = f"({', '.join(['NULL'] * len(prepared.names))})" if prepared.names else ""
        rows = connection.execute(f"EXPLAIN EXECUTE asked{values}".encode()).fetchall()
        command(connection, b"DEALLOCATE asked")
        if scans := [row["QUERY PLAN"].strip() for row in rows if "Seq Scan" in row["QUERY PLAN"]]:
            walking[name] = scans
    assert {name: scans for name, scans in walking.items() if name not in RARE} == {}


def test_it_would_be_seen(connection: Connection) -> None:
    rows = connection.execute(b"EXPLAIN SELECT 1 FROM peer WHERE last_error = 'x'").fetchall()
    assert "Seq Scan" in rows[0]["QUERY PLAN"]
