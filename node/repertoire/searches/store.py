"""The rows of kept searches. `apply` alone writes.

A feed's secret is stored as it is, so that its address can be shown again: it opens nothing but what is public.
"""

from typing import Any

from node.repertoire.searches.rules import Done, Facts, ForgetSearch, MoveFeed, SaveSearch
from node.storage.contract import Reads, Row, Tx


def load(reads: Reads, command: SaveSearch | MoveFeed | ForgetSearch) -> Facts:
    if not isinstance(command, SaveSearch):
        row = reads.one("SELECT member FROM saved_search WHERE id = :id", id=command.id)
        return Facts(theirs=row is not None and row["member"] == command.member)
    names = [row["name"] for row in of_member(reads, command.member)]
    return Facts(len(names), named=command.name.strip() in names)


def apply(tx: Tx, command: Any, _effects: tuple[Done, ...], now: int) -> None:
    match command:
        case SaveSearch():
            tx.run(
                "INSERT INTO saved_search(id, member, name, query, secret, made)"
                " VALUES(:id, :member, :name, :query, :secret, :now)",
                id=command.id, member=command.member, name=command.name.strip(), query=command.query,
                secret=command.secret, now=now,
            )  # fmt: skip
        case MoveFeed():
            tx.run("UPDATE saved_search SET secret = :secret WHERE id = :id", secret=command.secret, id=command.id)
        case ForgetSearch():
            tx.run("DELETE FROM saved_search WHERE id = :id", id=command.id)
        case _:
            raise TypeError(f"no command about searches: {command!r}")


def of_member(reads: Reads, member: str) -> list[Row]:
    """Theirs, by name: id, name, query, secret, made."""
    return reads.all(
        "SELECT id, name, query, secret, made FROM saved_search WHERE member = :member ORDER BY name, id", member=member
    )


def by_secret(reads: Reads, secret: str) -> Row | None:
    """The search of a feed, while whoever keeps it is a member: name, query, made."""
    return reads.one(
        "SELECT s.name, s.query, s.made FROM saved_search s JOIN member m ON m.id = s.member AND m.state = 'active'"
        " WHERE s.secret = :secret",
        secret=secret,
    )
