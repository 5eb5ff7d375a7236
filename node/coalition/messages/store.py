"""The rows of messages, and who may read which: whoever wrote it, whoever it is for, and their fellow keepers."""

from typing import Any

import msgspec

from node.coalition.messages.rules import (
    A_DAY,
    MEMBER,
    WAITING,
    Act,
    Addressee,
    Done,
    Effect,
    Got,
    Keep,
    Mine,
    Write,
    Writing,
)
from node.folding import fold
from node.storage.contract import Reads, Row, Tx
from node.web.markdown import plain_text
from protocol import canonical, identifiers
from protocol.errors import RemoteProtocolError
from protocol.integrity import Verified
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.messages import Message, read_message

PAGE = 20
_MOST = 200  # addresses that one member keeps; messages of one thread
# Whoever keeps a practice going reads what is written to it.
_KEEPERS = "('coordinator', 'core', 'facilitator', 'steward')"
_HIS = f"""
SELECT actor AS id FROM profile WHERE member = :member
UNION SELECT p.actor FROM role r JOIN practice p ON p.actor = r.practice AND p.local = 1
WHERE r.member = :member AND r.until IS NULL AND r.role IN {_KEEPERS}
UNION SELECT c.actor FROM coalition c JOIN role r ON r.practice = '' AND r.member = :member
  AND r.role = 'coordinator' AND r.until IS NULL
"""  # noqa: S608 (our own words)
_SHOWN = """
m.key, m.id, m.thread, m.author, m.writer, m.recipient, m.about, m.said, m.help, m.at, m.closed, m.reported,
a.name AS author_name, a.local AS author_local, r.name AS recipient_name, w.name AS writer_name, h.name AS member_name
FROM message m LEFT JOIN actor a ON a.id = m.author LEFT JOIN actor r ON r.id = m.recipient
LEFT JOIN member w ON w.id = m.writer
LEFT JOIN member h ON m.recipient LIKE 'member:%' AND h.id = SUBSTR(m.recipient, 8)"""


def addresses(reads: Reads, member: str) -> tuple[str, ...]:
    """At which a member gets messages: at home, by their profile, and for what they keep going."""
    kept: list[str] = [row["id"] for row in reads.all(_HIS, member=member)]
    return (MEMBER + member, *kept[:_MOST])


def voices(reads: Reads, member: str) -> list[Row]:
    """In whose name a member can write to others: their profile, the practices they belong to, for the coalition a
    coordinator. id, name."""
    return reads.all(
        "SELECT a.id, a.name, 0 AS rank FROM profile f JOIN actor a ON a.id = f.actor WHERE f.member = :member"
        " UNION SELECT p.actor, p.name, 1 FROM role r JOIN practice p ON p.actor = r.practice AND p.local = 1"
        " WHERE r.member = :member AND r.until IS NULL"
        " UNION SELECT c.actor, c.name, 2 FROM coalition c JOIN role r ON r.practice = '' AND r.member = :member"
        " AND r.role = 'coordinator' AND r.until IS NULL ORDER BY rank, name, id LIMIT 100",
        member=member,
    )


def addressee(reads: Reads, id: str) -> Addressee | None:
    """Somebody who can be written to."""
    if id.startswith(MEMBER):
        row = reads.one("SELECT state FROM member WHERE id = :id", id=id.removeprefix(MEMBER))
        return Addressee(id, row["state"] == "active") if row else None
    row = reads.one("SELECT id, inbox, local, state, type FROM actor WHERE id = :id", id=id)
    if row is None:
        return None
    there = row["state"] != "gone" and row["type"] in ("Organization", "Group", "Person")
    return Addressee(row["id"], there, None if row["local"] else row["inbox"])


def name_of(reads: Reads, id: str) -> str:
    """Of somebody who can be written to, for a heading."""
    if id.startswith(MEMBER):
        row = reads.one("SELECT name FROM member WHERE id = :id", id=id.removeprefix(MEMBER))
    else:
        row = reads.one("SELECT name FROM actor WHERE id = :id", id=id)
    return row["name"] if row else ""


# Facts


def load_write(reads: Reads, command: Write) -> Writing:
    own = {MEMBER + command.member, *(row["id"] for row in voices(reads, command.member))}
    active = reads.one("SELECT 1 AS yes FROM member WHERE id = :id AND state = 'active'", id=command.member)
    last = reads.one(
        "SELECT at FROM message WHERE writer = :member ORDER BY at DESC LIMIT 1 OFFSET :most",
        member=command.member, most=A_DAY - 1,
    )  # fmt: skip
    thread = ""
    if command.answers:
        row = readable(reads, command.member, command.answers)
        thread = row["thread"] if row else ""
    return Writing(
        active is not None and command.voice in own, addressee(reads, command.to), last["at"] if last else 0, thread,
        _blocked(reads, command.to, command.voice),
    )  # fmt: skip


def _blocked(reads: Reads, owner: str, author: str) -> bool:
    return (
        reads.one(
            "SELECT 1 AS yes FROM message_block WHERE owner = :owner AND blocked = :author", owner=owner, author=author
        )
        is not None
    )


def read(verified: Verified[Activity]) -> Message | None:
    """What a Note says, if it is a message to one."""
    if verified.msg.type == "Delete":
        return None
    document: dict[str, Any] = canonical.read(verified.raw).value["object"]
    try:
        return read_message(document)
    except RemoteProtocolError:
        return None


def load_got(reads: Reads, verified: Verified[Activity]) -> Got:
    made = read(verified)
    if made is None:
        return Got()
    to = addressee(reads, made.to)
    here = reads.one("SELECT 1 AS yes FROM actor WHERE id = :id AND local = 1", id=made.author) is not None
    host = str(identifiers.origin(made.author))
    last = reads.one(
        "SELECT at FROM message WHERE author >= :host AND author < :beyond AND writer = ''"
        " ORDER BY at DESC LIMIT 1 OFFSET :most",
        host=f"{host}/", beyond=f"{host}0", most=WAITING - 1,
    )  # fmt: skip
    answered = reads.one("SELECT thread FROM message WHERE id = :id", id=made.answers) if made.answers else None
    return Got(
        to is not None and to.there and to.inbox is None, here, _blocked(reads, made.to, made.author),
        last["at"] if last else 0,
        answered["thread"] if answered else "",
    )  # fmt: skip


def text_of(made: Message | None) -> str:
    """What a message of other software says."""
    return plain_text(made.content) if made is not None else ""


def for_us(reads: Reads, verified: Verified[Activity]) -> bool:
    """A message to one of ours concerns us, whoever it is from."""
    made = read(verified)
    to = addressee(reads, made.to) if made is not None else None
    return to is not None and to.inbox is None


def load_act(reads: Reads, command: Act) -> Mine:
    if command.what == "unblock":
        found = next((row for row in blocks(reads, command.member) if row["blocked"] == command.id), None)
        return Mine(True, command.id, found["owner"]) if found else Mine()
    row = readable(reads, command.member, command.id)
    if row is None:
        return Mine()
    mine = addresses(reads, command.member)
    recipient = row["recipient"] if row["recipient"] in mine else ""
    if not recipient and row["writer"] != command.member:
        recipient = MEMBER + command.member  # an answer to what they wrote in a practice's name
    return Mine(True, row["author"], recipient, row["writer"] == command.member)


# Effects


def apply(tx: Tx, _message: object, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case Keep():
                tx.run(
                    "INSERT INTO message(id, thread, author, writer, recipient, about, said, help, at)"
                    " VALUES(:id, :thread, :author, :writer, :recipient, :about, :said, :help, :at)"
                    " ON CONFLICT(id) DO NOTHING",
                    **msgspec.structs.asdict(effect) | {"help": int(effect.help)},
                )  # fmt: skip
            case Done():
                _done(tx, effect, now)


def _done(tx: Tx, done: Done, now: int) -> None:
    named = {"id": done.act.id}
    match done.act.what:
        case "block":
            tx.run(
                "INSERT INTO message_block(owner, blocked, at) VALUES(:owner, :blocked, :now) ON CONFLICT DO NOTHING",
                owner=done.owner, blocked=done.author, now=now,
            )  # fmt: skip
        case "unblock":
            tx.run(
                "DELETE FROM message_block WHERE owner = :owner AND blocked = :blocked",
                owner=done.owner, blocked=done.author,
            )  # fmt: skip
        case "report":
            tx.run("UPDATE message SET reported = :now WHERE id = :id", now=now, **named)
        case "close":
            tx.run("UPDATE message SET closed = :now WHERE id = :id", now=now, **named)
        case _:
            tx.run("UPDATE activity SET raw = NULL WHERE id IN (SELECT activity FROM object WHERE id = :id)", **named)
            tx.run("DELETE FROM message WHERE id = :id", **named)


def leave(tx: Tx, member: str) -> None:
    """A member leaves: what they wrote and what was written to them at home goes with them."""
    tx.run("DELETE FROM message WHERE writer = :member OR recipient = :home", member=member, home=MEMBER + member)
    tx.run("DELETE FROM message_block WHERE owner = :home OR blocked = :home", home=MEMBER + member)


# Reads for pages


def _mine(reads: Reads, member: str) -> tuple[str, dict[str, Any]]:
    """A condition on messages m that they may read: their own, for them, and answers to their own."""
    named = {f"to{number}": id for number, id in enumerate(addresses(reads, member))}
    listed = ", ".join(f":{name}" for name in named)
    theirs = "m.thread IN (SELECT t.thread FROM message t WHERE t.writer = :member)"
    return f"(m.recipient IN ({listed}) OR m.writer = :member OR {theirs})", {**named, "member": member}


def readable(reads: Reads, member: str, id: str) -> Row | None:
    """A message, if they may read it."""
    where, named = _mine(reads, member)
    return reads.one(f"SELECT {_SHOWN} WHERE m.id = :id AND {where}", id=id, **named)


def threads(reads: Reads, member: str, page: int) -> tuple[list[Row], int]:
    """One page of what they wrote and got, the latest of each thread, and how many threads there are."""
    where, named = _mine(reads, member)
    total = reads.the(f"SELECT COUNT(DISTINCT m.thread) AS n FROM message m WHERE {where}", **named)["n"]  # noqa: S608
    rows = reads.all(
        f"SELECT {_SHOWN} WHERE m.key IN (SELECT MAX(m.key) FROM message m WHERE {where} GROUP BY m.thread"  # noqa: S608
        " ORDER BY MAX(m.key) DESC LIMIT :limit OFFSET :skip) ORDER BY m.key DESC",
        **named, limit=PAGE, skip=(page - 1) * PAGE,
    )  # fmt: skip
    return rows, total


def thread(reads: Reads, member: str, id: str) -> list[Row]:
    """A thread, as far as they may read it, in its order."""
    where, named = _mine(reads, member)
    return reads.all(
        f"SELECT {_SHOWN} WHERE m.thread = :id AND {where} ORDER BY m.key LIMIT :most",
        id=id, most=_MOST, **named,
    )  # fmt: skip


def waiting(reads: Reads, member: str) -> int:
    """How many threads end with a message of somebody else's, of the latest page."""
    rows, _ = threads(reads, member, 1)
    return sum(row["writer"] != member and row["closed"] is None for row in rows)


def since(reads: Reads, member: str, at: int, until: int) -> int:
    """How many messages of others came for them from a time until another (ms)."""
    where, named = _mine(reads, member)
    return reads.the(
        f"SELECT COUNT(*) AS n FROM message m WHERE m.at >= :at AND m.at < :until AND m.writer <> :member AND {where}",  # noqa: S608
        at=at, until=until, **named,
    )["n"]  # fmt: skip


def reported(reads: Reads) -> list[Row]:
    """What was shown to the coordinators, the latest first."""
    return reads.all(f"SELECT {_SHOWN} WHERE m.reported IS NOT NULL ORDER BY m.reported DESC LIMIT 50")


def blocks(reads: Reads, member: str) -> list[Row]:
    """Whom they blocked: owner, blocked, name."""
    named = {f"to{number}": id for number, id in enumerate(addresses(reads, member))}
    listed = ", ".join(f":{name}" for name in named)
    return reads.all(
        f"SELECT b.owner, b.blocked, a.name FROM message_block b LEFT JOIN actor a ON a.id = b.blocked"  # noqa: S608
        f" WHERE b.owner IN ({listed}) ORDER BY b.at DESC LIMIT 100",
        **named,
    )


def of_member(reads: Reads, member: str) -> list[Row]:
    """What a member wrote and got; for their data."""
    where, named = _mine(reads, member)
    return reads.all(
        f"SELECT m.id, m.author, m.recipient, m.about, m.said, m.help, m.at FROM message m WHERE {where} ORDER BY m.at",  # noqa: S608
        **named,
    )


def helpers(reads: Reads, member: str, words: str, practice: str) -> list[Row]:
    """Members who can help with something like this: id, name, help; those whose words meet the question's first.

    practice: only who belongs there, '' for all. At most ten; whoever says nothing of what they can help with is none.
    """
    asked = {word for word in fold(words).split() if len(word) > 3}
    rows = reads.all(
        "SELECT m.id, m.name, m.help, m.discipline FROM member m WHERE m.state = 'active' AND m.help <> ''"
        " AND m.id <> :member AND (:practice = '' OR EXISTS(SELECT 1 FROM role r WHERE r.member = m.id"
        " AND r.practice = :practice AND r.until IS NULL)) ORDER BY m.name, m.id LIMIT 2000",
        member=member, practice=practice,
    )  # fmt: skip

    def meets(row: Row) -> int:
        can = fold(f"{row['help']} {row['discipline']}")
        return sum(word[:6] in can for word in asked)

    ranked = sorted(rows, key=lambda row: -meets(row))
    return [row for row in ranked if meets(row)][:10] or ranked[:10]
