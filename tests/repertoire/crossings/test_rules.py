"""Who may note what of an item, and when something crossed: tables."""

import pytest

from node.repertoire.crossings.rules import (
    Crossed,
    Facts,
    Note,
    NoteCrossing,
    RemoveCrossing,
    With,
    crossed,
    decide_note,
    decide_remove,
    linked,
)
from protocol.errors import Reason

NOW = 1_780_000_000_000  # 2026-05-28
GOOD = NoteCrossing("c1", "https://here.example/items/1", "brought", "ana", "small", "2026-05-01", "How we bleed them.")
FACTS = Facts(
    "https://here.example/practices/brakes", (With("large", "2026-05-02"), With("small", "2020-01-31", "2026-05-01"))
)


def note(facts: Facts = FACTS, **changes: str) -> Reason:
    fields = {name: getattr(GOOD, name) for name in GOOD.__struct_fields__}
    return decide_note(NoteCrossing(**{**fields, **changes}), facts, NOW).reason


def test_it_is_noted_under_the_items_practice() -> None:
    decision = decide_note(GOOD, FACTS, NOW)
    assert (decision.reason, decision.effects) == (Reason.ACCEPTED, (Note("https://here.example/practices/brakes"),))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, Reason.ACCEPTED),
        ({"kind": "applied"}, Reason.ACCEPTED),
        ({"day": "2020-01-31"}, Reason.ACCEPTED),
        ({"organisation": "large", "day": "2026-05-28"}, Reason.ACCEPTED),
        ({"organisation": "large", "day": "2026-05-29"}, Reason.ACCEPTED),  # tomorrow, where they are
        ({"organisation": "large", "day": "2026-05-30"}, Reason.INVALID),
        ({"kind": "stolen"}, Reason.INVALID),
        ({"day": "2020-01-30"}, Reason.INVALID),  # not there yet
        ({"day": "2026-05-02"}, Reason.INVALID),  # not there any more
        ({"organisation": "large"}, Reason.INVALID),
        ({"organisation": "another"}, Reason.NOT_ALLOWED),
        ({"organisation": ""}, Reason.NOT_ALLOWED),
        ({"day": "1 May"}, Reason.INVALID),
        ({"day": ""}, Reason.INVALID),
        ({"note": "x" * 501}, Reason.INVALID),
    ],
)
def test_who_may_note_what(changes: dict[str, str], reason: Reason) -> None:
    assert note(**changes) is reason


def test_of_what_is_not_there_and_twice() -> None:
    assert note(Facts(None, FACTS.affiliations)) is Reason.NOT_FOUND
    assert note(Facts(FACTS.practice, FACTS.affiliations, there=True)) is Reason.EXISTS
    assert decide_remove(RemoveCrossing("c1"), Facts(), NOW).reason is Reason.NOT_FOUND
    assert decide_remove(RemoveCrossing("c1"), Facts(there=True), NOW).reason is Reason.ACCEPTED


B, A = "brought", "applied"


@pytest.mark.parametrize(
    ("noted", "links"),
    [
        ([], {}),
        ([("1", B, "S")], {}),
        ([("1", A, "M")], {}),
        ([("1", B, "S"), ("1", A, "S")], {}),
        ([("1", B, "S"), ("2", A, "M")], {}),
        ([("1", B, "S"), ("1", A, "M"), ("1", A, "M")], {("S", "M"): 1}),
        ([("1", A, "M"), ("1", B, "S"), ("1", B, "M")], {("S", "M"): 1}),
        ([("1", B, "S"), ("1", A, "M"), ("2", B, "S"), ("2", A, "M"), ("2", A, "L")], {("S", "M"): 2, ("S", "L"): 1}),
    ],
)
def test_what_crossed(noted: list[tuple[str, str, str]], links: dict[tuple[str, str], int]) -> None:
    found = tuple(Crossed(*each) for each in noted)
    assert linked(found) == links
    assert bool(crossed(found)) == bool(links)
