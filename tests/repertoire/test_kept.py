"""(facts, command) → decision, for what is kept and not public."""

import msgspec
import pytest

from node.repertoire.composing import Written
from node.repertoire.kept import rules
from node.repertoire.kept.rules import MOST, Audience, DropKept, Facts, KeepItem, Kept
from protocol.errors import Reason

SAID = Written(title="Calling in", content="How.", license="CC0-1.0", language="en")
BARE = Written(title="", content="")
DRAFT = Kept("k1", "ben", "p", "draft", "", BARE, 1, 1)
SHARED = msgspec.structs.replace(DRAFT, audience="practice", said=SAID)


def keeping(audience: Audience, said: Written = SAID, by: str = "ben", new: bool = True) -> KeepItem:
    return KeepItem("k1", by, "p", audience, said, new)


KEPT: dict[str, tuple[KeepItem, Facts, Reason]] = {
    "a draft of nothing yet": (keeping("draft", BARE), Facts(), Reason.ACCEPTED),
    "a draft too many": (keeping("draft"), Facts(drafts=MOST), Reason.INVALID),
    "a draft without end": (keeping("draft", Written(title="x", content="y" * 500_000)), Facts(), Reason.INVALID),
    "a draft again": (keeping("draft", new=False), Facts(DRAFT, drafts=MOST), Reason.ACCEPTED),
    "another's draft": (keeping("draft", by="eve", new=False), Facts(DRAFT), Reason.NOT_FOUND),
    "for members": (keeping("practice"), Facts(), Reason.ACCEPTED),
    "for members, without a title": (keeping("node", BARE), Facts(), Reason.INVALID),
    "a draft that is for members now": (keeping("practice", new=False), Facts(DRAFT), Reason.ACCEPTED),
    "what others read, as a draft": (keeping("draft", new=False), Facts(SHARED), Reason.INVALID),
    "what is for members, by another of them": (keeping("node", by="eve", new=False), Facts(SHARED), Reason.ACCEPTED),
    "of a practice that is none": (keeping("practice"), Facts(practice=False), Reason.NOT_FOUND),
    "over something else": (keeping("practice"), Facts(SHARED), Reason.NOT_FOUND),
    "what is not there": (keeping("practice", new=False), Facts(), Reason.NOT_FOUND),
}


@pytest.mark.parametrize("name", KEPT)
def test_it_is_kept(name: str) -> None:
    command, facts, reason = KEPT[name]
    assert rules.decide_keep(command, facts, 1).reason is reason


@pytest.mark.parametrize(
    ("kept", "by", "reason"),
    [
        (DRAFT, "ben", Reason.ACCEPTED),
        (DRAFT, "eve", Reason.NOT_FOUND),
        (SHARED, "eve", Reason.ACCEPTED),
        (None, "ben", Reason.NOT_FOUND),
    ],
)
def test_it_is_dropped(kept: Kept | None, by: str, reason: Reason) -> None:
    assert rules.decide_drop(DropKept("k1", by), Facts(kept), 1).reason is reason
