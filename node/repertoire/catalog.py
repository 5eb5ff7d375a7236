"""The catalog: this node's own, locally searchable replica of every item that its follows bring it.

Reads only, never the network. Search is plain text matching over title, summary, text and place; the facets are
exact. A page costs one statement for its cards, and one for each facet's counts. What one practice has is read from its
set, in the order of its log; where that is not held, little is known of the practice, and it is picked out of all.
"""

from typing import Any

import msgspec

from node.repertoire import changes
from node.storage import sets
from node.storage.contract import Reads, Row
from protocol import identifiers

PAGE = 20
FACETS = ("domain", "kind", "language")
INDEXED = ("place", "level", "origin", "evidence", "adapted", "fresh", "sort")
NARROWS = (*FACETS, "practice", *INDEXED[:-1])

_CARD = (
    "i.id, i.owner, i.host, i.local, i.name, i.kind, i.domain, i.language, i.place, i.summary, i.review_by,"
    " i.published, i.updated, a.name AS practice_name, a.handle"
)
_ALL = ("item i", "i.updated DESC, i.key DESC")
# An entry that is the present state of an object has its card.
_OF_SET = (
    "held_set s JOIN entry e ON e.set_key = s.key JOIN activity v ON v.key = e.activity"
    " JOIN object o ON o.id = v.object AND o.activity = v.id JOIN item i ON i.key = o.key",
    "e.seq DESC",
)


class Query(msgspec.Struct, frozen=True):
    """What is asked of the catalog; empty strings do not narrow. page counts from 1.

    From `place` on: what only the index answers (search/asking.py). place: an ISO 3166 code; evidence: yes or no;
    adapted, fresh: names of ranges; sort: newest, adapted or review, else by relevance.
    """

    q: str = ""
    domain: str = ""
    kind: str = ""
    practice: str = ""
    language: str = ""
    page: int = 1
    place: str = ""
    level: str = ""
    origin: str = ""
    evidence: str = ""
    adapted: str = ""
    fresh: str = ""
    sort: str = ""

    @property
    def narrowed(self) -> bool:
        """True if anything but the page is asked."""
        return bool(self.q) or any(getattr(self, name) for name in NARROWS)

    @property
    def indexed(self) -> bool:
        """True if anything is asked that only the index can answer."""
        return any(getattr(self, name) for name in INDEXED)


class _Source(msgspec.Struct, frozen=True):
    """Where cards are found: tables, conditions, order, and the parameters of the conditions.

    Made of the fixed parts here alone; what was asked are the parameters.
    """

    tables: str
    where: str
    order: str
    named: dict[str, Any]


def _source(reads: Reads, query: Query, but: str = "") -> _Source:
    (tables, order), parts, named = _ALL, ["i.withdrawn IS NULL"], dict[str, Any]()
    name = _set_of(reads, query.practice)
    if name is not None:
        (tables, order), named["set"] = _OF_SET, name
        parts.append("s.name = :set")
    if query.domain and but != "domain":
        # A domain holds what lies below it: `public-safety` finds `public-safety/gun-violence`.
        parts.append("(i.domain = :domain OR (i.domain >= :below AND i.domain < :beyond))")
        named |= {"domain": query.domain, "below": f"{query.domain}/", "beyond": f"{query.domain}0"}
    for name, column in (("kind", "kind"), ("language", "language"), ("practice", "owner")):
        value: str = getattr(query, name)
        if value and but != name:
            parts.append(f"i.{column} = :{name}")
            named[name] = value
    # A NUL would end the pattern there.
    for number, word in enumerate(query.q.replace("\0", " ").casefold().split()[:10]):
        parts.append(f"i.search LIKE :word{number} ESCAPE '!'")
        named[f"word{number}"] = f"%{_literal(word)}%"
    return _Source(tables, " AND ".join(parts), order, named)


def _set_of(reads: Reads, practice: str) -> str | None:
    """The name of the practice's public set, if one is asked for and its set is kept up to date here."""
    name = identifiers.set_name(practice, "public")
    return name if practice and sets.is_heard(reads, name) else None


def _literal(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def cards(reads: Reads, query: Query) -> list[Row]:
    """One page of cards, the latest first; one more row than a page if another page follows."""
    found = _source(reads, query)
    return reads.all(
        f"SELECT {_CARD}, {changes.ADAPTED} AS adapted FROM {found.tables} LEFT JOIN actor a ON a.id = i.owner"  # noqa: S608
        f" WHERE {found.where} ORDER BY {found.order} LIMIT :limit OFFSET :skip",
        **found.named, limit=PAGE + 1, skip=(query.page - 1) * PAGE,
    )  # fmt: skip


def cards_of(reads: Reads, keys: tuple[int, ...]) -> list[Row]:
    """The cards of these items, in this order, with how often each was adapted; without those that went meanwhile."""
    if not keys:
        return []
    named = {f"key{number}": key for number, key in enumerate(keys)}
    rows = reads.all(
        f"SELECT i.key, {_CARD}, {changes.ADAPTED} AS adapted FROM item i LEFT JOIN actor a ON a.id = i.owner"  # noqa: S608
        f" WHERE i.withdrawn IS NULL AND i.key IN ({', '.join(f':{name}' for name in named)})",
        **named,
    )
    found = {row["key"]: row for row in rows}
    return [found[key] for key in keys if key in found]


def total(reads: Reads, query: Query) -> int:
    """How many items the query finds."""
    found = _source(reads, query)
    counted = f"SELECT COUNT(*) AS total FROM {found.tables} WHERE {found.where}"  # noqa: S608
    return reads.the(counted, **found.named)["total"]


def counts(reads: Reads, query: Query, facet: str) -> list[Row]:
    """Values of a facet with their counts among what the rest of the query finds; the most frequent 30."""
    if facet not in FACETS:
        raise LookupError(facet)
    found = _source(reads, query, but=facet)
    return reads.all(
        f"SELECT i.{facet} AS value, COUNT(*) AS count FROM {found.tables}"  # noqa: S608
        f" WHERE {found.where} AND i.{facet} <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30",
        **found.named,
    )


def adaptations(reads: Reads, original: str) -> list[Row]:
    """What was made of an item, here and elsewhere: activity bytes with the card, oldest first."""
    return reads.all(
        "SELECT i.id, i.owner, i.local, i.name, i.place, i.updated, i.withdrawn, d.digest, a.name AS practice_name,"
        " v.raw FROM adaptation d JOIN object o ON o.id = d.item JOIN item i ON i.key = o.key"
        " LEFT JOIN actor a ON a.id = i.owner LEFT JOIN activity v ON v.id = o.activity"
        " WHERE d.original = :original ORDER BY i.published, i.key LIMIT 200",
        original=original,
    )


def recommended_by(reads: Reads, id: str) -> list[Row]:
    """Who recommends an item."""
    return reads.all(
        "SELECT r.actor, a.name FROM recommendation r JOIN activity v ON v.id = r.activity AND v.type = 'Announce'"
        " LEFT JOIN actor a ON a.id = r.actor WHERE r.object = :id ORDER BY r.at LIMIT 50",
        id=id,
    )
