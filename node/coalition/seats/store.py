"""The rows of seats; whether one is taken is read from who belongs to the practice now, and kept nowhere."""

from typing import Any

from node.coalition.seats.rules import DeclareSeat, Done, Facts, RemoveSeat
from node.folding import fold
from node.storage.contract import Reads, Row, Tx

_HERE = (
    "SELECT 1 FROM role r JOIN member m ON m.id = r.member AND m.state = 'active'{more}"
    " WHERE r.practice = s.practice AND r.until IS NULL{where}"
)
_WORKS = " JOIN affiliation a ON a.member = m.id AND a.until IS NULL JOIN organisation o ON o.id = a.organisation"
_SEATS = f"""
SELECT s.id, s.kind, s.name, CASE s.kind
  WHEN 'organisation' THEN EXISTS({_HERE.format(more=_WORKS, where=" AND o.folded = s.folded")})
  WHEN 'discipline' THEN EXISTS({_HERE.format(more="", where=" AND LOWER(m.discipline) = LOWER(s.name)")})
  ELSE EXISTS({_HERE.format(more="", where=" AND m.sector = s.name")})
    OR EXISTS({_HERE.format(more=_WORKS, where=" AND o.sector = s.name")}) END AS taken
FROM practice_seat s WHERE s.practice = :practice ORDER BY s.made, s.id
"""  # noqa: S608 (our own words)


def load(reads: Reads, command: DeclareSeat | RemoveSeat) -> Facts:
    if isinstance(command, RemoveSeat):
        row = reads.one("SELECT practice FROM practice_seat WHERE id = :id", id=command.id)
        return Facts(known=row is not None and row["practice"] == command.practice)
    rows = reads.all("SELECT kind, folded FROM practice_seat WHERE practice = :practice", practice=command.practice)
    ours = reads.one("SELECT 1 AS yes FROM practice WHERE actor = :actor AND local = 1", actor=command.practice)
    same = any((row["kind"], row["folded"]) == (command.kind, fold(command.name)) for row in rows)
    return Facts(len(rows), same, practice=ours is not None)


def apply(tx: Tx, command: Any, _effects: tuple[Done, ...], now: int) -> None:
    match command:
        case DeclareSeat():
            tx.run(
                "INSERT INTO practice_seat(id, practice, kind, name, folded, made)"
                " VALUES(:id, :practice, :kind, :name, :folded, :now)",
                id=command.id, practice=command.practice, kind=command.kind, name=" ".join(command.name.split()),
                folded=fold(command.name), now=now,
            )  # fmt: skip
        case RemoveSeat():
            tx.run("DELETE FROM practice_seat WHERE id = :id", id=command.id)
        case _:
            raise TypeError(f"no command about seats: {command!r}")


def seats(reads: Reads, practice: str) -> list[Row]:
    """A practice's, as they were declared: id, kind, name, and whether somebody takes it now."""
    return reads.all(_SEATS, practice=practice)
