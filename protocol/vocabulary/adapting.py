"""What an item says of its own past, and an adaptation of its making, on the wire (protocol section 6).

Here are the parts of an Article that are lists or objects of their own: its earlier states, by which a credit that
names one of them can be checked by whoever holds the present one; what happened since an adaptation was begun; and its
coach, who is named with their consent or not at all.
"""

from typing import Any, NamedTuple

import msgspec
from msgspec import field

from protocol.canonical import digest_multibase, read_digest_multibase
from protocol.identifiers import same_origin
from protocol.limits import RECIPIENTS, TEXT_CHARACTERS
from protocol.vocabulary.dates import instant, is_day, read_instant
from protocol.vocabulary.shapes import Id, Name, Prose, bounded, listed, malformed, mapping, shaped

STAGES = ("considering", "visited", "adapting", "running", "stopped")
HAPPENINGS = (*STAGES, "result", "lesson")
MOST = RECIPIENTS  # entries of each list


class Earlier(msgspec.Struct, frozen=True):
    """A state that an item had: its digest (32 bytes), when it was said (ms), and its version for people."""

    digest: bytes
    updated: int
    version: str = ""


class Progress(msgspec.Struct, frozen=True):
    """What happened on a day (YYYY-MM-DD): a stage was reached, a result seen, a lesson learned."""

    on: str
    what: str
    text: str = ""


class Coach(msgspec.Struct, frozen=True):
    """Who coached: an actor, and the consent that they signed, a cw:Coaching (its id and digest)."""

    id: str
    consent: str
    digest: bytes


class _EarlierWire(msgspec.Struct, frozen=True):
    digest: Name = field(name="digestMultibase")
    updated: str
    version: Name | None = field(default=None, name="cw:version")


class _ProgressWire(msgspec.Struct, frozen=True):
    on: Name = field(name="cw:on")
    what: Name = field(name="cw:what")
    content: Prose | None = None


class _ConsentWire(msgspec.Struct, frozen=True):
    id: Id
    digest: Name = field(name="digestMultibase")


class _CoachWire(msgspec.Struct, frozen=True):
    id: Id
    consent: _ConsentWire = field(name="cw:consent")


class Coaching(msgspec.Struct, frozen=True):
    """A coach's own word that they coach an adaptation (cw:Coaching). It is an object of the coach's."""

    id: str
    coach: str
    adaptation: str


def _entry(value: Any, name: str) -> dict[str, Any]:
    members = mapping(value)
    if members is None:
        raise malformed(f"{name} must be a list of objects.")
    return members


def read_earlier(value: Any) -> tuple[Earlier, ...]:
    """`cw:earlier`, the oldest first. MALFORMED names the field."""
    found: list[Earlier] = []
    for one in listed(value, "cw:earlier"):
        wire = shaped(_entry(one, "cw:earlier"), _EarlierWire, "cw:earlier")
        digest = read_digest_multibase(wire.digest)
        found.append(Earlier(digest, read_instant(wire.updated, "cw:earlier's updated"), wire.version or ""))
    return tuple(found)


def read_progress(value: Any) -> tuple[Progress, ...]:
    """`cw:progress`, as it was told. MALFORMED names the field."""
    found: list[Progress] = []
    for one in listed(value, "cw:progress"):
        wire = shaped(_entry(one, "cw:progress"), _ProgressWire, "cw:progress")
        if not is_day(wire.on):
            raise malformed("cw:on must be a day, YYYY-MM-DD.")
        if wire.what not in HAPPENINGS:
            raise malformed("cw:what must be one of " + ", ".join(HAPPENINGS) + ".")
        found.append(Progress(wire.on, wire.what, wire.content or ""))
    return tuple(found)


def read_coach(value: Any) -> Coach | None:
    """`cw:coach`. A name alone names somebody who may not know of it: it is read as nothing."""
    members = mapping(value)
    if members is None:
        return None
    wire = shaped(members, _CoachWire, "cw:coach")
    if not same_origin(wire.id, wire.consent.id):
        raise malformed("cw:consent must be of the coach's own origin.")
    return Coach(wire.id, wire.consent.id, read_digest_multibase(wire.consent.digest))


class _CoachingWire(msgspec.Struct, frozen=True):
    id: Id
    by: Id = field(name="attributedTo")
    adaptation: Id = field(name="object")


def read_coaching(value: dict[str, Any]) -> Coaching:
    """A cw:Coaching. MALFORMED names the field."""
    wire = shaped(value, _CoachingWire, "cw:Coaching")
    return Coaching(wire.id, wire.by, wire.adaptation)


def build_coaching(made: Coaching, published: int, sequence: int, to: list[str]) -> dict[str, Any]:
    """As an object for Create. published in ms."""
    return {
        "id": made.id,
        "type": "cw:Coaching",
        "attributedTo": made.coach,
        "to": to,
        "published": instant(published),
        "object": made.adaptation,
        "cw:sequence": sequence,
    }


class _AskedWire(msgspec.Struct, frozen=True):
    adaptation: Id = field(name="object")


def build_offer(adaptation: str) -> dict[str, Any]:
    """The object of an Offer: to coach this adaptation."""
    return {"type": "cw:Coaching", "object": adaptation}


def read_offer(value: dict[str, Any]) -> tuple[str, str]:
    """Of an Offer to coach: the adaptation, and what it is asked with. MALFORMED names the field."""
    asked = mapping(value.get("object"))
    if asked is None or asked.get("type") != "cw:Coaching":
        raise malformed("An Offer offers a cw:Coaching.")
    words = value.get("content", "")
    if not isinstance(words, str):
        raise malformed("content must be text.")
    return shaped(asked, _AskedWire, "cw:Coaching").adaptation, bounded(words, "content")


class Told(NamedTuple):
    """The members of an Article that are built here."""

    earlier: tuple[Earlier, ...]
    progress: tuple[Progress, ...]
    coach: Coach | None


def build(told: Told) -> dict[str, Any]:
    """Their members on the wire; what is empty is left out. LocalProtocolError is the caller's, by reading it back."""
    members: dict[str, Any] = {}
    if told.earlier:
        members["cw:earlier"] = build_earlier(told.earlier)
    if told.progress:
        members["cw:progress"] = [
            {"cw:on": one.on, "cw:what": one.what, **({"content": one.text[:TEXT_CHARACTERS]} if one.text else {})}
            for one in told.progress
        ]
    if told.coach is not None:
        members["cw:coach"] = {
            "id": told.coach.id,
            "cw:consent": {"id": told.coach.consent, "digestMultibase": digest_multibase(told.coach.digest)},
        }
    return members


def build_earlier(earlier: tuple[Earlier, ...]) -> list[dict[str, Any]]:
    """`cw:earlier` for an Article or its tombstone."""
    return [
        {
            "digestMultibase": digest_multibase(one.digest),
            "updated": instant(one.updated),
            **({"cw:version": one.version} if one.version else {}),
        }
        for one in earlier
    ]
