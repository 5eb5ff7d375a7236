"""The parts of a lineage as their owners signed them: read of the bytes that are held, and of nothing else.

So two nodes that hold the same parts read the same. Only what a page says beside it is local: what an actor is called
here, and where the item is read here.
"""

import msgspec

from node.repertoire.lineage import links
from node.storage.contract import Reads, Row
from protocol import canonical
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Tombstone
from protocol.vocabulary.references import Reference
from protocol.vocabulary.repertoire import Item


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One item of a lineage. Times in ms. withdrawn: its owner took it back, and of its words nothing is left.

    states: digests of the present state and of the earlier ones that its owner names. since: the day since when its
    stage is what it is. coach: an actor.
    """

    id: str
    owner: str
    kind: str = ""
    title: str = ""
    language: str = ""
    place: str = ""
    version: str = ""
    stage: str = ""
    since: str = ""
    coach: str = ""
    published: int = 0
    updated: int = 0
    withdrawn: bool = False
    reason: str = ""
    adapted: tuple[Reference, ...] = ()
    translated: tuple[Reference, ...] = ()
    credited: tuple[Reference, ...] = ()
    states: frozenset[bytes] = frozenset()


class Known(msgspec.Struct, frozen=True):
    """What this node knows beside it."""

    owner_name: str
    host: str
    local: bool


class Gathered(msgspec.Struct, frozen=True):
    """more: there are more in the family than are shown."""

    parts: tuple[Part, ...]
    known: dict[str, Known]
    more: bool


def gather(reads: Reads, id: str) -> Gathered:
    """The family of an item, as far as it is held here and for everybody."""
    ids, more = links.family(reads, id)
    wanted = sorted(ids)
    rows: list[Row] = []
    for at in range(0, len(wanted), 200):
        named = {f"id{number}": each for number, each in enumerate(wanted[at : at + 200])}
        rows += reads.all(
            "SELECT o.id, o.owner, o.deleted, a.raw, c.name, c.host, c.local FROM object o"  # noqa: S608
            " JOIN activity a ON a.id = o.activity LEFT JOIN actor c ON c.id = o.owner"
            f" WHERE o.id IN ({', '.join(f':{name}' for name in named)}) AND o.audience = 'public'"
            " AND a.raw IS NOT NULL ORDER BY o.id, o.deleted DESC",
            **named,
        )
    parts: dict[str, Part] = {}
    known: dict[str, Known] = {}
    for row in rows:
        part = _part(row)
        if part is not None:
            parts[part.id] = part
            known[part.id] = Known(row["name"] or row["owner"], row["host"] or "", bool(row["local"]))
    return Gathered(tuple(sorted(parts.values(), key=lambda part: (part.published, part.id))), known, more)


def _part(row: Row) -> Part | None:
    document = canonical.read(row["raw"])
    said = activities.read_activity(document).object
    if isinstance(said, Tombstone):
        return _gone(row, said)
    return part_of(said, canonical.object_digest(document.value["object"])) if isinstance(said, Item) else None


def _gone(row: Row, said: Tombstone) -> Part:
    return Part(
        id=row["id"], owner=row["owner"], withdrawn=True, reason=said.reason, published=said.published,
        updated=said.sequence or said.published, adapted=said.adapted_from,
        translated=(said.translation_of,) if said.translation_of else (), credited=said.credits,
        states=frozenset(one.digest for one in said.earlier),
    )  # fmt: skip


def part_of(item: Item, digest: bytes) -> Part:
    """An item as it stands; digest: of this state."""
    reached = [one.on for one in item.progress if one.what == item.stage]
    return Part(
        id=item.id, owner=item.attributed_to, kind=item.kind, title=item.name, language=item.language,
        place=item.place.name, version=item.version, stage=item.stage, since=max(reached, default=""),
        coach=item.coach.id if item.coach else "", published=item.published,
        updated=item.updated or item.published, adapted=item.adapted_from,
        translated=(item.translation_of,) if item.translation_of else (), credited=item.credits,
        states=frozenset((digest, *(one.digest for one in item.earlier))),
    )  # fmt: skip
