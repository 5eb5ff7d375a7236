"""Founding the coalition, opening practices, and learning of others' practices. Pure.

A practice belongs to its coalition and has keys of its own. The coalition says so with an Add to its collection of
practices (FEP-400e), so that whoever follows the node follows what it opens later too (protocol section 8).
"""

from typing import Any

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
from protocol.vocabulary.place import Place, build_place


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
    """Command: a practice of this coalition begins. Two activities say so: the practice's own and the coalition's."""

    coalition: str
    actor: str
    slug: str
    name: str
    summary: str
    domain: str
    level: str
    place: str
    keys: Keys
    activity: str
    add: str


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
    """founded: the coalition exists. taken: the practice's address is in use."""

    founded: bool = False
    taken: bool = False
    coalition_name: str = ""


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


_KEYS = ("assertionMethod", "publicKey", "cw:keys", "cw:sequence")  # what a rotation changes of a document


class Described(msgspec.Struct, frozen=True):
    """The coalition is so called from now on."""

    name: str
    place: Place
    about: str
    language: str


Effect = Found | OpenSet | HoldSet | Described


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
        said = _introduce(command.activity, command.actor, document, now)
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
            place=Place(name=command.place.strip()),
        )
        said = _introduce(command.activity, command.actor, document, now)
        target = f"{command.coalition}/practices"
        add = activities.add(command.add, command.coalition, command.actor, target, [identifiers.PUBLIC])
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    return Decision(
        Reason.ACCEPTED, (OpenSet(command.actor),), says=(said, Draft(command.coalition, {**add, "cw:sequence": now}))
    )


def decide_describe(command: DescribeCoalition, present: Present | None, now: int) -> Decision[Effect]:
    if present is None:
        return Decision(Reason.NOT_FOUND, detail=say("This node has no coalition yet."))
    if not command.name.strip():
        return Decision(Reason.INVALID, detail=say("A coalition needs a name."))
    place = msgspec.structs.replace(command.place, name=command.place.name.strip())
    described = {"name": command.name.strip(), "summary": command.about.strip()}
    try:
        actor = actors.read_actor_value(present.document)
        located = {"cw:place": build_place(place)} if place != Place() else {}
        rest = {name: value for name, value in present.document.items() if name not in ("cw:place", "summary")}
        sequence = {"cw:sequence": states.next_sequence(actor.sequence, now)}
        document: dict[str, object] = {**rest, **{k: v for k, v in described.items() if v}, **located, **sequence}
        actors.read_actor_value(document)  # what would not be read is not said
        said = _introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    effect = Described(described["name"], place, described["summary"], command.language)
    return Decision(Reason.ACCEPTED, (effect,), says=(said,))


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
        said = _introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    return Decision(Reason.ACCEPTED, says=(said,))


def _retired(key: HeldKey, now: int, *, compromised: bool) -> HeldKey:
    if not is_active(key):
        return key
    return msgspec.structs.replace(key, valid_until=now, compromised_since=now if compromised else None)


def _introduce(activity: str, actor: str, document: dict[str, object], now: int) -> Draft:
    said = activities.update(activity, actor, document, now)
    return Draft(actor, {**said, "to": [identifiers.PUBLIC]}, sign_object=True)


def decide_add(verified: Verified[Activity], follows_node: bool, _now: int) -> Decision[Effect]:
    """Another coalition opened a practice. It counts for that coalition's own origin alone."""
    msg = verified.msg
    practice = msg.object_id
    if practice is None or msg.target != f"{msg.actor}/practices":
        return Decision(Reason.ACCEPTED)  # some other collection: kept and passed on, not understood
    if not identifiers.same_origin(practice, msg.actor):
        return Decision(Reason.NOT_OWNER, detail=say("A coalition can only add practices of its own node."))
    if not follows_node:
        return Decision(Reason.ACCEPTED)
    return Decision(Reason.ACCEPTED, (HoldSet(practice),), needs=(Need("actor", practice, msg.id),))
