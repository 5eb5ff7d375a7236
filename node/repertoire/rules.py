"""What may be published, edited, withdrawn or received as a repertoire item. Pure.

An adaptation names what it adapts by id and digest, so that credit can be checked offline (protocol section 3);
its origin is told directly, so that results flow back to whoever shared the method first.
"""

import msgspec

from node.gate.handler import Decision, Draft, Need
from node.gate.passing_on import Announcer, pass_on
from node.repertoire.adapting import crediting
from node.sentence import say
from protocol import canonical, identifiers, limits, states
from protocol.errors import ProtocolError, Reason
from protocol.integrity import Verified
from protocol.vocabulary import activities, repertoire
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.repertoire import Item, Reference


class PublishItem(msgspec.Struct, frozen=True):
    """Command: a practice of ours publishes. `item` is complete but for sequence, times, audience and digests."""

    item: Item
    activity: str


class EditItem(msgspec.Struct, frozen=True):
    """Command: a new state of an item of ours. `item` is complete but for what only the held one knows."""

    item: Item
    activity: str


class WithdrawItem(msgspec.Struct, frozen=True):
    """Command: take an item of ours back; a tombstone replaces it everywhere. only: if this activity's state stands.
    reason: for everyone to read, on the tombstone."""

    id: str
    activity: str
    only: str = ""
    reason: str = ""


class Recommend(msgspec.Struct, frozen=True):
    """Command: announce an item to those who follow `actor`; the original travels inside, byte for byte."""

    id: str
    actor: str
    activity: str


class Original(msgspec.Struct, frozen=True):
    """An item that is credited, as held here. inbox: where its owner listens; None if the owner is ours."""

    id: str
    digest: bytes
    inbox: str | None


class Facts(msgspec.Struct, frozen=True):
    """practice_domain is None if the practice is not ours. held: the item as it stands; stands: the activity that said
    so, with its bytes raw; digest: of this state; relied: of its states, those that others credit.
    """

    practice_domain: str | None = None
    held: Item | None = None
    held_deleted: bool = False
    stands: str = ""
    raw: bytes | None = None
    originals: tuple[Original, ...] = ()
    translated: Original | None = None
    credits: tuple[Original, ...] = ()
    missing: tuple[str, ...] = ()
    digest: bytes = b""
    relied: frozenset[bytes] = frozenset()


class Announced(msgspec.Struct, frozen=True):
    """held: the object is known here. activity, at, digest: the latest that the same actor said of it, an Announce; or,
    if `retracted`, the Undo of one. undone: the Undo of this very Announce, which came before it.
    """

    held: bool = False
    activity: str | None = None
    at: int = 0
    digest: bytes = b""
    retracted: bool = False
    undone: str | None = None


class Retraction(msgspec.Struct, frozen=True):
    """Of an Undo. heard: a set of its actor is held here. owner, digest: of what it takes back, if that was ever here.

    announce: the same as it is held, else as the Undo embeds it. stands: the latest that the actor said of its object.
    """

    heard: bool = False
    owner: str | None = None
    digest: bytes = b""
    announce: Activity | None = None
    stands: Announced = Announced()


class Prior(msgspec.Struct, frozen=True):
    """The state that stood before, of another node's item. digest: what a credit names it by."""

    item: Item
    digest: bytes


class Seen(msgspec.Struct, frozen=True):
    """What is known of a received item before this state of it. recommenders: our own actors who recommended it."""

    recommenders: tuple[Announcer, ...] = ()
    before: bool = True
    prior: Prior | None = None


UNSEEN = Seen(before=False)


class Keep(msgspec.Struct, frozen=True):
    """Write the item's card. before: there may be one of an earlier state, and links of it."""

    item: Item
    before: bool = True
    prior: Prior | None = None


class Withdraw(msgspec.Struct, frozen=True):
    """The item is gone, at this time; its adaptations stay."""

    id: str


class Hide(msgspec.Struct, frozen=True):
    """The item is not for everyone: the catalog, which anyone may read, has no card of it."""

    id: str


class Recommended(msgspec.Struct, frozen=True):
    object: str


class Retracted(msgspec.Struct, frozen=True):
    """What the actor said of the object until `at` is taken back by this Undo. An Announce that is not here yet is
    noted as an object itself."""

    object: str
    undo: str
    at: int = 0


Effect = Keep | Withdraw | Hide | Recommended | Retracted


# What arrives, from others and from ourselves


def decide_item(verified: Verified[Activity], seen: Seen, now: int) -> Decision[Effect]:
    """The gate has judged owner and order; here only what an item must be."""
    msg = verified.msg
    # Who holds an item because of us alone hears by us of its later states too, of its withdrawal above all.
    says = pass_on(verified, seen.recommenders, now)
    if msg.type == "Delete":
        return Decision(Reason.ACCEPTED, (Withdraw(msg.object_id or ""),), says)
    if not isinstance(msg.object, Item):
        return Decision(Reason.MALFORMED)
    if not msg.object.name and not msg.object.content:
        return Decision(Reason.MALFORMED, detail="An item needs a title or a content.")
    if activities.audience(msg) != "public":
        return Decision(Reason.ACCEPTED, (Hide(msg.object.id),))
    kept = Keep(msg.object, seen.before, seen.prior)
    return Decision(Reason.ACCEPTED, (kept,), says, _asked(msg, msg.object, seen.prior))


def _asked(msg: Activity, item: Item, prior: Prior | None) -> tuple[Need, ...]:
    """The word of a coach who is named anew; without it nobody is shown. At its home it is held already."""
    coach = item.coach
    if coach is None or (prior is not None and prior.item.coach == coach):
        return ()
    return () if identifiers.same_origin(coach.id, item.attributed_to) else (Need("object", coach.consent, msg.id),)


def decide_announce(verified: Verified[Activity], facts: Announced, _now: int) -> Decision[Effect]:
    """A recommendation. The original is authenticated on its own: fetched by its id, never taken on trust.

    An actor's later recommendation of the same object takes the place of its earlier one, whose bytes are erased:
    they carry a state of the object that may have been withdrawn since.
    """
    msg = verified.msg
    object_id = recommended(msg)
    if object_id is None:
        return Decision(Reason.MALFORMED, detail="An Announce must name its object.")
    if facts.activity is not None and (recommended_at(msg), verified.digest) <= (facts.at, facts.digest):
        return Decision(Reason.SUPERSEDED)
    earlier = None if facts.retracted else facts.activity
    if facts.undone is not None:
        gone = Retracted(object_id, facts.undone, recommended_at(msg))
        return Decision(Reason.SUPERSEDED, (gone,), detail="It was taken back before it came.", supersedes=earlier)
    needs = () if facts.held or isinstance(msg.object, Activity) else (Need("object", object_id, msg.id),)
    return Decision(Reason.ACCEPTED, (Recommended(object_id),), needs=needs, supersedes=earlier)


def decide_retraction(verified: Verified[Activity], facts: Retraction, _now: int) -> Decision[Effect]:
    """An Undo of a recommendation. It takes the Announce's place, and is kept: it may have come before it."""
    msg = verified.msg
    if facts.owner not in (None, msg.actor):
        return Decision(Reason.NOT_OWNER, detail="Only the actor of an activity may undo it.")
    if msg.object_id is None or (facts.owner is None and not facts.heard):
        return Decision(Reason.SUPERSEDED, detail="There is nothing of yours here to undo.")
    gone = (Retracted(msg.object_id, msg.id),)
    held = msg.object_id if facts.owner is not None else None  # also where its bytes were never kept
    object_id = recommended(facts.announce) if facts.announce is not None else None
    if facts.announce is None or object_id is None:
        return Decision(Reason.ACCEPTED, gone, supersedes=held)
    stands, at = facts.stands, recommended_at(facts.announce)
    if stands.activity not in (None, msg.object_id) and (at, facts.digest) < (stands.at, stands.digest):
        return Decision(Reason.ACCEPTED, gone, supersedes=held)  # it was recommended again since
    earlier = held if stands.retracted else stands.activity or held
    return Decision(Reason.ACCEPTED, (*gone, Retracted(object_id, msg.id, at)), supersedes=earlier)


def recommended(announce: Activity) -> str | None:
    """The object that an Announce is about: of a whole activity its object."""
    inner = announce.object
    return inner.object_id if isinstance(inner, Activity) else announce.object_id


def recommended_at(msg: Activity) -> int:
    """When an Announce was made, for its order among its actor's; other software does not say: by what it carries.

    A deletion comes after every other state, whatever its sequence, so its Announce after every other.
    """
    if msg.published is not None:
        return msg.published
    inner = msg.object
    if not isinstance(inner, Activity):
        return 0
    return limits.MAX_INTEGER if inner.type == "Delete" else activities.order_of(inner)


# What our own people do


def decide_publish(command: PublishItem, facts: Facts, now: int) -> Decision[Effect]:
    item = command.item
    if facts.practice_domain is None:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such practice on this node."))
    if facts.held is not None or facts.held_deleted:
        return Decision(Reason.EXISTS)
    complete = msgspec.structs.replace(
        item,
        domain=item.domain or facts.practice_domain,
        published=now,
        updated=now,
        sequence=states.next_sequence(0, now),
        to=(identifiers.PUBLIC,),
        cc=(f"{item.attributed_to}/followers",),
        url=item.id,
        progress=crediting.staged(item, None, now),
    )
    return _say(command.activity, complete, facts, now, first=True)


def decide_edit(command: EditItem, facts: Facts, now: int) -> Decision[Effect]:
    held = facts.held
    if held is None or facts.practice_domain is None:
        gone = facts.held_deleted
        return Decision(
            Reason.GONE if gone else Reason.NOT_FOUND, detail=say("This item was withdrawn.") if gone else ""
        )
    item = crediting.carried(command.item, held, facts.digest, facts.relied, now)
    return restate(command.activity, item, facts, held, now)


def restate(activity: str, item: Item, facts: Facts, held: Item, now: int) -> Decision[Effect]:
    """The next state of the held item is this; who owns it and whom it is for do not change."""
    complete = msgspec.structs.replace(
        item,
        id=held.id,
        attributed_to=held.attributed_to,
        published=held.published,
        updated=now,
        sequence=states.next_sequence(held.sequence, now),
        to=held.to,
        cc=held.cc,
        url=held.url,
    )
    return _say(activity, complete, facts, now, first=False)


def _say(activity: str, item: Item, facts: Facts, now: int, *, first: bool) -> Decision[Effect]:
    if facts.missing:
        named = ", ".join(facts.missing)
        return Decision(
            Reason.INVALID, detail=say("This node does not hold what is adapted or translated: {named}", named=named)
        )
    if item.kind == "adaptation" and not item.adapted_from:
        return Decision(Reason.INVALID, detail=say("An adaptation must name the item that it adapts."))
    whole = facts.translated
    complete = msgspec.structs.replace(
        item,
        adapted_from=tuple(Reference(original.id, original.digest) for original in facts.originals),
        translation_of=Reference(whole.id, whole.digest) if whole else None,
        credits=tuple(Reference(owed.id, owed.digest) for owed in facts.credits),
    )
    try:
        document = repertoire.build_item(complete)
        build = activities.create if first else activities.update
        said = build(activity, complete.attributed_to, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    return Decision(Reason.ACCEPTED, says=(Draft(complete.attributed_to, said, _inboxes(facts)),))


def decide_withdraw(command: WithdrawItem, facts: Facts, now: int) -> Decision[Effect]:
    held = facts.held
    if held is None or facts.practice_domain is None:
        gone = facts.held_deleted
        return Decision(
            Reason.GONE if gone else Reason.NOT_FOUND, detail=say("It was withdrawn before.") if gone else ""
        )
    if command.only and command.only != facts.stands:
        return Decision(Reason.NOT_ALLOWED, detail=say("It was edited since, so it stays."))
    if len(command.reason.strip()) > limits.NAME_CHARACTERS:
        return Decision(
            Reason.INVALID, detail=say("A reason has at most {most} characters.", most=limits.NAME_CHARACTERS)
        )
    sequence = states.next_sequence(held.sequence, now)
    said = activities.delete(
        command.activity, held.attributed_to, held.id, "Article", sequence, list(held.to), list(held.cc),
        reason=command.reason.strip(), lineage=repertoire.build_lineage(held, facts.digest),
    )  # fmt: skip
    return Decision(Reason.ACCEPTED, says=(Draft(held.attributed_to, said, _inboxes(facts)),))


def decide_recommend(command: Recommend, facts: Facts, now: int) -> Decision[Effect]:
    if facts.held is None or facts.raw is None:
        return Decision(Reason.NOT_FOUND)
    if activities.audience(activities.read_activity(canonical.read(facts.raw))) != "public":
        return Decision(Reason.NOT_FOUND)  # what was said to some is never widened, nor said to be here (section 7)
    if facts.practice_domain is None:
        return Decision(Reason.NOT_ALLOWED, detail=say("Only an actor of this node can recommend from here."))
    said = activities.announce(
        command.activity, command.actor, msgspec.json.decode(facts.raw), [identifiers.PUBLIC], now
    )
    return Decision(Reason.ACCEPTED, says=(Draft(command.actor, said),))


def _inboxes(facts: Facts) -> tuple[str, ...]:
    """Each origin that is credited is told once."""
    credited = (*facts.originals, *((facts.translated,) if facts.translated else ()), *facts.credits)
    return tuple(dict.fromkeys(original.inbox for original in credited if original.inbox))
