"""Activities as they are received: the Structs, and the reader that makes them of any document.

Tolerant of the variants of other software, strict in limits. A type not known here is read as far as every activity
goes; its object is a Thing. The bytes are never changed, and nothing here says who may do what: that is activities.py.
"""

from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from protocol.canonical import Document, read_digest_multibase
from protocol.identifiers import origin
from protocol.limits import ID_CHARACTERS
from protocol.vocabulary.actors import ACTOR_TYPES, Actor, read_actor_value
from protocol.vocabulary.adapting import Earlier, read_earlier
from protocol.vocabulary.dates import read_instant
from protocol.vocabulary.repertoire import Item, Reference, is_item, read_item, read_reference, read_references
from protocol.vocabulary.shapes import (
    Name,
    Prose,
    Whole,
    listed,
    malformed,
    mapping,
    one_id,
    one_type,
    recipients,
    shaped,
)

ACTIVITY_TYPES = frozenset(
    {
        "Accept",
        "Add",
        "Announce",
        "Block",
        "Create",
        "Delete",
        "Flag",
        "Follow",
        "Invite",
        "Join",
        "Leave",
        "Move",
        "Offer",
        "Reject",
        "Remove",
        "Undo",
        "Update",
    }
)
_DEPTH = 3  # Announce of Create of Article, Undo of Announce of Create: nothing honest is deeper


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An object of a type not read here: what is needed to keep, order and withdraw it. Not shown."""

    id: str
    type: str
    attributed_to: str | None = None
    sequence: int = 0
    updated: int = 0
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()


class Tombstone(msgspec.Struct, frozen=True):
    """What was deleted. `former_type` and `reason` are blank if they are not said, `sequence` None.

    The rest is what was withdrawn says of its lineage still: it owes its credit, and credits of it can be checked.
    """

    id: str
    former_type: str = ""
    sequence: int | None = None
    reason: str = ""
    published: int = 0
    adapted_from: tuple[Reference, ...] = ()
    translation_of: Reference | None = None
    credits: tuple[Reference, ...] = ()
    earlier: tuple[Earlier, ...] = ()


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """A signed activity, read. `object` is None if only its id was given; `published` is in milliseconds.

    `object_digest`: the state meant, where the object is a reference {id, digestMultibase}. `sequence`: the
    activity's own cw:sequence; the state's is `order_of`. An embedded activity may lack `id`: it is blank then.
    The exact bytes of an object that is embedded are `embedded_bytes`.
    """

    id: str
    type: str
    actor: str
    object_id: str | None = None
    object: "Item | Actor | Tombstone | Activity | Thing | None" = None
    object_digest: bytes | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: int | None = None
    target: str | None = None
    sequence: int | None = None


class _Wire(msgspec.Struct, frozen=True):
    type: Any
    id: Annotated[str, Meta(max_length=ID_CHARACTERS)] = ""
    actor: Any = None
    object: Any = None
    target: Any = None
    to: Any = None
    cc: Any = None
    tag: Any = None
    published: str | None = None
    sequence: Whole | None = field(default=None, name="cw:sequence")


class _ThingWire(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(max_length=ID_CHARACTERS)] = ""
    attributed_to: Any = field(default=None, name="attributedTo")
    to: Any = None
    cc: Any = None
    tag: Any = None
    published: str | None = None
    updated: str | None = None
    sequence: Whole | None = field(default=None, name="cw:sequence")
    former_type: Any = field(default=None, name="formerType")
    reason: Prose | None = field(default=None, name="cw:reason")
    digest: Name | None = field(default=None, name="digestMultibase")


def _thing(value: dict[str, Any], kind: str) -> Thing | Tombstone:
    wire = shaped(value, _ThingWire, kind)
    if kind == "Tombstone":
        former = "" if wire.former_type is None else one_type(wire.former_type, "formerType")
        translated = value.get("cw:translationOf")
        return Tombstone(
            wire.id, former, wire.sequence, wire.reason or "",
            published=0 if wire.published is None else read_instant(wire.published, "published"),
            adapted_from=read_references(value.get("cw:adaptedFrom"), "cw:adaptedFrom"),
            translation_of=None if translated is None else read_reference(translated, "cw:translationOf"),
            credits=read_references(value.get("cw:credits"), "cw:credits"),
            earlier=read_earlier(value.get("cw:earlier")),
        )  # fmt: skip
    listed(wire.tag, "tag")
    moment = wire.updated if wire.updated is not None else wire.published
    updated = 0 if moment is None else read_instant(moment, "updated")
    to, cc = recipients(wire.to, wire.cc)
    owners = listed(wire.attributed_to, "attributedTo")
    return Thing(
        id=wire.id,
        type=kind,
        attributed_to=one_id(owners, "attributedTo") if len(owners) == 1 else None,
        sequence=updated if wire.sequence is None else wire.sequence,
        updated=updated,
        to=to,
        cc=cc,
    )


def _object(value: dict[str, Any], depth: int) -> "Item | Actor | Tombstone | Activity | Thing":
    kind = one_type(value.get("type"), "object's type")
    if depth > _DEPTH:
        return _thing(value, kind)
    if is_item(value.get("cw:kind"), kind):
        return read_item(value)
    if kind in ACTOR_TYPES and "inbox" in value:
        return read_actor_value(value)
    if kind in ACTIVITY_TYPES and "actor" in value and depth < _DEPTH:
        return _activity(value, depth + 1)
    return _thing(value, kind)


def _activity(value: dict[str, Any], depth: int) -> Activity:
    wire = shaped(value, _Wire, "Activity")
    actor = one_id(wire.actor, "actor")
    if actor is None:
        raise malformed("An activity has an actor.")
    origin(actor)
    if wire.id:
        origin(wire.id)
    elif depth == 0:
        raise malformed("An activity has an id.")
    if wire.tag is not None:
        listed(wire.tag, "tag")
    to, cc = recipients(wire.to, wire.cc)
    content: Any = wire.object
    if isinstance(content, list):
        several = listed(content, "object")
        if len(several) > 1 and one_type(wire.type) != "Flag":  # Mastodon's Flag names an account and its posts
            raise malformed("object must be one.")
        content = several[0] if several else None
    embedded = mapping(content)
    found = digest = None
    if embedded is None:
        object_id = one_id(content, "object")
    elif "type" in embedded:
        found = _object(embedded, depth)
        object_id = found.id or None
    else:
        object_id = one_id(embedded, "object")
        text = embedded.get("digestMultibase")
        if text is not None:
            if not isinstance(text, str):
                raise malformed("digestMultibase must be text.")
            digest = read_digest_multibase(text)
    return Activity(
        id=wire.id,
        type=one_type(wire.type),
        actor=actor,
        object_id=object_id,
        object=found,
        object_digest=digest,
        to=to,
        cc=cc,
        published=None if wire.published is None else read_instant(wire.published, "published"),
        target=one_id(wire.target, "target"),
        sequence=wire.sequence,
    )


def read_activity(document: Document) -> Activity:
    """An activity, typed. RemoteProtocolError MALFORMED (one sentence naming the field), PAGE_LIMIT, TOO_LARGE or
    BAD_KEY (an embedded actor's root), whatever the document."""
    return _activity(document.value, 0)


def read_outline(document: Document) -> Activity:
    """What every activity has, its object a Thing: of one that cannot be read as what it says it is. Same errors."""
    return _activity(document.value, _DEPTH + 1)


class _Embedded(msgspec.Struct, frozen=True):
    object: msgspec.Raw = msgspec.Raw(b"")


def embedded_bytes(raw_activity: bytes) -> bytes | None:
    """The exact bytes of the object in an activity that was read, as signed (FEP-1b12); None if it is an id."""
    try:
        raw = bytes(msgspec.json.decode(raw_activity, type=_Embedded).object)
    except (msgspec.DecodeError, RecursionError):
        raise malformed("object cannot be read.") from None
    return raw if raw.startswith(b"{") else None
