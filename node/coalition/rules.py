"""Founding the coalition, opening practices, and learning of others' practices. Pure.

A practice belongs to its coalition and has keys of its own. The coalition says so with an Add to its collection of
practices (FEP-400e), so that whoever follows the node follows what it opens later too (protocol section 8).
"""

from typing import Any, Literal

import msgspec

from node.gate.handler import Decision, Draft, Need
from node.sentence import say
from protocol import identifiers, states
from protocol.errors import ProtocolError, Reason
from protocol.identity import is_active
from protocol.integrity import Verified
from protocol.keys import HeldKey, PublicKey
from protocol.vocabulary import activities, actors, repertoire
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.describing import redescribe
from protocol.vocabulary.place import Place


class Keys(msgspec.Struct, frozen=True):
    """A local actor's public keys, and the did:key of the origin's root."""

    ed25519: HeldKey
    rsa: HeldKey
    root: str


class FoundCoalition(msgspec.Struct, frozen=True):
    """Command, once: this node's own actor begins to exist. `activity` is the id of what says so."""

    actor: str
    name: str
    place: str
    language: str
    keys: Keys
    activity: str


class OpenPractice(msgspec.Struct, frozen=True):
    """Command: a practice of this coalition begins. Its own activity says so, and the coalition's `add`; where it is a
    part of another practice of ours, that one's `parent_add` too. parent: of any node.
    """

    coalition: str
    actor: str
    slug: str
    name: str
    summary: str
    domain: str
    level: str
    place: Place
    keys: Keys
    activity: str
    add: str
    parent: str = ""
    parent_add: str = ""


class DescribeCoalition(msgspec.Struct, frozen=True):
    """Command: what the coalition is called, where it is, what it is about, and the language it mostly speaks."""

    actor: str
    name: str
    place: Place
    about: str
    language: str
    activity: str


class Operate(msgspec.Struct, frozen=True):
    """Command: something is done to the machinery, outside of the database; here it is allowed, once, and recorded."""

    subject: str


class RotateKeys(msgspec.Struct, frozen=True):
    """Command: an actor of ours gets its next keys. The present one announces them, and signs nothing after that.

    `compromised`: the present one is in other hands.
    """

    actor: str
    ed25519: PublicKey
    ed25519_id: str
    rsa: PublicKey
    rsa_id: str
    activity: str
    compromised: bool


class Present(msgspec.Struct, frozen=True):
    """An actor of ours as it stands: its document, without the proof, and its Ed25519 keys, retired ones too."""

    document: dict[str, Any]
    keys: tuple[HeldKey, ...]


class Facts(msgspec.Struct, frozen=True):
    """founded: the coalition exists. taken: the practice's address is in use. parent: of the practice that is to be its
    parent, ours, held here, or empty where it is not known.
    """

    founded: bool = False
    taken: bool = False
    parent: str = ""


class Adds(msgspec.Struct, frozen=True):
    """What this node has to do with who adds a practice to its own, as long as there is room for one more.

    whole: it follows that whole node. part: "asked" if it follows that practice by itself, "known" if it is ours or
    comes with its node.
    """

    whole: bool = False
    part: Literal["", "known", "asked"] = ""


class Found(msgspec.Struct, frozen=True):
    actor: str
    name: str
    place: str
    language: str


class OpenSet(msgspec.Struct, frozen=True):
    """A public set of ours begins; whoever follows the whole node gets it from its first entry."""

    owner: str


class HoldSet(msgspec.Struct, frozen=True):
    """A practice of a node that we follow: keep its set too."""

    owner: str


_PASSED: Decision["Effect"] = Decision(Reason.ACCEPTED)
_KEYS = ("assertionMethod", "publicKey", "cw:keys", "cw:sequence")  # what a rotation changes of a document


class PartOf(msgspec.Struct, frozen=True):
    """A practice said that another is a part of it. state: asked, whether this node follows it; or known."""

    parent: str
    child: str
    state: str


class Described(msgspec.Struct, frozen=True):
    """The coalition is so called from now on."""

    name: str
    place: Place
    about: str
    language: str


Effect = Found | OpenSet | HoldSet | Described | PartOf


def decide_found(command: FoundCoalition, facts: Facts, now: int) -> Decision[Effect]:
    if facts.founded:
        return Decision(Reason.EXISTS, detail=say("This node has its coalition already."))
    if not command.name.strip():
        return Decision(Reason.INVALID, detail=say("A coalition needs a name."))
    host = identifiers.origin(command.actor).host
    try:
        document = actors.build_actor(
            id=command.actor,
            type="Organization",
            name=command.name.strip(),
            preferred_username=host,
            keys=[command.keys.ed25519],
            rsa=command.keys.rsa,
            root=command.keys.root,
            sequence=states.next_sequence(0, now),
            published=now,
            url=identifiers.origin(command.actor).at("/"),
            place=Place(name=command.place.strip()),
        )
        said = introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    found = Found(command.actor, command.name.strip(), command.place.strip(), command.language)
    return Decision(Reason.ACCEPTED, (found, OpenSet(command.actor)), says=(said,))


def decide_open(command: OpenPractice, facts: Facts, now: int) -> Decision[Effect]:
    if not facts.founded:
        return Decision(Reason.NOT_FOUND, detail=say("This node has no coalition yet."))
    if facts.taken:
        return Decision(
            Reason.EXISTS, detail=say("There is a practice at the address “{slug}” already.", slug=command.slug)
        )
    if command.parent and not facts.parent:
        return Decision(Reason.NOT_FOUND, detail=say("The practice of which it is to be a part is not known here."))
    try:
        repertoire.check_domain(command.domain)
        document = actors.build_actor(
            id=command.actor,
            type="Group",
            name=command.name.strip(),
            preferred_username=command.slug,
            summary=command.summary.strip(),
            keys=[command.keys.ed25519],
            rsa=command.keys.rsa,
            root=command.keys.root,
            sequence=states.next_sequence(0, now),
            published=now,
            url=command.actor,
            attributed_to=command.coalition,
            domain=command.domain,
            level=command.level,
            place=command.place,
            parent=command.parent or None,
        )
        said = introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    adds = (_add(command.add, command.coalition, command.actor, now),)
    if command.parent and facts.parent == "ours":
        adds += (_add(command.parent_add, command.parent, command.actor, now),)
    return Decision(Reason.ACCEPTED, (OpenSet(command.actor),), says=(said, *adds))


def _add(id: str, owner: str, practice: str, now: int) -> Draft:
    """The coalition, or a practice of which it is a part, puts a practice among its own (FEP-400e)."""
    said = activities.add(id, owner, practice, f"{owner}/practices", [identifiers.PUBLIC])
    return Draft(owner, {**said, "cw:sequence": now})


def decide_describe(command: DescribeCoalition, present: Present | None, now: int) -> Decision[Effect]:
    if present is None:
        return Decision(Reason.NOT_FOUND, detail=say("This node has no coalition yet."))
    if not command.name.strip():
        return Decision(Reason.INVALID, detail=say("A coalition needs a name."))
    name, about = command.name.strip(), command.about.strip()
    place = msgspec.structs.replace(command.place, name=command.place.name.strip())
    try:
        sequence = states.next_sequence(actors.read_actor_value(present.document).sequence, now)
        document = redescribe(present.document, name=name, summary=about, place=place, sequence=sequence)
        said = introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    return Decision(Reason.ACCEPTED, (Described(name, place, about, command.language),), says=(said,))


def decide_operate(_command: Operate, _facts: None, _now: int) -> Decision[Effect]:
    return Decision(Reason.ACCEPTED)


def decide_rotate(command: RotateKeys, present: Present | None, now: int) -> Decision[Effect]:
    if present is None:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such actor on this node."))
    if any(key.id == command.ed25519_id for key in present.keys):
        return Decision(Reason.EXISTS, detail=say("This key is announced already."))
    old = [_retired(key, now, compromised=command.compromised) for key in present.keys]
    new = HeldKey(command.ed25519_id, command.actor, command.ed25519, valid_from=now)
    try:
        actor = actors.read_actor_value(present.document)
        made = actors.build_actor(
            id=actor.id,
            type=actor.type,
            name=actor.name,
            preferred_username=actor.preferred_username,
            keys=[*old, new],
            rsa=HeldKey(command.rsa_id, command.actor, command.rsa),
            sequence=states.next_sequence(actor.sequence, now),
        )
        document = {**present.document, **{name: made[name] for name in _KEYS}}
        said = introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    return Decision(Reason.ACCEPTED, says=(said,))


def _retired(key: HeldKey, now: int, *, compromised: bool) -> HeldKey:
    if not is_active(key):
        return key
    return msgspec.structs.replace(key, valid_until=now, compromised_since=now if compromised else None)


def introduce(activity: str, actor: str, document: dict[str, Any], now: int) -> Draft:
    """An actor of ours says its document, newly signed, to everyone."""
    said = activities.update(activity, actor, document, now)
    return Draft(actor, {**said, "to": [identifiers.PUBLIC]}, sign_object=True)


def decide_add(verified: Verified[Activity], facts: Adds, _now: int) -> Decision[Effect]:
    """Somebody put a practice among their own: a coalition a new one, a practice a part of it.

    A coalition's counts for its own origin alone. A part is shown and asked about only where it says so itself, which
    is known once its document is held; so it may be of any origin.
    """
    msg = verified.msg
    practice = msg.object_id
    if practice is None or practice == msg.actor or msg.target != f"{msg.actor}/practices":
        return Decision(Reason.ACCEPTED)  # some other collection: kept and passed on, not understood
    whole = msg.actor == identifiers.node_actor(identifiers.origin(msg.actor))
    if whole and not identifiers.same_origin(practice, msg.actor):
        return Decision(Reason.NOT_OWNER, detail=say("A coalition can only add practices of its own node."))
    need = Need("actor", practice, msg.id)
    if whole:
        return Decision(Reason.ACCEPTED, (HoldSet(practice),), needs=(need,)) if facts.whole else _PASSED
    if not facts.part:
        return _PASSED
    part = PartOf(msg.actor, practice, facts.part)
    return Decision(Reason.ACCEPTED, (part,), needs=(need,) if facts.part == "asked" else ())
