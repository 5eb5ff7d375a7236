"""What a practice says of itself, and the parts it has. Pure.

A practice's statement is kept in versions, each with its reason. Parts are opened by whoever may split the parent, and
nobody is moved: each member is asked, and answers for themselves (features.md, C3).
"""

from typing import Any

import msgspec

from node.coalition import rules
from node.coalition.practices.commands import ChooseSplit, DeclinePart, DescribePractice, SplitPractice, Statement
from node.coalition.rules import OpenPractice
from node.gate.handler import Decision
from node.sentence import say
from protocol import limits, states
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary import actors
from protocol.vocabulary.describing import redescribe

REASON_CHARACTERS = 500
MOST_PARTS = 2  # at once: whoever is asked about three at a time answers none


class DescribeFacts(msgspec.Struct, frozen=True):
    """document: the practice's own, without its proof. said: what it says now. began: when (ms), if no version is kept
    yet.
    """

    document: dict[str, Any]
    said: Statement
    began: int | None


class Version(msgspec.Struct, frozen=True):
    """What a practice said from a time on."""

    practice: str
    at: int
    changed_by: str
    reason: str
    said: Statement


class SplitFacts(msgspec.Struct, frozen=True):
    """domain: the parent's, empty if it is none of ours. opening: of each part, what is known of its address."""

    domain: str
    opening: tuple[rules.Facts, ...]


class Opened(msgspec.Struct, frozen=True):
    """What opening one part does."""

    effect: rules.Effect


class Asked(msgspec.Struct, frozen=True):
    """The members of the parent are asked about this part."""

    parent: str
    child: str


class Answered(msgspec.Struct, frozen=True):
    """They need not be asked again. joins, leaves: practices, empty for none."""

    member: str
    child: str
    joins: str
    leaves: str


class Declined(msgspec.Struct, frozen=True):
    child: str


Effect = Version | Opened | Asked | Answered | Declined


def fault(statement: Statement) -> str:
    """What is wrong with it, in a sentence, as far as its document's reader would not say it better."""
    if not statement.name:
        return say("A practice needs a name.")
    for text in (statement.summary, statement.scope_in, statement.scope_out):
        if len(text) > limits.TEXT_CHARACTERS:
            return say("A text has {length} characters; at most {most} fit.", length=len(text),
                       most=limits.TEXT_CHARACTERS)  # fmt: skip
    return ""


def decide_describe(command: DescribePractice, facts: DescribeFacts | None, now: int) -> Decision[Effect]:
    if facts is None:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such practice on this node."))
    said, reason = command.statement, command.reason.strip()
    if why := fault(said):
        return Decision(Reason.INVALID, detail=why)
    if said == facts.said:
        return Decision(Reason.INVALID, detail=say("Nothing was changed, so nothing was sent."))
    if not reason:
        return Decision(Reason.INVALID, detail=say("Say why it changes: members and followers read that first."))
    if len(reason) > REASON_CHARACTERS:
        return Decision(Reason.INVALID, detail=say("A reason has at most {most} characters.", most=REASON_CHARACTERS))
    try:
        sequence = actors.read_actor_value(facts.document).sequence
        if command.since and command.since != sequence:
            return Decision(
                Reason.EXISTS,
                detail=say("Somebody has changed it while you wrote. Read what they said, then send yours again."),
            )
        fields = {name: getattr(said, name) for name in Statement.__struct_fields__}
        document = redescribe(facts.document, sequence=states.next_sequence(sequence, now), **fields)
        draft = rules.introduce(command.activity, command.actor, document, now)
    except ProtocolError as error:
        return Decision(Reason.INVALID, detail=error.detail)
    new = Version(command.actor, now, command.changed_by, reason, said)
    # Of what it said first, nothing was kept: it is written down before it goes.
    first = () if facts.began is None else (Version(command.actor, facts.began, "", "", facts.said),)
    return Decision(Reason.ACCEPTED, (*first, new), says=(draft,))


def decide_split(command: SplitPractice, facts: SplitFacts, now: int) -> Decision[Effect]:
    if not facts.domain:
        return Decision(Reason.NOT_FOUND, detail=say("There is no such practice on this node."))
    if not 1 <= len(command.parts) <= MOST_PARTS:
        return Decision(Reason.INVALID, detail=say("Name one part, or two."))
    if len({part.actor for part in command.parts}) < len(command.parts):
        return Decision(Reason.INVALID, detail=say("Two parts cannot have the same address."))
    effects: list[Effect] = []
    drafts: list[Any] = []
    for part, known in zip(command.parts, facts.opening, strict=True):
        if not part.domain.startswith(f"{facts.domain}/"):
            return Decision(
                Reason.INVALID,
                detail=say("A part cares about something narrower: its domain lies below “{domain}”.",
                           domain=facts.domain),
            )  # fmt: skip
        opened = rules.decide_open(_of(part, command.parent), known, now)
        if opened.reason is not Reason.ACCEPTED:
            return Decision(opened.reason, detail=opened.detail)
        effects += [*map(Opened, opened.effects), Asked(command.parent, part.actor)]
        drafts += opened.says
    return Decision(Reason.ACCEPTED, tuple(effects), says=tuple(drafts))


def _of(part: OpenPractice, parent: str) -> OpenPractice:
    return msgspec.structs.replace(part, parent=parent)


def decide_choice(command: ChooseSplit, parent: str, _now: int) -> Decision[Effect]:
    """parent: of the part about which they are asked, empty if they are not."""
    if not parent:
        return Decision(Reason.NOT_FOUND, detail=say("You are not asked about this, or have answered already."))
    if command.leaves and not command.joins:
        return Decision(Reason.INVALID, detail=say("To leave a practice for its part, join the part."))
    answered = Answered(
        command.member, command.child, command.child if command.joins else "", parent if command.leaves else ""
    )
    return Decision(Reason.ACCEPTED, (answered,))


def decide_decline(command: DeclinePart, asked: bool, _now: int) -> Decision[Effect]:
    if not asked:
        return Decision(Reason.NOT_FOUND, detail=say("That is not asked here, or was answered already."))
    return Decision(Reason.ACCEPTED, (Declined(command.child),))
