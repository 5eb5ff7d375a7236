"""Who may be asked to coach and who is named, as tables; and what a forged word comes to."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from node.repertoire.coaching import store
from node.repertoire.coaching.rules import (
    OPEN,
    WORDS,
    AnswerCoaching,
    Answering,
    AskCoach,
    Asking,
    DropCoach,
    EndCoaching,
    Ending,
    KeepWord,
    NoteRequest,
    NoteState,
    Offered,
    Person,
    Request,
    Word,
    decide_answer,
    decide_ask,
    decide_drop,
    decide_end,
    decide_offer,
    decide_word,
)
from node.repertoire.rules import Facts, Original
from protocol import canonical
from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities, adapting
from protocol.vocabulary.adapting import Coach, Coaching
from protocol.vocabulary.repertoire import Item, Reference
from tests.gate.kit import HIGH_POINT, INKSTER, START, Door, activity_id, create, delete, door, item, verified

NOW = START + 1_000
ORIGINAL = item(INKSTER)
MADE = item(HIGH_POINT, 2, kind="adaptation", adapted_from=(Reference(ORIGINAL.id, bytes(32)),))
FACTS = Facts(
    practice_domain="housing", held=MADE, digest=bytes(32),
    originals=(Original(ORIGINAL.id, bytes(32), INKSTER.inbox),),
)  # fmt: skip
REMOTE = Person(INKSTER.id, "Inkster", INKSTER.inbox)
LOCAL = Person(f"{HIGH_POINT.id}-other", "Another", None)
ID, WORD = activity_id(HIGH_POINT, 60), f"{INKSTER.server.origin}/coachings/1"
NAMED = Coach(INKSTER.id, WORD, bytes(32))
OFFER = activities.offer_coaching(activity_id(INKSTER, 61), INKSTER.id, HIGH_POINT.id, ORIGINAL.id, "Two calls?")


def of(**changes: Any) -> Facts:
    return msgspec.structs.replace(FACTS, held=msgspec.structs.replace(MADE, **changes))


ASKED = {
    "a practice elsewhere": (Asking(FACTS, REMOTE), "", Reason.ACCEPTED),
    "one at home": (Asking(FACTS, LOCAL), "Please.", Reason.ACCEPTED),
    "nobody": (Asking(FACTS, None), "", Reason.INVALID),
    "oneself": (Asking(FACTS, Person(HIGH_POINT.id, "", None)), "", Reason.INVALID),
    "somebody who was asked": (Asking(FACTS, REMOTE, waiting=True), "", Reason.INVALID),
    "a second one": (Asking(of(coach=NAMED), LOCAL), "", Reason.INVALID),
    "for what is no adaptation": (Asking(of(kind="method"), REMOTE), "", Reason.INVALID),
    "with a novel": (Asking(FACTS, REMOTE), "x" * (WORDS + 1), Reason.INVALID),
    "with a control character": (Asking(FACTS, REMOTE), "\x00", Reason.INVALID),
    "for another's": (Asking(Facts(held=MADE), REMOTE), "", Reason.NOT_FOUND),
    "for what was withdrawn": (Asking(Facts(held_deleted=True), REMOTE), "", Reason.GONE),
}


@pytest.mark.parametrize("name", ASKED)
def test_who_may_be_asked(name: str) -> None:
    asking, words, reason = ASKED[name]
    decision = decide_ask(AskCoach(MADE.id, "x", ID, words), asking, NOW)
    assert decision.reason is reason, decision.detail
    if reason is Reason.ACCEPTED:
        coach = asking.coach
        assert coach is not None
        assert decision.effects == (
            NoteRequest(Request(ID, HIGH_POINT.id, coach.id, MADE.id, "asked"), words),
        )  # fmt: skip
        assert [(draft.deliver, draft.document["to"]) for draft in decision.says] == (
            [((INKSTER.inbox,), [INKSTER.id])] if coach is REMOTE else []
        )


@pytest.mark.parametrize(
    ("offered", "adaptation", "words", "reason"),
    [
        (Offered(ours=True), ORIGINAL.id, "Two calls?", Reason.ACCEPTED),
        (Offered(ours=False), ORIGINAL.id, "", Reason.NOT_FOUND),
        (Offered(ours=True), MADE.id, "", Reason.NOT_OWNER),
        (Offered(ours=True, waiting=OPEN), ORIGINAL.id, "", Reason.FLOOD),
        (Offered(ours=True), ORIGINAL.id, "x" * (WORDS + 1), Reason.TOO_LARGE),
    ],
    ids=["one of ours", "somebody else", "for another's adaptation", "again and again", "with a novel"],
)
def test_what_an_offer_comes_to(offered: Offered, adaptation: str, words: str, reason: Reason) -> None:
    decision = decide_offer(verified(OFFER, INKSTER), offered, adaptation, words)
    assert decision.reason is reason
    assert len(decision.effects) == (reason is Reason.ACCEPTED)


def request(state: str = "asked") -> Request:
    return Request(ID, INKSTER.id, HIGH_POINT.id, ORIGINAL.id, state)


@pytest.mark.parametrize(
    ("answering", "yes", "reason", "state"),
    [
        (Answering(request(), True, REMOTE), True, Reason.ACCEPTED, "accepted"),
        (Answering(request(), True, REMOTE), False, Reason.ACCEPTED, "declined"),
        (Answering(request("accepted"), True, REMOTE), True, Reason.INVALID, ""),
        (Answering(request("declined"), True, REMOTE), True, Reason.INVALID, ""),
        (Answering(request(), False, REMOTE), True, Reason.NOT_FOUND, ""),
        (Answering(), True, Reason.NOT_FOUND, ""),
    ],
    ids=["yes", "no", "twice", "after a no", "for another's actor", "nothing"],
)
def test_an_answer(answering: Answering, yes: bool, reason: Reason, state: str) -> None:
    decision = decide_answer(AnswerCoaching(ID, yes, f"{HIGH_POINT.server.origin}/coachings/1", ID), answering, NOW)
    assert decision.reason is reason
    assert decision.effects == ((NoteState(ID, state),) if state else ())
    assert [(draft.actor, draft.document["object"]["object"], draft.deliver) for draft in decision.says] == (
        [(HIGH_POINT.id, ORIGINAL.id, (INKSTER.inbox,))] if state == "accepted" else []
    )


SAID = Coaching(WORD, INKSTER.id, MADE.id)


def said(made: Coaching = SAID, to: str = PUBLIC, number: int = 62, by: Any = INKSTER) -> dict[str, Any]:
    return activities.create(activity_id(by, number), by.id, adapting.build_coaching(made, START, START, [to]), START)


def word(**changes: Any) -> Word:
    asked = Request(ID, HIGH_POINT.id, INKSTER.id, MADE.id, "asked")
    return msgspec.structs.replace(Word(SAID, bytes(32), None, FACTS, asked), **changes)


@pytest.mark.parametrize(
    ("known", "named"),
    [
        (word(), True),
        (word(facts=of(coach=NAMED)), False),
        (word(request=None), False),
        (word(facts=Facts()), False),
        (word(facts=Facts(held=MADE)), False),
    ],
    ids=["asked for", "named already", "unasked", "of what is not here", "of another's"],
)
def test_a_word_names_a_coach_where_they_were_asked(known: Word, named: bool) -> None:
    decision = decide_word(verified(said(), INKSTER), known, NOW)
    assert decision.reason is Reason.ACCEPTED
    assert decision.effects[0] == KeepWord(SAID, bytes(32))
    assert [draft.document["object"]["cw:coach"]["id"] for draft in decision.says] == ([INKSTER.id] if named else [])


def test_a_word_that_is_not_for_everyone_names_nobody() -> None:
    decision = decide_word(verified(said(to=HIGH_POINT.id), INKSTER), word(), NOW)
    assert (decision.reason, decision.effects, decision.says) == (Reason.ACCEPTED, (), ())


@pytest.mark.parametrize(
    "coach", [NAMED, Coach(INKSTER.id, f"{WORD}0", bytes(32)), None], ids=["them", "later", "none"]
)
def test_a_word_taken_back_is_named_no_more(coach: Coach | None) -> None:
    gone = verified(delete(INKSTER, WORD, 63), INKSTER)
    decision = decide_word(gone, word(coaching=None, before=SAID, facts=of(coach=coach)), NOW)
    assert ["cw:coach" in draft.document["object"] for draft in decision.says] == ([False] if coach == NAMED else [])


def test_only_the_coach_ends_it_and_only_a_named_one_is_dropped() -> None:
    assert decide_end(EndCoaching(WORD, ID), Ending(), NOW).reason is Reason.NOT_FOUND
    [draft] = decide_end(EndCoaching(WORD, ID), Ending(SAID, START, REMOTE), NOW).says
    assert (draft.actor, draft.document["object"]["id"], draft.deliver) == (INKSTER.id, WORD, (INKSTER.inbox,))
    assert decide_drop(DropCoach(MADE.id, ID), FACTS, NOW).reason is Reason.INVALID
    assert decide_drop(DropCoach(MADE.id, ID), Facts(), NOW).reason is Reason.NOT_FOUND
    [draft] = decide_drop(DropCoach(MADE.id, ID), of(coach=NAMED), NOW).says
    assert "cw:coach" not in draft.document["object"]


# What others make up


@pytest_asyncio.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Door]:
    """Knows both neighbours, and holds what High Point says."""
    async with door(tmp_path) as made:
        await made.know(HIGH_POINT)
        await made.know(INKSTER)
        await made.hold(HIGH_POINT.id)
        yield made


async def shown(gate: Door, made: Item) -> bool:
    return await gate.storage.read(lambda reads: store.coach_of(reads, made)) is not None


async def test_a_coach_who_never_said_so_is_shown_to_nobody(gate: Door) -> None:
    """A digest of another word, a word for another adaptation, a word of somebody else: none is theirs for this."""
    digest = canonical.object_digest(said()["object"])
    right = msgspec.structs.replace(MADE, coach=Coach(INKSTER.id, WORD, digest))
    assert (await gate.pushed(HIGH_POINT, create(HIGH_POINT, right))).reason is Reason.ACCEPTED
    assert not await shown(gate, right)
    await gate.hold(INKSTER.id)
    assert (await gate.pushed(INKSTER, said())).reason is Reason.ACCEPTED
    assert await shown(gate, right)
    for wrong in (
        msgspec.structs.replace(right, coach=Coach(INKSTER.id, WORD, bytes(32))),
        msgspec.structs.replace(right, coach=Coach(HIGH_POINT.id, WORD, digest)),
        msgspec.structs.replace(right, id=f"{MADE.id}0"),
    ):
        assert not await shown(gate, wrong)
    await gate.pushed(INKSTER, delete(INKSTER, WORD, 64, START + 5))
    assert not await shown(gate, right)


async def test_nobody_speaks_for_a_coach(gate: Door) -> None:
    forged = said(msgspec.structs.replace(SAID, id=f"{HIGH_POINT.server.origin}/coachings/1"), by=HIGH_POINT)
    assert (await gate.pushed(HIGH_POINT, forged)).reason is Reason.NOT_OWNER
    assert await gate.count("coaching") == 0


@pytest.mark.parametrize(
    "broken",
    [
        {"object": {"type": "cw:Coaching"}}, {"object": {"type": "cw:Coaching", "object": 7}},
        {"object": {"type": "Note", "object": "x"}}, {"object": ORIGINAL.id}, {"content": ["x"]}, {"object": None},
    ],
    ids=["of nothing", "of a number", "of a note", "of an item", "with a list for words", "without an object"],
)  # fmt: skip
def test_an_offer_of_another_form_is_refused(broken: dict[str, Any]) -> None:
    assert adapting.read_offer(OFFER) == (ORIGINAL.id, "Two calls?")
    with pytest.raises(RemoteProtocolError) as refused:
        adapting.read_offer({**OFFER, **broken})
    assert refused.value.reason is Reason.MALFORMED


async def test_an_offer_to_nobody_here_is_refused(gate: Door) -> None:
    assert (await gate.pushed(INKSTER, OFFER)).reason is Reason.NOT_FOLLOWED
    assert await gate.count("coaching_request") == 0


@pytest.mark.parametrize(
    "coach",
    [
        {"id": INKSTER.id}, {"id": INKSTER.id, "cw:consent": {"id": WORD}},
        {"id": INKSTER.id, "cw:consent": {"id": "https://elsewhere.example/c/1", "digestMultibase": "z" * 10}},
        {"id": 7, "cw:consent": {"id": WORD, "digestMultibase": "uEiA"}},
    ],
    ids=["without a consent", "without a digest", "a consent of elsewhere", "no actor"],
)  # fmt: skip
async def test_a_coach_of_another_form_is_refused(gate: Door, coach: dict[str, Any]) -> None:
    made = create(HIGH_POINT, MADE)
    made["object"]["cw:coach"] = coach
    assert (await gate.pushed(HIGH_POINT, made)).reason is Reason.MALFORMED


async def test_a_name_alone_names_nobody(gate: Door) -> None:
    made = create(HIGH_POINT, MADE)
    made["object"]["cw:coach"] = "the chief of police"
    assert (await gate.pushed(HIGH_POINT, made)).reason is Reason.ACCEPTED
    assert await gate.rows("SELECT name FROM item WHERE search LIKE '%chief%'") == []
