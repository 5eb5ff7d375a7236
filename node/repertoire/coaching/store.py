"""Requests to coach, and the words of coaches that are held here."""

from typing import Any

import msgspec

from node.repertoire import rules as items
from node.repertoire import store as item_store
from node.repertoire.coaching.rules import (
    AnswerCoaching,
    Answering,
    AskCoach,
    Asking,
    DropCoach,
    Effect,
    EndCoaching,
    Ending,
    ForgetWord,
    KeepWord,
    NoteRequest,
    NoteState,
    Offered,
    Person,
    Request,
    Word,
)
from node.storage.contract import Reads, Row, Tx
from protocol import canonical
from protocol.integrity import Verified
from protocol.vocabulary import adapting
from protocol.vocabulary.activities import Activity, Thing
from protocol.vocabulary.adapting import Coaching
from protocol.vocabulary.repertoire import Item

MOST = 100  # that one page shows


def person(reads: Reads, id: str) -> Person | None:
    """An actor that is known here."""
    row = reads.one("SELECT id, name, inbox, local FROM actor WHERE id = :id", id=id)
    return Person(row["id"], row["name"], None if row["local"] else row["inbox"]) if row else None


def _request(row: Row | None) -> Request | None:
    if row is None:
        return None
    return Request(row["id"], row["practice"], row["coach"], row["adaptation"], row["state"])


def request(reads: Reads, id: str) -> Request | None:
    """By its id."""
    return _request(reads.one("SELECT * FROM coaching_request WHERE id = :id", id=id))


def load_ask(reads: Reads, command: AskCoach) -> Asking:
    waiting = reads.one(
        "SELECT 1 AS yes FROM coaching_request WHERE adaptation = :item AND coach = :coach AND state = 'asked'",
        item=command.item, coach=command.coach,
    )  # fmt: skip
    return Asking(item_store.load_restate(reads, command.item), person(reads, command.coach), waiting is not None)


def load_answer(reads: Reads, command: AnswerCoaching) -> Answering:
    found = request(reads, command.request)
    if found is None:
        return Answering()
    coach = person(reads, found.coach)
    return Answering(found, coach is not None and coach.inbox is None, person(reads, found.practice))


def load_offer(reads: Reads, verified: Verified[Activity]) -> Offered:
    msg = verified.msg
    coach = person(reads, msg.to[0]) if msg.to else None
    waiting = reads.the(
        "SELECT COUNT(*) AS n FROM coaching_request WHERE coach = :coach AND practice = :practice AND state = 'asked'",
        coach=msg.to[0] if msg.to else "", practice=msg.actor,
    )["n"]  # fmt: skip
    return Offered(coach is not None and coach.inbox is None, waiting)


def for_us(reads: Reads, verified: Verified[Activity]) -> bool:
    """An Offer to coach that is for an actor of ours concerns us, whoever it comes from."""
    return to_coach(verified) and load_offer(reads, verified).ours


def to_coach(verified: Verified[Activity]) -> bool:
    """An Offer may be of anything; this one asks for a coach."""
    offered = verified.msg.object
    return isinstance(offered, Thing) and offered.type == "cw:Coaching"


def said(verified: Verified[Activity]) -> tuple[str, str]:
    """The adaptation that an Offer to coach names, and its words. MALFORMED is raised for another form."""
    return adapting.read_offer(canonical.read(verified.raw).value)


def load_word(reads: Reads, verified: Verified[Activity]) -> Word:
    before = word(reads, verified.msg.object_id or "")
    if verified.msg.type == "Delete":
        facts = item_store.load_restate(reads, before.adaptation) if before else None
        return Word(before=before, facts=facts)
    document: dict[str, Any] = canonical.read(verified.raw).value["object"]
    made = adapting.read_coaching(document)
    row = reads.one(
        "SELECT * FROM coaching_request WHERE adaptation = :item AND coach = :coach AND state <> 'declined'"
        " ORDER BY at DESC LIMIT 1",
        item=made.adaptation, coach=made.coach,
    )  # fmt: skip
    return Word(
        made, canonical.object_digest(document), before, item_store.load_restate(reads, made.adaptation),
        _request(row),
    )  # fmt: skip


def concerns(reads: Reads, verified: Verified[Activity]) -> bool:
    """The word of a coach concerns us if the adaptation is ours."""
    if verified.msg.type == "Delete":
        return word(reads, verified.msg.object_id or "") is not None
    made = adapting.read_coaching(canonical.read(verified.raw).value["object"])
    row = item_store.state(reads, made.adaptation)
    owner = person(reads, row["owner"]) if row else None
    return owner is not None and owner.inbox is None


def word(reads: Reads, id: str) -> Coaching | None:
    """A coach's word that is held here."""
    row = reads.one("SELECT id, coach, adaptation FROM coaching WHERE id = :id", id=id)
    return Coaching(row["id"], row["coach"], row["adaptation"]) if row else None


def load_end(reads: Reads, command: EndCoaching) -> Ending:
    found = word(reads, command.coaching)
    coach = person(reads, found.coach) if found else None
    if found is None or coach is None or coach.inbox is not None:
        return Ending()
    row = reads.the("SELECT sequence FROM object WHERE id = :id ORDER BY deleted LIMIT 1", id=found.id)
    item = item_store.state(reads, found.adaptation)
    asked = reads.one(
        "SELECT practice FROM coaching_request WHERE adaptation = :item AND coach = :coach ORDER BY at DESC LIMIT 1",
        item=found.adaptation, coach=found.coach,
    )  # fmt: skip
    owner = item["owner"] if item else asked["practice"] if asked else ""
    return Ending(found, row["sequence"], person(reads, owner))


def load_drop(reads: Reads, command: DropCoach) -> items.Facts:
    return item_store.load_restate(reads, command.item)


def apply(tx: Tx, _message: object, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case NoteRequest():
                tx.run(
                    "INSERT INTO coaching_request(id, practice, coach, adaptation, words, state, at)"
                    " VALUES(:id, :practice, :coach, :adaptation, :words, :state, :now)"
                    " ON CONFLICT(id) DO NOTHING",
                    **msgspec.structs.asdict(effect.request), words=effect.words, now=now,
                )  # fmt: skip
            case NoteState():
                tx.run(
                    "UPDATE coaching_request SET state = :state WHERE id = :id", state=effect.state, id=effect.request
                )
            case KeepWord():
                tx.run(
                    "INSERT INTO coaching(id, coach, adaptation, digest, at)"
                    " VALUES(:id, :coach, :adaptation, :digest, :now) ON CONFLICT(id) DO UPDATE SET"
                    " coach = excluded.coach, adaptation = excluded.adaptation, digest = excluded.digest",
                    **msgspec.structs.asdict(effect.coaching), digest=effect.digest, now=now,
                )  # fmt: skip
            case ForgetWord():
                tx.run("DELETE FROM coaching WHERE id = :id", id=effect.id)


# Reads for pages


def coach_of(reads: Reads, item: Item) -> Person | None:
    """The coach whom the item names, if their own word for it is held here; else nobody is shown."""
    if item.coach is None:
        return None
    row = reads.one(
        "SELECT c.coach, a.name FROM coaching c JOIN actor a ON a.id = c.coach WHERE c.id = :id"
        " AND c.coach = :coach AND c.adaptation = :item AND c.digest = :digest",
        id=item.coach.consent, coach=item.coach.id, item=item.id, digest=item.coach.digest,
    )  # fmt: skip
    return Person(row["coach"], row["name"] or row["coach"], None) if row else None


def requests_of(reads: Reads, item: str) -> list[Row]:
    """Whom the practice of an adaptation asked, the latest first."""
    return reads.all(
        "SELECT r.id, r.coach, r.state, r.at, a.name FROM coaching_request r LEFT JOIN actor a ON a.id = r.coach"
        " WHERE r.adaptation = :item ORDER BY r.at DESC, r.id LIMIT :most",
        item=item, most=MOST,
    )  # fmt: skip


def asked(reads: Reads, coaches: tuple[str, ...]) -> list[Row]:
    """What these actors were asked, the latest first; with the adaptation's title, where it is held here."""
    if not coaches:
        return []
    named = {f"coach{number}": id for number, id in enumerate(coaches[:MOST])}
    return reads.all(
        "SELECT r.id, r.practice, r.coach, r.adaptation, r.words, r.state, r.at, p.name AS practice_name,"  # noqa: S608
        " c.name AS coach_name, i.name AS title, i.local, w.id AS coaching FROM coaching_request r"
        " JOIN actor c ON c.id = r.coach AND c.local = 1 LEFT JOIN actor p ON p.id = r.practice"
        " LEFT JOIN item i ON i.id = r.adaptation"
        " LEFT JOIN coaching w ON w.coach = r.coach AND w.adaptation = r.adaptation"
        f" WHERE r.coach IN ({', '.join(f':{name}' for name in named)}) ORDER BY r.at DESC, r.id LIMIT :most",
        **named, most=MOST,
    )  # fmt: skip


def may_coach(reads: Reads, item: Item) -> list[tuple[str, str]]:
    """Whom an adaptation's practice can ask from a list: whoever it is adapted from, the practices known here, and
    members of ours with a profile. (actor, name)"""
    origins = [one.id for one in (*item.adapted_from, *item.credits)]
    found: dict[str, str] = {}
    for id in origins[:MOST]:
        row = reads.one(
            "SELECT a.id, a.name FROM object o JOIN actor a ON a.id = o.owner WHERE o.id = :id"
            " ORDER BY o.deleted LIMIT 1",
            id=id,
        )
        if row is not None:
            found.setdefault(row["id"], row["name"])
    rows = reads.all(
        "SELECT a.id, a.name FROM practice p JOIN actor a ON a.id = p.actor"
        " UNION SELECT a.id, a.name FROM profile f JOIN actor a ON a.id = f.actor ORDER BY 2, 1 LIMIT 500"
    )
    for row in rows:
        found.setdefault(row["id"], row["name"])
    found.pop(item.attributed_to, None)
    return list(found.items())


def answers_for(reads: Reads, member: str) -> tuple[str, ...]:
    """The actors for which a member can answer: their own, and the practices that they coordinate."""
    rows = reads.all(
        "SELECT actor FROM profile WHERE member = :member UNION SELECT p.actor FROM role r"
        " JOIN practice p ON p.local = 1 AND (p.actor = r.practice OR r.practice = '')"
        " WHERE r.member = :member AND r.role = 'coordinator' AND r.until IS NULL",
        member=member,
    )
    return tuple(row["actor"] for row in rows)


def waiting(reads: Reads, member: str) -> int:
    """How many requests wait for an answer of this member."""
    return sum(row["state"] == "asked" for row in asked(reads, answers_for(reads, member)))


def of_member(reads: Reads, member: str) -> list[Row]:
    """What a member was asked as a coach, by their own profile; for their data."""
    return reads.all(
        "SELECT r.adaptation, r.practice, r.words, r.state, r.at FROM coaching_request r"
        " JOIN profile f ON f.actor = r.coach WHERE f.member = :member ORDER BY r.at",
        member=member,
    )


def member_of(reads: Reads, actor: str) -> str:
    """The member whose profile this is; '' for a practice."""
    row = reads.one("SELECT member FROM profile WHERE actor = :actor", actor=actor)
    return row["member"] if row else ""
