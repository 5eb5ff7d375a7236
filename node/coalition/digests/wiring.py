"""What digests register with the gate."""

from typing import Any

from node.coalition.digests import rules, store
from node.coalition.digests.rules import EndDigest, SetDigest
from node.gate.handler import CommandHandler
from node.storage.contract import Reads


def digest_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        SetDigest: CommandHandler(store.load_set, rules.decide_set, store.apply, "member.describe", about=_member),
        EndDigest: CommandHandler(store.load_end, rules.decide_end, store.apply),
    }


def _member(_reads: Reads, command: SetDigest) -> str:
    return command.member
