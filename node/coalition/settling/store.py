"""The settings' rows, and what the checklist asks."""

from typing import Any, TypeVar

import msgspec

from node.coalition.settling.rules import KINDS, Cares, Forget, Reach, Setting, Settle, Welcome
from node.mail import Mailbox
from node.storage.contract import Reads, Tx

S = TypeVar("S", bound=Setting)


def load(_reads: Reads, _command: Settle | Forget) -> None:
    """Whether something may be settled does not rest on what was settled."""


def apply_settle(tx: Tx, _command: Settle, effects: tuple[Setting, ...], _now: int) -> None:
    for setting in effects:
        tx.run(
            "INSERT INTO setting(name, value) VALUES(:name, :value)"
            " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
            name=type(setting).__name__.lower(), value=msgspec.json.encode(setting, enc_hook=str).decode(),
        )  # fmt: skip


def apply_forget(tx: Tx, _command: Forget, effects: tuple[str, ...], _now: int) -> None:
    for name in effects:
        tx.run("DELETE FROM setting WHERE name = :name", name=name)


class Settled(msgspec.Struct, frozen=True):
    """Everything that was settled; None for what was not."""

    cares: Cares = Cares()
    welcome: Welcome = Welcome()
    reach: Reach | None = None
    mailbox: Mailbox | None = None


def settled(reads: Reads) -> Settled:
    """All settings, in one query."""
    found: dict[str, Any] = {
        row["name"]: msgspec.json.decode(row["value"], type=KINDS[row["name"]])
        for row in reads.all("SELECT name, value FROM setting WHERE name IN ('cares', 'reach', 'welcome', 'mailbox')")
    }
    return Settled(**found)


def welcome(reads: Reads) -> Welcome:
    row = reads.one("SELECT value FROM setting WHERE name = 'welcome'")
    return msgspec.json.decode(row["value"], type=Welcome) if row else Welcome()


def begun(reads: Reads) -> bool:
    """Somebody is or was a member: the first coordinator's link is spent."""
    return reads.one("SELECT 1 AS yes FROM member LIMIT 1") is not None


def coordinators(reads: Reads) -> list[str]:
    """Names of those who coordinate the coalition; for coordinators alone."""
    rows = reads.all(
        "SELECT m.name FROM role r JOIN member m ON m.id = r.member AND m.state = 'active'"
        " WHERE r.practice = '' AND r.role = 'coordinator' AND r.until IS NULL ORDER BY r.since LIMIT 20"
    )
    return [row["name"] for row in rows]
