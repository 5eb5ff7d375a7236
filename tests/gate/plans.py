"""How the engine goes about each statement that a function runs: a window on a transaction, which it changes not."""

from collections.abc import Callable
from typing import Any

from node.storage.contract import Entry, Row, Tx
from node.storage.sqlite import Sqlite


class Watched:
    """A transaction that notes the plan of every statement before it runs it."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self.plans: list[tuple[str, list[str]]] = []

    def _note(self, sql: str, named: dict[str, Any]) -> None:
        rows = self._tx.all(f"EXPLAIN QUERY PLAN {sql}", **named)
        self.plans.append((" ".join(sql.split()), [row["detail"] for row in rows]))

    def one(self, sql: str, /, **named: Any) -> Row | None:
        self._note(sql, named)
        return self._tx.one(sql, **named)

    def the(self, sql: str, /, **named: Any) -> Row:
        self._note(sql, named)
        return self._tx.the(sql, **named)

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        self._note(sql, named)
        return self._tx.all(sql, **named)

    def run(self, sql: str, /, **named: Any) -> None:
        self._note(sql, named)
        self._tx.run(sql, **named)

    def append(self, entry: Entry) -> int:
        return self._tx.append(entry)


async def plans(storage: Sqlite, work: Callable[[Tx], object]) -> list[tuple[str, list[str]]]:
    """(statement, its steps) for every statement of the work, which is really done."""

    def watched(tx: Tx) -> list[tuple[str, list[str]]]:
        seen = Watched(tx)
        work(seen)
        return seen.plans

    return await storage.transact(watched)


def walks(plan: list[tuple[str, list[str]]]) -> list[tuple[str, str]]:
    """Steps that read a table from end to end. Walking an index in the order asked for ends at the page's end."""
    return [
        (sql, step)
        for sql, steps in plan
        for step in steps
        if step.startswith("SCAN ")
        and " INDEX " not in step
        and not step.startswith(("SCAN CONSTANT ROW", "SCAN q", "SCAN (subquery", "SCAN all_due", "SCAN tongue"))
    ]
