"""The rows of people who are expected, and of organisations. Apart from `apply` it only reads."""

from typing import Any

from node.coalition.awaited.rules import (
    Await,
    Come,
    Facts,
    Note,
    NoteOrganisation,
    RemoveOrganisation,
    SendFor,
    Unawait,
)
from node.coalition.people import belonging
from node.coalition.people import store as people
from node.coalition.people.rules import DAY
from node.folding import fold
from node.storage.contract import Reads, Row, Tx
from protocol.vocabulary.dates import instant

SHOWN = 200
_HERE = "SELECT name, sector, place FROM organisation"


def load(reads: Reads, command: Any) -> Facts:
    """The facts that this command's decision asks for."""
    match command:
        case Await():
            return Facts(
                states=_states(reads, (command.id,)),
                taken=people.taken(reads, command.id, command.sign_in, command.email),
                namesakes=_namesakes(reads, command), practice=people.is_practice(reads, command.practice),
            )  # fmt: skip
        case SendFor():
            return Facts(states=_states(reads, tuple(link.member for link in command.links)))
        case Come():
            return Facts(
                people.invited(reads, command.seal), _states(reads, (command.member,)),
                people.taken(reads, command.member, command.sign_in, command.email),
            )  # fmt: skip
        case Unawait():
            return Facts(states=_states(reads, (command.member,)))
        case NoteOrganisation():
            return Facts(organisation=_three(reads.one(f"{_HERE} WHERE folded = :folded", folded=fold(command.name))))
        case RemoveOrganisation():
            here = reads.one(f"{_HERE} WHERE id = :id", id=command.organisation)
            return Facts(organisation=_three(here), people=_people(reads, command.organisation))
        case _:
            raise TypeError(f"no command about whom is awaited: {command!r}")


def _states(reads: Reads, members: tuple[str, ...]) -> frozenset[str]:
    """The states of these; "" for one that is not here."""
    found = [reads.one("SELECT state FROM member WHERE id = :id", id=member) for member in members]
    return frozenset(row["state"] if row else "" for row in found)


def _namesakes(reads: Reads, command: Await) -> int:
    if command.email or command.sign_in:
        return 0
    return reads.the(
        "SELECT COUNT(*) AS n FROM member WHERE state IN ('active', 'suspended', 'invited') AND name = :name",
        name=command.name.strip(),
    )["n"]


def _three(row: Row | None) -> tuple[str, str, str] | None:
    return (row["name"], row["sector"], row["place"]) if row else None


def _people(reads: Reads, organisation: str) -> int:
    return reads.the("SELECT COUNT(*) AS n FROM affiliation WHERE organisation = :id", id=organisation)["n"]


def apply(tx: Tx, command: Any, effects: tuple[Note, ...], now: int) -> None:
    """Store what was decided."""
    match command:
        case Await():
            _await(tx, command, now)
        case SendFor():
            for link in command.links:
                tx.run("DELETE FROM invitation WHERE member = :member", member=link.member)
                tx.run(
                    "INSERT INTO invitation(id, seal, practice, role, member, note, made_by, made, expires, left_uses)"
                    " VALUES(:id, :seal, '', '', :member, '', :by, :now, :expires, 1)",
                    id=link.id, seal=link.seal, member=link.member, by=command.made_by, now=now,
                    expires=now + command.days * DAY,
                )  # fmt: skip
        case Come() if effects[0].by is not None:
            _come(tx, command, now)
        case Unawait():
            for table, column in (("invitation", "member"), ("awaited", "member"), ("member", "id")):
                tx.run(f"DELETE FROM {table} WHERE {column} = :id", id=command.member)  # noqa: S608 (our own names)
        case NoteOrganisation():
            belonging.organisation(
                tx, command.organisation, " ".join(command.name.split()), command.sector, command.place, now
            )
        case RemoveOrganisation():
            tx.run("DELETE FROM organisation WHERE id = :id", id=command.organisation)
        case _:
            raise TypeError(f"no command about whom is awaited: {command!r}")


def _await(tx: Tx, command: Await, now: int) -> None:
    tx.run(
        "INSERT INTO member(id, name, email, sector, discipline, help, state, joined, sign_in)"
        " VALUES(:id, :name, :email, :sector, :discipline, :help, 'invited', :now, :sign_in)",
        id=command.id, name=command.name.strip(), email=command.email.lower() or None, sector=command.sector,
        discipline=command.discipline, help=command.help, now=now, sign_in=command.sign_in,
    )  # fmt: skip
    tx.run(
        "INSERT INTO awaited(member, practice, role, organisation, title, since)"
        " VALUES(:id, :practice, :role, :organisation, :title, :since)",
        id=command.id, practice=command.practice, role=command.role, organisation=command.organisation,
        title=command.title, since=command.since,
    )  # fmt: skip


def _come(tx: Tx, command: Come, now: int) -> None:
    noted = awaited(tx, command.member)
    tx.run("DELETE FROM invitation WHERE member = :id", id=command.member)
    tx.run("DELETE FROM awaited WHERE member = :id", id=command.member)
    tx.run(
        "UPDATE member SET name = :name, email = :email, password = :hash, language = :language, time_zone = :zone,"
        " state = 'active', joined = :now, sign_in = :sign_in WHERE id = :id",
        name=command.name.strip(), email=command.email.lower() or None, hash=command.password,
        language=command.language, zone=command.time_zone, now=now, sign_in=command.sign_in, id=command.member,
    )  # fmt: skip
    if noted is None:
        return
    if noted["practice"]:
        for role in {"member", noted["role"] or "member"}:
            belonging.give(tx, command.member, noted["practice"], role, now)
    if noted["organisation"]:
        belonging.affiliate(
            tx, command.member, f"{command.member}-o", noted["organisation"], "", noted["title"],
            noted["since"] or instant(now)[:10], now,
        )  # fmt: skip


# Reads for pages


def awaited(reads: Reads, member: str) -> Row | None:
    """What was noted of somebody who has not come: practice (its name), role, organisation, title, since."""
    return reads.one(
        "SELECT a.practice, a.role, a.organisation, a.title, a.since, p.name FROM awaited a"
        " LEFT JOIN practice p ON p.actor = a.practice WHERE a.member = :member",
        member=member,
    )


def expected(reads: Reads) -> list[Row]:
    """Who has not come yet, by name: id, name, email, and until when their link holds."""
    return reads.all(
        "SELECT m.id, m.name, m.email, MAX(i.expires) AS expires FROM member m"
        " LEFT JOIN invitation i ON i.member = m.id AND i.member <> '' WHERE m.state = 'invited'"
        " GROUP BY m.id, m.name, m.email, m.key ORDER BY m.name, m.key LIMIT :limit",
        limit=SHOWN,
    )


def of_these(reads: Reads, members: list[str]) -> list[Row]:
    """Those of these members who have not come yet: id, name, email."""
    found = [
        reads.one("SELECT id, name, email FROM member WHERE id = :id AND state = 'invited'", id=member)
        for member in members
    ]
    return [row for row in found if row is not None]
