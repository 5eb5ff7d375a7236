"""What the settings register with the gate."""

from typing import Any

from node.coalition.settling import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads


def settling_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler. The record says what was settled, never how."""
    return {
        rules.Settle: CommandHandler(
            store.load, rules.decide_settle, store.apply_settle, "coalition.settle", names=_settled
        ),
        rules.Forget: CommandHandler(
            store.load, rules.decide_forget, store.apply_forget, "coalition.settle", names=_forgotten
        ),
    }


def _settled(_reads: Reads, command: rules.Settle) -> str:
    return type(command.setting).__name__.lower()


def _forgotten(_reads: Reads, command: rules.Forget) -> str:
    return command.name
