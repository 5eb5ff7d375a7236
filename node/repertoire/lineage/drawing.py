"""Where everything stands in the picture of a lineage. Pure; whole pixels, no colours, no words.

Time runs from left to right and every item has a line of its own, so that no two texts ever meet however many items
there are: what was made of an item stands below it, in the order in which it was made. Its dot stands at the day on
which it was first published; beside it stands its text.
"""

from datetime import UTC, datetime

import msgspec

from node.repertoire.lineage.links import CREDITED
from node.repertoire.lineage.tree import Link, Tree

LINE = 52  # px from one item to the next: two lines of text, and room for a finger
TOP = 44
LEFT = 48  # px before the first dot, in which credits bend
EDGE = 16
SPAN = 360  # px for the whole of time
TEXT = 380  # px for the text beside a dot
WIDTH = SPAN + EDGE + TEXT
TICKS = 4


class Dot(msgspec.Struct, frozen=True):
    """An item. held: it is here."""

    id: str
    x: int
    y: int
    held: bool = True


class Line(msgspec.Struct, frozen=True):
    """A link, from what was made of something down or up to what it was made of. path: of an SVG path."""

    link: Link
    path: str


class Tick(msgspec.Struct, frozen=True):
    x: int
    at: int


class Drawing(msgspec.Struct, frozen=True):
    width: int
    height: int
    dots: tuple[Dot, ...]
    lines: tuple[Line, ...]
    ticks: tuple[Tick, ...]


def draw(tree: Tree) -> Drawing:
    """The picture. What is named but not held has a dot as well, at the left of what names it."""
    published = {part.id: part.published for part in tree.parts}
    first = min((at for at in published.values() if at), default=0)
    last = max(published.values(), default=0)
    order = _order(tree)
    dots: dict[str, Dot] = {}
    for number, id in enumerate(order):
        held = id in published
        at = published.get(id) or first
        dots[id] = Dot(id, _x(at, first, last), TOP + LINE * number + LINE // 2, held)
    above = _above(tree)
    lines = tuple(
        Line(link, _path(dots[link.original], dots[link.item], link.how == CREDITED))
        for link in tree.links
        if link.original in dots and not (link.how == CREDITED and _leads(above, link.item, link.original))
    )
    return Drawing(WIDTH, TOP + LINE * len(order) + 16, tuple(dots.values()), lines, _ticks(first, last))


def _above(tree: Tree) -> dict[str, list[str]]:
    """What each item was made of."""
    above: dict[str, list[str]] = {}
    for link in tree.links:
        if link.how != CREDITED:
            above.setdefault(link.item, []).append(link.original)
    return above


def _leads(above: dict[str, list[str]], item: str, original: str) -> bool:
    """The lines between say already that the item owes this one: a line for the credit would say it twice."""
    reached, edge = {item}, [item]
    while edge:
        edge = [up for id in edge for up in above.get(id, ()) if up not in reached]
        reached |= set(edge)
    return original in reached


def _order(tree: Tree) -> list[str]:
    """Each below what it was made of first; then what hangs on nothing that is before it."""
    parent: dict[str, str] = {}
    for link in tree.links:
        if link.how != CREDITED and link.item not in parent and not _leads_back(parent, link):
            parent[link.item] = link.original
    children: dict[str, list[str]] = {}
    for part in tree.parts:
        if part.id in parent:
            children.setdefault(parent[part.id], []).append(part.id)
    absent = [id for id in children if id not in {part.id for part in tree.parts}]
    roots = sorted(absent) + [part.id for part in tree.parts if part.id not in parent]
    order: list[str] = []
    waiting = roots[::-1]
    while waiting:
        id = waiting.pop()
        order.append(id)
        waiting.extend(children.get(id, ())[::-1])
    return order


def _leads_back(parent: dict[str, str], link: Link) -> bool:
    """Going up from the original one would come to the item again."""
    here: str | None = link.original
    while here is not None:
        if here == link.item:
            return True
        here = parent.get(here)
    return False


def _x(at: int, first: int, last: int) -> int:
    return LEFT + (SPAN - LEFT - EDGE) * (at - first) // (last - first) if last > first else LEFT


def _path(original: Dot, item: Dot, credited: bool) -> str:
    """Down from the original and across; a credit bends to the left, where no text is and no other line goes down."""
    if credited:
        middle = min(original.x, item.x) - 40
        return f"M{original.x} {original.y}C{middle} {original.y} {middle} {item.y} {item.x} {item.y}"
    return f"M{original.x} {original.y}V{item.y}H{item.x}"


def _ticks(first: int, last: int) -> tuple[Tick, ...]:
    """The first day and the last, and days between where they are far enough apart."""
    if last <= first:
        return (Tick(LEFT, first),) if first else ()
    days = max(1, (last - first) // 86_400_000)
    many = min(TICKS, days + 1)
    found = [first + (last - first) * number // max(1, many - 1) for number in range(many)]
    seen: dict[str, Tick] = {}
    for at in found:
        seen.setdefault(datetime.fromtimestamp(at / 1000, UTC).date().isoformat(), Tick(_x(at, first, last), at))
    return tuple(seen.values())
