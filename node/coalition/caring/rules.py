"""Who may say why they care. Pure: whoever belongs to the practice, about themselves; it never leaves the node."""

import msgspec

from node.gate.handler import Decision
from node.sentence import say
from node.web.forms import is_plain
from protocol.errors import Reason

CHARACTERS = 200  # one line


class SayWhy(msgspec.Struct, frozen=True):
    """Command: a member says why they care about a practice, '' for nothing. shown: to its members."""

    member: str
    practice: str
    words: str
    shown: bool


class Facts(msgspec.Struct, frozen=True):
    belongs: bool = False


class Keep(msgspec.Struct, frozen=True):
    wish: SayWhy


def decide(command: SayWhy, facts: Facts, _now: int) -> Decision[Keep]:
    if not facts.belongs:
        return Decision(Reason.NOT_ALLOWED, detail=say("You do not belong to this practice."))
    if len(command.words) > CHARACTERS or not is_plain(command.words, line=True):
        length = len(command.words)
        return Decision(
            Reason.INVALID,
            detail=say("This has {length} characters; at most {most} fit.", length=length, most=CHARACTERS),
        )
    return Decision(Reason.ACCEPTED, (Keep(command),))
