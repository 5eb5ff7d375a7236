"""What the coalition settles for its node in the browser: named values, each a struct of its own, kept as JSON.

How the node is reached and where its data is, stands in the machine's own file (node/config.py) and not here.
"""

from typing import Any, TypeVar

import msgspec

from node.gate.handler import Decision
from node.storage.contract import Reads, Tx
from protocol.errors import Reason

T = TypeVar("T")

FIRST_RUN, MAIL = "first-run", "mail"


class Settle(msgspec.Struct, frozen=True):
    """Command: the setting of this name has this value, JSON, from now on; empty: none."""

    name: str
    value: str


def settle(name: str, value: msgspec.Struct | None) -> Settle:
    """The command that gives a setting its value."""
    return Settle(name, msgspec.json.encode(value, enc_hook=str).decode() if value is not None else "")


def setting(reads: Reads, name: str, kind: type[T]) -> T | None:
    """The setting's value; None if it was never settled, or by a later version that wrote it otherwise."""
    row = reads.one("SELECT value FROM setting WHERE name = :name", name=name)
    try:
        return msgspec.json.decode(row["value"], type=kind) if row else None
    except msgspec.MsgspecError:
        return None


def load(_reads: Reads, _command: Settle) -> None:
    return None


def decide(_command: Settle, _facts: None, _now: int) -> Decision[Any]:
    return Decision(Reason.ACCEPTED)


def apply(tx: Tx, command: Settle, _effects: tuple[Any, ...], _now: int) -> None:
    tx.run("DELETE FROM setting WHERE name = :name", name=command.name)
    if command.value:
        tx.run("INSERT INTO setting(name, value) VALUES(:name, :value)", name=command.name, value=command.value)


def name_of(_reads: Reads, command: Settle) -> str:
    return command.name
