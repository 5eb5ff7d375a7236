"""Time in the graph, and the best way: small graphs that say why."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.trust import paths
from node.trust.graph import DAY, HALF_LIFE, Counted, Graph
from node.trust.metric import View
from tests.trust.graphs import FOREVER, NOW, SAFETY, graph, put

US, ANN, BEN, CAL, DEE, EVE = "us", "ann", "ben", "cal", "dee", "eve"


def ways(made: Graph, subject: str, domain: str = SAFETY, most: int = 5) -> list[list[int]]:
    first = View(made, domain).first
    return [[made.key(at) for at in way] for way in paths.best(made, made.actor(subject), domain, first, most)]


def test_the_stronger_way_comes_first_and_each_begins_otherwise() -> None:
    made = graph(
        (US, ANN, "known"), (ANN, EVE, "vouched"), (US, BEN, "vouched"), (BEN, EVE, "vouched"),
        (BEN, CAL, "vouched"), (CAL, EVE, "vouched"),
    )  # fmt: skip
    assert ways(made, EVE) == [[3, 4], [1, 2]]  # by Cal it would begin with Ben again


def test_our_own_word_comes_first_however_weak() -> None:
    made = graph((US, EVE, "known"), (US, BEN, "vouched"), (BEN, EVE, "vouched"))
    assert ways(made, EVE) == [[1], [2, 3]]


def test_four_steps_and_no_more() -> None:
    chain = [(US, ANN), (ANN, BEN), (BEN, CAL), (CAL, DEE), (DEE, EVE)]
    made = graph(*((a, b, "vouched") for a, b in chain))
    assert ways(made, DEE) == [[1, 2, 3, 4]]
    assert ways(made, EVE) == []


def test_a_longer_stronger_way_does_not_hide_a_shorter_one_that_reaches() -> None:
    """Best by worth alone would settle Cal at three steps, from which Eve is one too many."""
    made = graph(
        (US, ANN, "vouched"), (ANN, BEN, "vouched"), (BEN, CAL, "vouched"), (US, CAL, "known"), (CAL, DEE, "vouched"),
        (DEE, EVE, "vouched"),
    )  # fmt: skip
    assert ways(made, EVE, most=1) == [[4, 5, 6]]


def test_a_way_goes_in_no_circle_and_over_nobody_vetoed() -> None:
    made = graph((US, ANN, "vouched"), (ANN, BEN, "vouched"), (BEN, ANN, "vouched"), (BEN, EVE, "vouched"))
    assert ways(made, EVE) == [[1, 2, 4]]
    put(made, US, BEN, "none", key=9)
    assert ways(made, EVE) == []
    assert ways(made, BEN) == []


def test_a_veto_holds_for_what_it_says_and_below() -> None:
    made = graph((US, ANN, "vouched"))
    put(made, US, ANN, "none", key=2, domain="housing")
    made.put(made.actor(US), made.actor(ANN), [Counted(1, "*", "vouched", NOW, FOREVER),
                                               Counted(2, "housing", "none", NOW, FOREVER)])  # fmt: skip
    assert ways(made, ANN) == [[1]]
    assert ways(made, ANN, "housing/rent") == []


SPAN = 10 * DAY


def test_it_begins_and_lapses_with_the_time_alone() -> None:
    made = graph()
    us, ann = made.actor(US), made.actor(ANN)
    made.put(us, ann, [Counted(1, SAFETY, "vouched", NOW + DAY, NOW + SPAN)])
    seen: list[bool] = []
    for now in (NOW, NOW + DAY - 1, NOW + DAY, NOW + SPAN - 1, NOW + SPAN):
        made.advance(now)
        seen.append(bool(ways(made, ANN)))
    assert seen == [False, False, True, True, False]


def test_a_lapse_is_told_once_to_whoever_keeps_a_view() -> None:
    made = graph()
    us, ann = made.actor(US), made.actor(ANN)
    made.put(us, ann, [Counted(1, SAFETY, "vouched", NOW, NOW + SPAN)])
    view = View(made, SAFETY)
    assert view.mass(ann) > 0
    assert made.advance(NOW + SPAN) == [us]
    view.shift({us})
    assert view.mass(ann) == pytest.approx(0.0, abs=1e-5)
    assert made.advance(NOW + SPAN + DAY) == []


def test_it_weighs_half_after_a_year() -> None:
    made = graph((US, ANN, "vouched"))
    [(_, _, before)] = made.said(made.actor(US), SAFETY)
    made.advance(NOW + HALF_LIFE * DAY)
    [(_, _, after)] = made.said(made.actor(US), SAFETY)
    assert (before, after) == (1.0, pytest.approx(0.5))


NAMES = st.sampled_from([US, ANN, BEN, CAL, DEE])
PUTS = st.lists(st.tuples(NAMES, NAMES, st.sampled_from(["", "none", "met", "vouched"])), max_size=40)


@settings(max_examples=100, deadline=None)
@given(PUTS)
def test_what_was_replaced_is_nowhere(said: list[tuple[str, str, str]]) -> None:
    """Rows are used again; none may lead from or to whoever it was before."""
    made, last = graph(), dict[tuple[str, str], str]()
    for issuer, subject, level in said:
        put(made, issuer, subject, level)
        last[issuer, subject] = level
    held = {(made.names[a], made.names[b]) for a in range(len(made.names)) for _, b, _ in made.said(a, SAFETY)}
    heard = {(made.names[a], made.names[b]) for b in range(len(made.names)) for _, a, _ in made.heard(b, SAFETY)}
    assert held == heard == {pair for pair, level in last.items() if level}
    assert len(made) == len(held)
    for name in (ANN, BEN):
        assert made.vetoed(made.actor(name), SAFETY) == (last.get((US, name)) == "none")
