"""The organisations' rows, and who comes from them. Everything here is for members alone."""

from node.coalition.organisations.rules import ChangeOrganisation, Facts, MergeOrganisations
from node.folding import fold
from node.storage.contract import Reads, Row, Tx

PAGE = 50


def load(reads: Reads, command: ChangeOrganisation | MergeOrganisations) -> Facts:
    named = {command.organisation, command.into if isinstance(command, MergeOrganisations) else command.organisation}
    here = sum(reads.one("SELECT 1 AS yes FROM organisation WHERE id = :id", id=id) is not None for id in named)
    if isinstance(command, MergeOrganisations):
        return Facts(here)
    other = reads.one(
        "SELECT 1 AS yes FROM organisation WHERE folded = :folded AND id <> :id",
        folded=fold(command.name), id=command.organisation,
    )  # fmt: skip
    return Facts(here, other is not None)


def apply(tx: Tx, command: ChangeOrganisation | MergeOrganisations, _effects: tuple[str, ...], _now: int) -> None:
    if isinstance(command, MergeOrganisations):
        tx.run(
            "UPDATE affiliation SET organisation = :into WHERE organisation = :id",
            into=command.into, id=command.organisation,
        )  # fmt: skip
        tx.run("DELETE FROM organisation WHERE id = :id", id=command.organisation)
        return
    name = " ".join(command.name.split())
    tx.run(
        "UPDATE organisation SET name = :name, folded = :folded, sector = :sector, place = :place WHERE id = :id",
        name=name, folded=fold(name), sector=command.sector, place=command.place.strip(), id=command.organisation,
    )  # fmt: skip


# Reads for pages


def organisations(reads: Reads, query: str, page: int) -> tuple[list[Row], int]:
    """A page of them by name, with how many active members come from each now; and how many there are."""
    wanted = f"%{fold(query)}%" if query else "%"
    rows = reads.all(
        "SELECT o.id, o.name, o.sector, o.place, (SELECT COUNT(DISTINCT m.id) FROM affiliation a JOIN member m"
        " ON m.id = a.member AND m.state = 'active' WHERE a.organisation = o.id AND a.until IS NULL) AS people"
        " FROM organisation o WHERE o.folded LIKE :wanted ORDER BY o.name, o.id LIMIT :limit OFFSET :offset",
        wanted=wanted, limit=PAGE, offset=(page - 1) * PAGE,
    )  # fmt: skip
    total = reads.the("SELECT COUNT(*) AS n FROM organisation WHERE folded LIKE :wanted", wanted=wanted)["n"]
    return rows, total


def organisation(reads: Reads, id: str) -> Row | None:
    return reads.one("SELECT id, name, sector, place FROM organisation WHERE id = :id", id=id)


def choices(reads: Reads, but: str) -> list[tuple[str, str]]:
    """The others, by name, to be merged with."""
    rows = reads.all("SELECT id, name FROM organisation WHERE id <> :but ORDER BY name LIMIT 500", but=but)
    return [(row["id"], row["name"]) for row in rows]


def people(reads: Reads, id: str) -> list[Row]:
    """Active members who are or were there, those who are first: id, name, title, since, until."""
    return reads.all(
        "SELECT m.id, m.name, a.title, a.since, a.until FROM affiliation a JOIN member m ON m.id = a.member"
        " AND m.state = 'active' WHERE a.organisation = :id ORDER BY a.until IS NOT NULL, m.name, a.key LIMIT 200",
        id=id,
    )


def practices(reads: Reads, id: str) -> list[Row]:
    """The practices in which its people meet others now: slug, name, and how many of its people do."""
    return reads.all(
        "SELECT p.slug, p.name, COUNT(DISTINCT m.id) AS people FROM affiliation a JOIN member m ON m.id = a.member"
        " AND m.state = 'active' JOIN role r ON r.member = m.id AND r.until IS NULL"
        " JOIN practice p ON p.actor = r.practice WHERE a.organisation = :id AND a.until IS NULL"
        " GROUP BY p.slug, p.name ORDER BY p.name LIMIT 100",
        id=id,
    )
