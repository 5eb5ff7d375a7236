"""Who may be asked to coach an adaptation, and when a coach is named. Pure.

A coach is an actor: a practice, or a member who published a profile; for whoever has none their practice answers. They
are asked by an Offer that nobody else reads. A yes is an object of the coach's own, public and signed, which they can
delete again; only with its digest is the adaptation allowed to name them (protocol section 6). A no is told to nobody.
"""

import msgspec

from node.clock import time_ordered_id
from node.gate.handler import Decision, Draft
from node.repertoire import rules as items
from node.repertoire.adapting import crediting
from node.sentence import say
from node.web.forms import is_plain
from protocol import identifiers, states
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.adapting import Coach, Coaching, build_coaching

WORDS = 1_000  # characters of what a coach is asked with
OPEN = 20  # requests of one practice that wait for one coach: more is no asking


class AskCoach(msgspec.Struct, frozen=True):
    """Command: the practice of this adaptation asks an actor to coach it. request: the Offer's id."""

    item: str
    coach: str
    request: str
    words: str


class AnswerCoaching(msgspec.Struct, frozen=True):
    """Command: an actor of ours answers a request. coaching: the id of what a yes publishes."""

    request: str
    yes: bool
    coaching: str
    activity: str


class EndCoaching(msgspec.Struct, frozen=True):
    """Command: an actor of ours takes its word back that it coaches."""

    coaching: str
    activity: str


class DropCoach(msgspec.Struct, frozen=True):
    """Command: an adaptation of ours names its coach no more."""

    item: str
    activity: str


class Person(msgspec.Struct, frozen=True):
    """An actor that is known here. inbox: None if it is ours."""

    id: str
    name: str
    inbox: str | None


class Asking(msgspec.Struct, frozen=True):
    """facts: of the adaptation. coach: None if no such actor is known here. waiting: it was asked, and has not said."""

    facts: items.Facts
    coach: Person | None = None
    waiting: bool = False


class Request(msgspec.Struct, frozen=True):
    """A request as it stands here. practice: who asks. state: asked, accepted, declined."""

    id: str
    practice: str
    coach: str
    adaptation: str
    state: str


class Answering(msgspec.Struct, frozen=True):
    """asker: who gets the answer directly; None if it is one of ours, or not known."""

    request: Request | None = None
    ours: bool = False
    asker: Person | None = None


class Offered(msgspec.Struct, frozen=True):
    """Of an Offer that came. ours: it is for an actor of ours. waiting: how many of this practice wait already."""

    ours: bool = False
    waiting: int = 0


class Word(msgspec.Struct, frozen=True):
    """Of a coach's word. coaching: None where it is taken back; before: what it was then. facts: of the adaptation, if
    it is ours. request: ours to this coach, if there was one.
    """

    coaching: Coaching | None = None
    digest: bytes = b""
    before: Coaching | None = None
    facts: items.Facts | None = None
    request: Request | None = None


class Ending(msgspec.Struct, frozen=True):
    """sequence: of the word as it stands. asker: as of Answering."""

    coaching: Coaching | None = None
    sequence: int = 0
    asker: Person | None = None


class NoteRequest(msgspec.Struct, frozen=True):
    request: Request
    words: str


class NoteState(msgspec.Struct, frozen=True):
    request: str
    state: str


class KeepWord(msgspec.Struct, frozen=True):
    coaching: Coaching
    digest: bytes


class ForgetWord(msgspec.Struct, frozen=True):
    id: str


Effect = NoteRequest | NoteState | KeepWord | ForgetWord


def _no(why: str, reason: Reason = Reason.INVALID) -> Decision[Effect]:
    return Decision(reason, detail=why)


def decide_ask(command: AskCoach, asking: Asking, _now: int) -> Decision[Effect]:
    facts, held, coach = asking.facts, asking.facts.held, asking.coach
    if held is None or facts.practice_domain is None:
        return Decision(Reason.GONE if facts.held_deleted else Reason.NOT_FOUND)
    if held.kind != "adaptation":
        return _no(say("Only an adaptation has a coach."))
    if coach is None:
        return _no(say("Nobody of this address is known here. Follow them first, so that you can ask them."))
    if coach.id == held.attributed_to:
        return _no(say("A practice does not coach itself."))
    if held.coach is not None:
        return _no(say("It names a coach already. Name them no more first."))
    if asking.waiting:
        return _no(say("They were asked already, and have not answered yet."))
    if len(command.words) > WORDS or not is_plain(command.words):
        return _no(say("It has {length} characters; at most {most} fit.", length=len(command.words), most=WORDS))
    request = Request(command.request, held.attributed_to, coach.id, held.id, "asked")
    noted = (NoteRequest(request, command.words.strip()),)
    if coach.inbox is None:
        return Decision(Reason.ACCEPTED, noted)
    offer = activities.offer_coaching(command.request, held.attributed_to, coach.id, held.id, command.words.strip())
    return Decision(Reason.ACCEPTED, noted, says=(Draft(held.attributed_to, offer, (coach.inbox,)),))


def decide_offer(verified: Verified[Activity], offered: Offered, adaptation: str, words: str) -> Decision[Effect]:
    """adaptation, words: what the Offer says."""
    msg = verified.msg
    if not offered.ours or not msg.to:
        return Decision(Reason.NOT_FOUND)
    if not identifiers.same_origin(msg.actor, adaptation):
        return Decision(Reason.NOT_OWNER, detail="A practice asks for an adaptation of its own.")
    if len(words) > WORDS:
        return Decision(Reason.TOO_LARGE)
    if offered.waiting >= OPEN:
        return Decision(Reason.FLOOD, detail="So many requests of yours wait for an answer.")
    request = Request(msg.id, msg.actor, msg.to[0], adaptation, "asked")
    return Decision(Reason.ACCEPTED, (NoteRequest(request, words),))


def decide_answer(command: AnswerCoaching, answering: Answering, now: int) -> Decision[Effect]:
    request = answering.request
    if request is None or not answering.ours:
        return Decision(Reason.NOT_FOUND)
    if request.state != "asked":
        return _no(say("This was answered already."))
    if not command.yes:
        return Decision(Reason.ACCEPTED, (NoteState(request.id, "declined"),))
    made = Coaching(command.coaching, request.coach, request.adaptation)
    document = build_coaching(made, now, states.next_sequence(0, now), [identifiers.PUBLIC])
    said = activities.create(command.activity, request.coach, document, now)
    inbox = answering.asker.inbox if answering.asker else None
    return Decision(
        Reason.ACCEPTED, (NoteState(request.id, "accepted"),),
        says=(Draft(request.coach, said, (inbox,) if inbox else ()),),
    )  # fmt: skip


def decide_word(verified: Verified[Activity], word: Word, now: int) -> Decision[Effect]:
    """A coach's word came, or was taken back. The adaptation, if it is ours, says so with its next state."""
    msg = verified.msg
    if word.coaching is None:
        gone = (ForgetWord(msg.object_id or ""),)
        return Decision(Reason.ACCEPTED, gone, says=_named(verified, word, None, now))
    made = word.coaching
    if made.coach != msg.actor:
        return Decision(Reason.NOT_OWNER)
    if activities.audience(msg) != "public":
        return Decision(Reason.ACCEPTED)  # a word that is not for everyone names nobody to everyone
    kept: tuple[Effect, ...] = (KeepWord(made, word.digest),)
    if word.request is None:
        return Decision(Reason.ACCEPTED, kept)  # nobody asked: whoever says so by themselves is not named
    coach = Coach(made.coach, made.id, word.digest)
    return Decision(
        Reason.ACCEPTED, (*kept, NoteState(word.request.id, "accepted")), says=_named(verified, word, coach, now)
    )


def _named(verified: Verified[Activity], word: Word, coach: Coach | None, now: int) -> tuple[Draft, ...]:
    """The next state of an adaptation of ours, which names this coach, or no more the one whose word is gone."""
    facts = word.facts
    if facts is None or facts.held is None or facts.practice_domain is None:
        return ()
    before = facts.held.coach
    if coach is None and (before is None or before.consent != verified.msg.object_id):
        return ()
    if coach == before:
        return ()
    # The id is made of the digest, so that the rule stays pure.
    fresh = time_ordered_id(now, int.from_bytes(verified.digest[:9], "big"))
    activity = identifiers.origin(facts.held.attributed_to).at(f"/activities/{fresh}")
    item = msgspec.structs.replace(
        facts.held, coach=coach, earlier=crediting.earlier(facts.held, facts.digest, facts.relied)
    )
    return items.restate(activity, item, facts, facts.held, now).says


def decide_end(command: EndCoaching, ending: Ending, now: int) -> Decision[Effect]:
    made = ending.coaching
    if made is None:
        return Decision(Reason.NOT_FOUND)
    sequence = states.next_sequence(ending.sequence, now)
    said = activities.delete(
        command.activity, made.coach, made.id, "cw:Coaching", sequence, [identifiers.PUBLIC], published=now
    )
    inbox = ending.asker.inbox if ending.asker else None
    return Decision(Reason.ACCEPTED, says=(Draft(made.coach, said, (inbox,) if inbox else ()),))


def decide_drop(command: DropCoach, facts: items.Facts, now: int) -> Decision[items.Effect]:
    held = facts.held
    if held is None or facts.practice_domain is None:
        return Decision(Reason.GONE if facts.held_deleted else Reason.NOT_FOUND)
    if held.coach is None:
        return Decision(Reason.INVALID, detail=say("It names no coach."))
    item = msgspec.structs.replace(held, coach=None, earlier=crediting.earlier(held, facts.digest, facts.relied))
    return items.restate(command.activity, item, facts, held, now)
