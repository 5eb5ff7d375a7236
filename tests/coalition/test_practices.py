"""(facts, command) → decision, for what practices say of themselves and the parts they have; and how a change reads."""

from typing import Any

import msgspec
import pytest

from node.coalition.practices import differences, rules
from node.coalition.practices.commands import ChooseSplit, DeclinePart, DescribePractice, SplitPractice, Statement
from node.coalition.practices.rules import Answered, Asked, Declined, DescribeFacts, Opened, SplitFacts, Version
from node.coalition.rules import Facts, OpenSet
from protocol import identifiers
from protocol.errors import Reason
from protocol.vocabulary import actors
from protocol.vocabulary.place import Place
from tests.coalition.test_rules import HERE, ME, NOW, OPEN, PRACTICE, ROOT, keys

SAID = Statement(name="Housing", summary="All of it", domain="housing", level="city", place=Place("Fort Wayne"))
NEW = msgspec.structs.replace(
    SAID, summary="Roofs & <walls>", scope_in="Shelter", scope_out="Loans", domain="housing/shelter", level="state",
    place=Place("Indiana", within=("US", "US-IN")),
)  # fmt: skip
DOCUMENT = actors.build_actor(
    id=PRACTICE, type="Group", name="Housing", preferred_username="housing", keys=[keys(PRACTICE).ed25519],
    rsa=keys(PRACTICE).rsa, root=ROOT, sequence=NOW, published=NOW, summary="All of it", domain="housing", level="city",
    place=Place("Fort Wayne"), parent=f"{HERE}/practices/home", attributed_to=ME,
)  # fmt: skip
KNOWN = DescribeFacts(DOCUMENT, SAID, None)
DESCRIBE = DescribePractice(PRACTICE, NEW, " It is about shelter. ", NOW, "m1", HERE.at("/activities/7"))


def changed(command: Any, **more: Any) -> Any:
    return msgspec.structs.replace(command, **more)


def saying(**more: Any) -> DescribePractice:
    return changed(DESCRIBE, statement=changed(NEW, **more))


DESCRIBED: dict[str, tuple[DescribePractice, DescribeFacts | None, Reason]] = {
    "said anew": (DESCRIBE, KNOWN, Reason.ACCEPTED),
    "of a state that nobody named": (changed(DESCRIBE, since=0), KNOWN, Reason.ACCEPTED),
    "over another's words": (changed(DESCRIBE, since=NOW - 1), KNOWN, Reason.EXISTS),
    "of no practice of ours": (DESCRIBE, None, Reason.NOT_FOUND),
    "without a change": (changed(DESCRIBE, statement=SAID), KNOWN, Reason.INVALID),
    "without a reason": (changed(DESCRIBE, reason="  "), KNOWN, Reason.INVALID),
    "for a reason too long": (changed(DESCRIBE, reason="x" * 501), KNOWN, Reason.INVALID),
    "without a name": (saying(name=""), KNOWN, Reason.INVALID),
    "with a name too long": (saying(name="x" * 301), KNOWN, Reason.INVALID),
    "with a scope too long": (saying(scope_out="x" * 20_001), KNOWN, Reason.INVALID),
    "of another domain": (saying(domain="sports"), KNOWN, Reason.INVALID),
    "at another level": (saying(level="planet"), KNOWN, Reason.INVALID),
    "at a place that is none": (saying(place=Place("x", "abc")), KNOWN, Reason.INVALID),
}


@pytest.mark.parametrize("name", DESCRIBED)
def test_a_practice_is_described(name: str) -> None:
    command, facts, reason = DESCRIBED[name]
    decision = rules.decide_describe(command, facts, NOW + 5)
    assert decision.reason is reason, decision
    if reason is not Reason.ACCEPTED:
        assert decision.detail
        assert not decision.effects
        assert not decision.says
        return
    assert decision.effects == (Version(PRACTICE, NOW + 5, "m1", "It is about shelter.", NEW),)
    (draft,) = decision.says
    assert (draft.actor, draft.sign_object, draft.document["to"]) == (PRACTICE, True, [identifiers.PUBLIC])
    after = actors.read_actor_value(draft.document["object"])
    fields = {field: getattr(NEW, field) for field in Statement.__struct_fields__}
    assert {field: getattr(after, field) for field in fields} == fields
    assert after.sequence > NOW
    # All else is as it was; and what is markup in the text is none on the wire.
    assert (after.parent, after.root, after.inbox) == (f"{HERE}/practices/home", ROOT, f"{PRACTICE}/inbox")
    assert actors.keys_of(after) == actors.keys_of(actors.read_actor_value(DOCUMENT))
    assert draft.document["object"]["summary"] == "Roofs &amp; &lt;walls&gt;"


def test_what_it_said_first_is_written_down_before_it_goes() -> None:
    decision = rules.decide_describe(DESCRIBE, changed(KNOWN, began=NOW - 9), NOW + 5)
    first, second = decision.effects
    assert first == Version(PRACTICE, NOW - 9, "", "", SAID)
    assert isinstance(second, Version)
    assert second.said == NEW


def part(word: str, **more: Any) -> Any:
    actor = identifiers.practice_actor(HERE, word)
    said = {"slug": word, "actor": actor, "domain": f"housing/{word}", "keys": keys(actor)}
    return changed(OPEN, **{**said, "parent_add": HERE.at(f"/activities/{word}"), **more})


FREE = Facts(founded=True, parent="ours")
SHELTER, YOUTH = part("shelter"), part("youth")
SPLIT: dict[str, tuple[tuple[Any, ...], str, tuple[Facts, ...], Reason]] = {
    "into one": ((SHELTER,), "housing", (FREE,), Reason.ACCEPTED),
    "into two": ((SHELTER, YOUTH), "housing", (FREE, FREE), Reason.ACCEPTED),
    "into none": ((), "housing", (), Reason.INVALID),
    "into three": ((SHELTER, YOUTH, part("loans")), "housing", (FREE,) * 3, Reason.INVALID),
    "into one twice": ((SHELTER, SHELTER), "housing", (FREE, FREE), Reason.INVALID),
    "into what is as wide": ((part("all", domain="housing"),), "housing", (FREE,), Reason.INVALID),
    "into what lies beside": ((part("all", domain="housings/x"),), "housing", (FREE,), Reason.INVALID),
    "into what there is already": ((SHELTER,), "housing", (changed(FREE, taken=True),), Reason.EXISTS),
    "one of which there is already": ((YOUTH, SHELTER), "housing", (FREE, changed(FREE, taken=True)), Reason.EXISTS),
    "of another node's": ((SHELTER,), "", (FREE,), Reason.NOT_FOUND),
    "deeper than a domain may be": (
        (part("deep", domain="housing/a/b/c/d/e/f/g/h/i"),), "housing", (FREE,), Reason.INVALID
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SPLIT)
def test_a_practice_is_split(name: str) -> None:
    parts, domain, opening, reason = SPLIT[name]
    decision = rules.decide_split(SplitPractice(PRACTICE, parts), SplitFacts(domain, opening), NOW)
    assert decision.reason is reason, decision
    if reason is not Reason.ACCEPTED:
        assert decision.detail
        assert not decision.effects
        assert not decision.says  # all of it or nothing
        return
    for one in parts:
        assert Opened(OpenSet(one.actor)) in decision.effects
        assert Asked(PRACTICE, one.actor) in decision.effects
    said = [(draft.actor, draft.document["type"], draft.document.get("target")) for draft in decision.says]
    assert said == [
        each
        for one in parts
        for each in (
            (one.actor, "Update", None),
            (ME, "Add", f"{ME}/practices"),
            (PRACTICE, "Add", f"{PRACTICE}/practices"),
        )
    ]
    for draft in decision.says[::3]:
        assert actors.read_actor_value(draft.document["object"]).parent == PRACTICE


CHOICES: dict[str, tuple[bool, bool, str, Reason, tuple[str, str]]] = {
    "both": (True, False, PRACTICE, Reason.ACCEPTED, ("child", "")),
    "move": (True, True, PRACTICE, Reason.ACCEPTED, ("child", PRACTICE)),
    "stay": (False, False, PRACTICE, Reason.ACCEPTED, ("", "")),
    "leave and go nowhere": (False, True, PRACTICE, Reason.INVALID, ("", "")),
    "who was not asked": (True, False, "", Reason.NOT_FOUND, ("", "")),
}


@pytest.mark.parametrize("name", CHOICES)
def test_each_member_chooses(name: str) -> None:
    joins, leaves, parent, reason, came_to = CHOICES[name]
    decision = rules.decide_choice(ChooseSplit("m1", "child", joins, leaves), parent, NOW)
    assert decision.reason is reason
    assert decision.effects == ((Answered("m1", "child", *came_to),) if reason is Reason.ACCEPTED else ())


def test_a_question_is_declined_once() -> None:
    assert rules.decide_decline(DeclinePart("c"), True, NOW).effects == (Declined("c"),)
    assert rules.decide_decline(DeclinePart("c"), False, NOW).reason is Reason.NOT_FOUND


DIFFERENCES: dict[str, tuple[str, str, list[tuple[str, str]]]] = {
    "nothing": ("", "", []),
    "the same": ("a b", "a b", [("stayed", "a b")]),
    "all of it came": ("", "a b", [("came", "a b")]),
    "all of it went": ("a b", "", [("went", "a b")]),
    "a word": ("we fix old roofs", "we fix new roofs",
               [("stayed", "we fix"), ("went", " old"), ("came", " new"), ("stayed", " roofs")]),
    "a line": ("one\ntwo", "one\nthree\ntwo", [("stayed", "one"), ("came", "\nthree"), ("stayed", "\ntwo")]),
    "space at the end": ("a ", "a b ", [("stayed", "a"), ("came", " b"), ("stayed", " ")]),
    "too long to compare": ("x " * 900, "y " * 900, [("went", "x " * 900), ("came", "y " * 900)]),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_difference_reads_as_both(name: str) -> None:
    before, after, expected = DIFFERENCES[name]
    pieces = differences.pieces(before, after)
    assert [(piece.kind, piece.text) for piece in pieces] == expected
    assert "".join(piece.text for piece in pieces if piece.kind != "came") == before
    assert "".join(piece.text for piece in pieces if piece.kind != "went") == after


def test_a_history_says_what_became_of_each_field() -> None:
    versions = [Version(PRACTICE, 2, "m1", "Why", NEW), Version(PRACTICE, 1, "", "", SAID)]
    latest, first = differences.steps(versions)
    assert [change.code for change in latest.changes] == [
        "summary", "scope_in", "scope_out", "domain", "level", "place",
    ]  # fmt: skip
    assert [piece.text for piece in latest.changes[3].pieces] == ["housing", "housing/shelter"]
    assert first.changes == ()
    assert differences.steps([]) == []
