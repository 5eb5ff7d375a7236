"""A lineage judged: which credit holds, in which order it is told, and its table. Pure.

A credit holds if the original is held, its owner names the state that is credited among its own, and no circle leads
back: nothing is made of what was made of it. All of this is said by the owners, so that every node that holds the same
parts judges the same, and writes the same bytes of its table.
"""

import csv
import io
from collections.abc import Iterable
from typing import Literal

import msgspec

from node.repertoire.lineage.links import ADAPTED, CREDITED, TRANSLATED
from node.repertoire.lineage.parts import Part
from protocol.canonical import digest_multibase
from protocol.vocabulary.dates import instant
from protocol.vocabulary.references import Reference

# verified: it holds. unverified: it does not. absent: the original is not held here, so nobody can say.
Credit = Literal["verified", "unverified", "absent"]


class Link(msgspec.Struct, frozen=True):
    """What an item says of another. digest: the state it names; None if it names none."""

    item: str
    original: str
    how: str
    digest: bytes | None
    credit: Credit


class Tree(msgspec.Struct, frozen=True):
    """parts: in the order in which they were first said. links: of each part, in the order in which it names them."""

    parts: tuple[Part, ...]
    links: tuple[Link, ...]


def grow(parts: Iterable[Part]) -> Tree:
    """The tree of these parts."""
    ordered = tuple(sorted(parts, key=lambda part: (part.published, part.id)))
    held = {part.id: part for part in ordered}
    circles = _circles(held)
    links = tuple(
        Link(part.id, one.id, how, one.digest, _credit(part, one, how, held, circles))
        for part in ordered
        for how, one in _named(part)
    )
    return Tree(ordered, links)


def _named(part: Part) -> list[tuple[str, Reference]]:
    found = [(ADAPTED, one) for one in part.adapted] + [(TRANSLATED, one) for one in part.translated]
    return found + [(CREDITED, one) for one in part.credited]


def _credit(part: Part, one: Reference, how: str, held: dict[str, Part], circles: frozenset[tuple[str, str]]) -> Credit:
    if one.id == part.id or (how != CREDITED and (part.id, one.id) in circles):
        return "unverified"
    original = held.get(one.id)
    if original is None:
        return "absent"
    return "verified" if one.digest is not None and one.digest in original.states else "unverified"


def _circles(held: dict[str, Part]) -> frozenset[tuple[str, str]]:
    """The links that lie on a circle: both ends reach each other by what was made of what (Tarjan's components)."""
    above = {id: [one.id for one in (*part.adapted, *part.translated) if one.id in held] for id, part in held.items()}
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    waiting: list[str] = []
    for start in above:
        if start in number:
            continue
        number[start] = low[start] = len(number)
        waiting.append(start)
        walk = [(start, iter(above[start]))]
        while walk:
            here, rest = walk[-1]
            onward = next(rest, None)
            if onward is None:
                walk.pop()
                if walk:
                    low[walk[-1][0]] = min(low[walk[-1][0]], low[here])
                if low[here] == number[here]:
                    while True:
                        one = waiting.pop()
                        component[one] = number[here]
                        if one == here:
                            break
            elif onward not in number:
                number[onward] = low[onward] = len(number)
                waiting.append(onward)
                walk.append((onward, iter(above[onward])))
            elif onward not in component:
                low[here] = min(low[here], number[onward])
    return frozenset(
        (id, other) for id, others in above.items() for other in others if component[id] == component[other]
    )


COLUMNS = (
    "item", "link", "original", "original_state", "credit", "owner", "kind", "title", "language", "place", "version",
    "stage", "stage_since", "coach", "published", "updated", "state", "reason",
)  # fmt: skip


def table(tree: Tree) -> list[tuple[str, ...]]:
    """A row for every link, and one for every part that names nothing; without its head."""
    rows: list[tuple[str, ...]] = []
    for part in tree.parts:
        mine = [link for link in tree.links if link.item == part.id]
        for link in mine:
            state = digest_multibase(link.digest) if link.digest else ""
            rows.append(_row(part, link.how, link.original, state, link.credit))
        if not mine:
            rows.append(_row(part, "", "", "", ""))
    return rows


def _row(part: Part, how: str, original: str, state: str, credit: str) -> tuple[str, ...]:
    return (
        part.id, how, original, state, credit, part.owner, part.kind, part.title, part.language, part.place,
        part.version, part.stage, part.since, part.coach, _moment(part.published), _moment(part.updated),
        "withdrawn" if part.withdrawn else "published", part.reason,
    )  # fmt: skip


def _moment(at: int) -> str:
    return instant(at) if at else ""


def as_csv(tree: Tree) -> bytes:
    """RFC 4180, UTF-8. A cell that a spreadsheet would reckon with is led by an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows([[_inert(cell) for cell in row] for row in table(tree)])
    return out.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
