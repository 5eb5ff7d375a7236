"""The metric against an independent reckoning, against attackers, and against itself after changes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from node.trust.graph import Graph
from node.trust.metric import ALPHA, CAPACITY, View
from protocol.vocabulary.trust import LEVELS
from tests.trust.graphs import SAFETY, Said, certified, graph, put, real

CLOSE = 1e-4
FAKES, EDGES, FIRST, NEXT_TO_THE_EDGES = 1_000, 5, 200, 5


def voices(count: int) -> tuple[str, ...]:
    """Those who certify most: the busiest part of the graph."""
    many: dict[str, int] = {}
    for issuer, _, _ in certified():
        many[issuer] = many.get(issuer, 0) + 1
    return tuple(sorted(many, key=lambda each: (-many[each], each))[:count])


def shares(made: Graph) -> Any:
    """The matrix P, reckoned here from what the graph says: w / max(4, Σ w)."""
    size = len(made.names)
    rows, columns, values = list[int](), list[int](), list[float]()
    for actor in range(size):
        weights: dict[int, float] = {}
        for _, subject, weight in made.said(actor, SAFETY):
            weights[subject] = max(weight, weights.get(subject, 0.0))
        whole = max(CAPACITY, sum(weights.values()))
        for subject, weight in weights.items():
            rows.append(actor)
            columns.append(subject)
            values.append(weight / whole)
    return sparse.csr_matrix((values, (rows, columns)), shape=(size, size))


def power_iteration(made: Graph) -> Any:
    """p = α Σ (1−α)^k s P^k, term by term."""
    matrix = shares(made).T.tocsr()
    restart = np.zeros(len(made.names))
    restart[list(made.voices)] = 1.0
    mass = ALPHA * restart
    for _ in range(200):
        mass = ALPHA * restart + (1 - ALPHA) * (matrix @ mass)
    return mass


def masses(made: Graph, view: View) -> Any:
    return np.array([view.mass(number) for number in range(len(made.names))])


@pytest.mark.parametrize("count", [1, 3, 40])
def test_it_agrees_with_a_power_iteration_on_a_real_graph(count: int) -> None:
    made = real(voices(count))
    assert (len(made), len(made.names)) == (14_734, 1_135)
    assert np.abs(masses(made, View(made, SAFETY)) - power_iteration(made)).max() < CLOSE


def attacked(made: Graph, victims: list[str]) -> list[int]:
    """A thousand who vouch for each other in a ring and for their first, and five who are fooled by it."""
    for number in range(FAKES):
        put(made, f"fake-{number}", f"fake-{(number + 1) % FAKES}", "vouched")
        if number:
            put(made, f"fake-{number}", "fake-0", "vouched")
    for victim in victims:
        put(made, victim, "fake-0", "vouched")
    return [made.number[f"fake-{number}"] for number in range(FAKES)]


@pytest.mark.parametrize("count", [1, 3, 10])
def test_a_thousand_fakes_gain_no_more_than_their_edges_pass_on(count: int) -> None:
    made = real(voices(count))
    before = masses(made, View(made, SAFETY))
    # The five to fool that are worth most, but for ourselves: what each passes on by one more statement.
    worth = {each: before[each] / max(CAPACITY, sum(w for *_, w in made.said(each, SAFETY)) + 1)
             for each in range(len(made.names)) if each not in made.voices}  # fmt: skip
    victims = sorted(worth, key=lambda each: -worth[each])[:EDGES]
    fakes = attacked(made, [made.names[each] for each in victims])
    view = View(made, SAFETY)
    after = masses(made, view)
    matrix = shares(made)
    bound = (1 - ALPHA) / ALPHA * sum(after[victim] * matrix[victim, fakes[0]] for victim in victims)
    gained = sum(after[each] for each in fakes)
    assert 0 < gained <= bound + CLOSE
    # Whoever stands next to the five that are worth most to us is taken for one of their acquaintances: nothing that is
    # said tells them from a newcomer. What lies behind gets next to nothing.
    ranked = sorted(range(len(made.names)), key=lambda each: -after[each])[:FIRST]
    assert len(set(ranked) & set(fakes)) <= NEXT_TO_THE_EDGES


ACTORS = st.sampled_from(["us", "also us", "ann", "ben", "cal", "dee", "eve"])
STATEMENTS = st.lists(st.tuples(ACTORS, ACTORS, st.sampled_from(["", *LEVELS])), max_size=25)


def _two(said: Said) -> bool:
    return said[0] != said[1]


@settings(max_examples=150, deadline=None)
@given(STATEMENTS, STATEMENTS)
def test_kept_up_to_date_it_is_what_it_is_from_scratch(first: list[Said], then: list[Said]) -> None:
    made = graph(*((a, b, level) for a, b, level in first if a != b and level), voices=("us", "also us"))
    view = View(made, SAFETY)
    for issuer, subject, level in filter(_two, then):
        view.shift(put(made, issuer, subject, level))
    fresh = View(made, SAFETY)
    assert np.abs(masses(made, view) - masses(made, fresh)).max() < CLOSE


@settings(max_examples=150, deadline=None)
@given(STATEMENTS, ACTORS, ACTORS)
def test_an_endorsement_never_lowers_its_subject(said: list[Said], issuer: str, subject: str) -> None:
    made = graph(*((a, b, level) for a, b, level in said if a != b and level), voices=("us", "also us"))
    view = View(made, SAFETY)
    numbers = made.actor(issuer), made.actor(subject)
    weights = {to: weight for _, to, weight in made.said(numbers[0], SAFETY)}
    vetoed = made.vetoed(numbers[1], SAFETY)
    if issuer == subject or weights.get(numbers[1], 0.0) > 0 or (vetoed and issuer in ("us", "also us")):
        return  # it says so already, or takes back a veto
    before = view.mass(numbers[1])
    view.shift(put(made, issuer, subject, "vouched"))
    assert view.mass(numbers[1]) >= before - CLOSE


def test_our_own_none_is_a_veto_and_ends_what_they_pass_on() -> None:
    made = graph(
        ("us", "ann", "vouched"), ("ann", "ben", "vouched"), ("us", "cal", "vouched"), ("cal", "ann", "vouched")
    )
    view = View(made, SAFETY)
    ann, ben = made.actor("ann"), made.actor("ben")
    assert view.mass(ann) > view.mass(ben) > 0
    view.shift(put(made, "us", "ann", "none"))
    assert (view.mass(ann), view.mass(ben)) == (0.0, pytest.approx(0.0, abs=CLOSE))


def test_a_members_none_is_no_veto() -> None:
    made = graph(("us", "ann", "none"), ("us", "ben", "vouched"), ("ben", "ann", "met"), vetoing=False)
    assert View(made, SAFETY).mass(made.actor("ann")) > 0


def test_one_voice_that_vouches_is_half_of_full_trust() -> None:
    made = graph(("us", "ann", "vouched"))
    view = View(made, SAFETY)
    assert view.near(made.actor("ann")) == pytest.approx(0.5, abs=1e-3)
    assert view.near(made.actor("nobody")) == 0.0
