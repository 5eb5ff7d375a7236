"""What is not public is not signed, and stands in no set: so it cannot leave by any way. Pure.

To make it public is to publish a new item; to take a public one back is to withdraw it (protocol section 7: narrowing
is a deletion and a new id).
"""

from typing import Literal

import msgspec

from node.gate.handler import Decision
from node.repertoire import composing
from node.repertoire.composing import Written
from node.sentence import say, words
from protocol.errors import Reason

Audience = Literal["draft", "practice", "node"]
AUDIENCES = {
    "draft": words("Nobody but you: a draft"),
    "practice": words("The members of the practice"),
    "node": words("All members of this coalition"),
}
MOST = 200  # drafts of a member
MOST_CHARACTERS = 400_000  # of a draft, which nobody has judged yet


class KeepItem(msgspec.Struct, frozen=True):
    """Command of a member: keep this, for these readers. practice: an actor id; of what is kept already it stays."""

    id: str
    by: str
    practice: str
    audience: Audience
    said: Written
    new: bool


class DropKept(msgspec.Struct, frozen=True):
    """Command of a member: it is not kept any more; it was published, or is not wanted."""

    id: str
    by: str


class Kept(msgspec.Struct, frozen=True):
    """What is kept. title: of said."""

    id: str
    author: str
    practice: str
    audience: Audience
    title: str
    said: Written
    made: int
    changed: int


class Facts(msgspec.Struct, frozen=True):
    """kept: as it stands. drafts: how many this member has. practice: it is one of ours."""

    kept: Kept | None = None
    drafts: int = 0
    practice: bool = True


class Done(msgspec.Struct, frozen=True):
    """The command itself is what is stored."""


Plan = Decision[Done]
_DONE: Plan = Decision(Reason.ACCEPTED, (Done(),))
_NONE: Plan = Decision(Reason.NOT_FOUND)


def decide_keep(command: KeepItem, facts: Facts, _now: int) -> Plan:
    kept = facts.kept
    if command.new == (kept is not None) or (kept is not None and not _theirs(kept, command.by)):
        return _NONE
    if not facts.practice:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such practice on this node."))
    if kept is not None and kept.audience != "draft" and command.audience == "draft":
        return Decision(Reason.INVALID, detail=say("Others read it already, so it is no draft any more."))
    if command.audience != "draft":
        why = composing.fault(command.said)
        return Decision(Reason.INVALID, detail=why) if why else _DONE
    if sum(len(text) for text in msgspec.structs.astuple(command.said) if isinstance(text, str)) > MOST_CHARACTERS:
        return Decision(Reason.INVALID, detail=say("A draft has at most {most} characters.", most=MOST_CHARACTERS))
    if kept is None and facts.drafts >= MOST:
        return Decision(Reason.INVALID, detail=say("At most {most} drafts: publish or delete one first.", most=MOST))
    return _DONE


def decide_drop(command: DropKept, facts: Facts, _now: int) -> Plan:
    return _DONE if facts.kept is not None and _theirs(facts.kept, command.by) else _NONE


def _theirs(kept: Kept, member: str) -> bool:
    """A draft is its author's alone: to everybody else it is not there. The gate has judged the rest."""
    return kept.audience != "draft" or kept.author == member
