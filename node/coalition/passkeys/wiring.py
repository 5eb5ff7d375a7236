"""What passkeys register with the gate."""

from typing import Any

from node.coalition.passkeys import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads

_ACT = "member.credentials"


def passkey_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.AddPasskey: CommandHandler(store.load, rules.decide_add, store.apply, _ACT, about=_member),
        rules.RemovePasskey: CommandHandler(store.load, rules.decide_remove, store.apply, _ACT, about=_member),
    }


def _member(_reads: Reads, command: rules.AddPasskey | rules.RemovePasskey) -> str:
    return command.member
