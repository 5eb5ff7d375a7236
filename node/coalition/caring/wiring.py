"""What caring registers with the gate."""

from typing import Any

from node.coalition.caring import rules, store
from node.coalition.caring.rules import SayWhy
from node.gate.handler import CommandHandler
from node.storage.contract import Reads


def caring_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {SayWhy: CommandHandler(store.load, rules.decide, store.apply, "member.describe", about=_member)}


def _member(_reads: Reads, command: SayWhy) -> str:
    return command.member
