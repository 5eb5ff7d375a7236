"""What this room registers with the gate."""

from typing import Any

from node.gate.handler import CommandHandler, Decision, Handler
from node.storage.contract import Reads
from node.trust import rules, store
from node.trust.rules import MEMBER, Effect, Heard, StateOwn, StateTrust, TakeBack, TakeBackOwn
from protocol import canonical
from protocol.integrity import Verified
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.trust import CONCERN, STATEMENT


def trust_handlers() -> dict[str, Any]:
    """Arguments for Gate.register."""
    said = Handler(_load, _decide, store.apply, _concerns)
    return {
        "nouns": {STATEMENT: said, CONCERN: said},
        "commands": {
            StateTrust: CommandHandler(
                store.load_state, rules.decide_state, store.apply, "trust.state", _where, names=_names
            ),
            TakeBack: CommandHandler(
                store.load_take_back, rules.decide_take_back, store.apply, "trust.state", _where, names=_names
            ),
            StateOwn: CommandHandler(
                store.load_state, rules.decide_state, store.apply, "trust.own", about=_about, names=_names
            ),
            TakeBackOwn: CommandHandler(
                store.load_take_back, rules.decide_take_back, store.apply, "trust.own", about=_about, names=_names
            ),
        },
    }


def _document(verified: Verified[Activity]) -> dict[str, Any] | None:
    """The object as it was signed; None where it is taken back."""
    if verified.msg.type == "Delete":
        return None
    found: Any = canonical.read(verified.raw).value.get("object")
    return found if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownVariableType]


def _load(reads: Reads, verified: Verified[Activity]) -> Heard:
    document = _document(verified) or {}
    subject = document.get("object")
    return store.load_said(
        reads, verified, subject if isinstance(subject, str) else "", statement=document.get("type") != CONCERN
    )


def _decide(verified: Verified[Activity], heard: Heard, now: int) -> Decision[Effect]:
    return rules.decide_said(verified, heard, _document(verified), now)


def _concerns(reads: Reads, verified: Verified[Activity]) -> bool:
    """What is said about somebody of ours concerns us, whoever says it."""
    subject = (_document(verified) or {}).get("object")
    return isinstance(subject, str) and store.about_ours(reads, subject)


def _where(reads: Reads, command: StateTrust | TakeBack) -> str:
    """A practice of ours speaks in its own name; the coalition in everybody's."""
    row = reads.one("SELECT actor FROM practice WHERE actor = :id AND local = 1", id=command.issuer)
    return row["actor"] if row else ""


def _about(reads: Reads, command: StateTrust | TakeBack) -> str:
    """The member who speaks for themselves."""
    if command.issuer.startswith(MEMBER):
        return command.issuer.removeprefix(MEMBER)
    row = reads.one("SELECT member FROM profile WHERE actor = :id", id=command.issuer)
    return row["member"] if row else ""


def _names(_reads: Reads, command: StateTrust | TakeBack) -> str:
    return command.subject if isinstance(command, StateTrust) else command.id
