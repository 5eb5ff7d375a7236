"""(facts, command) → decision, for adding and removing passkeys."""

import msgspec
import pytest

from node.coalition.passkeys import rules
from node.coalition.passkeys.rules import MOST, NAME_CHARACTERS, AddPasskey, Facts, RemovePasskey
from protocol.errors import Reason

ADD = AddPasskey("id", "ben", "Telephone", b"key", 0, "challenge")
ADDED: dict[str, tuple[str, Facts, Reason]] = {
    "a first one": ("Telephone", Facts(), Reason.ACCEPTED),
    "the last that fits": ("x" * NAME_CHARACTERS, Facts(many=MOST - 1), Reason.ACCEPTED),
    "one too many": ("Telephone", Facts(many=MOST), Reason.INVALID),
    "without a name": ("  ", Facts(), Reason.INVALID),
    "with a name too long": ("x" * (NAME_CHARACTERS + 1), Facts(), Reason.INVALID),
    "with a challenge that was used": ("Telephone", Facts(fresh=False), Reason.INVALID),
    "one that somebody has": ("Telephone", Facts(known=True), Reason.EXISTS),
}


@pytest.mark.parametrize("name", ADDED)
def test_a_passkey_is_added(name: str) -> None:
    called, facts, reason = ADDED[name]
    decision = rules.decide_add(msgspec.structs.replace(ADD, name=called), facts, 1)
    assert decision.reason is reason
    assert bool(decision.detail) is (reason is not Reason.ACCEPTED)


@pytest.mark.parametrize(("theirs", "reason"), [(True, Reason.ACCEPTED), (False, Reason.NOT_FOUND)])
def test_only_ones_own_is_removed(theirs: bool, reason: Reason) -> None:
    assert rules.decide_remove(RemovePasskey("id", "ben"), Facts(theirs=theirs, known=True), 1).reason is reason
