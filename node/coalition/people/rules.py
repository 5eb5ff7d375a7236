"""Joining, signing in, being described, suspended, leaving. Pure.

Nobody is enrolled by others: a member comes by a link that somebody gave them, and leaves by their own act
(features.md, D4). A link's right is in its secret, which is kept nowhere; here it is known by its seal.
"""

import re
from typing import Any

import msgspec

from node.coalition.people.commands import (
    Affiliate,
    Begin,
    DescribeMember,
    EndAffiliation,
    EndRole,
    GiveRole,
    Join,
    JoinPractice,
    Leave,
    LeavePractice,
    MakeInvitation,
    MakeRecovery,
    MakeToken,
    Recover,
    Suspend,
)
from node.coalition.permissions import ROLES
from node.coalition.profiles import rules as profiles
from node.gate.handler import Decision
from node.mail import is_address
from node.sentence import say, words
from protocol import limits
from protocol.errors import Reason

DAY = 24 * 3_600_000
MOST_DAYS, MOST_USES = 90, 500  # of an invitation: a room full of people, a season to come
RECOVERY = DAY  # ms
PASSWORD_LEAST = 10  # characters; length is what counts (NIST SP 800-63B section 3.1.1.2)
PASSWORD_MOST = 200
SECTORS = {
    "public": words("Public sector"),
    "private": words("Private sector"),
    "nonprofit": words("Nonprofit sector"),
}
_SIGN_IN = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,38}[a-z0-9])?", re.ASCII)


class Invited(msgspec.Struct, frozen=True):
    """What an invitation stands for. left: how many may still come; expires in ms."""

    id: str
    practice: str
    role: str
    member: str
    left: int
    expires: int


FIRST = Invited("", "", "coordinator", "", 1, 0)  # whoever comes by the machine's own link


class Facts(msgspec.Struct, frozen=True):
    """What a decision here rests on: as far as the command asks.

    member: its state, empty if there is none. taken: somebody else signs in by that name or has that address. roles:
    (practice, role) that are open. coordinators: how many coordinate what the command is about. begun: there is or
    was a member here.
    """

    invited: Invited | None = None
    member: str = ""
    taken: str = ""
    practice: bool = True
    roles: frozenset[tuple[str, str]] = frozenset()
    coordinators: int = 0
    affiliation: str | None = None
    begun: bool = False
    profile: profiles.Facts | None = None


class Note(msgspec.Struct, frozen=True):
    """The command itself is what is stored. by: the invitation that was used."""

    by: Invited | None = None


Plan = Decision[Note]
_DONE: Plan = Decision(Reason.ACCEPTED, (Note(),))


def _no(reason: Reason, detail: str) -> Plan:
    return Decision(reason, detail=detail)


_NOBODY = _no(Reason.NOT_FOUND, say("There is no such member."))
_NO_PRACTICE = _no(Reason.NOT_FOUND, say("There is no such practice on this node."))
_NO_ROLE = _no(Reason.INVALID, say("There is no such role."))
_NO_SECTOR = _no(Reason.INVALID, say("There is no such sector."))
_ADDRESS_TAKEN = _no(Reason.EXISTS, say("Somebody here has that mail address already."))
_LAST = _no(Reason.NOT_ALLOWED, say("They are the only coordinator: give somebody else that role first."))


def _is_last(facts: Facts) -> bool:
    """Nobody else coordinates the coalition."""
    return ("", "coordinator") in facts.roles and facts.coordinators < 2


def sign_in_name(text: str) -> str:
    """As it is compared: small letters."""
    return text.strip().lower()


def password_fault(password: str, *known: str) -> str:
    """Why it is no good, in a sentence. known: what others know of them."""
    if len(password) < PASSWORD_LEAST:
        return say(
            "A password has at least {least} characters; several words are easy to remember.", least=PASSWORD_LEAST
        )
    if len(password) > PASSWORD_MOST:
        return say("A password has at most {most} characters.", most=PASSWORD_MOST)
    if len(set(password)) < 4 or password.lower() in {word.lower() for word in known if word}:
        return say("This password is guessed at once: take another.")
    return ""


def described(name: str, email: str) -> str:
    """Why nobody can be described so, in a sentence; empty if they can."""
    if not name.strip():
        return say("Say the name by which others know you.")
    if len(name) > limits.NAME_CHARACTERS:
        return say("A name has at most {most} characters.", most=limits.NAME_CHARACTERS)
    if email and not is_address(email):
        return say("“{address}” is no mail address.", address=email[:60])
    return ""


def sign_in_fault(name: str) -> str:
    """Why nobody can sign in by it, in a sentence; empty if somebody can."""
    if _SIGN_IN.fullmatch(name):
        return ""
    return say("A sign-in name has small letters, digits, dots and hyphens, at most 40.")


def decide_invite(command: MakeInvitation, facts: Facts, _now: int) -> Plan:
    if command.role not in ROLES:
        return _NO_ROLE
    if not facts.practice:
        return _NO_PRACTICE
    if not 1 <= command.days <= MOST_DAYS:
        return _no(Reason.INVALID, say("An invitation holds for 1 to {most} days.", most=MOST_DAYS))
    if not 1 <= command.uses <= MOST_USES:
        return _no(Reason.INVALID, say("An invitation is for 1 to {most} people.", most=MOST_USES))
    return _DONE


def decide_plainly(_command: Any, _facts: Facts, _now: int) -> Plan:
    """Where to be allowed to is all it takes; what is gone already stays gone."""
    return _DONE


def decide_of_member(_command: Any, facts: Facts, _now: int) -> Plan:
    """Where there must be somebody."""
    return _DONE if facts.member in ("active", "suspended") else _NOBODY


def decide_recovery(command: MakeRecovery, facts: Facts, now: int) -> Plan:
    """Never for oneself: a token that is not good for one's own credentials would be, by this way."""
    if command.made_by and command.made_by == command.member:
        why = say("Another coordinator, or the machine's operator, does this for you.")
        return Decision(Reason.NOT_ALLOWED, detail=why)
    return decide_of_member(command, facts, now)


def open_invitation(invited: Invited | None, now: int) -> str:
    """Why nobody can come by it, in a sentence; empty if they can."""
    if invited is None:
        return say("This link is not known here. Ask whoever gave it to you for a new one.")
    if invited.expires <= now:
        return say("This link has expired. Ask whoever gave it to you for a new one.")
    if invited.left < 1:
        return say("This link has been used already. Ask whoever gave it to you for a new one.")
    return ""


def decide_join(command: Join, facts: Facts, now: int) -> Plan:
    if why := open_invitation(facts.invited, now):
        return _no(Reason.GONE, why)
    if facts.invited is None or facts.invited.member:
        return _no(Reason.NOT_ALLOWED, say("This link is for somebody who is a member already."))
    return _welcome(command, facts) or Decision(Reason.ACCEPTED, (Note(facts.invited),))


def decide_begin(command: Begin, facts: Facts, _now: int) -> Plan:
    """Once: a second one is invited by the first."""
    if facts.begun:
        return _no(Reason.GONE, say("This coalition has begun: its coordinators invite whoever comes next."))
    return _welcome(command, facts) or Decision(Reason.ACCEPTED, (Note(FIRST),))


def _welcome(command: Join | Begin, facts: Facts) -> Plan | None:
    """Why they cannot come so; None if they can."""
    if why := described(command.name, command.email) or sign_in_fault(command.sign_in):
        return _no(Reason.INVALID, why)
    if facts.taken == "sign_in":
        return _no(Reason.EXISTS, say("Somebody here signs in by that name already: choose another."))
    if facts.taken:
        return _ADDRESS_TAKEN
    return None


def decide_recover(_command: Recover, facts: Facts, now: int) -> Plan:
    if why := open_invitation(facts.invited, now):
        return _no(Reason.GONE, why)
    if facts.invited is None or not facts.invited.member or facts.member != "active":
        return _no(Reason.NOT_ALLOWED, say("This link gives nobody a new password."))
    return Decision(Reason.ACCEPTED, (Note(facts.invited),))


def decide_describe(command: DescribeMember, facts: Facts, _now: int) -> Plan:
    if why := described(command.name, command.email):
        return _no(Reason.INVALID, why)
    if facts.taken:
        return _ADDRESS_TAKEN
    if command.sector and command.sector not in SECTORS:
        return _NO_SECTOR
    return _DONE


def decide_token(command: MakeToken, _facts: Facts, _now: int) -> Plan:
    if not command.name.strip():
        return _no(Reason.INVALID, say("Give the token a name by which you will know it."))
    if not command.scopes:
        return _no(Reason.INVALID, say("Say what the token is good for."))
    if not 1 <= command.days <= 366:
        return _no(Reason.INVALID, say("A token holds for 1 to 366 days."))
    return _DONE


def decide_suspend(_command: Suspend, facts: Facts, _now: int) -> Plan:
    if facts.member != "active":
        return _NOBODY
    if _is_last(facts):
        return _LAST
    return _DONE


def decide_leave(command: Leave, facts: Facts, now: int) -> Plan:
    if facts.member != "active":
        return _NOBODY
    if _is_last(facts):
        return _no(
            Reason.NOT_ALLOWED,
            say("You are the coalition's only coordinator: give somebody else that role, then you can leave."),
        )
    if facts.profile is not None and facts.profile.profile:
        return Decision(Reason.ACCEPTED, (Note(),), says=(profiles.farewell(facts.profile, command.activity, now),))
    return _DONE


def decide_role(command: GiveRole, facts: Facts, _now: int) -> Plan:
    if command.role not in ROLES:
        return _NO_ROLE
    if facts.member != "active":
        return _NOBODY
    if not facts.practice:
        return _NO_PRACTICE
    if (command.practice, command.role) in facts.roles:
        return _no(Reason.EXISTS, say("They have that role already."))
    if command.practice and not any(practice == command.practice for practice, _ in facts.roles):
        return _no(Reason.NOT_ALLOWED, say("They do not belong to this practice: they join by their own act first."))
    return _DONE


def decide_end_role(command: EndRole, facts: Facts, _now: int) -> Plan:
    if (command.practice, command.role) not in facts.roles:
        return _no(Reason.NOT_FOUND, say("They do not have that role."))
    if command.role == "coordinator" and not command.practice and facts.coordinators < 2:
        return _LAST
    return _DONE


def decide_join_practice(command: JoinPractice, facts: Facts, _now: int) -> Plan:
    if not facts.practice:
        return _NO_PRACTICE
    if any(practice == command.practice for practice, _ in facts.roles):
        return _no(Reason.EXISTS, say("You belong to it already."))
    return _DONE


def decide_leave_practice(command: LeavePractice, facts: Facts, _now: int) -> Plan:
    if not any(practice == command.practice for practice, _ in facts.roles):
        return _no(Reason.NOT_FOUND, say("You do not belong to it."))
    return _DONE


def decide_affiliate(command: Affiliate, _facts: Facts, _now: int) -> Plan:
    if not command.organisation.strip():
        return _no(Reason.INVALID, say("Say which organisation."))
    if command.sector and command.sector not in SECTORS:
        return _NO_SECTOR
    return _DONE


def decide_end_affiliation(command: EndAffiliation, facts: Facts, _now: int) -> Plan:
    if facts.affiliation is None:
        return _no(Reason.NOT_FOUND, say("You are not with that organisation, or not any more."))
    if command.until < facts.affiliation:
        return _no(Reason.INVALID, say("It cannot end before it began."))
    return _DONE
