"""What may be told of an adaptation and credited in an item, as tables; and what comes of it."""

from typing import Any

import msgspec
import pytest

from node.repertoire.adapting.rules import (
    TEXT,
    CreditIn,
    Known,
    PostProgress,
    StrikeProgress,
    credited,
    decide_credit,
    decide_post,
    decide_strike,
)
from node.repertoire.rules import Facts, Original
from protocol.errors import Reason
from protocol.vocabulary.adapting import MOST, Progress
from protocol.vocabulary.repertoire import Item, Reference

NOW = 1_780_000_000_000  # 2026-05-28
ONE, TWO = b"1" * 32, b"2" * 32
METHOD, MADE, ACTIVITY = (f"https://high-point.example/{path}" for path in ("items/1", "items/2", "activities/9"))
THEIRS = "https://inkster.example/items/1"
VISIT = Progress("2026-02-01", "visited", "The mayor came along.")
ITEM = Item(
    id=MADE, attributed_to="https://high-point.example/practices/p", to=("https://www.w3.org/ns/activitystreams#Public",),
    name="Call-ins", content="<p>How.</p>", source="How.", language="en", kind="adaptation", domain="housing",
    published=NOW - 1000, updated=NOW - 1000, sequence=5, adapted_from=(Reference(METHOD, ONE),), stage="visited",
    progress=(VISIT,),
)  # fmt: skip
FACTS = Facts(
    practice_domain="housing", held=ITEM, digest=TWO, originals=(Original(METHOD, ONE, "https://hp.example/inbox"),)
)


def without(**changes: Any) -> Facts:
    return msgspec.structs.replace(FACTS, held=msgspec.structs.replace(ITEM, **changes))


RESULT = Progress("2026-05-01", "result", "A third fewer.")
TELLING = {
    "a result": (RESULT, FACTS, Reason.ACCEPTED),
    "a stage without a word": (Progress("2026-05-01", "running"), FACTS, Reason.ACCEPTED),
    "tomorrow, where the day is ahead of ours": (Progress("2026-05-29", "running"), FACTS, Reason.ACCEPTED),
    "what is still to come": (Progress("2026-05-30", "running"), FACTS, Reason.INVALID),
    "no day": (Progress("spring", "running"), FACTS, Reason.INVALID),
    "the 31st of June": (Progress("2026-06-31", "running"), FACTS, Reason.INVALID),
    "something else": (Progress("2026-05-01", "finished"), FACTS, Reason.INVALID),
    "a result without a word": (Progress("2026-05-01", "result", " "), FACTS, Reason.INVALID),
    "a visit without a word": (Progress("2026-05-01", "visited"), FACTS, Reason.INVALID),
    "too long a word": (Progress("2026-05-01", "result", "x" * (TEXT + 1)), FACTS, Reason.INVALID),
    "a control character": (Progress("2026-05-01", "result", "x\x00"), FACTS, Reason.INVALID),
    "the same twice": (VISIT, FACTS, Reason.INVALID),
    "of what is no adaptation": (RESULT, without(kind="method"), Reason.INVALID),
    "of what is not here": (RESULT, Facts(), Reason.NOT_FOUND),
    "of what is another's": (RESULT, Facts(held=ITEM), Reason.NOT_FOUND),
    "of what was withdrawn": (RESULT, Facts(held_deleted=True), Reason.GONE),
    "one too many": (
        RESULT, without(progress=tuple(Progress("2026-01-01", "lesson", str(n)) for n in range(MOST))), Reason.INVALID,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TELLING)
def test_what_may_be_told(name: str) -> None:
    told, facts, reason = TELLING[name]
    decision = decide_post(PostProgress(MADE, ACTIVITY, told), facts, NOW)
    assert decision.reason is reason, decision.detail
    assert bool(decision.says) == (reason is Reason.ACCEPTED)
    if reason is Reason.INVALID:
        assert decision.detail.endswith((".", ":"))


def test_what_is_told_is_signed_with_the_adaptation_and_sent_to_whom_it_credits() -> None:
    [draft] = decide_post(PostProgress(MADE, ACTIVITY, Progress("2026-05-01", "running")), FACTS, NOW).says
    made = draft.document["object"]
    assert (draft.document["type"], draft.deliver) == ("Update", ("https://hp.example/inbox",))
    assert (made["cw:stage"], [one["cw:what"] for one in made["cw:progress"]]) == ("running", ["visited", "running"])
    assert [one["digestMultibase"] for one in made["cw:earlier"]]
    assert made["cw:sequence"] > ITEM.sequence


@pytest.mark.parametrize(
    ("number", "told", "reason"),
    [
        (1, VISIT, Reason.ACCEPTED), (1, RESULT, Reason.NOT_FOUND), (0, VISIT, Reason.NOT_FOUND),
        (2, VISIT, Reason.NOT_FOUND),
    ],
)  # fmt: skip
def test_what_was_told_by_mistake_is_taken_back(number: int, told: Progress, reason: Reason) -> None:
    decision = decide_strike(StrikeProgress(MADE, ACTIVITY, number, told), FACTS, NOW)
    assert decision.reason is reason
    if decision.says:
        assert "cw:progress" not in decision.says[0].document["object"]
        assert "cw:stage" not in decision.says[0].document["object"]


@pytest.mark.parametrize(
    ("before", "made", "chosen", "expected"),
    [
        ((), frozenset({"b"}), ("b",), [("b", None)]),
        ((("b", ONE),), frozenset({"b"}), ("b",), [("b", ONE)]),
        ((("b", ONE),), frozenset({"b"}), (), []),
        ((("root", ONE), ("b", ONE)), frozenset({"b", "c"}), ("c",), [("root", ONE), ("c", None)]),
        ((("root", ONE),), frozenset[str](), ("root",), [("root", ONE)]),
    ],
    ids=["one", "its state stays", "none any more", "what it came from stays", "twice is once"],
)
def test_what_the_next_version_credits(
    before: tuple[tuple[str, bytes], ...], made: frozenset[str], chosen: tuple[str, ...], expected: list[Any]
) -> None:
    owed = credited(tuple(Reference(*one) for one in before), made, chosen)
    assert [(one.id, one.digest) for one in owed] == expected


def known(*owed: str, made: tuple[str, ...] = (THEIRS,), **changes: Any) -> Known:
    held = msgspec.structs.replace(ITEM, kind="method", adapted_from=(), progress=(), stage="", **changes)
    facts = msgspec.structs.replace(
        FACTS, held=held, originals=(), credits=tuple(Original(id, ONE, "https://inkster.example/inbox") for id in owed)
    )
    return Known(facts, frozenset(made))


CREDITING = {
    "what was made of it": (CreditIn(MADE, ACTIVITY, (THEIRS,)), known(THEIRS), Reason.ACCEPTED),
    "with a version": (CreditIn(MADE, ACTIVITY, (THEIRS,), "second"), known(THEIRS), Reason.ACCEPTED),
    "what was not": (CreditIn(MADE, ACTIVITY, (METHOD,)), known(METHOD), Reason.INVALID),
    "nothing new": (CreditIn(MADE, ACTIVITY, ()), known(), Reason.INVALID),
    "the same": (
        CreditIn(MADE, ACTIVITY, (THEIRS,)), known(THEIRS, credits=(Reference(THEIRS, ONE),)), Reason.INVALID,
    ),
    "no more": (CreditIn(MADE, ACTIVITY, ()), known(credits=(Reference(THEIRS, ONE),)), Reason.ACCEPTED),
    "a version of two lines": (CreditIn(MADE, ACTIVITY, (THEIRS,), "a\nb"), known(THEIRS), Reason.INVALID),
    "too many": (CreditIn(MADE, ACTIVITY, (THEIRS,) * (MOST + 1)), known(THEIRS), Reason.INVALID),
    "in what is gone": (CreditIn(MADE, ACTIVITY, (THEIRS,)), Known(Facts(held_deleted=True)), Reason.GONE),
    "in what is another's": (CreditIn(MADE, ACTIVITY, (THEIRS,)), Known(Facts(held=ITEM)), Reason.NOT_FOUND),
}  # fmt: skip


@pytest.mark.parametrize("name", CREDITING)
def test_what_may_be_credited(name: str) -> None:
    command, facts, reason = CREDITING[name]
    decision = decide_credit(command, facts, NOW)
    assert decision.reason is reason, decision.detail
    for draft in decision.says:
        owed = draft.document["object"].get("cw:credits", [])
        assert [one["id"] for one in owed] == list(command.credits)
        assert draft.document["object"].get("cw:version", "") == command.version
        assert draft.deliver == (("https://inkster.example/inbox",) if command.credits else ())
