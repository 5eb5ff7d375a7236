"""What adapting registers with the gate."""

from typing import Any

from node.gate.handler import CommandHandler
from node.repertoire import store as items
from node.repertoire.adapting import rules, store
from node.storage.contract import Reads

_Telling = rules.PostProgress | rules.StrikeProgress | rules.CreditIn


def adapting_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.PostProgress: CommandHandler(
            store.load_progress, rules.decide_post, items.apply, "item.report", _owner, names=_item
        ),
        rules.StrikeProgress: CommandHandler(
            store.load_progress, rules.decide_strike, items.apply, "item.report", _owner, names=_item
        ),
        rules.CreditIn: CommandHandler(
            store.load_credit, rules.decide_credit, items.apply, "item.credit", _owner, names=_item
        ),
    }


def _owner(reads: Reads, command: _Telling) -> str:
    row = items.state(reads, command.item)
    return row["owner"] if row else ""


def _item(_reads: Reads, command: _Telling) -> str:
    return command.item
