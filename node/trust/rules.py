"""What may be said about whom, and what of all that was said counts. Pure.

A statement is its issuer's object; for each (issuer, subject, domain, kind) the highest order counts, and `none` also
ends what the same issuer said before for domains below its own (protocol section 6, Trust register). What came in a
form that cannot count is kept with the reason, for people to see, and counts for nothing. What is kept at home is never
signed and never leaves.
"""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from node.gate.handler import Decision, Draft, Need
from node.gate.passing_on import pass_on
from node.sentence import Sentence, say, words
from node.web.forms import is_plain
from protocol import identifiers, states
from protocol.errors import ProtocolError, Reason
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.place import check_domain
from protocol.vocabulary.trust import (
    CONCERN,
    EVERYTHING,
    LEVELS,
    LONGEST,
    STATEMENT,
    Kind,
    Statement,
    build_statement,
    covers,
    read_statement,
)

GROUNDS = 2_000  # characters of what a statement or a concern says
LINKS = 20  # that one of ours rests on
A_PAIR = 200  # statements of one issuer about one subject: more is nothing that a person says
MEMBER = "member:"  # before the id of a member who says something at home
SUBJECTS = ("Organization", "Group", "Person")

Order = tuple[int, bytes]  # sequence, digest: later ones compare greater
Audience = Literal["public", "home"]


class StateTrust(msgspec.Struct, frozen=True, kw_only=True):
    """Command: an actor of ours, or a member at home, says how far it trusts a subject, or a concern about it.

    object, activity: the ids it gets if it is said anew and to others. until: ms.
    """

    kind: Kind
    issuer: str
    subject: str
    domain: str
    level: str = ""
    since: str = ""
    grounds: str = ""
    links: tuple[str, ...] = ()
    until: int
    audience: Audience
    object: str
    activity: str

    @property
    def own(self) -> bool:
        """A member says it, for themselves."""
        return False


class StateOwn(StateTrust, frozen=True, kw_only=True):
    """Command: the same, of a member: at home as `member:` and their id, or by their published profile."""

    @property
    def own(self) -> bool:
        return True


class TakeBack(msgspec.Struct, frozen=True):
    """Command: what one of ours said is said no more. id, issuer: of the statement."""

    id: str
    issuer: str
    activity: str


class TakeBackOwn(TakeBack, frozen=True):
    """Command: the same, of a member."""


class Known(msgspec.Struct, frozen=True):
    """An actor as held here. key: multibase of its active key, blank if it has none that can be named. inbox: None if
    it is ours. gone: it took itself back."""

    id: str
    type: str
    name: str
    key: str = ""
    inbox: str | None = None
    gone: bool = False


class Held(msgspec.Struct, frozen=True):
    """A statement of one of ours as it stands."""

    id: str
    sequence: int
    home: bool


class Stating(msgspec.Struct, frozen=True):
    """Facts. speaks: the issuer may sign here (an actor of ours, not gone), or is a member. last: the highest sequence
    of what this issuer said of this subject. held: in the same register."""

    speaks: bool = False
    subject: Known | None = None
    held: Held | None = None
    last: int = 0


class Taking(msgspec.Struct, frozen=True):
    held: Held | None = None
    kind: str = STATEMENT
    inbox: str | None = None


class Heard(msgspec.Struct, frozen=True):
    """Of what came. known: its subject is. many: so many are held of this pair. announcer: our coalition, if it is to
    pass this on; announced: when it last did."""

    known: bool = False
    many: int = 0
    announcer: str = ""
    announced: int = 0


class Keep(msgspec.Struct, frozen=True):
    """A statement as it stands now. fault: why its form cannot count; the rest is then what could be read of it."""

    statement: Statement
    home: bool = False
    fault: str = ""
    passed: int = 0


class Forget(msgspec.Struct, frozen=True):
    """It was taken back: nothing of what it said stays."""

    id: str
    issuer: str


Effect = Keep | Forget


# What arrives, from others and from ourselves


def decide_said(
    verified: Verified[Activity], heard: Heard, document: dict[str, object] | None, now: int
) -> Decision[Effect]:
    """A statement or a concern came, or was taken back. document: the object as it was signed, None for a Delete."""
    msg = verified.msg
    announcers = [(heard.announcer, heard.announced)] if heard.announcer else []
    if document is None:
        passed = pass_on(verified, announcers, now) if heard.announced else ()
        return Decision(Reason.ACCEPTED, (Forget(msg.object_id or "", msg.actor),), passed)
    if activities.audience(msg) != "public":
        return Decision(Reason.ACCEPTED)  # protocol section 6: public, or kept at home
    if heard.many >= A_PAIR:
        return Decision(Reason.FLOOD, detail="So many statements about this subject are held of you.")
    try:
        made = read_statement(document)
    except ProtocolError as error:
        blank = Statement(
            id=msg.object_id or "", kind=CONCERN if document.get("type") == CONCERN else STATEMENT, issuer=msg.actor,
            subject=_named(document), domain="", end=0,
        )  # fmt: skip
        return Decision(Reason.ACCEPTED, (Keep(blank, fault=error.detail),))
    needs = () if heard.known else (Need("actor", made.subject, msg.id),)
    kept = Keep(made, passed=max(now, heard.announced + 1) if announcers else 0)
    return Decision(Reason.ACCEPTED, (kept,), pass_on(verified, announcers, now), needs)


def _named(document: dict[str, object]) -> str:
    subject = document.get("object")
    return subject if isinstance(subject, str) and len(subject) <= 2_000 else ""


# What our own people do


def _no(why: str) -> Decision[Effect]:
    return Decision(Reason.INVALID, detail=why)


def decide_state(command: StateTrust, facts: Stating, now: int) -> Decision[Effect]:
    subject = facts.subject
    if not facts.speaks:
        return Decision(Reason.NOT_FOUND, detail=say("Nobody of this address speaks from here."))
    if subject is None or subject.gone:
        return _no(say("Nobody of this address is known here. Follow them first, so that you can speak of them."))
    if subject.id == command.issuer:
        return _no(say("Nobody makes a trust statement about themselves."))
    if subject.type not in SUBJECTS:
        return _no(say("A trust statement is about a coalition, a practice or a person."))
    if not subject.key:
        return _no(say("They have no key by which a statement could name them: their software is of another kind."))
    fault = _fault(command, now)
    if fault:
        return _no(fault)
    held = facts.held
    home = command.audience == "home"
    if held is not None and held.home != home:
        return _no(say("You said this before to others. Take it back first.") if home else
                   say("You said this before at home. Take it back first."))  # fmt: skip
    made = Statement(
        id=held.id if held else command.object, kind=command.kind, issuer=command.issuer, subject=subject.id,
        domain=command.domain, end=command.until, level=command.level, subject_key=subject.key,
        grounds=command.grounds.strip(), links=command.links, since=command.since, start=now,
        sequence=states.next_sequence(facts.last, now),
    )  # fmt: skip
    if home:
        return Decision(Reason.ACCEPTED, (Keep(made, home=True),))
    document = build_statement(made, now, [identifiers.PUBLIC])
    try:
        read_statement(document)
        build = activities.update if held else activities.create
        said = build(command.activity, made.issuer, document, now)
    except ProtocolError as error:
        return _no(error.detail)
    return Decision(Reason.ACCEPTED, says=(Draft(made.issuer, said, (subject.inbox,) if subject.inbox else ()),))


def _fault(command: StateTrust, now: int) -> str:
    if command.kind == STATEMENT and command.level not in LEVELS:
        return say("Please choose how far you trust them.")
    if command.kind == CONCERN and not command.grounds.strip():
        return say("Say what concerns you.")
    if command.domain != EVERYTHING:
        try:
            check_domain(command.domain)
        except ProtocolError:
            return say("Please choose what it is for.")
    if len(command.grounds) > GROUNDS or not is_plain(command.grounds):
        return say("This has {length} characters; at most {most} fit.", length=len(command.grounds), most=GROUNDS)
    if len(command.links) > LINKS or not all(identifiers.is_safe_link(link) for link in command.links):
        return say("Links are web addresses, at most {most} of them.", most=LINKS)
    if not now < command.until <= now + LONGEST:
        return say("It ends after today, and at most a year from now: trust is renewed, or it lapses.")
    return ""


def decide_take_back(command: TakeBack, facts: Taking, now: int) -> Decision[Effect]:
    held = facts.held
    if held is None:
        return Decision(Reason.NOT_FOUND)
    if held.home:
        return Decision(Reason.ACCEPTED, (Forget(command.id, command.issuer),))
    said = activities.delete(
        command.activity, command.issuer, command.id, facts.kind, states.next_sequence(held.sequence, now),
        [identifiers.PUBLIC], published=now,
    )  # fmt: skip
    return Decision(Reason.ACCEPTED, says=(Draft(command.issuer, said, (facts.inbox,) if facts.inbox else ()),))


# What counts


class Stated(msgspec.Struct, frozen=True):
    """What counts or not of one statement. fits: its key is in its subject's history; None: the subject is not known.
    heard: its issuer is there still."""

    key: int
    kind: str
    domain: str
    level: str
    start: int
    end: int
    order: Order
    fault: str = ""
    fits: bool | None = True
    heard: bool = True


State = Literal["counts", "early", "lapsed", "superseded", "ended", "none", "malformed", "unknown", "key", "left"]

STATES: dict[State, Sentence] = {
    "counts": words("counts"),
    "early": words("not begun yet"),
    "lapsed": words("lapsed: its end has passed, and nobody renewed it"),
    "superseded": words("its author said otherwise since"),
    "ended": words("ended: its author said “no trust” since, here or for all around it"),
    "none": words("no trust: it ends what its author said before, and counts for nothing"),
    "malformed": words("not in a form that can count"),
    "unknown": words("waits: whom it is about is not known here yet"),
    "key": words("names a key that its subject never had"),
    "left": words("its author is gone"),
}


def standing(group: Iterable[Stated]) -> list[tuple[Stated, State]]:
    """What one issuer said of one subject, each with what it is good for, whatever the time.

    The order in which they are given, and how often, makes no difference: a merge by the highest order.
    """
    found = list({each.key: each for each in group}.values())
    usable = [each for each in found if not each.fault and each.fits and each.heard]
    return [(each, _standing(each, usable)) for each in found]


def _standing(each: Stated, usable: Sequence[Stated]) -> State:
    if each.fault:
        return "malformed"
    if not each.heard:
        return "left"
    if each.kind == STATEMENT and not each.fits:
        return "unknown" if each.fits is None else "key"
    later = [other for other in usable if other.kind == each.kind and other.order > each.order]
    if any(other.domain == each.domain for other in later):
        return "superseded"
    if any(other.level == "none" and covers(other.domain, each.domain) for other in later):
        return "ended"
    return "none" if each.level == "none" else "counts"


def at(state: State, start: int, end: int, now: int) -> State:
    """The same at a time: a lapse needs no job to be true."""
    if state not in ("counts", "none"):
        return state
    return "lapsed" if end <= now else "early" if start > now else state
