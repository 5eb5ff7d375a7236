"""Our own public items and practices, in the order of their keys, a page at a time: a page costs a page."""

import msgspec

from node.repertoire import store
from node.storage.contract import Reads, Row
from protocol.vocabulary.repertoire import Item

_ITEMS = """
SELECT i.key, i.id, i.owner, i.updated, i.published, a.name AS practice, v.raw FROM item i
JOIN object o ON o.key = i.key JOIN activity v ON v.id = o.activity LEFT JOIN actor a ON a.id = i.owner
WHERE i.local = 1 AND i.withdrawn IS NULL AND o.audience = 'public' AND i.key > :after ORDER BY i.key LIMIT :most"""
_STARTS = """
SELECT i.key FROM item i WHERE i.local = 1 AND i.withdrawn IS NULL AND i.key > :after ORDER BY i.key
LIMIT 1 OFFSET :many"""


class Published(msgspec.Struct, frozen=True):
    """An item of ours, as it stands. published, updated: ms."""

    key: int
    id: str
    owner: str
    practice: str
    published: int
    updated: int
    item: Item


def items(reads: Reads, after: int, most: int) -> list[Published]:
    """The next ones after a key."""
    return [made for row in reads.all(_ITEMS, after=after, most=most) if (made := _published(row)) is not None]


def _published(row: Row) -> Published | None:
    item = store.item_of(row["raw"]) if row["raw"] is not None else None
    if item is None:
        return None
    return Published(
        row["key"], row["id"], row["owner"], row["practice"] or row["owner"], row["published"], row["updated"], item
    )


def places(reads: Reads, after: int, most: int) -> list[Row]:
    """Where the next ones are read: key, id, updated."""
    return reads.all(
        "SELECT i.key, i.id, i.updated FROM item i WHERE i.local = 1 AND i.withdrawn IS NULL AND i.key > :after"
        " ORDER BY i.key LIMIT :most",
        after=after, most=most,
    )  # fmt: skip


def starts(reads: Reads, many: int) -> list[int]:
    """After which keys a list of so many each begins."""
    found = [0]
    while row := reads.one(_STARTS, after=found[-1], many=many - 1):
        if reads.one(_STARTS, after=row["key"], many=0) is None:
            break
        found.append(row["key"])
    return found


def practices(reads: Reads) -> list[Row]:
    """Ours: slug, created."""
    return reads.all("SELECT slug, created FROM practice WHERE local = 1 ORDER BY slug")
