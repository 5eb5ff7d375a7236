"""The rows of passkeys. `apply` and `use` alone write."""

from typing import Any

from node.coalition.passkeys.rules import AddPasskey, Done, Facts, RemovePasskey
from node.gate import permitted
from node.storage.contract import Reads, Row, Tx

KEPT = 10 * 60_000  # ms that a used challenge is remembered: longer than any is good for


def load(reads: Reads, command: AddPasskey | RemovePasskey) -> Facts:
    row = reads.one("SELECT member FROM passkey WHERE id = :id", id=command.id)
    if isinstance(command, RemovePasskey):
        return Facts(theirs=row is not None and row["member"] == command.member)
    many = reads.the("SELECT COUNT(*) AS n FROM passkey WHERE member = :member", member=command.member)["n"]
    used = reads.one("SELECT 1 AS yes FROM wish WHERE once = :once", once=_once(command.challenge))
    return Facts(many, known=row is not None, fresh=used is None)


def apply(tx: Tx, command: Any, _effects: tuple[Done, ...], now: int) -> None:
    match command:
        case AddPasskey():
            permitted.once(tx, _once(command.challenge), now + KEPT, now)
            tx.run(
                "INSERT INTO passkey(id, member, name, key, count, made)"
                " VALUES(:id, :member, :name, :key, :count, :now)",
                id=command.id, member=command.member, name=command.name.strip(), key=command.key, count=command.count,
                now=now,
            )  # fmt: skip
        case RemovePasskey():
            tx.run("DELETE FROM passkey WHERE id = :id AND member = :member", id=command.id, member=command.member)
        case _:
            raise TypeError(f"no command about passkeys: {command!r}")


def forget(tx: Tx, member: str) -> None:
    """All of a member who leaves, or who says that they have lost what signs them in."""
    tx.run("DELETE FROM passkey WHERE member = :member", member=member)


def use(tx: Tx, id: str, count: int, challenge: str, now: int) -> bool:
    """Somebody signed in by it; False if they did so with this challenge before, or it was removed meanwhile."""
    if not permitted.once(tx, _once(challenge), now + KEPT, now):
        return False
    noted = tx.one(
        "UPDATE passkey SET count = :count, used = :now WHERE id = :id RETURNING id", count=count, now=now, id=id
    )  # fmt: skip
    return noted is not None


def passkey(reads: Reads, id: str) -> Row | None:
    """Of an active member: id, member, key, count."""
    return reads.one(
        "SELECT p.id, p.member, p.key, p.count FROM passkey p JOIN member m ON m.id = p.member AND m.state = 'active'"
        " WHERE p.id = :id",
        id=id,
    )


def of_member(reads: Reads, member: str) -> list[Row]:
    """Their passkeys: id, name, made, used."""
    return reads.all("SELECT id, name, made, used FROM passkey WHERE member = :member ORDER BY made", member=member)


def _once(challenge: str) -> str:
    return f"passkey {challenge}"
