"""What counts of all that was said, whatever the order in which it came; and what may be said."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.trust import rules
from node.trust import words as trust_words
from node.trust.rules import (
    GROUNDS,
    LINKS,
    Forget,
    Held,
    Keep,
    Known,
    Stated,
    StateTrust,
    Stating,
    TakeBack,
    Taking,
    at,
    decide_state,
    decide_take_back,
    standing,
)
from node.web.language import catalogues
from protocol.errors import Reason, RemoteProtocolError
from protocol.vocabulary.trust import CONCERN, LEVELS, LONGEST, STATEMENT, covers, read_statement
from tests.protocol.test_trust import KEY, WRONG, wire

NOW, DAY = 1_780_000_000_000, 86_400_000
US, THEM, HOME = "https://us.example/actor", "https://them.example/practices/p", "https://us.example/trust/statements/1"


def stated(key: int, level: str = "met", domain: str = "housing", order: int = 1, **more: Any) -> Stated:
    return Stated(key, STATEMENT, domain, level, NOW, NOW + DAY, (order, b""), **more)


CASES: list[tuple[str, list[Stated], list[str]]] = [
    ("one", [stated(1)], ["counts"]),
    ("said anew", [stated(1, order=1), stated(2, order=2)], ["superseded", "counts"]),
    ("of two domains each", [stated(1), stated(2, domain="health", order=2)], ["counts", "counts"]),
    ("none", [stated(1), stated(2, "none", order=2)], ["superseded", "none"]),
    ("none ends what lies below", [stated(1, domain="housing/rent"), stated(2, "none", order=2)], ["ended", "none"]),
    ("none for all", [stated(1), stated(2, "none", "*", 2)], ["ended", "none"]),
    ("none ends nothing above", [stated(1), stated(2, "none", "housing/rent", 2)], ["counts", "none"]),
    ("none ends nothing later", [stated(1, "none", "*", 1), stated(2, order=2)], ["none", "counts"]),
    ("another key of theirs supersedes nothing", [stated(1), stated(2, order=2, fits=False)], ["counts", "key"]),
    ("nor does one that nobody can check", [stated(1), stated(2, order=2, fits=None)], ["counts", "unknown"]),
    ("nor a wrong form", [stated(1), stated(2, "none", "*", 2, fault="No end.")], ["counts", "malformed"]),
    ("who is gone says nothing", [stated(1, heard=False)], ["left"]),
    ("a concern and a statement", [stated(1), Stated(2, CONCERN, "housing", "", NOW, NOW + 1, (2, b""))],
     ["counts", "counts"]),
    ("of one sequence the higher digest", [stated(1), Stated(2, STATEMENT, "housing", "met", NOW, NOW + 1, (1, b"1"))],
     ["superseded", "counts"]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "said", "expected"), CASES, ids=[case[0] for case in CASES])
def test_what_counts(what: str, said: list[Stated], expected: list[str]) -> None:
    assert [state for _, state in standing(said)] == expected, what


DOMAINS = st.sampled_from(["*", "housing", "housing/rent", "housing/rent/aid", "health"])
ORDERS = st.tuples(st.integers(0, 6), st.sampled_from([b"", b"a", b"b"]))
FAULTS = st.sampled_from(["", "", "", "wrong"])
SAID = st.builds(
    Stated, st.integers(1, 40), st.just(STATEMENT), DOMAINS, st.sampled_from(LEVELS), st.just(NOW), st.just(NOW + DAY),
    ORDERS, FAULTS, st.sampled_from([True, True, None, False]),
) | st.builds(
    Stated, st.integers(1, 40), st.just(CONCERN), DOMAINS, st.just(""), st.just(NOW), st.just(NOW + DAY), ORDERS, FAULTS
)  # fmt: skip
GROUPS = st.lists(SAID, max_size=12, unique_by=(lambda each: each.key, lambda each: (each.kind, each.order)))


@given(GROUPS, st.randoms())
def test_the_merge_commutes_and_takes_no_harm_from_repetition(group: list[Stated], chance: Any) -> None:
    again = [*group, *group[: len(group) // 2]]
    chance.shuffle(again)
    assert dict(standing(again)) == dict(standing(group)) if len(group) else standing(again) == []


@given(GROUPS)
def test_of_a_register_the_highest_counts_and_only_that(group: list[Stated]) -> None:
    found = standing(group)
    for kind in (STATEMENT, CONCERN):
        usable = [each for each in group if each.kind == kind and not each.fault and each.fits]
        counting = {each.domain: each for each, state in found if state in ("counts", "none") and each.kind == kind}
        for domain in {each.domain for each in usable}:
            highest = max((each for each in usable if each.domain == domain), key=lambda each: each.order)
            if domain in counting:
                assert counting[domain] == highest
            else:
                assert any(other.level == "none" and other.order > highest.order and covers(other.domain, domain)
                           for other in usable)  # fmt: skip


@pytest.mark.parametrize(
    ("now", "said"), [(NOW - 1, "early"), (NOW, "counts"), (NOW + DAY - 1, "counts"), (NOW + DAY, "lapsed")]
)
def test_time_alone(now: int, said: str) -> None:
    assert at("counts", NOW, NOW + DAY, now) == said
    assert at("superseded", NOW, NOW + DAY, now) == "superseded"


# What our own people say

COMMAND = StateTrust(
    kind=STATEMENT, issuer=US, subject=THEM, domain="housing", level="vouched", until=NOW + DAY, audience="public",
    object=HOME, activity="https://us.example/activities/1",
)  # fmt: skip
FACTS = Stating(True, Known(THEM, "Group", "They", KEY, "https://them.example/inbox"))


def command(**changes: Any) -> StateTrust:
    return StateTrust(**{name: getattr(COMMAND, name) for name in StateTrust.__struct_fields__} | changes)


def facts(**changes: Any) -> Stating:
    return Stating(**{name: getattr(FACTS, name) for name in Stating.__struct_fields__} | changes)


REFUSED: list[tuple[str, StateTrust, Stating]] = [
    ("nobody of ours", command(), facts(speaks=False)),
    ("nobody known", command(), facts(subject=None)),
    ("one who is gone", command(), facts(subject=Known(THEM, "Group", "They", KEY, gone=True))),
    ("a machine", command(), facts(subject=Known(THEM, "Service", "It", KEY))),
    ("one without a key", command(), facts(subject=Known(THEM, "Person", "They"))),
    ("oneself", command(subject=US), facts(subject=Known(US, "Organization", "We", KEY))),
    ("no level", command(level="friends"), FACTS),
    ("no domain", command(domain="gossip"), FACTS),
    ("a concern without words", command(kind=CONCERN, grounds=" "), FACTS),
    ("too many words", command(grounds="x" * (GROUNDS + 1)), FACTS),
    ("words that hide something", command(grounds="x\x00"), FACTS),
    ("a link that runs", command(links=("javascript:alert(1)",)), FACTS),
    ("too many links", command(links=("https://x.example",) * (LINKS + 1)), FACTS),
    ("for ever", command(until=NOW + LONGEST + 1), FACTS),
    ("until yesterday", command(until=NOW), FACTS),
    ("since ever", command(since="ever"), FACTS),
    ("at home what is public", command(audience="home"), facts(held=Held(HOME, 1, False))),
    ("to others what is said at home", command(), facts(held=Held(HOME, 1, True))),
]


@pytest.mark.parametrize(("what", "asked", "known"), REFUSED, ids=[row[0] for row in REFUSED])
def test_what_may_not_be_said(what: str, asked: StateTrust, known: Stating) -> None:
    decision = decide_state(asked, known, NOW)
    assert decision.reason in (Reason.INVALID, Reason.NOT_FOUND), what
    assert decision.detail
    assert not decision.says
    assert not decision.effects


def test_what_is_public_is_signed_and_sent_to_whom_it_is_about() -> None:
    decision = decide_state(COMMAND, FACTS, NOW)
    [draft] = decision.says
    assert (draft.actor, draft.document["type"], draft.deliver) == (US, "Create", ("https://them.example/inbox",))
    made = read_statement(draft.document["object"])
    assert (made.start, made.end, made.subject_key, made.sequence) == (NOW, NOW + DAY, KEY, NOW)


def test_what_is_said_anew_is_the_same_object_of_a_higher_order() -> None:
    decision = decide_state(COMMAND, facts(held=Held("https://us.example/old", NOW + 5, False), last=NOW + 9), NOW)
    [draft] = decision.says
    assert (draft.document["type"], draft.document["object"]["id"]) == ("Update", "https://us.example/old")
    assert draft.document["object"]["cw:sequence"] > NOW + 9


def test_what_is_said_at_home_is_not_signed() -> None:
    decision = decide_state(command(audience="home"), FACTS, NOW)
    [kept] = decision.effects
    assert isinstance(kept, Keep)
    assert kept.home
    assert not decision.says


def test_taking_back() -> None:
    gone = TakeBack(HOME, US, "https://us.example/activities/2")
    assert decide_take_back(gone, Taking(), NOW).reason is Reason.NOT_FOUND
    assert decide_take_back(gone, Taking(Held(HOME, 1, True)), NOW).effects == (Forget(HOME, US),)
    [draft] = decide_take_back(gone, Taking(Held(HOME, NOW + 5, False), STATEMENT, "https://them/inbox"), NOW).says
    assert draft.document["type"] == "Delete"
    assert draft.document["object"]["cw:sequence"] > NOW + 5


def test_every_reason_why_a_form_cannot_count_can_be_said_in_every_language() -> None:
    """These sentences are of the wire's reader, where no translator sees them."""
    known = set(trust_words.FAULTS)
    for what, changes, _ in WRONG:
        with pytest.raises(RemoteProtocolError) as refused:
            read_statement(wire(**changes))
        said = refused.value.detail
        if not said.startswith(("A trust statement: ", "startTime", "endTime", "object must", "cw:links must")):
            assert said in known, what
    spanish = catalogues()["es"]
    assert [fault for fault in known if spanish.say(fault) == fault] == []
    assert set(rules.STATES) == {"counts", "early", "lapsed", "superseded", "ended", "none", "malformed", "unknown",
                                 "key", "left"}  # fmt: skip
