"""The rows of what is kept. Who may read one is asked with its reading, so that no page forgets to."""

from typing import Any

import msgspec

from node.repertoire.composing import Written
from node.repertoire.kept.rules import Done, DropKept, Facts, KeepItem, Kept
from node.storage.contract import Reads, Row, Tx

PAGE = 50
_ROW = "SELECT k.id, k.author, k.practice, k.audience, k.title, k.said, k.made, k.changed"
# Whom it is for, of a member: :member, who is active.
_READS = (
    "((k.audience = 'draft' AND k.author = :member) OR k.audience = 'node' OR (k.audience = 'practice' AND"
    " (SELECT COUNT(*) FROM role r WHERE r.member = :member AND r.practice = k.practice AND r.until IS NULL) > 0))"
)


def load(reads: Reads, command: KeepItem | DropKept) -> Facts:
    row = reads.one(f"{_ROW} FROM kept_item k WHERE k.id = :id", id=command.id)
    kept = _kept(row) if row else None
    if isinstance(command, DropKept):
        return Facts(kept)
    drafts = reads.the(
        "SELECT COUNT(*) AS n FROM kept_item WHERE author = :by AND audience = 'draft'", by=command.by
    )["n"]  # fmt: skip
    ours = reads.one("SELECT 1 AS yes FROM practice WHERE actor = :actor AND local = 1", actor=command.practice)
    return Facts(kept, drafts, ours is not None or kept is not None)


def apply(tx: Tx, command: Any, _effects: tuple[Done, ...], now: int) -> None:
    match command:
        case KeepItem():
            tx.run(
                "INSERT INTO kept_item(id, author, practice, audience, title, said, made, changed)"
                " VALUES(:id, :by, :practice, :audience, :title, :said, :now, :now) ON CONFLICT(id) DO UPDATE SET"
                " audience = excluded.audience, title = excluded.title, said = excluded.said,"
                " changed = excluded.changed",
                id=command.id, by=command.by, practice=command.practice, audience=command.audience,
                title=command.said.title.strip(), said=msgspec.json.encode(command.said).decode(), now=now,
            )  # fmt: skip
        case DropKept():
            tx.run("DELETE FROM kept_item WHERE id = :id", id=command.id)
        case _:
            raise TypeError(f"no command about what is kept: {command!r}")


def forget(tx: Tx, member: str) -> None:
    """A member leaves: their drafts go, and what they kept for others is the practice's."""
    tx.run("DELETE FROM kept_item WHERE author = :member AND audience = 'draft'", member=member)
    tx.run("UPDATE kept_item SET author = '' WHERE author = :member", member=member)


def practice_of(reads: Reads, id: str) -> str:
    """Whose it is; '' if it is not there."""
    row = reads.one("SELECT practice FROM kept_item WHERE id = :id", id=id)
    return row["practice"] if row else ""


def kept(reads: Reads, id: str, member: str) -> Kept | None:
    """What is kept, for a member whom it is for; None for everybody else, as if it were not there."""
    if not member:
        return None
    row = reads.one(f"{_ROW} FROM kept_item k WHERE k.id = :id AND {_READS}", id=id, member=member)
    return _kept(row) if row else None


def drafts(reads: Reads, member: str) -> list[Row]:
    """A member's own, the last changed first: id, title, changed, practice's name."""
    return reads.all(
        "SELECT k.id, k.title, k.changed, k.audience, p.name AS practice_name FROM kept_item k"
        " LEFT JOIN practice p ON p.actor = k.practice WHERE k.author = :member AND k.audience = 'draft'"
        " ORDER BY k.changed DESC LIMIT 200",
        member=member,
    )


_SHARED = f" FROM kept_item k LEFT JOIN practice p ON p.actor = k.practice WHERE k.audience <> 'draft' AND {_READS}"


def shared(reads: Reads, member: str, page: int) -> tuple[list[Row], int]:
    """A page of what others may read too and this member may, the last changed first, and how many there are."""
    rows = reads.all(
        f"SELECT k.id, k.title, k.changed, k.audience, p.name AS practice_name{_SHARED}"
        " ORDER BY k.changed DESC LIMIT :limit OFFSET :offset",
        member=member, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    return rows, reads.the(f"SELECT COUNT(*) AS n{_SHARED}", member=member)["n"]


def of_member(reads: Reads, member: str) -> list[Row]:
    """What a member kept, to be taken along."""
    return reads.all(
        "SELECT id, practice, audience, title, said, made, changed FROM kept_item WHERE author = :member ORDER BY made",
        member=member,
    )


def _kept(row: Row) -> Kept:
    said = msgspec.json.decode(row["said"], type=Written)
    return Kept(
        row["id"], row["author"], row["practice"], row["audience"], row["title"], said, row["made"], row["changed"]
    )  # fmt: skip
