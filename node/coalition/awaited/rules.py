"""People who are expected, and organisations that are noted: what others may say of somebody before they come. Pure.

Nobody is enrolled by others (features.md, D4): who is noted is `invited`. They sign in by nothing, count nowhere, and
coordinators alone see them, until they come by a link of their own. What was noted of them is theirs from then on.
"""

import msgspec

from node.coalition.people.rules import (
    MOST_DAYS,
    SECTORS,
    Invited,
    described,
    open_invitation,
    sign_in_fault,
)
from node.coalition.permissions import ROLES
from node.gate.handler import Decision
from node.sentence import say
from protocol import limits
from protocol.errors import Reason


class Await(msgspec.Struct, frozen=True):
    """Command: this person is expected. practice, role: what they come as; organisation … since: where they are from.

    since is YYYY-MM-DD, or empty if nobody said. sign_in: a suggestion, empty for none.
    """

    id: str
    name: str
    email: str = ""
    sign_in: str = ""
    sector: str = ""
    discipline: str = ""
    help: str = ""
    practice: str = ""
    role: str = ""
    organisation: str = ""
    title: str = ""
    since: str = ""


class Link(msgspec.Struct, frozen=True):
    """One invitation. seal: of its secret."""

    id: str
    seal: bytes
    member: str


class SendFor(msgspec.Struct, frozen=True):
    """Command: each of these people may come by a link of their own; any they had before is worth nothing."""

    links: tuple[Link, ...]
    days: int
    made_by: str


class Come(msgspec.Struct, frozen=True):
    """Command of whoever holds such a link: to be a member from now on. password: its hash."""

    seal: bytes
    member: str
    name: str
    sign_in: str
    email: str
    password: str
    language: str
    time_zone: str


class Unawait(msgspec.Struct, frozen=True):
    """Command: whoever was noted and did not come is forgotten."""

    member: str


class NoteOrganisation(msgspec.Struct, frozen=True):
    """Command: there is this organisation. organisation: its id. place: as it is called."""

    organisation: str
    name: str
    sector: str = ""
    place: str = ""


class RemoveOrganisation(msgspec.Struct, frozen=True):
    """Command: it is none, if it still is what was noted (name, sector, place) and nobody is from there."""

    organisation: str
    was: tuple[str, str, str]


MOST_LINKS = 5_000  # at once: of the largest table
_GONE, _EXPECTED = frozenset({""}), frozenset({"invited"})


class Facts(msgspec.Struct, frozen=True):
    """What a decision here rests on, as far as the command asks.

    states: of the members concerned, "" of one who is not here. taken: the sign-in name or the mail address is
    somebody's. namesakes: how many have the same name. organisation: name, sector, place of one that is here. people:
    how many are or were from there.
    """

    invited: Invited | None = None
    states: frozenset[str] = frozenset()
    taken: str = ""
    namesakes: int = 0
    practice: bool = True
    organisation: tuple[str, str, str] | None = None
    people: int = 0


class Note(msgspec.Struct, frozen=True):
    """The command itself is what is stored. by: the link that was used."""

    by: Invited | None = None


Plan = Decision[Note]
_DONE: Plan = Decision(Reason.ACCEPTED, (Note(),))


def _no(reason: Reason, detail: str) -> Plan:
    return Decision(reason, detail=detail)


def decide_await(command: Await, facts: Facts, _now: int) -> Plan:
    if why := described(command.name, command.email):
        return _no(Reason.INVALID, why)
    if command.sign_in and (why := sign_in_fault(command.sign_in)):
        return _no(Reason.INVALID, why)
    if command.role and command.role not in ROLES:
        return _no(Reason.INVALID, say("There is no such role."))
    if command.role and not command.practice:
        return _no(Reason.INVALID, say("A role is in a practice: say in which."))
    if not facts.practice:
        return _no(Reason.NOT_FOUND, say("There is no such practice on this node."))
    if command.sector and command.sector not in SECTORS:
        return _no(Reason.INVALID, say("There is no such sector."))
    if facts.taken or facts.states != _GONE:
        return _no(Reason.EXISTS, say("They are here already."))
    if facts.namesakes and not command.email and not command.sign_in:
        return _no(Reason.EXISTS, say("Somebody of this name is here already: a mail address would tell them apart."))
    return _DONE


def decide_send_for(command: SendFor, facts: Facts, _now: int) -> Plan:
    if facts.states != _EXPECTED:
        return _no(Reason.NOT_FOUND, say("They are not expected: they came, or were never noted."))
    if not 1 <= command.days <= MOST_DAYS:
        return _no(Reason.INVALID, say("An invitation holds for 1 to {most} days.", most=MOST_DAYS))
    if len(command.links) > MOST_LINKS:
        return _no(Reason.INVALID, say("At most {most} links are made at once.", most=MOST_LINKS))
    return _DONE


def decide_come(command: Come, facts: Facts, now: int) -> Plan:
    if why := open_invitation(facts.invited, now):
        return _no(Reason.GONE, why)
    if facts.invited is None or facts.invited.member != command.member or facts.states != _EXPECTED:
        return _no(Reason.NOT_ALLOWED, say("This link is for somebody else, or for a member who has come already."))
    if why := described(command.name, command.email) or sign_in_fault(command.sign_in):
        return _no(Reason.INVALID, why)
    if facts.taken == "sign_in":
        return _no(Reason.EXISTS, say("Somebody here signs in by that name already: choose another."))
    if facts.taken:
        return _no(Reason.EXISTS, say("Somebody here has that mail address already."))
    return Decision(Reason.ACCEPTED, (Note(facts.invited),))


def decide_unawait(_command: Unawait, facts: Facts, _now: int) -> Plan:
    if facts.states == _EXPECTED:
        return _DONE
    if facts.states & {"active", "suspended"}:
        return _no(Reason.NOT_ALLOWED, say("They came by their own act, so they leave by their own act."))
    return _no(Reason.NOT_FOUND, say("Nobody of that name is expected any more."))


def decide_organisation(command: NoteOrganisation, facts: Facts, _now: int) -> Plan:
    if not command.name.strip():
        return _no(Reason.INVALID, say("An organisation needs a name."))
    if len(command.name) > limits.NAME_CHARACTERS or len(command.place) > limits.NAME_CHARACTERS:
        return _no(Reason.INVALID, say("A name has at most {most} characters.", most=limits.NAME_CHARACTERS))
    if command.sector and command.sector not in SECTORS:
        return _no(Reason.INVALID, say("There is no such sector."))
    if facts.organisation is not None:
        return _no(Reason.EXISTS, say("This organisation is here already."))
    return _DONE


def decide_remove(command: RemoveOrganisation, facts: Facts, _now: int) -> Plan:
    if facts.organisation is None:
        return _no(Reason.NOT_FOUND, say("This organisation is gone already."))
    if facts.people:
        return _no(Reason.NOT_ALLOWED, say("Members are from there, so it stays."))
    if facts.organisation != command.was:
        return _no(Reason.NOT_ALLOWED, say("It was changed since, so it stays."))
    return _DONE
