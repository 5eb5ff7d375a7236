"""What this registers with the gate."""

from typing import Any

from node.gate.handler import CommandHandler
from node.repertoire.kept import rules, store
from node.storage.contract import Reads

_ACT = "item.keep"


def kept_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.KeepItem: CommandHandler(store.load, rules.decide_keep, store.apply, _ACT, _practice, names=_id),
        rules.DropKept: CommandHandler(store.load, rules.decide_drop, store.apply, _ACT, _kept_in, names=_id),
    }


def _practice(reads: Reads, command: rules.KeepItem) -> str:
    return store.practice_of(reads, command.id) or command.practice


def _kept_in(reads: Reads, command: rules.DropKept) -> str:
    return store.practice_of(reads, command.id)


def _id(_reads: Reads, command: rules.KeepItem | rules.DropKept) -> str:
    return command.id
