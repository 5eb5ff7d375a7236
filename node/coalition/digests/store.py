"""The rows of digests: who wants one, and whose is due."""

import msgspec

from node.coalition.digests.rules import Drop, Effect, EndDigest, Facts, Keep, SetDigest, next_due
from node.coalition.settling import store as settling
from node.storage.contract import Reads, Row, Tx


class Due(msgspec.Struct, frozen=True):
    """One that is due. told: up to when the last one told; now: up to when this one does (ms). zone, language: '' if
    they did not say."""

    member: str
    name: str
    email: str
    language: str
    zone: str
    secret: str
    told: int
    now: int


def load_set(reads: Reads, command: SetDigest) -> Facts:
    row = reads.one("SELECT email, time_zone FROM member WHERE id = :id AND state = 'active'", id=command.member)
    if row is None:
        return Facts()
    mail = bool(row["email"]) and settling.settled(reads).mailbox is not None
    return Facts(True, mail, row["time_zone"] or "")


def load_end(reads: Reads, command: EndDigest) -> Facts:
    return Facts(by_secret(reads, command.secret) is not None)


def apply(tx: Tx, _message: object, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case Keep():
                wish = effect.wish
                tx.run(
                    "INSERT INTO digest(member, every, due, told, secret) VALUES(:member, :every, :due, :now, :secret)"
                    " ON CONFLICT(member) DO UPDATE SET every = excluded.every, due = excluded.due",
                    member=wish.member, every=wish.every, due=effect.due, now=now, secret=wish.secret,
                )  # fmt: skip
            case Drop():
                tx.run(
                    "DELETE FROM digest WHERE member = :member OR secret = :secret",
                    member=effect.member, secret=effect.secret,
                )  # fmt: skip


def leave(tx: Tx, member: str) -> None:
    """A member leaves."""
    tx.run("DELETE FROM digest WHERE member = :member", member=member)


def claim(tx: Tx, now: int) -> Due | None:
    """The next that is due; its next one is due from here on, so that none is sent twice, whoever else works and
    whenever this process dies."""
    row = tx.one(
        "SELECT d.member, d.every, d.told, d.secret, m.name, m.email, m.language, m.time_zone, m.state FROM digest d"
        " JOIN member m ON m.id = d.member WHERE d.due <= :now ORDER BY d.due LIMIT 1"
        " /*+ FOR UPDATE OF d SKIP LOCKED */",
        now=now,
    )
    if row is None:
        return None
    zone = row["time_zone"] or ""
    tx.run(
        "UPDATE digest SET due = :due, told = :now WHERE member = :member",
        due=next_due(now, row["every"], zone), now=now, member=row["member"],
    )  # fmt: skip
    if row["state"] != "active" or not row["email"]:
        return Due(row["member"], "", "", "", "", "", row["told"], now)
    return Due(row["member"], row["name"], row["email"], row["language"] or "", zone, row["secret"], row["told"], now)


def next_at(reads: Reads) -> int | None:
    """When the next one is due."""
    return reads.the("SELECT MIN(due) AS due FROM digest")["due"]


def of_member(reads: Reads, member: str) -> Row | None:
    """A member's wish: every, due."""
    return reads.one("SELECT every, due FROM digest WHERE member = :member", member=member)


def by_secret(reads: Reads, secret: str) -> Row | None:
    """The wish that a mail's link names."""
    return reads.one("SELECT member, every FROM digest WHERE secret = :secret AND secret <> ''", secret=secret)
