"""What came back of an item: results and lessons of whatever was made of it, and what its next version may credit."""

import msgspec

from node.repertoire import rules, store
from node.repertoire.adapting.rules import CreditIn, Known, PostProgress, StrikeProgress, credited
from node.repertoire.lineage.links import TRANSLATED
from node.storage.contract import Reads
from protocol.vocabulary.adapting import Progress
from protocol.vocabulary.repertoire import Item

MOST = 80  # adaptations whose words are read for one page


class Returned(msgspec.Struct, frozen=True):
    """What one adaptation tells, as it stands here."""

    item: Item
    owner_name: str
    local: bool


def load_progress(reads: Reads, command: PostProgress | StrikeProgress) -> rules.Facts:
    return store.load_restate(reads, command.item)


def load_credit(reads: Reads, command: CreditIn) -> Known:
    facts = store.load_restate(reads, command.item)
    if facts.held is None:
        return Known(facts)
    rows = reads.all(
        "SELECT l.item FROM lineage l JOIN item i ON i.id = l.item AND i.withdrawn IS NULL"
        " WHERE l.original = :id AND l.how <> :how",
        id=command.item, how=TRANSLATED,
    )  # fmt: skip
    made = frozenset(row["item"] for row in rows)
    owed = credited(facts.held.credits, made, command.credits)
    return Known(store.load_restate(reads, command.item, owed), made)


def returned(reads: Reads, id: str) -> list[Returned]:
    """The adaptations of an item, over any number of hops, that are held here and for everybody; the oldest first."""
    rows = reads.all(
        "SELECT DISTINCT i.id, i.published, i.local, c.name, v.raw FROM lineage l"
        " JOIN object o ON o.id = l.item AND o.deleted = 0 AND o.audience = 'public'"
        " JOIN item i ON i.key = o.key AND i.kind = 'adaptation' JOIN activity v ON v.id = o.activity"
        " LEFT JOIN actor c ON c.id = i.owner"
        " WHERE l.original = :id AND l.how <> :how AND v.raw IS NOT NULL ORDER BY i.published, i.id LIMIT :most",
        id=id, how=TRANSLATED, most=MOST,
    )  # fmt: skip
    found: list[Returned] = []
    for row in rows:
        item = store.item_of(row["raw"])
        if item is not None:
            found.append(Returned(item, row["name"] or item.attributed_to, bool(row["local"])))
    return found


def told(found: list[Returned]) -> list[tuple[Returned, Progress]]:
    """Their results and lessons, the latest first."""
    words = [(one, each) for one in found for each in one.item.progress if each.what in ("result", "lesson")]
    return sorted(words, key=lambda pair: pair[1].on, reverse=True)
