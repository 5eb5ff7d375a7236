"""What messages register with the gate."""

from typing import Any

from node.coalition.messages import rules, store
from node.coalition.messages.rules import Act, Effect, Got, Write
from node.gate.handler import CommandHandler, Decision, Handler
from node.storage.contract import Reads
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.messages import NOTE


def message_nouns() -> dict[str, Handler[Any, Any]]:
    """By the type of the object."""
    return {NOTE: Handler(store.load_got, _decide, store.apply, store.for_us)}


def message_commands() -> dict[type, CommandHandler[Any, Any, Any]]:
    """Command → handler."""
    return {
        Write: CommandHandler(store.load_write, rules.decide_write, store.apply, "message.write", about=_member),
        Act: CommandHandler(store.load_act, rules.decide_act, store.apply, "message.write", about=_member),
    }


def _decide(verified: Verified[Activity], got: Got, now: int) -> Decision[Effect]:
    if verified.msg.type == "Delete":
        return Decision(Reason.ACCEPTED)  # whoever got a letter keeps it
    made = store.read(verified)
    return rules.decide_got(verified, got, made, store.text_of(made), now)


def _member(_reads: Reads, command: Write | Act) -> str:
    return command.member
