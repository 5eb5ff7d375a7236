"""Correcting what an organisation is called, and making one of two that are the same. Pure."""

import msgspec

from node.coalition.people.rules import SECTORS
from node.gate.handler import Decision
from node.sentence import say
from protocol import limits
from protocol.errors import Reason


class ChangeOrganisation(msgspec.Struct, frozen=True):
    """Command: it is called so from now on. place: as it is called."""

    organisation: str
    name: str
    sector: str
    place: str


class MergeOrganisations(msgspec.Struct, frozen=True):
    """Command: the first is the second; whoever is or was there, is or was with that one."""

    organisation: str
    into: str


class Facts(msgspec.Struct, frozen=True):
    """here: how many of those that the command names there are. taken: another one is called so."""

    here: int = 0
    taken: bool = False


def decide_change(command: ChangeOrganisation, facts: Facts, _now: int) -> Decision[str]:
    if not facts.here:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such organisation."))
    if not command.name.strip():
        return Decision(Reason.INVALID, detail=say("Say which organisation."))
    if max(len(command.name), len(command.place)) > limits.NAME_CHARACTERS:
        return Decision(
            Reason.INVALID, detail=say("A name has at most {most} characters.", most=limits.NAME_CHARACTERS)
        )
    if command.sector and command.sector not in SECTORS:
        return Decision(Reason.INVALID, detail=say("There is no such sector."))
    if facts.taken:
        return Decision(
            Reason.EXISTS, detail=say("Another organisation is called so: merge the two, if they are the same.")
        )
    return Decision(Reason.ACCEPTED, (command.organisation,))


def decide_merge(command: MergeOrganisations, facts: Facts, _now: int) -> Decision[str]:
    if command.organisation == command.into:
        return Decision(Reason.INVALID, detail=say("An organisation cannot be merged with itself."))
    if facts.here < 2:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such organisation."))
    return Decision(Reason.ACCEPTED, (command.organisation,))
