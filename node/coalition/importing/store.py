"""The tables that were brought, and what became of their rows. Apart from `apply`, `claim`, `release` and
`forget` it only reads."""

from collections.abc import Mapping
from typing import Any

import msgspec

from node.coalition.importing import kept
from node.coalition.importing.judging import Columns
from node.coalition.importing.kinds import Kind, Practices, practices_by_name
from node.coalition.importing.rules import (
    DRAFT_LIFETIME,
    KEPT,
    BeginImport,
    DropImport,
    Facts,
    MatchColumns,
    Note,
    NoteRows,
    RunImport,
    UndoImport,
)
from node.coalition.importing.tables import Line
from node.storage.contract import Reads, Row, Tx

PAGE = 50
BATCH = 20  # rows between two notes of how far it has come

_TABLE = (
    "SELECT id, kind, name, state, made_by, via, scopes, made, ended, headings, columns, said, undone_by"
    " FROM import_table"
)


class Brought(msgspec.Struct, frozen=True):
    """One import, read."""

    id: str
    kind: str
    name: str
    state: str
    made_by: str
    via: str
    scopes: frozenset[str] | None
    made: int
    ended: int | None
    headings: tuple[str, ...]
    columns: Columns
    said: tuple[str, ...]
    undone_by: str


def _brought(row: Row) -> Brought:
    return Brought(
        row["id"], row["kind"], row["name"], row["state"], row["made_by"], row["via"],
        None if row["scopes"] is None else frozenset(row["scopes"].split()), row["made"], row["ended"],
        tuple(msgspec.json.decode(row["headings"])), msgspec.json.decode(row["columns"]), kept.read(row["said"]),
        row["undone_by"],
    )  # fmt: skip


def load(kinds: Mapping[str, Kind], reads: Reads, command: Any) -> Facts:
    """The facts that a decision asks for."""
    if isinstance(command, BeginImport):
        drafts = reads.the("SELECT COUNT(*) AS n FROM import_table WHERE state = 'draft'")["n"]
        return Facts(kind=kinds.get(command.kind), drafts=drafts)
    found = brought(reads, command.id)
    if found is None:
        return Facts()
    return Facts(found.state, kinds.get(found.kind), found.headings, found.columns)


def apply(tx: Tx, command: Any, effects: tuple[Note, ...], now: int) -> None:
    """Store what was decided."""
    state = effects[0].state
    match command:
        case BeginImport():
            _begin(tx, command, now)
        case MatchColumns():
            columns = msgspec.json.encode(command.columns).decode()
            tx.run("UPDATE import_table SET columns = :columns WHERE id = :id", columns=columns, id=command.id)
        case RunImport():
            tx.run("UPDATE import_table SET state = :state WHERE id = :id", state=state, id=command.id)
        case UndoImport():
            tx.run(
                "UPDATE import_table SET state = :state, undone_by = :by WHERE id = :id",
                state=state, by=command.by, id=command.id,
            )  # fmt: skip
        case DropImport():
            _drop(tx, command.id)
        case NoteRows():
            _note(tx, command, state, now)
        case _:
            raise TypeError(f"no command of an import: {command!r}")


def _begin(tx: Tx, command: BeginImport, now: int) -> None:
    tx.run(
        "INSERT INTO import_table(id, kind, name, state, made_by, via, scopes, made, headings, columns, said)"
        " VALUES(:id, :kind, :name, 'draft', :by, :via, :scopes, :now, :headings, :columns, :said)",
        id=command.id, kind=command.kind, name=command.name[:200], by=command.made_by, via=command.via,
        scopes=None if command.scopes is None else " ".join(sorted(command.scopes)), now=now,
        headings=msgspec.json.encode(command.headings).decode(),
        columns=msgspec.json.encode(command.columns).decode(), said=kept.keep(command.said),
    )  # fmt: skip
    for line in command.lines:
        tx.run(
            "INSERT INTO import_row(import, number, cells, state) VALUES(:id, :number, :cells, 'waiting')",
            id=command.id, number=line.number, cells=msgspec.json.encode(line.cells).decode(),
        )  # fmt: skip


def _note(tx: Tx, command: NoteRows, state: str, now: int) -> None:
    for note in command.notes:
        # What was made of a row is told by what was made; of a bad row alone its words are still needed.
        tx.run(
            "UPDATE import_row SET state = :state, reason = :reason, cells = CASE WHEN :state = 'bad' THEN cells"
            " ELSE '' END, subject = CASE WHEN :subject = '' THEN subject ELSE :subject END,"
            " was = CASE WHEN :was = '' THEN was ELSE :was END WHERE import = :id AND number = :number",
            state=note.state, reason=note.reason, subject=note.subject, was=note.was, id=command.id,
            number=note.number,
        )  # fmt: skip
    tx.run(
        "UPDATE import_table SET state = :state, held_until = :lease, ended = :ended WHERE id = :id",
        state=state, lease=0 if command.end else command.lease, ended=now if command.end else None, id=command.id,
    )  # fmt: skip


def _drop(tx: Tx, id: str) -> None:
    tx.run("DELETE FROM import_row WHERE import = :id", id=id)
    tx.run("DELETE FROM import_table WHERE id = :id", id=id)


def forget(tx: Tx, now: int) -> None:
    """What has had its time: it has the names of people who never heard of it."""
    for row in tx.all(
        "SELECT id FROM import_table WHERE (state = 'draft' AND made <= :draft)"
        " OR (state IN ('done', 'undone') AND made <= :ended)",
        draft=now - DRAFT_LIFETIME, ended=now - KEPT,
    ):  # fmt: skip
        _drop(tx, row["id"])


def claim(tx: Tx, now: int, lease: int) -> Brought | None:
    """One that is to be carried out and that nobody holds: ours until then."""
    row = tx.one(
        "UPDATE import_table SET held_until = :lease WHERE held_until <= :now AND id = (SELECT id FROM import_table"
        " WHERE state IN ('running', 'undoing') AND held_until <= :now ORDER BY made LIMIT 1) RETURNING id",
        lease=lease, now=now,
    )  # fmt: skip
    return brought(tx, row["id"]) if row else None


def release(tx: Tx) -> None:
    """Where nobody else can hold a lease: whatever a process held that is no more."""
    tx.run("UPDATE import_table SET held_until = 0 WHERE state IN ('running', 'undoing')")


# Reads


def brought(reads: Reads, id: str) -> Brought | None:
    row = reads.one(f"{_TABLE} WHERE id = :id", id=id)
    return _brought(row) if row else None


def next_due(reads: Reads) -> int | None:
    """When the first lease of another lapses, or the first table has had its time; None if there is nothing to do."""
    row = reads.the(
        "SELECT MIN(CASE state WHEN 'draft' THEN made + :draft WHEN 'done' THEN made + :ended"
        " WHEN 'undone' THEN made + :ended ELSE held_until END) AS due FROM import_table",
        draft=DRAFT_LIFETIME, ended=KEPT,
    )  # fmt: skip
    return row["due"]


def listed(reads: Reads, page: int) -> tuple[list[Row], int]:
    """A page of all imports, the last first, with who brought each, and how many there are."""
    rows = reads.all(
        "SELECT t.id, t.kind, t.name, t.state, t.made, m.name AS bringer FROM import_table t"
        " LEFT JOIN member m ON m.id = t.made_by ORDER BY t.made DESC, t.id LIMIT :limit OFFSET :offset",
        limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    return rows, reads.the("SELECT COUNT(*) AS n FROM import_table")["n"]


def numbers(reads: Reads, id: str) -> dict[str, int]:
    """How many rows are in which state."""
    rows = reads.all("SELECT state, COUNT(*) AS n FROM import_row WHERE import = :id GROUP BY state", id=id)
    return {row["state"]: row["n"] for row in rows}


def lines(reads: Reads, id: str, state: str = "waiting") -> list[Line]:
    """The rows in this state, as the table has them."""
    rows = reads.all(
        "SELECT number, cells FROM import_row WHERE import = :id AND state = :state ORDER BY number",
        id=id, state=state,
    )  # fmt: skip
    return [Line(row["number"], tuple(msgspec.json.decode(row["cells"]))) for row in rows]


def of_state(reads: Reads, id: str, state: str, page: int) -> list[Row]:
    """A page of the rows in this state: number, cells, reason, subject, was."""
    return reads.all(
        "SELECT number, cells, reason, subject, was FROM import_row WHERE import = :id AND state = :state"
        " ORDER BY number LIMIT :limit OFFSET :offset",
        id=id, state=state, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip


def made(reads: Reads, id: str) -> list[Row]:
    """Of the rows that something was made of, what it was: number, subject, was; the last first."""
    return reads.all(
        "SELECT number, subject, was FROM import_row WHERE import = :id AND state = 'made' ORDER BY number DESC", id=id
    )


def bad(reads: Reads, id: str) -> list[Row]:
    """Every bad row: number, cells, reason."""
    return reads.all(
        "SELECT number, cells, reason FROM import_row WHERE import = :id AND state = 'bad' ORDER BY number", id=id
    )


def practices(reads: Reads) -> Practices:
    """Ours, as a table may name them."""
    rows = reads.all("SELECT actor, slug, name FROM practice WHERE local = 1")
    return practices_by_name([(row["actor"], row["slug"], row["name"]) for row in rows])


def was_done(reads: Reads, once: str) -> bool:
    """This wish was carried out, by a process that ended before it could note it."""
    return reads.one("SELECT 1 AS yes FROM wish WHERE once = :once", once=once) is not None
