"""The rows of what practices said of themselves, of their parts, and of who is asked about these.

Apart from `apply` it only reads. What a practice says now stands in its own row, which its signed document makes.
"""

from typing import Any

import msgspec

from node.coalition import store as coalition_store
from node.coalition.practices.commands import ChooseSplit, DeclinePart, DescribePractice, SplitPractice, Statement
from node.coalition.practices.rules import (
    Answered,
    Asked,
    Declined,
    DescribeFacts,
    Effect,
    Opened,
    SplitFacts,
    Version,
)
from node.coalition.store import unproved
from node.storage.contract import Reads, Row, Tx
from protocol.vocabulary.place import Place

VERSIONS = 20  # of one page of a history
_DEEP = 8  # as deep as a domain may be


def statement(row: Row) -> Statement:
    """What a practice's row says."""
    return Statement(
        name=row["name"], summary=row["summary"], scope_in=row["scope_in"], scope_out=row["scope_out"],
        domain=row["domain"], level=row["level"], place=msgspec.json.decode(row["located"], type=Place),
    )  # fmt: skip


def load_describe(reads: Reads, command: DescribePractice) -> DescribeFacts | None:
    row = coalition_store.practice(reads, command.actor)
    held = reads.one("SELECT raw FROM actor WHERE id = :id AND local = 1", id=command.actor)
    if row is None or held is None:
        return None
    kept = reads.one("SELECT 1 AS yes FROM practice_version WHERE practice = :actor LIMIT 1", actor=command.actor)
    return DescribeFacts(unproved(held["raw"]), statement(row), None if kept else row["created"])


def load_split(reads: Reads, command: SplitPractice) -> SplitFacts:
    row = coalition_store.practice(reads, command.parent)
    opening = tuple(
        coalition_store.load_open(reads, msgspec.structs.replace(part, parent=command.parent))
        for part in command.parts
    )  # fmt: skip
    return SplitFacts(row["domain"] if row is not None and row["local"] else "", opening)


def load_choice(reads: Reads, command: ChooseSplit) -> str:
    return next((row["parent"] for row in asked_of(reads, command.member) if row["child"] == command.child), "")


def load_decline(reads: Reads, command: DeclinePart) -> bool:
    row = reads.one("SELECT 1 AS yes FROM part WHERE child = :child AND state = 'asked'", child=command.child)
    return row is not None


def apply(tx: Tx, command: Any, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case Version():
                tx.run(
                    "INSERT INTO practice_version(practice, at, changed_by, reason, said)"
                    " VALUES(:practice, :at, :by, :reason, :said)",
                    practice=effect.practice, at=effect.at, by=effect.changed_by, reason=effect.reason,
                    said=msgspec.json.encode(effect.said).decode(),
                )  # fmt: skip
            case Opened():
                coalition_store.apply(tx, command, (effect.effect,), now)
            case Asked():
                tx.run(
                    "INSERT INTO split(child, parent, at) VALUES(:child, :parent, :now)",
                    child=effect.child, parent=effect.parent, now=now,
                )  # fmt: skip
            case Answered():
                _answer(tx, effect, now)
            case Declined():
                tx.run(
                    "UPDATE part SET state = 'declined' WHERE child = :child AND state = 'asked'", child=effect.child
                )


def _answer(tx: Tx, effect: Answered, now: int) -> None:
    tx.run(
        "INSERT INTO split_answer(member, child, at) VALUES(:member, :child, :now)",
        member=effect.member, child=effect.child, now=now,
    )  # fmt: skip
    if effect.joins:
        tx.run(
            "INSERT INTO role(member, practice, role, since) VALUES(:member, :practice, 'member', :now)",
            member=effect.member, practice=effect.joins, now=now,
        )  # fmt: skip
    if effect.leaves:
        tx.run(
            "UPDATE role SET until = :now WHERE member = :member AND practice = :practice AND until IS NULL",
            now=now, member=effect.member, practice=effect.leaves,
        )  # fmt: skip


# Reads for pages


def versions(reads: Reads, practice: str, page: int) -> tuple[list[Version], dict[str, str], int]:
    """A page of what it said, the latest first, with one more to compare the last with; the names of the members who
    changed it, by their ids; and how many versions there are."""
    rows = reads.all(
        "SELECT v.practice, v.at, v.changed_by, v.reason, v.said,"
        " (SELECT m.name FROM member m WHERE m.id = v.changed_by) AS name FROM practice_version v"
        " WHERE v.practice = :practice ORDER BY v.key DESC LIMIT :limit OFFSET :offset",
        practice=practice, limit=VERSIONS + 1, offset=(page - 1) * VERSIONS,
    )  # fmt: skip
    found = [
        Version(
            row["practice"], row["at"], row["changed_by"], row["reason"],
            msgspec.json.decode(row["said"], type=Statement),
        )
        for row in rows
    ]  # fmt: skip
    total = reads.the("SELECT COUNT(*) AS n FROM practice_version WHERE practice = :practice", practice=practice)["n"]
    return found, {row["changed_by"]: row["name"] for row in rows if row["name"]}, total


def parents(reads: Reads, practice: str) -> list[Row]:
    """Of what it is a part, the outermost first, as far as both sides say so and it is known here."""
    rows = reads.all(
        "WITH RECURSIVE up AS ("
        " SELECT p.actor, p.parent, 0 AS depth FROM practice p WHERE p.actor = :practice"
        " UNION ALL SELECT q.actor, q.parent, up.depth + 1 FROM up"
        " JOIN part t ON t.parent = up.parent AND t.child = up.actor JOIN practice q ON q.actor = up.parent"
        " WHERE up.depth < :deep)"
        " SELECT p.actor, p.local, p.slug, p.name, up.depth FROM up JOIN practice p ON p.actor = up.actor"
        " WHERE up.depth > 0 ORDER BY up.depth",
        practice=practice, deep=_DEEP,
    )  # fmt: skip
    seen: dict[str, Row] = {}
    for row in rows:
        if row["actor"] == practice or row["actor"] in seen:
            break  # two that call each other their parent
        seen[row["actor"]] = row
    return list(seen.values())[::-1]


def parts(reads: Reads, practice: str) -> list[Row]:
    """Its parts, by name, as far as both sides say so and they are known here."""
    return reads.all(
        "SELECT c.actor, c.local, c.host, c.slug, c.name, c.summary, c.domain, c.level, c.place FROM part t"
        " JOIN practice c ON c.actor = t.child WHERE t.parent = :practice AND c.parent = :practice"
        " ORDER BY c.name LIMIT 200",
        practice=practice,
    )


def asked_of(reads: Reads, member: str) -> list[Row]:
    """The parts about which a member is asked: child, its name and slug, the parent, its name and slug."""
    return reads.all(
        "SELECT s.child, s.parent, c.name, c.slug, c.summary, p.name AS parent_name, p.slug AS parent_slug FROM split s"
        " JOIN practice c ON c.actor = s.child JOIN practice p ON p.actor = s.parent"
        " WHERE s.parent IN (SELECT practice FROM role WHERE member = :member AND until IS NULL AND since <= s.at)"
        " AND NOT EXISTS (SELECT 1 FROM split_answer a WHERE a.member = :member AND a.child = s.child)"
        " AND NOT EXISTS (SELECT 1 FROM role r WHERE r.member = :member AND r.practice = s.child AND r.until IS NULL)"
        " ORDER BY s.at, s.child LIMIT 20",
        member=member,
    )


def keepers(reads: Reads, practice: str) -> list[Row]:
    """Who coordinates it and who is in its core group, by name: id, name, role, since. For those who may see it."""
    return reads.all(
        "SELECT m.id, m.name, r.role, r.since FROM role r JOIN member m ON m.id = r.member AND m.state = 'active'"
        " WHERE r.practice = :practice AND r.role IN ('coordinator', 'core') AND r.until IS NULL"
        " ORDER BY r.role, m.name, m.key LIMIT 40",
        practice=practice,
    )


def questions(reads: Reads) -> list[Row]:
    """The parts of what this node follows about which it is asked, as far as they are known to say so themselves."""
    return reads.all(
        "SELECT t.child, t.parent, t.at, c.raw, c.name, p.name AS parent_name FROM part t"
        " JOIN actor c ON c.id = t.child LEFT JOIN actor p ON p.id = t.parent"
        " WHERE t.state = 'asked' AND NOT EXISTS (SELECT 1 FROM held_set s WHERE s.owner = t.child"
        " AND s.pull_at IS NOT NULL) AND NOT EXISTS (SELECT 1 FROM following f WHERE f.target = t.child"
        " AND f.state IN ('asked', 'accepted')) ORDER BY t.at LIMIT 100"
    )
