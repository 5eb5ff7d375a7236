"""The catalog: this node's own, locally searchable replica of every item that its follows bring it.

Reads only, never the network. Search is plain text matching over title, summary, text and place; the facets are
exact. A page costs one statement for its cards, and one for each facet's counts.
"""

from typing import Any

import msgspec

from node.storage.contract import Reads, Row

PAGE = 20
FACETS = ("domain", "kind", "language")

_CARDS = (
    "SELECT i.id, i.owner, i.host, i.local, i.name, i.kind, i.domain, i.language, i.place, i.summary, i.review_by,"
    " i.published, i.updated, a.name AS practice_name, a.handle FROM item i LEFT JOIN actor a ON a.id = i.owner"
)


class Query(msgspec.Struct, frozen=True):
    """What is asked of the catalog; empty strings do not narrow. page counts from 1."""

    q: str = ""
    domain: str = ""
    kind: str = ""
    practice: str = ""
    language: str = ""
    page: int = 1

    @property
    def narrowed(self) -> bool:
        """True if anything but the page is asked."""
        return bool(self.q or self.domain or self.kind or self.practice or self.language)


def _where(query: Query, but: str = "") -> tuple[str, dict[str, Any]]:
    parts, named = ["i.withdrawn IS NULL"], dict[str, Any]()
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
    return " AND ".join(parts), named


def _literal(word: str) -> str:
    return word.replace("!", "!!").replace("%", "!%").replace("_", "!_")


def cards(reads: Reads, query: Query) -> list[Row]:
    """One page of cards, the latest first; one more row than a page if another page follows."""
    where, named = _where(query)
    return reads.all(
        f"{_CARDS} WHERE {where} ORDER BY i.updated DESC, i.key DESC LIMIT :limit OFFSET :skip",
        **named, limit=PAGE + 1, skip=(query.page - 1) * PAGE,
    )  # fmt: skip


def total(reads: Reads, query: Query) -> int:
    """How many items the query finds."""
    where, named = _where(query)
    # `where` is made of the fixed parts in `_where` alone; what was asked are its parameters.
    return reads.the(f"SELECT COUNT(*) AS total FROM item i WHERE {where}", **named)["total"]  # noqa: S608


def counts(reads: Reads, query: Query, facet: str) -> list[Row]:
    """Values of a facet with their counts among what the rest of the query finds; the most frequent 30."""
    if facet not in FACETS:
        raise LookupError(facet)
    where, named = _where(query, but=facet)
    return reads.all(
        f"SELECT i.{facet} AS value, COUNT(*) AS count FROM item i WHERE {where} AND i.{facet} <> ''"  # noqa: S608
        " GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 30",
        **named,
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
