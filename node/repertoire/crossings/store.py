"""The rows of what was brought in and applied; who may see them is asked first. `apply` and `merge` alone write."""

from typing import Any

from node.repertoire.crossings.rules import Crossed, Facts, Note, NoteCrossing, RemoveCrossing, With
from node.storage.contract import Reads, Row, Tx

PAGE = 50
MOST = 2_000  # of a practice that are reckoned with, the latest

_READ = (
    "SELECT c.id, c.item, c.kind, c.member, c.organisation, c.day, c.note, o.name AS organisation_name, m.name,"
    " i.name AS title, i.withdrawn, (SELECT COUNT(*) FROM affiliation a WHERE a.member = c.member"
    " AND a.organisation = c.organisation AND a.until IS NULL) AS still"
    " FROM crossing c LEFT JOIN organisation o ON o.id = c.organisation"
    " LEFT JOIN member m ON m.id = c.member AND m.state = 'active' LEFT JOIN item i ON i.id = c.item"
)


def load(reads: Reads, command: Any) -> Facts:
    """The facts that this command's decision asks for."""
    if isinstance(command, RemoveCrossing):
        return Facts(there=noted(reads, command.id) is not None)
    same = reads.one(
        "SELECT 1 AS yes FROM crossing WHERE item = :item AND kind = :kind AND member = :member"
        " AND organisation = :organisation AND day = :day",
        item=command.item, kind=command.kind, member=command.member, organisation=command.organisation,
        day=command.day,
    )  # fmt: skip
    rows = reads.all("SELECT organisation, since, until FROM affiliation WHERE member = :member", member=command.member)
    return Facts(
        practice_of(reads, command.item),
        tuple(With(row["organisation"], row["since"], row["until"]) for row in rows),
        same is not None,
    )


def practice_of(reads: Reads, item: str) -> str | None:
    """Whose an item of ours is that stands; None otherwise."""
    row = reads.one("SELECT owner FROM item WHERE id = :item AND local = 1 AND withdrawn IS NULL", item=item)
    return row["owner"] if row else None


def noted(reads: Reads, id: str) -> Row | None:
    """practice, member, item."""
    return reads.one("SELECT practice, member, item FROM crossing WHERE id = :id", id=id)


def apply(tx: Tx, command: Any, effects: tuple[Note, ...], now: int) -> None:
    """Store what was decided."""
    match command:
        case NoteCrossing():
            tx.run(
                "INSERT INTO crossing(id, item, practice, kind, member, organisation, day, note, made)"
                " VALUES(:id, :item, :practice, :kind, :member, :organisation, :day, :note, :now)",
                id=command.id, item=command.item, practice=effects[0].practice, kind=command.kind,
                member=command.member, organisation=command.organisation, day=command.day,
                note=" ".join(command.note.split()), now=now,
            )  # fmt: skip
        case RemoveCrossing():
            tx.run("DELETE FROM crossing WHERE id = :id", id=command.id)
        case _:
            raise TypeError(f"no command of crossings: {command!r}")


def merge(tx: Tx, organisation: str, into: str) -> None:
    """An organisation is another one: what was noted of it is of that one."""
    tx.run("UPDATE crossing SET organisation = :into WHERE organisation = :id", into=into, id=organisation)


# Reads for pages


def of_item(reads: Reads, item: str) -> list[Row]:
    """What is noted of an item, by day. name: of the member, None who has left; still: they are there today."""
    return reads.all(f"{_READ} WHERE c.item = :item ORDER BY c.day, c.id LIMIT 200", item=item)


def of_practice(reads: Reads, practice: str, page: int) -> tuple[list[Row], int]:
    """A page of what is noted in a practice, the latest first, and how much there is."""
    rows = reads.all(
        f"{_READ} WHERE c.practice = :practice ORDER BY c.day DESC, c.id DESC LIMIT :limit OFFSET :offset",
        practice=practice, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    return rows, reads.the("SELECT COUNT(*) AS n FROM crossing WHERE practice = :practice", practice=practice)["n"]


def reckoned(reads: Reads, practice: str) -> tuple[Crossed, ...]:
    """All of a practice's, by the organisations' names, but for items that were withdrawn."""
    rows = reads.all(
        "SELECT c.item, c.kind, o.name FROM crossing c JOIN organisation o ON o.id = c.organisation"
        " JOIN item i ON i.id = c.item AND i.withdrawn IS NULL WHERE c.practice = :practice"
        " ORDER BY c.day DESC LIMIT :most",
        practice=practice, most=MOST,
    )  # fmt: skip
    return tuple(Crossed(row["item"], row["kind"], row["name"]) for row in rows)


def items(reads: Reads, practice: str) -> int:
    """How many items of the practice stand."""
    return reads.the(
        "SELECT COUNT(*) AS n FROM item WHERE owner = :practice AND withdrawn IS NULL", practice=practice
    )["n"]  # fmt: skip


def theirs(reads: Reads, member: str) -> list[Row]:
    """The organisations that a member is or was with: id, name, until."""
    return reads.all(
        "SELECT o.id, o.name, a.until FROM affiliation a JOIN organisation o ON o.id = a.organisation"
        " WHERE a.member = :member ORDER BY a.until IS NOT NULL, a.since DESC, a.key",
        member=member,
    )


def of_member(reads: Reads, member: str) -> list[Row]:
    """What a member noted, for themselves."""
    return reads.all(
        "SELECT c.item, c.kind, o.name AS organisation, c.day, c.note FROM crossing c"
        " LEFT JOIN organisation o ON o.id = c.organisation WHERE c.member = :member ORDER BY c.day",
        member=member,
    )
