"""What coaching registers with the gate."""

from typing import Any

from node.gate.handler import CommandHandler, Decision, Handler
from node.repertoire import store as items
from node.repertoire.coaching import rules, store
from node.repertoire.coaching.rules import Effect, Offered
from node.storage.contract import Reads
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.vocabulary.activities import Activity

NOUN = "cw:Coaching"


def coaching_acts() -> dict[str, Handler[Any, Any]]:
    """By the type of the activity."""
    return {"Offer": Handler(store.load_offer, _decide_offer, store.apply, store.for_us)}


def coaching_nouns() -> dict[str, Handler[Any, Any]]:
    """By the type of the object."""
    return {NOUN: Handler(store.load_word, rules.decide_word, store.apply, store.concerns)}


def coaching_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.AskCoach: CommandHandler(
            store.load_ask, rules.decide_ask, store.apply, "item.report", _owner, names=_item
        ),
        rules.AnswerCoaching: CommandHandler(
            store.load_answer, rules.decide_answer, store.apply, "coach.answer", _coach_asked, _member_asked, _request
        ),
        rules.EndCoaching: CommandHandler(
            store.load_end, rules.decide_end, store.apply, "coach.answer", _coach, _member, _coaching
        ),
        rules.DropCoach: CommandHandler(
            store.load_drop, rules.decide_drop, items.apply, "item.report", _owner, names=_item
        ),
    }


def _decide_offer(verified: Verified[Activity], offered: Offered, _now: int) -> Decision[Effect]:
    if not store.to_coach(verified):
        return Decision(Reason.ACCEPTED)  # an Offer of something that is not known here: kept, and shown nowhere
    adaptation, words = store.said(verified)
    return rules.decide_offer(verified, offered, adaptation, words)


def _owner(reads: Reads, command: rules.AskCoach | rules.DropCoach) -> str:
    row = items.state(reads, command.item)
    return row["owner"] if row else ""


def _item(_reads: Reads, command: rules.AskCoach | rules.DropCoach) -> str:
    return command.item


def _coach_asked(reads: Reads, command: rules.AnswerCoaching) -> str:
    found = store.request(reads, command.request)
    return found.coach if found else ""


def _member_asked(reads: Reads, command: rules.AnswerCoaching) -> str:
    return store.member_of(reads, _coach_asked(reads, command))


def _request(_reads: Reads, command: rules.AnswerCoaching) -> str:
    return command.request


def _coach(reads: Reads, command: rules.EndCoaching) -> str:
    found = store.word(reads, command.coaching)
    return found.coach if found else ""


def _member(reads: Reads, command: rules.EndCoaching) -> str:
    return store.member_of(reads, _coach(reads, command))


def _coaching(_reads: Reads, command: rules.EndCoaching) -> str:
    return command.coaching
