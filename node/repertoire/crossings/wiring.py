"""What crossings register with the gate."""

from typing import Any

from node.gate.handler import CommandHandler
from node.repertoire.crossings import rules, store
from node.storage.contract import Reads


def crossing_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.NoteCrossing: CommandHandler(
            store.load, rules.decide_note, store.apply, "item.cross", _practice, _member, _item
        ),
        rules.RemoveCrossing: CommandHandler(
            store.load, rules.decide_remove, store.apply, "item.uncross", _noted_in, _noted_by, _noted_of
        ),
    }


def _practice(reads: Reads, command: rules.NoteCrossing) -> str:
    return store.practice_of(reads, command.item) or ""


def _member(_reads: Reads, command: rules.NoteCrossing) -> str:
    return command.member


def _item(_reads: Reads, command: rules.NoteCrossing) -> str:
    return command.item


def _noted(reads: Reads, command: rules.RemoveCrossing, name: str) -> str:
    row = store.noted(reads, command.id)
    return row[name] if row else ""


def _noted_in(reads: Reads, command: rules.RemoveCrossing) -> str:
    return _noted(reads, command, "practice")


def _noted_by(reads: Reads, command: rules.RemoveCrossing) -> str:
    return _noted(reads, command, "member")


def _noted_of(reads: Reads, command: rules.RemoveCrossing) -> str:
    return _noted(reads, command, "item")
