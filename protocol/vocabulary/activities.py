"""What actors do: audience, the rule of the same owner, and the activities we say (protocol sections 3, 6, 7).

The signed activity is the unit of the network. How one is read stands in received.py, and is offered here as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import PUBLIC_NAMES, same_origin, set_name
from protocol.vocabulary.actors import Actor
from protocol.vocabulary.adapting import build_offer
from protocol.vocabulary.context import context
from protocol.vocabulary.dates import instant
from protocol.vocabulary.received import (
    ACTIVITY_TYPES,
    Activity,
    Thing,
    Tombstone,
    embedded_bytes,
    read_activity,
    read_outline,
)
from protocol.vocabulary.repertoire import Item
from protocol.vocabulary.shapes import listed, malformed, mapping, recipients

__all__ = [
    "ACTIVITY_TYPES",
    "Activity",
    "Audience",
    "Thing",
    "Tombstone",
    "accept",
    "add",
    "announce",
    "audience",
    "check_audience",
    "check_owner",
    "create",
    "delete",
    "embedded_bytes",
    "follow",
    "join",
    "leave",
    "offer_coaching",
    "order_of",
    "read_activity",
    "read_outline",
    "reject",
    "request_of",
    "type_of_object",
    "undo",
    "update",
]

Audience = Literal["public", "members", "direct"]

_MAKING = ("Create", "Update", "Delete")
_WORDLESS = ("Follow", "Join", "Delete")  # they say nothing but that something was asked, or is gone

_WIDTH: dict[Audience, int] = {"direct": 0, "members": 1, "public": 2}


def order_of(activity: Activity) -> int:
    """The sequence of the state it makes, in milliseconds: its object's, else its own, else its time, else 0."""
    made = activity.object
    if isinstance(made, Item | Actor | Thing):
        return made.sequence
    if isinstance(made, Tombstone) and made.sequence is not None:
        return made.sequence
    return activity.sequence if activity.sequence is not None else activity.published or 0


def type_of_object(activity: Activity) -> str:
    """The type of the object whose state it makes; for a deletion what it was, blank if that is not said."""
    made = activity.object
    if isinstance(made, Tombstone):
        return made.former_type
    return "" if made is None else made.type


def _said(actor: str, to: tuple[str, ...], cc: tuple[str, ...]) -> Audience:
    if not PUBLIC_NAMES.isdisjoint(to) or not PUBLIC_NAMES.isdisjoint(cc):
        return "public"
    members = set_name(actor, "members")
    return "members" if members in to or members in cc else "direct"


def audience(activity: Activity) -> Audience:
    """Who may read it: what activity and object both allow. `bto` and `bcc` count for nothing (section 7).

    `members`: those of the actor's own practice. What names any other collection is `direct`: never widened.
    """
    said = _said(activity.actor, activity.to, activity.cc)
    made = activity.object
    if activity.type in ("Create", "Update") and isinstance(made, Item | Thing) and (made.to or made.cc):
        meant = _said(activity.actor, made.to, made.cc)
        return meant if _WIDTH[meant] < _WIDTH[said] else said
    return said


def check_audience(activity: Activity, whole: Mapping[str, Any]) -> None:
    """NOT_ALLOWED if it carries, however deep, words that were not said to everyone: never widened (section 7).

    No Announce may, nor anything else that is for everyone. An actor may take back before all what it said to some.
    """
    if activity.type in _MAKING or (activity.type != "Announce" and audience(activity) != "public"):
        return
    around: list[tuple[Any, Mapping[str, Any]]] = [(activity.type, whole)]
    while around:
        outer, holder = around.pop()
        for inner in filter(None, map(mapping, listed(holder.get("object"), "object"))):
            kind = next(iter(listed(inner.get("type"), "type")), None)
            to, cc = recipients(inner.get("to"), inner.get("cc"))
            meant = bool(to or cc) or "actor" in inner
            if meant and outer != "Undo" and kind not in _WORDLESS and PUBLIC_NAMES.isdisjoint((*to, *cc)):
                raise RemoteProtocolError(Reason.NOT_ALLOWED, "What was said to some is not passed on to others.")
            around.append((kind, inner))


def _refuse(why: str) -> RemoteProtocolError:
    return RemoteProtocolError(Reason.NOT_OWNER, why)


def check_owner(activity: Activity) -> None:
    """The rule of the same owner (FEP-fe34): NOT_OWNER if the actor may not say this of its object.

    Same origin of actor, id and object; a made object is attributed to the actor alone; an Undo takes back the
    actor's own; an Accept answers what was asked of the actor; Add and Remove are of the actor's own collection.
    """
    actor, made, kind = activity.actor, activity.object, activity.type
    if not same_origin(actor, activity.id):
        raise _refuse("The activity's id is not of its actor's origin.")
    if kind in ("Create", "Update", "Delete"):
        if activity.object_id is None:
            raise malformed(f"{kind} names its object by id.")
        if not same_origin(actor, activity.object_id):
            raise _refuse("The object is not of the actor's origin.")
        if isinstance(made, Item | Thing) and (made.attributed_to or (actor if kind == "Delete" else "")) != actor:
            raise _refuse("The object is not attributed to the actor.")
        if isinstance(made, Actor) and made.id != actor:
            raise _refuse("An actor document is changed by that actor.")
        if isinstance(made, Activity) and made.actor != actor:
            raise _refuse("The object is another actor's activity.")
    elif kind == "Undo":
        if isinstance(made, Activity) and made.actor != actor:
            raise _refuse("Only the actor of an activity may undo it.")
        if activity.object_id is not None and not same_origin(actor, activity.object_id):
            raise _refuse("The activity to be undone is not of the actor's origin.")
    elif kind in ("Accept", "Reject"):
        if isinstance(made, Activity) and made.type in ("Follow", "Join") and made.object_id != actor:
            raise _refuse("The request was not made of this actor.")
    elif kind in ("Add", "Remove"):
        if activity.target is not None and not activity.target.startswith(f"{actor}/"):
            raise _refuse("The collection is not the actor's own.")
    elif kind == "Move" and activity.object_id != actor:
        raise _refuse("An actor moves itself only.")


Request = str | Mapping[str, Any] | Activity

# What we say, ready for integrity.sign: members in the order in which people read them.


def _draft(
    kind: str,
    id: str,
    actor: str,
    object: str | Mapping[str, Any],
    to: Sequence[str],
    cc: Sequence[str] = (),
    published: int | None = None,
    target: str | None = None,
) -> dict[str, Any]:
    return {
        "@context": context(),
        "id": id,
        "type": kind,
        "actor": actor,
        **({"to": list(to)} if to else {}),
        **({"cc": list(cc)} if cc else {}),
        **({"published": instant(published)} if published is not None else {}),
        "object": object if isinstance(object, str) else _plain(object),
        **({"target": target} if target is not None else {}),
    }


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    """Without the blind recipients, which are never sent (ActivityPub section 6)."""
    return {name: member for name, member in value.items() if name not in ("bto", "bcc")}


def _answer(kind: str, id: str, actor: str, object: Request, to: Sequence[str] | None) -> dict[str, Any]:
    if isinstance(object, Activity):
        back = object.to if kind == "Undo" else (object.actor,)
        return _draft(kind, id, actor, request_of(object), back if to is None else to)
    back = ()
    if not isinstance(object, str):
        back = object.get("to", ()) if kind == "Undo" else (object["actor"],) if "actor" in object else ()
        if "proof" not in object:  # one of our own drafts: the outer context holds for it
            object = {name: member for name, member in object.items() if name != "@context"}
    return _draft(kind, id, actor, object, back if to is None else to)


def request_of(activity: Activity) -> dict[str, Any]:
    """A Follow or Join as the object of its answer or its Undo: what every implementation matches it by."""
    return {
        "id": activity.id,
        "type": activity.type,
        "actor": activity.actor,
        **({"object": activity.object_id} if activity.object_id is not None else {}),
    }


def follow(id: str, actor: str, object: str) -> dict[str, Any]:
    """Ask to follow an actor."""
    return _draft("Follow", id, actor, object, [object])


def join(id: str, actor: str, object: str, published: int | None = None) -> dict[str, Any]:
    """Ask to become a member of a practice."""
    return _draft("Join", id, actor, object, [object], published=published)


def leave(id: str, actor: str, object: str | Mapping[str, Any], to: Sequence[str]) -> dict[str, Any]:
    """End a membership; the object names the Join (section 6, Membership)."""
    return _draft("Leave", id, actor, object, to)


def accept(id: str, actor: str, object: Request, to: Sequence[str] | None = None) -> dict[str, Any]:
    """Say yes to a request: the activity itself, its id, or a reference with digest. Told to who asked."""
    return _answer("Accept", id, actor, object, to)


def reject(id: str, actor: str, object: Request, to: Sequence[str] | None = None) -> dict[str, Any]:
    """Say no to a request, or take a yes back."""
    return _answer("Reject", id, actor, object, to)


def undo(id: str, actor: str, object: Request, to: Sequence[str] | None = None) -> dict[str, Any]:
    """Take back one's own activity. Told to whom it was told, where the activity is given."""
    return _answer("Undo", id, actor, object, to)


def create(id: str, actor: str, object: Mapping[str, Any], published: int) -> dict[str, Any]:
    """Publish an object to the audience that it names itself. `published` in milliseconds."""
    return _draft("Create", id, actor, object, object.get("to", ()), object.get("cc", ()), published)


def update(
    id: str, actor: str, object: Mapping[str, Any], published: int, to: Sequence[str] | None = None
) -> dict[str, Any]:
    """A new state of an object. `to` is said where the object names no audience: an actor document."""
    return _draft(
        "Update", id, actor, object, object.get("to", ()) if to is None else to, object.get("cc", ()), published
    )


def delete(
    id: str,
    actor: str,
    object: str,
    former_type: str,
    sequence: int,
    to: Sequence[str],
    cc: Sequence[str] = (),
    published: int | None = None,
    reason: str = "",
    lineage: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Withdraw an object for good; the activity is its own tombstone (section 6, Order). reason: public.

    lineage: what it says of its lineage still (repertoire.build_lineage).
    """
    tombstone: dict[str, Any] = {"id": object, "type": "Tombstone", "formerType": former_type, "cw:sequence": sequence}
    if published is not None:
        tombstone["deleted"] = instant(published)
    if reason:
        tombstone["cw:reason"] = reason
    tombstone |= lineage or {}
    return _draft("Delete", id, actor, tombstone, to, cc, published)


def offer_coaching(id: str, actor: str, coach: str, adaptation: str, words: str) -> dict[str, Any]:
    """Ask an actor to coach an adaptation; nobody else reads it."""
    asked = _draft("Offer", id, actor, build_offer(adaptation), [coach], target=coach)
    return {**asked, "content": words} if words else asked


def announce(
    id: str,
    actor: str,
    object: str | Mapping[str, Any],
    to: Sequence[str],
    published: int,
    cc: Sequence[str] = (),
) -> dict[str, Any]:
    """Recommend: an id, or another's signed activity whole, in its own order (FEP-1b12)."""
    return _draft("Announce", id, actor, object, to, cc, published)


def add(id: str, actor: str, object: str | Mapping[str, Any], target: str, to: Sequence[str]) -> dict[str, Any]:
    """Put an object into one of the actor's own collections (FEP-400e)."""
    return _draft("Add", id, actor, object, to, target=target)
