"""The order of states: a table of single steps, and that every order of arrival ends the same."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import states
from protocol.errors import Reason
from protocol.limits import FUTURE_SEQUENCE
from protocol.states import State
from protocol.vocabulary.activities import Activity, Thing, Tombstone

ALICE = "https://high-point.example/practices/a"
BOB = "https://high-point.example/practices/b"
NOW = 1_800_000_000_000


def state(
    sequence: int, digest: int = 0, *, owner: str = ALICE, type: str = "Article", audience: str = "public"
) -> State:
    return State(owner, type, audience, sequence, bytes([digest]) * 32)


def tomb(sequence: int = 0, digest: int = 0, *, owner: str = ALICE, type: str = "") -> State:
    return State(owner, type, "public", sequence, bytes([digest]) * 32, deleted=True)


TABLE = [
    ("the first", None, state(5), Reason.ACCEPTED),
    ("the same again", state(5), state(5), Reason.KNOWN),
    ("the next", state(5), state(6), Reason.ACCEPTED),
    ("an older one", state(6), state(5), Reason.SUPERSEDED),
    ("same sequence, higher digest", state(5, 1), state(5, 2), Reason.ACCEPTED),
    ("same sequence, lower digest", state(5, 2), state(5, 1), Reason.SUPERSEDED),
    ("another owner", state(5), state(6, owner=BOB), Reason.NOT_OWNER),
    ("another type", state(5), state(6, type="Note"), Reason.IDENTITY_CHANGED),
    ("a wider audience", state(5, audience="members"), state(6), Reason.IDENTITY_CHANGED),
    ("a narrower audience", state(5), state(6, audience="direct"), Reason.IDENTITY_CHANGED),
    ("the Create after an Update that changed the type", state(6, type="Note"), state(5), Reason.ACCEPTED),
    ("a day ahead", None, state(NOW + FUTURE_SEQUENCE), Reason.ACCEPTED),
    ("more than a day ahead", None, state(NOW + FUTURE_SEQUENCE + 1), Reason.FUTURE_SEQUENCE),
    ("a Delete more than a day ahead", state(5), tomb(NOW + FUTURE_SEQUENCE + 1), Reason.FUTURE_SEQUENCE),
    ("a Delete", state(5), tomb(6), Reason.ACCEPTED),
    ("a Delete without sequence", state(5), tomb(0), Reason.ACCEPTED),
    ("a Delete of another type's name", state(5), tomb(6, type="Note"), Reason.ACCEPTED),
    ("a Delete by another", state(5), tomb(6, owner=BOB), Reason.NOT_OWNER),
    ("a Delete again", tomb(6), tomb(6), Reason.KNOWN),
    ("an older Delete", tomb(6), tomb(5), Reason.SUPERSEDED),
    ("a later Delete", tomb(5), tomb(6), Reason.ACCEPTED),
    ("an Update after the Delete", tomb(5), state(9), Reason.SUPERSEDED),
    ("the Create after its Delete", tomb(5), state(4), Reason.SUPERSEDED),
    ("the Create after another's Delete", tomb(5, owner=BOB), state(4), Reason.ACCEPTED),
]


@pytest.mark.parametrize(("what", "current", "new", "reason"), TABLE, ids=[row[0] for row in TABLE])
def test_one_step(what: str, current: State | None, new: State, reason: Reason) -> None:
    assert states.judge(current, new, NOW) is reason


def settle(arrivals: list[State]) -> State | None:
    """What a replica holds of Alice's object after these."""
    held: dict[str, State] = {}
    for new in arrivals:
        current = held.get(new.owner) or next((other for other in held.values() if not other.deleted), None)
        if states.judge(current, new, NOW) is Reason.ACCEPTED:
            held[new.owner] = new
    return held.get(ALICE)


STATE = st.builds(state, st.integers(0, 5), st.integers(0, 3))
TOMB = st.builds(tomb, st.integers(0, 5), st.integers(0, 3))


@settings(deadline=None)
@given(st.lists(st.one_of(STATE, TOMB), max_size=8), st.data())
def test_every_order_of_arrival_ends_the_same(history: list[State], data: st.DataObject) -> None:
    assert settle(data.draw(st.permutations(history))) == settle(history)


@settings(deadline=None)
@given(st.lists(st.one_of(STATE, TOMB), max_size=6), st.data())
def test_repeats_change_nothing(history: list[State], data: st.DataObject) -> None:
    again = data.draw(st.lists(st.sampled_from(history), max_size=6)) if history else []
    assert settle(history + again) == settle(history)


def test_a_strangers_early_delete_blocks_nothing() -> None:
    arrivals = [tomb(9, owner=BOB), state(1), state(2)]
    assert all(settle(list(order)) == state(2) for order in permutations(arrivals))


def test_of_two_that_disagree_in_type_the_first_said_holds_in_either_order() -> None:
    pair = [state(1), state(2, type="Note")]
    assert settle(pair) == settle(pair[::-1]) == state(1)


@pytest.mark.parametrize(("last", "now", "following"), [(0, NOW, NOW), (NOW, NOW, NOW + 1), (NOW + 5, NOW, NOW + 6)])
def test_our_own_sequence_never_falls_back(last: int, now: int, following: int) -> None:
    assert states.next_sequence(last, now) == following


def test_the_state_an_activity_makes() -> None:
    thing = Thing(id=ALICE + "/x", type="Event", attributed_to=ALICE, sequence=7)
    made = Activity(id=ALICE + "/1", type="Create", actor=ALICE, object_id=thing.id, object=thing)
    assert states.state_of(made, bytes(32)) == State(ALICE, "Event", "direct", 7, bytes(32))
    gone = Activity(
        id=ALICE + "/2", type="Delete", actor=ALICE, object=Tombstone(thing.id, "Event", 8), object_id=thing.id
    )
    assert states.state_of(gone, bytes(32), "public") == State(ALICE, "Event", "public", 8, bytes(32), deleted=True)
    bare = Activity(id=ALICE + "/3", type="Delete", actor=ALICE, object_id=thing.id, published=9)
    assert states.state_of(bare, bytes(32)) == State(ALICE, "", "direct", 9, bytes(32), deleted=True)
