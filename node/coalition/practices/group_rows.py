"""The rows of noted groups, and the lines by which they are found while nobody has claimed them."""

from typing import Any

import msgspec

from node.coalition.practices import findable
from node.coalition.practices.commands import ClaimGroup, ForgetGroup, Group, NoteGroup
from node.coalition.practices.groups import Done, Facts
from node.storage.contract import Reads, Row, Tx
from protocol.vocabulary.place import Place

PAGE = 50
_LINE = "SELECT g.id, g.name, g.kind, g.domain, g.level, g.located, g.url, g.note, g.at, g.claimed FROM noted_group g"


def load(reads: Reads, command: NoteGroup | ClaimGroup | ForgetGroup) -> Facts:
    known = reads.one("SELECT 1 AS yes FROM noted_group WHERE id = :id", id=command.id) is not None
    match command:
        case NoteGroup():
            return Facts(known, reads.the("SELECT COUNT(*) AS n FROM noted_group")["n"] if command.new else 0)
        case ClaimGroup():
            row = reads.one("SELECT 1 AS yes FROM practice WHERE actor = :actor", actor=command.actor)
            return Facts(known, actor=row is not None)
        case ForgetGroup():
            return Facts(known)


def apply(tx: Tx, command: Any, _effects: tuple[Done, ...], now: int) -> None:
    match command:
        case NoteGroup():
            _note(tx, command, now)
        case ClaimGroup():
            tx.run("UPDATE noted_group SET claimed = :actor WHERE id = :id", actor=command.actor, id=command.id)
            row = group(tx, command.id)
            if command.actor or row is None:
                findable.remove(tx, command.id)
            else:
                _find(tx, command.id, group_of(row))
        case ForgetGroup():
            tx.run("DELETE FROM noted_group WHERE id = :id", id=command.id)
            findable.remove(tx, command.id)
        case _:
            raise TypeError(f"no command about groups: {command!r}")


def _note(tx: Tx, command: NoteGroup, now: int) -> None:
    said = command.group
    row = tx.one(
        "INSERT INTO noted_group(id, name, kind, domain, level, located, url, note, noted_by, at, claimed)"
        " VALUES(:id, :name, :kind, :domain, :level, :located, :url, :note, :by, :now, '')"
        " ON CONFLICT(id) DO UPDATE SET name = excluded.name, kind = excluded.kind, domain = excluded.domain,"
        " level = excluded.level, located = excluded.located, url = excluded.url, note = excluded.note"
        " RETURNING claimed",
        id=command.id, name=said.name.strip(), kind=said.kind, domain=said.domain, level=said.level,
        located=msgspec.json.encode(said.place).decode(), url=said.url, note=said.note.strip(), by=command.noted_by,
        now=now,
    )  # fmt: skip
    if row is not None and not row["claimed"]:
        _find(tx, command.id, said)


def _find(tx: Tx, id: str, said: Group) -> None:
    findable.put(tx, id, "group", said.name.strip(), said.domain, said.level, said.place)


def group_of(row: Row) -> Group:
    """What was noted."""
    return Group(
        name=row["name"], kind=row["kind"], domain=row["domain"], level=row["level"],
        place=msgspec.json.decode(row["located"], type=Place), url=row["url"], note=row["note"],
    )  # fmt: skip


# Reads for pages


def group(reads: Reads, id: str) -> Row | None:
    return reads.one(f"{_LINE} WHERE g.id = :id", id=id)


def groups(reads: Reads, page: int) -> tuple[list[Row], int]:
    """A page of all, by name, and how many there are."""
    rows = reads.all(
        f"{_LINE} ORDER BY g.name, g.id LIMIT :limit OFFSET :offset", limit=PAGE, offset=(page - 1) * PAGE
    )  # fmt: skip
    return rows, reads.the("SELECT COUNT(*) AS n FROM noted_group")["n"]


def claimants(reads: Reads) -> list[tuple[str, str]]:
    """What a group might turn out to be: the practices that are known here, ours first."""
    rows = reads.all("SELECT actor, name, local, host FROM practice ORDER BY local DESC, name LIMIT 500")
    return [(row["actor"], row["name"] if row["local"] else f"{row['name']} ({row['host']})") for row in rows]
