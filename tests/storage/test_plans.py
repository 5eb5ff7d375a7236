"""No statement of this room walks through a table: what a node does all day must not slow with what it holds."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.storage import sets, tree
from node.storage.contract import Tx
from node.storage.sqlite import Sqlite, open_sqlite

STATEMENTS = {
    f"{room.__name__.rpartition('.')[2]}.{name}": sql
    for room in (sets, tree)
    for name, sql in vars(room).items()
    if name.isupper() and isinstance(sql, str)
}


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Sqlite]:
    opened = await open_sqlite(tmp_path)
    yield opened
    await opened.close()


def test_all_are_here() -> None:
    assert len(STATEMENTS) > 20


@pytest.mark.parametrize("name", STATEMENTS)
async def test_it_searches_by_an_index(sqlite: Sqlite, name: str) -> None:
    sql = STATEMENTS[name]

    def explain(tx: Tx) -> list[str]:
        named = dict.fromkeys(re.findall(r":([a-z_]+)", sql))
        return [row["detail"] for row in tx.all(f"EXPLAIN QUERY PLAN {sql}", **named)]

    steps = await sqlite.transact(explain)
    assert [step for step in steps if step.startswith("SCAN") or "TEMP B-TREE" in step] == []


async def test_what_an_append_asks_of_the_inboxes_needs_no_look_at_those_that_wait(sqlite: Sqlite) -> None:
    """Ten thousand inboxes that are behind must not slow what is published meanwhile."""
    for sql in (sets.COUNTED, sets.MARK, sets.WAKE):

        def explain(tx: Tx, sql: str = sql) -> str:
            named = dict.fromkeys(re.findall(r":([a-z_]+)", sql))
            return " ".join(row["detail"] for row in tx.all(f"EXPLAIN QUERY PLAN {sql}", **named))

        assert "inbox_wants (set_key=? AND wants=?)" in await sqlite.transact(explain)
