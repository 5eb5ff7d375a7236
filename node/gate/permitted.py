"""Before a command is carried out: may they, and is it the first time that this one wish comes?

A form that is sent twice, by an impatient finger or by somebody who recorded it, is done once. Who may do what is
the coalition's to say (`Permissions`); here it is asked, for every command, whichever way it comes.
"""

from typing import Any

from node.gate.handler import CommandHandler, Outcome, Permissions, Who
from node.storage.contract import Reads, Tx
from protocol.errors import Reason, sentence

REMEMBERED = 25 * 3_600_000  # ms; a form may be sent for a day after it was shown (node/web/forms.py)


def judge(
    reads: Reads, permissions: Permissions | None, handler: CommandHandler[Any, Any, Any], command: object, who: Who
) -> Outcome | None:
    """The refusal; None if they may."""
    if who.node:
        return None
    if permissions is None or not handler.act:
        return Outcome(Reason.NOT_ALLOWED, sentence(Reason.NOT_ALLOWED))
    refusal = permissions.refusal(reads, who, handler.act, handler.where(reads, command), handler.about(reads, command))
    return Outcome(Reason.NOT_ALLOWED, refusal) if refusal else None


def first(tx: Tx, who: Who, now: int) -> bool:
    """Remember the wish by its name; False if it is remembered already."""
    return not who.once or once(tx, who.once, now + REMEMBERED, now)


def once(tx: Tx, name: str, until: int, now: int) -> bool:
    """Remember this name until then; False if it is remembered already."""
    tx.run("DELETE FROM wish WHERE until <= :now", now=now)
    noted = tx.one(
        "INSERT INTO wish(once, until) VALUES(:once, :until) ON CONFLICT(once) DO NOTHING RETURNING once",
        once=name, until=until,
    )  # fmt: skip
    return noted is not None


def forget(tx: Tx, who: Who) -> None:
    """Nothing was done, so the same form may be sent again."""
    if who.once:
        tx.run("DELETE FROM wish WHERE once = :once", once=who.once)


def record(
    tx: Tx, permissions: Permissions | None, handler: CommandHandler[Any, Any, Any], command: object, who: Who, now: int
) -> None:
    """Write down that it is done."""
    if permissions is not None and not who.node:
        practice, subject = handler.where(tx, command), handler.names(tx, command)
        permissions.record(tx, who, handler.act, practice, subject or handler.about(tx, command), now)
