"""The change sequence of the catalog: which items changed since, in an order in which nothing is missed
(node/storage/numbering.py). Numbers from another database, as after a restore, may lie ahead of all that are given out:
`renumber` takes them back to 0.
"""

from typing import Any

import msgspec

from node.storage import numbering
from node.storage.contract import Reads, Row, Tx

NEXT = numbering.next_number("item", "item_gone")
_SETTLED = numbering.settled("changed")
_AFTER = f"(i.changed, i.key) > (:changed, :key) {numbering.settled('i.changed')}"
# Of an item i: how many adaptations of it are held that were not withdrawn.
ADAPTED = (
    "(SELECT COUNT(*) FROM adaptation d JOIN object b ON b.id = d.item JOIN item m ON m.key = b.key"
    " WHERE d.original = i.id AND m.withdrawn IS NULL)"
)
_ITEMS = f"""
SELECT i.key, i.changed, i.owner, i.updated, i.withdrawn, o.audience, v.raw, {ADAPTED} AS adapted
FROM item i JOIN object o ON o.key = i.key LEFT JOIN activity v ON v.id = o.activity
WHERE {_AFTER} ORDER BY i.changed, i.key LIMIT :most"""  # noqa: S608
_GONE = f"SELECT i.key, i.changed FROM item_gone i WHERE {_AFTER} ORDER BY i.changed, i.key LIMIT :most"  # noqa: S608
_WAITING = tuple(
    f"SELECT i.key FROM {table} i WHERE {_AFTER} ORDER BY i.changed, i.key LIMIT :most"  # noqa: S608
    for table in ("item", "item_gone")
)
_ALL = "SELECT COUNT(*) AS n FROM item WHERE withdrawn IS NULL"
_LAST = f"""
SELECT COALESCE(MAX(n), 0) AS n FROM (SELECT MAX(changed) AS n FROM item WHERE changed >= 0 {_SETTLED}
UNION ALL SELECT MAX(changed) FROM item_gone WHERE changed >= 0 {_SETTLED}) AS numbered"""  # noqa: S608
RENUMBER = tuple(
    f"UPDATE {table} SET changed = 0 WHERE {numbering.ahead('changed')}"  # noqa: S608
    for table in ("item", "item_gone")
)


class Cursor(msgspec.Struct, frozen=True):
    """Up to where the changes are known, in order of (changed, key)."""

    changed: int
    key: int


START = Cursor(-1, 0)


class Changes(msgspec.Struct, frozen=True):
    """The next ones: items as they are now, keys of items that went, and where to go on. done: nothing follows."""

    items: tuple[Row, ...]
    gone: tuple[int, ...]
    to: Cursor
    done: bool


def touch(tx: Tx, where: str, **named: Any) -> None:
    """Items are to be read anew. where: over the table item."""
    tx.run(f"UPDATE item SET changed = {NEXT} WHERE {where}", **named)  # noqa: S608


def gone(tx: Tx, where: str, **named: Any) -> None:
    """Items are about to leave the catalog for good. where: over the table item."""
    tx.run(
        f"INSERT INTO item_gone(key, changed) SELECT key, {NEXT} FROM item WHERE {where}"  # noqa: S608
        " ON CONFLICT(key) DO UPDATE SET changed = excluded.changed",
        **named,
    )


def read(reads: Reads, after: Cursor, most: int) -> Changes:
    """At most so many of each kind after a cursor; items that went and came again are among both, in order."""
    named = {"changed": after.changed, "key": after.key, "most": most}
    items, went = reads.all(_ITEMS, **named), reads.all(_GONE, **named)
    full = [_at(rows[-1]) for rows in (items, went) if len(rows) == most]
    if full:
        to = min(full)
        items, went = [row for row in items if _at(row) <= to], [row for row in went if _at(row) <= to]
    else:
        to = max((_at(row) for row in (*items, *went)), default=(after.changed, after.key))
    return Changes(tuple(items), tuple(row["key"] for row in went), Cursor(*to), not full)


def _at(row: Row) -> tuple[int, int]:
    return row["changed"], row["key"]


def waiting(reads: Reads, after: Cursor, most: int) -> int:
    """How many changes follow a cursor; `most` or more if there are more."""
    return sum(len(reads.all(sql, changed=after.changed, key=after.key, most=most)) for sql in _WAITING)


def held(reads: Reads) -> int:
    """How many items are in the catalog."""
    return reads.the(_ALL)["n"]


def last(reads: Reads) -> int:
    """The highest number below which all is there. A cursor beyond it is of another database."""
    return reads.the(_LAST)["n"]


def renumber(tx: Tx) -> None:
    """Take back numbers that this database has not given out yet."""
    for statement in RENUMBER:
        tx.run(statement)
