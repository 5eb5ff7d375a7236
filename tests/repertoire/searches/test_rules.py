"""Keeping a search, as tables."""

from typing import Any

import msgspec
import pytest

from node.repertoire.searches.rules import MOST, Facts, ForgetSearch, MoveFeed, SaveSearch, decide_change, decide_save
from protocol.errors import Reason

SAVE = SaveSearch("s", "ana", "Truancy", "q=truancy", "secret")


@pytest.mark.parametrize(
    ("changed", "facts", "reason"),
    [
        ({}, Facts(), Reason.ACCEPTED),
        ({}, Facts(many=MOST - 1), Reason.ACCEPTED),
        ({}, Facts(many=MOST), Reason.INVALID),
        ({}, Facts(many=1, named=True), Reason.INVALID),
        ({"name": "  "}, Facts(), Reason.INVALID),
        ({"name": "x" * 101}, Facts(), Reason.INVALID),
        ({"query": ""}, Facts(), Reason.INVALID),
        ({"query": "q=" + "x" * 2_000}, Facts(), Reason.INVALID),
    ],
)
def test_keeping(changed: dict[str, Any], facts: Facts, reason: Reason) -> None:
    plan = decide_save(msgspec.structs.replace(SAVE, **changed), facts, 0)
    assert plan.reason == reason
    assert bool(plan.effects) == (reason == Reason.ACCEPTED)
    assert bool(plan.detail) == (reason != Reason.ACCEPTED)


@pytest.mark.parametrize("command", [MoveFeed("s", "ana", "other"), ForgetSearch("s", "ana")])
@pytest.mark.parametrize(("theirs", "reason"), [(True, Reason.ACCEPTED), (False, Reason.NOT_FOUND)])
def test_only_ones_own_is_changed(command: MoveFeed | ForgetSearch, theirs: bool, reason: Reason) -> None:
    assert decide_change(command, Facts(theirs=theirs), 0).reason == reason
