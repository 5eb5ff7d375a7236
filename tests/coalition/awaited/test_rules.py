"""Who is expected, who comes, and what is taken back: tables of facts and commands."""

import msgspec
import pytest

from node.coalition.awaited.rules import (
    Await,
    Come,
    Facts,
    Link,
    NoteOrganisation,
    Plan,
    RemoveOrganisation,
    SendFor,
    Unawait,
    decide_await,
    decide_come,
    decide_organisation,
    decide_remove,
    decide_send_for,
    decide_unawait,
)
from node.coalition.people.rules import Invited
from protocol.errors import Reason

NOW = 1_000_000
ADA = Await("ada", "Ada", "ada@example.org", practice="p", role="expert")
NEW, EXPECTED, HERE = frozenset({""}), frozenset({"invited"}), frozenset({"active"})
LINK = Invited("i", "", "", "ada", 1, NOW + 1)
COMES = Come(b"x", "ada", "Ada", "ada", "", "hash", "", "")


def reason(plan: Plan) -> Reason:
    assert bool(plan.effects) == (plan.reason is Reason.ACCEPTED)
    assert bool(plan.detail) == (plan.reason is not Reason.ACCEPTED)  # a no is said in words
    return plan.reason


@pytest.mark.parametrize(
    ("changes", "facts", "expected"),
    [
        ({}, Facts(states=NEW), Reason.ACCEPTED),
        ({"name": " "}, Facts(states=NEW), Reason.INVALID),
        ({"email": "no address"}, Facts(states=NEW), Reason.INVALID),
        ({"sign_in": "A B"}, Facts(states=NEW), Reason.INVALID),
        ({"role": "king"}, Facts(states=NEW), Reason.INVALID),
        ({"practice": ""}, Facts(states=NEW), Reason.INVALID),
        ({}, Facts(states=NEW, practice=False), Reason.NOT_FOUND),
        ({"sector": "secret"}, Facts(states=NEW), Reason.INVALID),
        ({}, Facts(states=NEW, taken="email"), Reason.EXISTS),
        ({}, Facts(states=EXPECTED), Reason.EXISTS),
        ({}, Facts(states=NEW, namesakes=1), Reason.ACCEPTED),  # an address tells them apart
        ({"email": ""}, Facts(states=NEW, namesakes=1), Reason.EXISTS),
        ({"email": "", "sign_in": "ada"}, Facts(states=NEW, namesakes=1), Reason.ACCEPTED),
    ],
)
def test_who_can_be_expected(changes: dict[str, str], facts: Facts, expected: Reason) -> None:
    assert reason(decide_await(msgspec.structs.replace(ADA, **changes), facts, NOW)) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(LINK, EXPECTED), Reason.ACCEPTED),
        (Facts(None, EXPECTED), Reason.GONE),
        (Facts(msgspec.structs.replace(LINK, expires=NOW), EXPECTED), Reason.GONE),
        (Facts(msgspec.structs.replace(LINK, left=0), EXPECTED), Reason.GONE),
        (Facts(msgspec.structs.replace(LINK, member="bob"), EXPECTED), Reason.NOT_ALLOWED),
        (Facts(msgspec.structs.replace(LINK, member=""), EXPECTED), Reason.NOT_ALLOWED),
        (Facts(LINK, HERE), Reason.NOT_ALLOWED),  # a link never makes somebody a member twice
        (Facts(LINK, NEW), Reason.NOT_ALLOWED),
        (Facts(LINK, EXPECTED, taken="sign_in"), Reason.EXISTS),
        (Facts(LINK, EXPECTED, taken="email"), Reason.EXISTS),
    ],
)
def test_who_comes(facts: Facts, expected: Reason) -> None:
    plan = decide_come(COMES, facts, NOW)
    assert reason(plan) is expected
    assert [note.by for note in plan.effects] == ([LINK] if expected is Reason.ACCEPTED else [])


@pytest.mark.parametrize(
    ("states", "many", "days", "expected"),
    [
        (EXPECTED, 1, 30, Reason.ACCEPTED),
        (EXPECTED, 5_000, 90, Reason.ACCEPTED),
        (EXPECTED, 5_001, 30, Reason.INVALID),
        (EXPECTED, 1, 91, Reason.INVALID),
        (EXPECTED, 1, 0, Reason.INVALID),
        (HERE, 1, 30, Reason.NOT_FOUND),
        (EXPECTED | HERE, 2, 30, Reason.NOT_FOUND),
        (EXPECTED | NEW, 2, 30, Reason.NOT_FOUND),
        (frozenset[str](), 0, 30, Reason.NOT_FOUND),
    ],
)
def test_links(states: frozenset[str], many: int, days: int, expected: Reason) -> None:
    links = tuple(Link(f"l{n}", b"x", f"m{n}") for n in range(many))
    assert reason(decide_send_for(SendFor(links, days, "ana"), Facts(states=states), NOW)) is expected


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (EXPECTED, Reason.ACCEPTED),
        (HERE, Reason.NOT_ALLOWED),
        (frozenset({"suspended"}), Reason.NOT_ALLOWED),
        (NEW, Reason.NOT_FOUND),
        (frozenset({"left"}), Reason.NOT_FOUND),
    ],
)
def test_who_is_forgotten(states: frozenset[str], expected: Reason) -> None:
    assert reason(decide_unawait(Unawait("ada"), Facts(states=states), NOW)) is expected


HOSPITAL = ("City Hospital", "public", "Fort Wayne")


@pytest.mark.parametrize(
    ("command", "facts", "expected"),
    [
        (NoteOrganisation("o", *HOSPITAL), Facts(), Reason.ACCEPTED),
        (NoteOrganisation("o", *HOSPITAL), Facts(organisation=HOSPITAL), Reason.EXISTS),
        (NoteOrganisation("o", " "), Facts(), Reason.INVALID),
        (NoteOrganisation("o", "x" * 301), Facts(), Reason.INVALID),
        (NoteOrganisation("o", "x", "secret"), Facts(), Reason.INVALID),
    ],
)
def test_organisations(command: NoteOrganisation, facts: Facts, expected: Reason) -> None:
    assert reason(decide_organisation(command, facts, NOW)) is expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (Facts(organisation=HOSPITAL), Reason.ACCEPTED),
        (Facts(organisation=HOSPITAL, people=1), Reason.NOT_ALLOWED),
        (Facts(organisation=("City Hospital", "private", "Fort Wayne")), Reason.NOT_ALLOWED),
        (Facts(), Reason.NOT_FOUND),
    ],
)
def test_an_organisation_is_taken_back_as_it_was_noted(facts: Facts, expected: Reason) -> None:
    assert reason(decide_remove(RemoveOrganisation("o", HOSPITAL), facts, NOW)) is expected
