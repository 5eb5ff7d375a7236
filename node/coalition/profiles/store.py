"""The profiles' rows, and what a member has to show."""

import msgspec

from node.coalition.profiles.rules import Effect, Facts, PublishProfile, Shown, TakeBackProfile
from node.storage import sets
from node.storage.contract import Reads, Row, Tx
from protocol import identifiers


def load(reads: Reads, command: PublishProfile | TakeBackProfile) -> Facts:
    facts = of_member(reads, command.member)
    if not isinstance(command, PublishProfile):
        return facts
    taken = reads.one(
        "SELECT 1 AS yes FROM actor WHERE id = :actor OR (local = 1 AND handle = :handle)",
        actor=command.actor, handle=command.handle,
    )  # fmt: skip
    return msgspec.structs.replace(facts, taken=taken is not None)


def of_member(reads: Reads, member: str) -> Facts:
    """Whether they have a profile, and how far its order has come."""
    row = reads.one(
        "SELECT m.state, p.actor, a.sequence FROM member m LEFT JOIN profile p ON p.member = m.id"
        " LEFT JOIN actor a ON a.id = p.actor WHERE m.id = :member",
        member=member,
    )
    if row is None:
        return Facts()
    return Facts(row["state"] == "active", row["actor"] or "", row["sequence"] or 0)


def apply(tx: Tx, command: PublishProfile | TakeBackProfile, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        if not isinstance(command, PublishProfile) or not isinstance(effect, Shown):
            tx.run("DELETE FROM profile WHERE member = :member", member=command.member)
            continue
        if effect.first:
            # Nobody gets it for following the coalition: a person is followed for themselves.
            name = identifiers.set_name(command.actor, "public")
            sets.create(tx, name, command.actor, "public", local=True, epoch=now, now=now)
        tx.run(
            "INSERT INTO profile(member, actor, handle, shows, published)"
            " VALUES(:member, :actor, :handle, :shows, :now)"
            " ON CONFLICT(member) DO UPDATE SET shows = excluded.shows, published = excluded.published",
            member=command.member, actor=command.actor, handle=command.handle,
            shows=msgspec.json.encode(command.shows).decode(), now=now,
        )  # fmt: skip


# Reads for pages


def profile(reads: Reads, member: str) -> Row | None:
    """A member's: actor, handle, shows, published."""
    return reads.one(
        "SELECT actor, handle, shows, published FROM profile WHERE member = :member", member=member
    )  # fmt: skip


def shown(reads: Reads, actor: str) -> Row | None:
    """A published one, as the world sees it: name, the document's bytes, when it was published."""
    return reads.one(
        "SELECT a.name, a.raw, a.handle, p.published, p.member FROM profile p JOIN actor a ON a.id = p.actor"
        " WHERE p.actor = :actor AND a.state <> 'gone'",
        actor=actor,
    )
