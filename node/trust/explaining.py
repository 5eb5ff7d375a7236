"""Why we can trust somebody, as far as we can: the ways from us to them, hop by hop, for pages and programs.

Only for members of the coalition: some of what it rests on was said at home. What a hop says is in the rows; who is
asked about and for what is the reader's choice. Nothing here is a number of a person.
"""

from collections.abc import Sequence

import msgspec

from node.storage.contract import Reads, Row
from node.trust.graph import WEIGHTS
from node.trust.memory import Memory
from node.trust.rules import MEMBER
from protocol import identifiers
from protocol.vocabulary.trust import EVERYTHING

WAYS = 5  # that a page shows at most

_HOPS = """
SELECT t.key, t.id, t.issuer, t.subject, t.domain, t.level, t.since, t.grounds, t.links, t.starts, t.ends, t.home,
  i.name AS issuer_name, i.type AS issuer_type, i.local AS issuer_ours, m.name AS member_name, s.name AS subject_name,
  s.type AS subject_type
FROM trust t LEFT JOIN actor i ON i.id = t.issuer LEFT JOIN actor s ON s.id = t.subject
LEFT JOIN member m ON t.issuer LIKE 'member:%' AND m.id = SUBSTR(t.issuer, 8)
WHERE t.key IN ("""


class Party(msgspec.Struct, frozen=True):
    """One end of a hop. of: the coalition's name, where the name alone may not say whose it is. ours: one of us."""

    id: str
    name: str
    type: str = ""
    of: str = ""
    ours: bool = False


class Hop(msgspec.Struct, frozen=True):
    """One statement of a way. start, end: ms. weakest: of the way, where it is not the only one."""

    key: int
    issuer: Party
    subject: Party
    level: str
    domain: str
    since: str
    grounds: str
    links: tuple[str, ...]
    start: int
    end: int
    home: bool
    weakest: bool = False


Way = tuple[Hop, ...]  # from us to them


class Explanation(msgspec.Struct, frozen=True):
    """subject, domain: as asked. ways: the best first. instead: where there is none, ways to their coalition.
    veto: one of ours says that they are not to be trusted for this."""

    subject: str
    domain: str
    ways: tuple[Way, ...] = ()
    instead: tuple[Way, ...] = ()
    veto: Hop | None = None


class Asked(msgspec.Struct, frozen=True):
    """An actor, and what for; '' for everything."""

    subject: str
    domain: str


def explain(reads: Reads, memory: Memory, asked: Asked, now: int, most: int = 1) -> Explanation:
    """One explanation."""
    return explain_all(reads, memory, (asked,), now, most)[0]


def explain_all(reads: Reads, memory: Memory, asked: Sequence[Asked], now: int, most: int = 1) -> list[Explanation]:
    """Several: two statements for all their words."""
    found: list[tuple[Asked, list[tuple[int, ...]], list[tuple[int, ...]], int | None]] = []
    with memory.at(reads, now) as reading:
        for each in asked:
            veto = reading.veto(each.subject, each.domain)
            ways = [] if veto is not None else reading.ways(each.subject, each.domain, most)
            home = coalition_of(each.subject)
            elsewhere = not ways and veto is None and home != each.subject
            found.append((each, ways, reading.ways(home, each.domain) if elsewhere else [], veto))
    keys = {key for _, ways, other, _ in found for way in (*ways, *other) for key in way}
    hops = hops_of(reads, sorted(keys | {veto for *_, veto in found if veto is not None}))

    def told(ways: list[tuple[int, ...]]) -> tuple[Way, ...]:
        return tuple(_weakest(tuple(hops[key] for key in way)) for way in ways if all(key in hops for key in way))

    return [
        Explanation(
            each.subject, each.domain or EVERYTHING, told(ways), told(other),
            hops.get(veto) if veto is not None else None,
        )
        for each, ways, other, veto in found
    ]  # fmt: skip


def coalition_of(actor: str) -> str:
    """The coalition at whose node an actor is at home."""
    return identifiers.node_actor(identifiers.origin(actor)) if identifiers.is_safe_link(actor) else actor


def hops_of(reads: Reads, keys: Sequence[int]) -> dict[int, Hop]:
    """What these statements say, by key."""
    if not keys:
        return {}
    named = {f"key{number}": key for number, key in enumerate(keys)}
    rows = reads.all(f"{_HOPS}{', '.join(f':{name}' for name in named)})", **named)
    homes = _names(reads, {coalition_of(id) for row in rows for id in (row["issuer"], row["subject"])})
    return {row["key"]: _hop(row, homes) for row in rows}


def _names(reads: Reads, ids: set[str]) -> dict[str, str]:
    named = {f"id{number}": id for number, id in enumerate(sorted(ids))}
    rows = reads.all(
        f"SELECT id, name FROM actor WHERE id IN ({', '.join(f':{name}' for name in named)})",  # noqa: S608
        **named,
    )
    return {row["id"]: row["name"] for row in rows}


def _hop(row: Row, homes: dict[str, str]) -> Hop:
    links = tuple(row["links"].split("\n")) if row["links"] else ()
    return Hop(
        row["key"],
        _party(row["issuer"], row["member_name"] or row["issuer_name"], row["issuer_type"], homes,
               ours=bool(row["home"] or row["issuer_ours"])),
        _party(row["subject"], row["subject_name"], row["subject_type"], homes),
        row["level"], row["domain"], row["since"], row["grounds"], links, row["starts"], row["ends"],
        bool(row["home"]),
    )  # fmt: skip


def _party(id: str, name: str | None, kind: str | None, homes: dict[str, str], *, ours: bool = False) -> Party:
    of = "" if id.startswith(MEMBER) or kind == "Organization" else homes.get(coalition_of(id), "")
    return Party(id, name or id, kind or "", of if of != name else "", ours)


def _weakest(way: Way) -> Way:
    if len(way) < 2:
        return way
    least = min(WEIGHTS[hop.level] for hop in way)
    return tuple(msgspec.structs.replace(hop, weakest=WEIGHTS[hop.level] == least) for hop in way)


def introducers(reads: Reads, memory: Memory, asked: Asked, now: int, most: int = 5) -> list[Way]:
    """Who might introduce us, where there is no way: whoever says something of them or of their coalition and whom we
    reach for this or for anything; the best first."""
    rows = reads.all(
        "SELECT DISTINCT issuer FROM trust WHERE subject IN (:id, :home) AND gone = 0 AND fault = ''"
        " AND kind = 'cw:TrustStatement' AND level <> 'none' AND ends > :now LIMIT 50",
        id=asked.subject, home=coalition_of(asked.subject), now=now,
    )  # fmt: skip
    found: list[tuple[int, ...]] = []
    with memory.at(reads, now) as reading:
        for row in rows:
            ways = reading.ways(row["issuer"], asked.domain) or reading.ways(row["issuer"], EVERYTHING)
            found.extend(ways[:1])
    found.sort(key=len)
    hops = hops_of(reads, sorted({key for way in found[:most] for key in way}))
    return [_weakest(tuple(hops[key] for key in way)) for way in found[:most]]
