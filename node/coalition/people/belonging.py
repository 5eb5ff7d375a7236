"""The rows that say who belongs where: roles, organisations, affiliations. For the stores of this room alone."""

from node.folding import fold
from node.storage.contract import Tx


def give(tx: Tx, member: str, practice: str, role: str, now: int) -> None:
    """From now on they are this. practice: '' for the coalition as a whole."""
    tx.run(
        "INSERT INTO role(member, practice, role, since) VALUES(:member, :practice, :role, :now)",
        member=member, practice=practice, role=role, now=now,
    )  # fmt: skip


def organisation(tx: Tx, id: str, name: str, sector: str, place: str, now: int) -> None:
    """A new one."""
    tx.run(
        "INSERT INTO organisation(id, name, folded, sector, place, made)"
        " VALUES(:id, :name, :folded, :sector, :place, :now)",
        id=id, name=name, folded=fold(name), sector=sector, place=place, now=now,
    )  # fmt: skip


def affiliate(
    tx: Tx, member: str, id: str, name: str, sector: str, title: str, since: str, now: int
) -> None:  # fmt: skip
    """They are with an organisation since a day, which is new under this id if none of that name is here."""
    name = " ".join(name.split())
    found = tx.one("SELECT id FROM organisation WHERE folded = :folded", folded=fold(name))
    if found is None:
        organisation(tx, id, name, sector, "", now)
    tx.run(
        "INSERT INTO affiliation(member, organisation, title, since) VALUES(:member, :organisation, :title, :since)",
        member=member, organisation=found["id"] if found else id, title=title.strip(), since=since,
    )  # fmt: skip
