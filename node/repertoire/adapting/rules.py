"""What may be told of an adaptation as it goes, and what an item's next version may credit. Pure.

Everything told has its day and is signed with the adaptation; so it comes to whoever is credited, and they may credit
it in turn.
"""

import msgspec

from node.gate.handler import Decision
from node.repertoire import rules
from node.repertoire.adapting import crediting
from node.repertoire.rules import Effect
from node.sentence import say, words
from node.web.forms import is_plain
from protocol.errors import Reason
from protocol.vocabulary.adapting import HAPPENINGS, MOST, Progress
from protocol.vocabulary.dates import is_day
from protocol.vocabulary.repertoire import Reference

TEXT = 2_000  # characters: a hundred of them fit into an activity beside the item's own text
VERSION = 60
DAY = 86_400_000
WHAT = {
    "result": words("A result"),
    "lesson": words("A lesson learned"),
    "considering": words("We are considering it"),
    "visited": words("We visited those who do it"),
    "adapting": words("We are adapting it"),
    "running": words("It is running"),
    "stopped": words("We stopped"),
}
_SAY_SO = ("result", "lesson", "visited")  # a day alone says nothing of these


class PostProgress(msgspec.Struct, frozen=True):
    """Command: this happened to an adaptation of ours, and is told with it."""

    item: str
    activity: str
    told: Progress


class StrikeProgress(msgspec.Struct, frozen=True):
    """Command: this was told by mistake. number: its place among what was told, from 1."""

    item: str
    activity: str
    number: int
    told: Progress


class CreditIn(msgspec.Struct, frozen=True):
    """Command: the next state of an item of ours credits these, of what was made of it. version: for people."""

    item: str
    activity: str
    credits: tuple[str, ...]
    version: str = ""


class Known(msgspec.Struct, frozen=True):
    """facts: of the item, with the credits of its next state. made: the ids of what owes it something."""

    facts: rules.Facts
    made: frozenset[str] = frozenset()


def _gone(facts: rules.Facts) -> Decision[Effect] | None:
    if facts.held is None or facts.practice_domain is None:
        gone = facts.held_deleted
        return Decision(
            Reason.GONE if gone else Reason.NOT_FOUND, detail=say("This item was withdrawn.") if gone else ""
        )
    return None


def _no(why: str) -> Decision[Effect]:
    return Decision(Reason.INVALID, detail=why)


def fault(told: Progress, now: int) -> str:
    """What is wrong with it, in a sentence for who wrote it; empty if nothing is."""
    if told.what not in HAPPENINGS:
        return say("“{what}” is none of {known}.", what=told.what[:60], known=", ".join(HAPPENINGS))
    if not is_day(told.on):
        return say("“{day}” is not a day. Write year-month-day, such as 2027-03-31.", day=told.on[:60])
    if told.on > crediting.day_of(now + DAY):
        return say("This day is still to come: tell it when it has happened.")
    if told.what in _SAY_SO and not told.text.strip():
        return say("Say in a sentence or two what it was.")
    if len(told.text) > TEXT:
        return say("It has {length} characters; at most {most} fit.", length=len(told.text), most=TEXT)
    return "" if is_plain(told.text) else say("The text has {what}.", what=say("a control character"))


def decide_post(command: PostProgress, facts: rules.Facts, now: int) -> Decision[Effect]:
    if (no := _gone(facts)) is not None or (held := facts.held) is None:
        return no or Decision(Reason.NOT_FOUND)
    if held.kind != "adaptation":
        return _no(say("Only of an adaptation is it told how it goes: start one from this item."))
    if why := fault(command.told, now):
        return _no(why)
    if command.told in held.progress:
        return _no(say("This is told already."))
    if len(held.progress) >= MOST:
        return _no(say("An adaptation tells at most {most} things: take one back first.", most=MOST))
    return _retell(command.activity, (*held.progress, command.told), facts, now)


def decide_strike(command: StrikeProgress, facts: rules.Facts, now: int) -> Decision[Effect]:
    if (no := _gone(facts)) is not None or (held := facts.held) is None:
        return no or Decision(Reason.NOT_FOUND)
    at = command.number - 1
    if not 0 <= at < len(held.progress) or held.progress[at] != command.told:
        return Decision(Reason.NOT_FOUND, detail=say("It is not told any more, or has another place by now."))
    return _retell(command.activity, (*held.progress[:at], *held.progress[at + 1 :]), facts, now)


def _retell(activity: str, progress: tuple[Progress, ...], facts: rules.Facts, now: int) -> Decision[Effect]:
    held = facts.held
    if held is None:
        return Decision(Reason.NOT_FOUND)
    item = msgspec.structs.replace(
        held, progress=progress, stage=crediting.stage_of(progress),
        earlier=crediting.earlier(held, facts.digest, facts.relied),
    )  # fmt: skip
    return rules.restate(activity, item, facts, held, now)


def credited(before: tuple[Reference, ...], made: frozenset[str], chosen: tuple[str, ...]) -> tuple[Reference, ...]:
    """The credits of the next state: what the item came from stays; of what was made of it, what is chosen. A state
    that was credited before stays the one that is named."""
    named = {owed.id: owed for owed in before}
    stays = [owed for owed in before if owed.id not in made]
    return tuple({owed.id: owed for owed in (*stays, *(named.get(id, Reference(id)) for id in chosen))}.values())


def decide_credit(command: CreditIn, known: Known, now: int) -> Decision[Effect]:
    facts = known.facts
    if (no := _gone(facts)) is not None or (held := facts.held) is None:
        return no or Decision(Reason.NOT_FOUND)
    if len(command.credits) > MOST:
        return _no(say("At most {most} can be credited.", most=MOST))
    if strange := [id for id in command.credits if id not in known.made]:
        return _no(say("This node holds nothing of this address that was made of the item: {id}", id=strange[0][:200]))
    version = command.version.strip()
    if len(version) > VERSION or not is_plain(version, line=True):
        return _no(say("A version is one line of at most {most} characters.", most=VERSION))
    now_owed = {owed.id for owed in facts.credits}
    if now_owed == {owed.id for owed in held.credits} and version in ("", held.version):
        return _no(say("It credits exactly these already."))
    item = msgspec.structs.replace(
        held, version=version or held.version, earlier=crediting.earlier(held, facts.digest, facts.relied)
    )
    return rules.restate(command.activity, item, facts, held, now)
