"""What a seat may be. Pure. It is declared by people; nothing is reckoned about anybody."""

from types import MappingProxyType

import msgspec

from node.coalition.people.rules import SECTORS
from node.folding import fold
from node.gate.handler import Decision
from node.sentence import say, words
from protocol import limits
from protocol.errors import Reason

KINDS = MappingProxyType(
    {
        "organisation": words("Somebody from this organisation"),
        "discipline": words("Somebody of this discipline"),
        "sector": words("Somebody of this sector"),
    }
)
MOST = 50  # of a practice: a table, not a census


class DeclareSeat(msgspec.Struct, frozen=True):
    """Command: somebody like this should be there. name: of an organisation or discipline; a sector's code."""

    id: str
    practice: str
    kind: str
    name: str


class RemoveSeat(msgspec.Struct, frozen=True):
    """Command: it is no matter any more whether somebody like this is there."""

    id: str
    practice: str


class Facts(msgspec.Struct, frozen=True):
    """many: seats of the practice. same: one of them is this. known: the seat of this id is the practice's. practice:
    it is one of ours."""

    many: int = 0
    same: bool = False
    known: bool = False
    practice: bool = True


class Done(msgspec.Struct, frozen=True):
    """The command itself is what is stored."""


Plan = Decision[Done]


def fault(kind: str, name: str) -> str:
    """What is wrong with it, in a sentence; empty if nothing is."""
    if kind not in KINDS:
        return say("A seat is for an organisation, a discipline or a sector.")
    if kind == "sector":
        return "" if name in SECTORS else say("Sectors are: {sectors}.", sectors=", ".join(SECTORS))
    if not fold(name):
        return say("Say which organisation or discipline it is for.")
    if len(name) > limits.NAME_CHARACTERS:
        return say("A name has at most {most} characters.", most=limits.NAME_CHARACTERS)
    return ""


def decide_declare(command: DeclareSeat, facts: Facts, _now: int) -> Plan:
    if not facts.practice:
        return Decision(Reason.NOT_FOUND)
    if why := fault(command.kind, command.name):
        return Decision(Reason.INVALID, detail=why)
    if facts.same:
        return Decision(Reason.EXISTS, detail=say("This seat stands there already."))
    if facts.many >= MOST:
        return Decision(Reason.INVALID, detail=say("A practice has at most {most} seats: remove one first.", most=MOST))
    return Decision(Reason.ACCEPTED, (Done(),))


def decide_remove(_command: RemoveSeat, facts: Facts, _now: int) -> Plan:
    return Decision(Reason.ACCEPTED, (Done(),)) if facts.known else Decision(Reason.NOT_FOUND)
