"""The rows: why members care, by practice."""

from node.coalition import standing
from node.coalition.caring.rules import Facts, Keep, SayWhy
from node.storage.contract import Reads, Row, Tx


def load(reads: Reads, command: SayWhy) -> Facts:
    return Facts(standing.belongs(reads, command.member, command.practice))


def apply(tx: Tx, _command: object, effects: tuple[Keep, ...], _now: int) -> None:
    for effect in effects:
        wish = effect.wish
        if not wish.words.strip():
            tx.run(
                "DELETE FROM care WHERE member = :member AND practice = :practice",
                member=wish.member, practice=wish.practice,
            )  # fmt: skip
            continue
        tx.run(
            "INSERT INTO care(member, practice, words, shown) VALUES(:member, :practice, :words, :shown)"
            " ON CONFLICT(member, practice) DO UPDATE SET words = excluded.words, shown = excluded.shown",
            member=wish.member, practice=wish.practice, words=wish.words.strip(), shown=int(wish.shown),
        )  # fmt: skip


def leave(tx: Tx, member: str) -> None:
    """A member leaves."""
    tx.run("DELETE FROM care WHERE member = :member", member=member)


def own(reads: Reads, member: str, practice: str) -> Row | None:
    """What a member said of a practice: words, shown."""
    return reads.one(
        "SELECT words, shown FROM care WHERE member = :member AND practice = :practice",
        member=member, practice=practice,
    )  # fmt: skip


def shown(reads: Reads, practice: str) -> dict[str, str]:
    """What its members show each other, by member; of those who belong to it still."""
    rows = reads.all(
        "SELECT c.member, c.words FROM care c WHERE c.practice = :practice AND c.shown = 1 AND EXISTS(SELECT 1"
        " FROM role r WHERE r.member = c.member AND r.practice = c.practice AND r.until IS NULL)",
        practice=practice,
    )
    return {row["member"]: row["words"] for row in rows}


def of_member(reads: Reads, member: str) -> list[Row]:
    """All that a member said; for their data."""
    return reads.all("SELECT practice, words, shown FROM care WHERE member = :member ORDER BY practice", member=member)
