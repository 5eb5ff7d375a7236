"""What seats register with the gate."""

from typing import Any

from node.coalition.seats import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads

_ACT = "practice.seats"


def seat_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.DeclareSeat: CommandHandler(store.load, rules.decide_declare, store.apply, _ACT, _practice, names=_id),
        rules.RemoveSeat: CommandHandler(store.load, rules.decide_remove, store.apply, _ACT, _practice, names=_id),
    }


def _practice(_reads: Reads, command: rules.DeclareSeat | rules.RemoveSeat) -> str:
    return command.practice


def _id(_reads: Reads, command: rules.DeclareSeat | rules.RemoveSeat) -> str:
    return command.id
