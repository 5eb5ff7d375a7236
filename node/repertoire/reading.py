"""One item as this node holds it, read whole: its text, who signed it, what it came from and what was made of it.

The same reading serves the page and the API.
"""

from typing import Any

import msgspec

from node.repertoire import catalog, store, tongues
from node.repertoire.tongues import Tongue
from node.storage.contract import Reads, Row
from protocol import canonical
from protocol.integrity import claim
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Tombstone
from protocol.vocabulary.repertoire import Item, Reference


class Link(msgspec.Struct, frozen=True):
    """One hop of lineage. item is None if it is not held here, or withdrawn."""

    id: str
    title: str
    owner: str
    owner_name: str
    local: bool
    held: bool
    withdrawn: bool
    item: Item | None
    digest: bytes | None
    digest_now: bytes | None
    updated: int | None


class Held(msgspec.Struct, frozen=True):
    """An item or its tombstone. signed: when its owner signed this state. raw: the activity, exact bytes."""

    id: str
    owner: str
    owner_name: str
    owner_handle: str
    owner_host: str
    local: bool
    item: Item | None
    title: str
    withdrawn: int | None
    reason: str
    published: int | None
    raw: bytes
    digest: bytes
    key: str | None
    signed: int | None
    at: int
    carrier: str
    adapted_from: tuple[Link, ...]
    adaptations: tuple[Link, ...]
    tongues: tuple[Tongue, ...]
    recommended_by: tuple[tuple[str, str], ...]


def read(reads: Reads, id: str) -> Held | None:
    """The item with this id, ours or received; None if it is absent or not public."""
    row = store.state(reads, id)
    if row is None or row["audience"] != "public" or row["raw"] is None:
        return None
    document = canonical.read(row["raw"])
    msg = activities.read_activity(document)
    item = msg.object if isinstance(msg.object, Item) else None
    if item is None and not row["deleted"]:
        return None
    said = claim(document, msg, msg.actor)
    owner = _actor(reads, row["owner"])
    card = reads.one("SELECT name, published, withdrawn FROM item WHERE key = :key", key=row["key"])
    links = item.adapted_from if item else _kept_links(reads, id)
    return Held(
        id=id,
        owner=row["owner"],
        owner_name=owner["name"] if owner else row["owner"],
        owner_handle=owner["handle"] if owner else "",
        owner_host=owner["host"] if owner else "",
        local=bool(owner["local"]) if owner else False,
        item=item,
        title=item.name if item else (card["name"] if card else ""),
        withdrawn=(card["withdrawn"] if card else row["at"]) if row["deleted"] else None,
        reason=msg.object.reason if isinstance(msg.object, Tombstone) else "",
        published=card["published"] if card else None,
        raw=row["raw"],
        digest=canonical.object_digest(document.value["object"]) if item else b"",
        key=said.method,
        signed=said.created,
        at=row["at"],
        carrier=row["carrier"],
        adapted_from=tuple(_original(reads, link) for link in links),
        adaptations=tuple(_adaptation(made) for made in catalog.adaptations(reads, id)),
        tongues=tongues.set_of(reads, id) if item else (),
        recommended_by=tuple((r["actor"], r["name"] or r["actor"]) for r in catalog.recommended_by(reads, id)),
    )


def _actor(reads: Reads, id: str) -> Row | None:
    return reads.one("SELECT id, name, handle, host, local FROM actor WHERE id = :id", id=id)


def _kept_links(reads: Reads, id: str) -> tuple[Reference, ...]:
    rows = reads.all("SELECT original, digest FROM adaptation WHERE item = :id", id=id)
    return tuple(Reference(row["original"], row["digest"]) for row in rows)


def _original(reads: Reads, link: Reference) -> Link:
    row = store.state(reads, link.id)
    if row is not None and row["audience"] != "public":
        row = None  # nor is it said to be here
    card = reads.one("SELECT name, updated FROM item WHERE key = :key", key=row["key"]) if row else None
    owner = _actor(reads, row["owner"]) if row else None
    whole: Any = None
    if row is not None and row["raw"] is not None and not row["deleted"]:
        whole = canonical.read(row["raw"])
    item = activities.read_activity(whole).object if whole else None
    return Link(
        id=link.id,
        title=card["name"] if card else "" if row is not None and row["deleted"] else link.id,
        owner=row["owner"] if row else "",
        owner_name=(owner["name"] if owner else row["owner"]) if row else "",
        local=bool(owner["local"]) if owner else False,
        held=row is not None,
        withdrawn=bool(row["deleted"]) if row else False,
        item=item if isinstance(item, Item) else None,
        digest=link.digest,
        digest_now=canonical.object_digest(whole.value["object"]) if whole else None,
        updated=card["updated"] if card else None,
    )


def _adaptation(row: Row) -> Link:
    item = None if row["withdrawn"] or row["raw"] is None else store.item_of(row["raw"])
    return Link(
        id=row["id"],
        title=row["name"],
        owner=row["owner"],
        owner_name=row["practice_name"] or row["owner"],
        local=bool(row["local"]),
        held=True,
        withdrawn=row["withdrawn"] is not None,
        item=item,
        digest=row["digest"],
        digest_now=None,
        updated=row["updated"],
    )
