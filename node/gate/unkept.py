"""What is not kept of a set that is held here: recorded by its id alone, so that roots still compare (section 8).

Only what the set's owner signed, and never its bytes; the id that it has as an activity is used up with it. Where no
state of its object is kept, it is the object's present state, so that the next one takes its place in the set as it
does at the owner's. Where one is kept, that one stays, shown and in the set, until the next that can be kept.
"""

from collections.abc import Awaitable, Callable

from node.gate import objects
from node.gate.handler import Answer
from node.storage import sets
from node.storage.contract import Entry, Storage, Tx
from protocol import canonical, identifiers, integrity, states
from protocol.canonical import Document
from protocol.errors import ProtocolError, Reason
from protocol.integrity import Verified
from protocol.keys import HeldKey
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity

_HELD = "SELECT 1 AS yes FROM held_set WHERE name = :name AND pull_at IS NOT NULL"
_BOUND = "SELECT raw IS NOT NULL AS kept FROM activity WHERE id = :id"
_UPDATED = "UPDATE held_set SET updated = :now WHERE name = :name"  # an entry without an activity brings no time

Find = Callable[[str, int], Awaitable[HeldKey]]


async def record(storage: Storage, find: Find, raw: bytes, name: str, now: int) -> Answer:
    """ACCEPTED: it stands in the set, by its id. Else why not: nobody proved it to be the owner's, for instance."""
    owner = identifiers.owner_of_set(name)
    try:
        document = canonical.read(raw)
        claim = integrity.claim(document, _said(document, owner), owner)
        if claim.method is None or identifiers.key_owner(claim.method) != owner:
            return Answer(Reason.NO_PROOF)
        proved = integrity.verify(claim, await find(claim.method, len(raw)), now, owner)
    except ProtocolError as error:
        return Answer(error.reason, error.detail)
    id = document.value.get("id")
    named = [each for each in (id, proved.msg and proved.msg.object_id) if isinstance(each, str)]
    return await storage.transact(lambda tx: _enter(tx, name, proved, id, now), (owner, *named))


def _said(document: Document, owner: str) -> Activity | None:
    """What can be read of it, if that speaks of its owner's own alone."""
    try:
        msg = activities.read_outline(document)
        activities.check_owner(msg)
    except ProtocolError:
        return None
    return msg if msg.actor == owner else None


def _enter(tx: Tx, name: str, proved: Verified[Activity | None], id: object, now: int) -> Answer:
    if tx.one(_HELD, name=name) is None:
        return Answer(Reason.NOT_FOLLOWED)
    if sets.find(tx, name, id if isinstance(id, str) else "", proved.digest) is not None:
        return Answer(Reason.KNOWN)
    activity, superseded, msg = None, None, proved.msg
    if msg is not None and msg.object_id == proved.actor:
        return Answer(Reason.NOT_ALLOWED, "Which document is an actor's is not for its log to say.")
    if isinstance(id, str) and tx.one(_BOUND, id=id) is None:  # under a reused id other bytes are stored
        activity = id
        place = None if msg is None else objects.look(tx, msg)
        if msg is not None and place is not None and place.set_name == name and objects.object_of(msg) is not None:
            state = states.state_of(msg, proved.digest, place.audience)
            if objects.judge(place, msg, state, now) is Reason.ACCEPTED:
                if place.current_activity is not None and tx.the(_BOUND, id=place.current_activity)["kept"]:
                    return Answer(Reason.EXISTS, "An earlier state of it is kept.")
                superseded = objects.settle(tx, place, msg, state)
        tx.run(
            objects.REMEMBER, id=id, digest=proved.digest, actor=proved.actor, type=msg.type if msg else "",
            object=msg.object_id if msg else None, proof=1, carrier=proved.actor, at=now, raw=None,
        )  # fmt: skip
    tx.append(Entry(name, activity, proved.digest, superseded))
    tx.run(_UPDATED, name=name, now=now)
    return Answer(Reason.ACCEPTED)
