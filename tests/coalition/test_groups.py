"""Groups that are not on the network: what may be noted of them, as a table; and who finds what, from where."""

from typing import Any

import msgspec
import pytest

from node.coalition.practices import findable, groups
from node.coalition.practices.commands import ClaimGroup, ForgetGroup, Group, NoteGroup
from node.coalition.practices.groups import MOST, NOTE_CHARACTERS, Facts
from protocol.errors import Reason
from protocol.vocabulary.place import Place

NEW, KNOWN, NOBODY = Facts(), Facts(known=True), Facts()
GROUP = Group(name="Housing Alliance", kind="alliance", domain="housing/shelter", url="https://alliance.example/")


def noting(new: bool = True, **more: Any) -> NoteGroup:
    return NoteGroup("g1", msgspec.structs.replace(GROUP, **more), "m1", new)


NOTED: dict[str, tuple[NoteGroup, Facts, Reason]] = {
    "anew": (noting(), NEW, Reason.ACCEPTED),
    "as it is known now": (noting(new=False), KNOWN, Reason.ACCEPTED),
    "of one that is not there": (noting(new=False), NOBODY, Reason.NOT_FOUND),
    "when the directory is full": (noting(), Facts(many=MOST), Reason.INVALID),
    "of one there, in a full directory": (noting(new=False), Facts(known=True, many=MOST), Reason.ACCEPTED),
    "without a name": (noting(name=" "), NEW, Reason.INVALID),
    "with a name too long": (noting(name="x" * 301), NEW, Reason.INVALID),
    "of an unknown kind": (noting(kind="club"), NEW, Reason.INVALID),
    "with a note too long": (noting(note="x" * (NOTE_CHARACTERS + 1)), NEW, Reason.INVALID),
    "with an address that is script": (noting(url="javascript:alert(1)"), NEW, Reason.INVALID),
    "in another domain": (noting(domain="sports"), NEW, Reason.INVALID),
    "at another level": (noting(level="planet"), NEW, Reason.INVALID),
    "at a place that is none": (noting(place=Place("x", "abc")), NEW, Reason.INVALID),
}


@pytest.mark.parametrize("name", NOTED)
def test_a_group_is_noted(name: str) -> None:
    command, facts, reason = NOTED[name]
    decision = groups.decide_note(command, facts, 1)
    assert decision.reason is reason
    assert bool(decision.detail) is (reason is not Reason.ACCEPTED)


def test_only_a_known_group_is_claimed_and_only_as_a_known_practice() -> None:
    claim, none = ClaimGroup("g1", "https://a.example/practices/p"), ClaimGroup("g1", "")
    assert groups.decide_claim(claim, Facts(known=True, actor=True), 1).reason is Reason.ACCEPTED
    assert groups.decide_claim(none, KNOWN, 1).reason is Reason.ACCEPTED
    assert groups.decide_claim(claim, KNOWN, 1).reason is Reason.INVALID
    assert groups.decide_claim(claim, Facts(actor=True), 1).reason is Reason.NOT_FOUND
    assert groups.decide_forget(ForgetGroup("g1"), KNOWN, 1).reason is Reason.ACCEPTED
    assert groups.decide_forget(ForgetGroup("g1"), NOBODY, 1).reason is Reason.NOT_FOUND


def test_near_is_as_wide_in_the_north_as_at_the_equator() -> None:
    south, north = (
        findable.where(Place("Quito", coordinates="0.0,-78.5")),
        findable.where(Place("Tromsø", coordinates="69.65,18.96")),
    )
    assert south.ends is not None
    assert north.ends is not None
    assert south.ends[1] - south.ends[0] == north.ends[1] - north.ends[0] == 2 * findable.NEAR
    assert north.ends[3] - north.ends[2] > 2 * (south.ends[3] - south.ends[2])
