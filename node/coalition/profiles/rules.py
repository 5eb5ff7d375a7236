"""Publishing a profile, changing it, and taking it back. Pure.

A person has an address only while they want one: `/people/{name}`, a Person with keys of its own (protocol section 1).
It shows what the member chose and nothing else. What was taken back is gone for good: its address is never used again,
for others may have kept what it said under that name.
"""

from types import MappingProxyType

import msgspec

from node.coalition.rules import Keys
from node.gate.handler import Decision, Draft
from node.sentence import say, words
from protocol import identifiers, states
from protocol.errors import ProtocolError, Reason
from protocol.limits import TEXT_CHARACTERS
from protocol.vocabulary import activities, actors

# What may be shown beside the name, in this order.
SHOWABLE = MappingProxyType(
    {
        "discipline": words("Discipline"),
        "help": words("Can help with"),
        "organisations": words("Organisations"),
        "roles": words("Practices and roles"),
    }
)


class PublishProfile(msgspec.Struct, frozen=True):
    """Command of a member: this is what everybody may see of them. shows: of SHOWABLE; summary: what it comes to."""

    member: str
    actor: str
    handle: str
    coalition: str
    name: str
    summary: str
    shows: tuple[str, ...]
    keys: Keys
    activity: str


class TakeBackProfile(msgspec.Struct, frozen=True):
    """Command of a member: nobody sees anything of them any more."""

    member: str
    activity: str


class Facts(msgspec.Struct, frozen=True):
    """profile: the member's actor, if they have one. sequence: its present. taken: the address is or was in use."""

    active: bool = False
    profile: str = ""
    sequence: int = 0
    taken: bool = False


class Shown(msgspec.Struct, frozen=True):
    """The command's profile is shown. first: it is new, and its set begins."""

    first: bool


class Hidden(msgspec.Struct, frozen=True):
    pass


Effect = Shown | Hidden


def taken(handle: str) -> str:
    return say("The address “{handle}” is or was in use: choose another.", handle=handle)


def decide_publish(command: PublishProfile, facts: Facts, now: int) -> Decision[Effect]:
    if not facts.active:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such member."))
    if facts.profile and facts.profile != command.actor:
        return Decision(Reason.EXISTS, detail=say("You have a profile already; its address stays as it is."))
    if not facts.profile and facts.taken:
        return Decision(Reason.EXISTS, detail=taken(command.handle))
    if not set(command.shows) <= set(SHOWABLE):
        return Decision(Reason.INVALID, detail=say("There is no such detail to show."))
    if len(command.summary) > TEXT_CHARACTERS:
        return Decision(Reason.INVALID, detail=say("This is too long to be shown."))
    try:
        document = actors.build_actor(
            id=command.actor,
            type="Person",
            name=command.name,
            preferred_username=command.handle,
            summary=command.summary,
            keys=[command.keys.ed25519],
            rsa=command.keys.rsa,
            root=command.keys.root,
            sequence=states.next_sequence(facts.sequence, now),
            attributed_to=command.coalition,
        )
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    said = {**activities.update(command.activity, command.actor, document, now), "to": [identifiers.PUBLIC]}
    return Decision(
        Reason.ACCEPTED, (Shown(first=not facts.profile),), says=(Draft(command.actor, said, sign_object=True),)
    )


def decide_take_back(command: TakeBackProfile, facts: Facts, now: int) -> Decision[Effect]:
    if not facts.profile:
        return Decision(Reason.NOT_FOUND, detail=say("You have no profile that others see."))
    return Decision(Reason.ACCEPTED, (Hidden(),), says=(farewell(facts, command.activity, now),))


def farewell(facts: Facts, activity: str, now: int) -> Draft:
    """What tells whoever knows the profile that it is gone."""
    sequence = states.next_sequence(facts.sequence, now)
    said = activities.delete(
        activity, facts.profile, facts.profile, "Person", sequence, [identifiers.PUBLIC], published=now
    )
    return Draft(facts.profile, said)


def handle_of(name: str) -> str:
    """An address to begin with, from a name as people write it; empty if nothing of it can stand in one."""
    kept = "".join(each if each.isascii() and each.isalnum() else "-" for each in name.lower())
    return "-".join(part for part in kept.split("-") if part)[:64].strip("-")
