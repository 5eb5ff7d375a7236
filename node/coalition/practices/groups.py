"""Groups that are not on the network, as members of ours know them. Pure.

They are noted so that whoever looks for their place finds them too, and marked plainly as having no node. Nothing of
them is federated: they are not ours to speak for. Once one is here, its note is claimed, and it is found as itself.
"""

import msgspec

from node.coalition.practices.commands import ClaimGroup, ForgetGroup, Group, NoteGroup
from node.gate.handler import Decision
from node.sentence import say, words
from protocol import identifiers, limits
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.place import check_domain, check_level, check_place

KINDS = {
    "coalition": words("Coalition"),
    "association": words("Association"),
    "partnership": words("Partnership"),
    "alliance": words("Alliance"),
    "network": words("Network"),
    "programme": words("Programme"),
    "other": words("Another kind of group"),
}
NOTE_CHARACTERS = 1_000
MOST = 5_000  # notes of one node: a directory by hand, not a crawl


class Facts(msgspec.Struct, frozen=True):
    """known: the group is noted. many: how many are. actor: what it is claimed to be is known here."""

    known: bool = False
    many: int = 0
    actor: bool = False


class Done(msgspec.Struct, frozen=True):
    """The command itself is what is stored."""


Plan = Decision[Done]
_DONE: Plan = Decision(Reason.ACCEPTED, (Done(),))
_UNKNOWN: Plan = Decision(Reason.NOT_FOUND, detail=say("There is no such group here."))


def fault(group: Group) -> str:
    """What is wrong with it, in a sentence; empty if nothing is."""
    if not group.name.strip():
        return say("A group needs a name.")
    if len(group.name) > limits.NAME_CHARACTERS:
        return say("A name has at most {most} characters.", most=limits.NAME_CHARACTERS)
    if group.kind not in KINDS:
        return say("“{kind}” is no kind of group. Kinds are: {kinds}.", kind=group.kind[:60], kinds=", ".join(KINDS))
    if len(group.note) > NOTE_CHARACTERS:
        return say("A note has at most {most} characters.", most=NOTE_CHARACTERS)
    if group.url and not (len(group.url) <= limits.ID_CHARACTERS and identifiers.is_safe_link(group.url)):
        return say("A web address begins with https:// or http://.")
    try:
        check_domain(group.domain)
        check_level(group.level)
        check_place(group.place)
    except ProtocolError as error:
        return error.detail
    return ""


def decide_note(command: NoteGroup, facts: Facts, _now: int) -> Plan:
    if why := fault(command.group):
        return Decision(Reason.INVALID, detail=why)
    if not command.new and not facts.known:
        return _UNKNOWN
    if command.new and facts.many >= MOST:
        return Decision(Reason.INVALID, detail=say("At most {most} groups are noted here.", most=MOST))
    return _DONE


def decide_claim(command: ClaimGroup, facts: Facts, _now: int) -> Plan:
    if not facts.known:
        return _UNKNOWN
    if command.actor and not facts.actor:
        return Decision(Reason.INVALID, detail=say("Choose a practice that is known here."))
    return _DONE


def decide_forget(_command: ForgetGroup, facts: Facts, _now: int) -> Plan:
    return _DONE if facts.known else _UNKNOWN
