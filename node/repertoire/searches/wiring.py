"""What kept searches register with the gate."""

from typing import Any

from node.gate.handler import CommandHandler
from node.repertoire.searches import rules, store
from node.storage.contract import Reads

_ACT = "search.keep"


def search_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.SaveSearch: CommandHandler(store.load, rules.decide_save, store.apply, _ACT, about=_member, names=_id),
        rules.MoveFeed: CommandHandler(store.load, rules.decide_change, store.apply, _ACT, about=_member, names=_id),
        rules.ForgetSearch: CommandHandler(
            store.load, rules.decide_change, store.apply, _ACT, about=_member, names=_id
        ),
    }


def _member(_reads: Reads, command: rules.SaveSearch | rules.MoveFeed | rules.ForgetSearch) -> str:
    return command.member


def _id(_reads: Reads, command: rules.SaveSearch | rules.MoveFeed | rules.ForgetSearch) -> str:
    return command.id
