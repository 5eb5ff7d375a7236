"""A storage that asks its engine, once a statement, how it goes about it, and otherwise changes nothing.

SQLite says so by its indexes alone. PostgreSQL reckons with the size of its tables, so they are filled first
(filling.py); and an index must be entered by its first column, for one that is read from end to end is a walk as well.
Reading in an index's order up to a LIMIT ends with the page.
"""

import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from node.storage import sets
from node.storage.contract import Entry, Reads, Row, Storage, Tx
from tests.gate.plans import walks

T = TypeVar("T")

Explain = Callable[[Reads, str, dict[str, Any]], list[str]]  # the walks of a statement

# Between a Limit and what it bounds: all that hands on a row as soon as it has one.
_STREAMS = {"Limit", "LockRows", "Nested Loop", "Subquery Scan", "Append", "Merge Append", "Result", "ProjectSet"}
_PART, _FED = "Parent Relationship", ("Outer", "Member", "Subquery")
_WORD = re.compile(r"[a-z_]+")
_LEADS = """
SELECT i.relname AS name, a.attname AS lead FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
JOIN pg_attribute a ON a.attrelid = x.indexrelid AND a.attnum = 1"""


def by_sqlite(reads: Reads, sql: str, named: dict[str, Any]) -> list[str]:
    steps = [str(row["detail"]) for row in reads.all(f"EXPLAIN QUERY PLAN {sql}", **named)]
    bounded = " LIMIT " in sql and not any("TEMP B-TREE" in step for step in steps)
    # The table, whatever the statement calls it; not what the statement itself has made.
    called = [step.split()[1] for _, step in walks([(sql, steps)])]
    tables = [re.search(rf"\b(?:FROM|JOIN|UPDATE)\s+(\w+)\s+(?:AS\s+)?{name}\b", sql) for name in called]
    named_so = [table[1] if table else name for name, table in zip(called, tables, strict=True)]
    made = re.findall(r"\b(\w+) AS (?:MATERIALIZED )?\(", sql)
    whole = [
        step.rpartition(" INDEX ")[2].split()[0] for step in steps if step.startswith("SCAN ") and " INDEX " in step
    ]
    return [f"all of {name}" for name in (*named_so, *(() if bounded else whole)) if name not in made]


class ByPostgres:
    """Explains on PostgreSQL; knows the first column of every index."""

    def __init__(self) -> None:
        self._leads: dict[str, str] = {}

    def __call__(self, reads: Reads, sql: str, named: dict[str, Any]) -> list[str]:
        if not self._leads:
            self._leads = {row["name"]: row["lead"] for row in reads.all(_LEADS)}
        plan = json.loads(reads.the(f"EXPLAIN (FORMAT JSON) {sql}", **named)["QUERY PLAN"])
        return list(self.walks(plan[0]["Plan"]))

    def walks(self, node: dict[str, Any], bounded: bool = False) -> list[str]:
        """The steps of a plan that read a table, or an index, from end to end."""
        kind = node["Node Type"]
        within = kind in _STREAMS and (bounded or kind == "Limit")
        found = [step for part in node.get("Plans", ()) for step in self.walks(part, within and part[_PART] in _FED)]
        if kind == "Seq Scan":
            found.append(f"all of {node['Relation Name']}")
        elif "Index Name" in node and not bounded:
            name = node["Index Name"]
            if self._leads[name] not in _WORD.findall(node.get("Index Cond", "")):
                found.append(f"all of {name}")
        return found


class _Watched:
    """`Reads` or `Tx`."""

    def __init__(self, of: Any, watch: "Watch") -> None:
        self._of = of
        self._watch = watch

    def one(self, sql: str, /, **named: Any) -> Row | None:
        self._watch.note(self._of, sql, named)
        return self._of.one(sql, **named)

    def the(self, sql: str, /, **named: Any) -> Row:
        self._watch.note(self._of, sql, named)
        return self._of.the(sql, **named)

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        self._watch.note(self._of, sql, named)
        return self._of.all(sql, **named)

    def run(self, sql: str, /, **named: Any) -> None:
        self._watch.note(self._of, sql, named)
        self._of.run(sql, **named)

    def append(self, entry: Entry) -> int:
        return sets.append(self, entry)


class Watch:
    """A `Storage` around another: every statement that is said to it, with its walks."""

    def __init__(self, storage: Storage, explain: Explain) -> None:
        self._storage = storage
        self._explain = explain
        self.seen: dict[str, list[str]] = {}

    def note(self, of: Reads, sql: str, named: dict[str, Any]) -> None:
        if sql not in self.seen:
            self.seen[sql] = self._explain(of, sql, named)

    @property
    def shared(self) -> bool:
        return self._storage.shared

    async def transact(self, work: Callable[[Tx], T], locks: tuple[str, ...] = ()) -> T:
        return await self._storage.transact(lambda tx: work(_Watched(tx, self)), locks)

    async def read(self, work: Callable[[Reads], T]) -> T:
        return await self._storage.read(lambda reads: work(_Watched(reads, self)))

    def tell(self, topic: str, word: str = "") -> None:
        self._storage.tell(topic, word)

    def hear(self, topic: str, ear: Callable[[str], None]) -> None:
        self._storage.hear(topic, ear)

    async def close(self) -> None:
        await self._storage.close()

    def walking(self) -> dict[str, list[str]]:
        """The statements that walk, in one line each."""
        return {" ".join(sql.split()): steps for sql, steps in self.seen.items() if steps}
