"""The languages of an item: each is an item of its own, linked to what it translates and credited (SPEC 6.7).

Whoever reads one of them sees them all as one thing. A translation names one original, so what hangs together is a
tree; anybody may hang on to it, so its size is bounded, and a claim whose digest is of no state that was seen here is
shown as unverified.
"""

from typing import Literal

import msgspec

from node.repertoire.versions import digest_of
from node.storage.contract import Reads, Row, Tx
from protocol.vocabulary.repertoire import Item

MOST = 60  # items that are shown as one: there are as many written languages that a coalition has met


# verified: of a state that was seen here. unverified: of none that was. withdrawn, absent: what it translates is.
Credit = Literal["", "verified", "unverified", "withdrawn", "absent"]


class Tongue(msgspec.Struct, frozen=True):
    """One of the set. original: what it says it translates, '' for none. credit: how that claim stands, '' for none."""

    id: str
    title: str
    language: str
    owner: str
    owner_name: str
    host: str
    local: bool
    original: str
    credit: Credit
    updated: int


def keep(tx: Tx, item: Item, *, before: bool) -> None:
    """Its link as this state of it says. before: there may be one of an earlier state."""
    if before:
        forget(tx, item.id)
    if item.translation_of is None or item.translation_of.id == item.id:
        return
    for one, other in ((item.id, item.translation_of.id), (item.translation_of.id, item.id)):
        tx.run(
            "INSERT INTO translation(id, other, item, digest) VALUES(:one, :other, :item, :digest)"
            " ON CONFLICT(id, other) DO NOTHING",
            one=one, other=other, item=item.id, digest=item.translation_of.digest,
        )  # fmt: skip


def forget(tx: Tx, id: str) -> None:
    """It is a translation of nothing; what translates it stays so."""
    other = tx.all("SELECT other FROM translation WHERE id = :id AND item = :id", id=id)
    for row in other:
        tx.run("DELETE FROM translation WHERE item = :id AND id = :other", id=id, other=row["other"])
    tx.run("DELETE FROM translation WHERE item = :id AND id = :id", id=id)


# Each link stands under both its ends, so that the walk is by the key from wherever it begins. Three steps lead from a
# translation of a translation to its sisters; what hangs on by more is not shown with it.
_SET = """
WITH tongue AS (
  SELECT id FROM object WHERE id = :id
  UNION SELECT other FROM translation WHERE id = :id
  UNION SELECT b.other FROM translation a JOIN translation b ON b.id = a.other WHERE a.id = :id
  UNION SELECT c.other FROM translation a JOIN translation b ON b.id = a.other JOIN translation c ON c.id = b.other
    WHERE a.id = :id
)
SELECT i.id, i.name, i.language, i.owner, i.host, i.local, i.updated, p.name AS owner_name, l.other AS original,
  l.digest, original.deleted, a.raw,
  (SELECT 1 FROM item_version v WHERE v.item = l.other AND v.digest = l.digest LIMIT 1) AS seen
FROM tongue JOIN object o ON o.id = tongue.id JOIN item i ON i.key = o.key AND i.withdrawn IS NULL
LEFT JOIN actor p ON p.id = i.owner
LEFT JOIN translation l ON l.id = tongue.id AND l.item = tongue.id
LEFT JOIN object original ON original.id = l.other
LEFT JOIN activity a ON a.id = original.activity
ORDER BY i.language, i.id LIMIT :most
"""


def set_of(reads: Reads, id: str) -> tuple[Tongue, ...]:
    """The item and whatever hangs together with it by translation, by language; () if it has no card here."""
    now: dict[str, bytes] = {}
    found: list[Tongue] = []
    for row in reads.all(_SET, id=id, most=MOST):
        original = row["original"] or ""
        if original and original not in now:
            now[original] = digest_of(row["raw"]) if row["raw"] is not None and not row["deleted"] else b""
        found.append(
            Tongue(
                row["id"], row["name"], row["language"], row["owner"], row["owner_name"] or row["owner"], row["host"],
                bool(row["local"]), original, _credit(row, now.get(original, b"")), row["updated"],
            )
        )  # fmt: skip
    return tuple(found)


def _credit(row: Row, now: bytes) -> Credit:
    if not row["original"]:
        return ""
    if row["deleted"] is None:
        return "absent"
    if row["deleted"]:
        return "withdrawn"
    return "verified" if row["seen"] or row["digest"] == now else "unverified"


def preferred(tongues: tuple[Tongue, ...], languages: tuple[str, ...]) -> Tongue | None:
    """The one to show a reader of these languages, the best liked first; None if none of them is spoken."""
    for language in languages:
        for one in tongues:
            if one.language.partition("-")[0] == language.partition("-")[0]:
                return one
    return None
