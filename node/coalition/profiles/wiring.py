"""What the profiles register with the gate."""

from typing import Any

from node.coalition.profiles import rules, store
from node.gate.handler import CommandHandler
from node.storage.contract import Reads

ACT = "member.publish"


def profile_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        rules.PublishProfile: CommandHandler(store.load, rules.decide_publish, store.apply, ACT, about=_member),
        rules.TakeBackProfile: CommandHandler(store.load, rules.decide_take_back, store.apply, ACT, about=_member),
    }


def _member(_reads: Reads, command: rules.PublishProfile | rules.TakeBackProfile) -> str:
    return command.member
