"""What an item owes, and what it says of its own past, whenever a new state of it is said. Pure.

Whoever adapts an item credits what that one credits too, so that credit crosses any number of hops and outlives every
hop between. An item names its earlier states, so that a credit of one of them is checked by whoever holds the present
one, wherever they are and whenever they came.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from protocol.vocabulary.adapting import MOST, STAGES, Earlier, Progress
from protocol.vocabulary.repertoire import Item, Reference


def inherited(item: Item, originals: Iterable[Item]) -> tuple[Reference, ...]:
    """Whatever the originals of a new item owe, the nearest first; without what it names by itself."""
    named = {item.id, *(one.id for one in named_by(item))}
    found: dict[str, Reference] = {}
    for original in originals:
        for owed in (*named_by(original), *original.credits):
            if owed.id not in named and owed.digest is not None:
                found.setdefault(owed.id, owed)
    return tuple(found.values())[:MOST]


def named_by(item: Item) -> tuple[Reference, ...]:
    """What it says that it was made from."""
    return (*item.adapted_from, *((item.translation_of,) if item.translation_of else ()))


def earlier(held: Item, digest: bytes, relied: frozenset[bytes]) -> tuple[Earlier, ...]:
    """The states before the next one. held, digest: the present one. relied: those that others credit, kept longest."""
    states = {one.digest: one for one in held.earlier}
    states[digest] = Earlier(digest, held.updated or held.published, held.version)
    over = len(states) - MOST
    for one in tuple(states.values()):
        if over > 0 and one.digest not in relied:
            del states[one.digest]
            over -= 1
    return tuple(states.values())[-MOST:]


def day_of(now: int) -> str:
    """The day (UTC) of a moment in ms."""
    return datetime.fromtimestamp(now / 1000, UTC).date().isoformat()


def staged(item: Item, held: Item | None, now: int) -> tuple[Progress, ...]:
    """What happened so far; a stage that is new is reached today."""
    so_far = held.progress if held else item.progress
    before = held.stage if held else ""
    if not item.stage or item.stage == before or any(one.what == item.stage for one in so_far[-1:]):
        return so_far
    return (*so_far, Progress(day_of(now), item.stage))[-MOST:]


def stage_of(progress: Iterable[Progress]) -> str:
    """The stage that was reached last: by day, and on one day by the order in which it was told; '' for none."""
    reached = sorted((one for one in progress if one.what in STAGES), key=lambda one: one.on)
    return reached[-1].what if reached else ""


def carried(item: Item, held: Item, digest: bytes, relied: frozenset[bytes], now: int) -> Item:
    """The item of an edit, with what no form of it says."""
    return msgspec.structs.replace(
        item,
        credits=held.credits,
        coach=held.coach,
        progress=staged(item, held, now),
        earlier=earlier(held, digest, relied),
    )
