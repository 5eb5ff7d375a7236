"""The rows of what is said about whom. What an actor signed is the gate's to keep; here is what was read of it.

A row is an object's present state. Which of several counts is not written down: it depends on the time, on what else
its author said, and on the keys that its subject had, and is said anew by rules.standing from the rows.
"""

import msgspec

from node.storage import numbering
from node.storage.contract import Reads, Row, Tx
from node.trust.rules import (
    MEMBER,
    Effect,
    Forget,
    Heard,
    Held,
    Keep,
    Known,
    Stated,
    StateTrust,
    Stating,
    TakeBack,
    TakeBackOwn,
    Taking,
)
from protocol import identifiers
from protocol.integrity import Verified
from protocol.keys import PublicKey
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.trust import Statement

NEXT = numbering.next_number("trust")
HOME_DIGEST = b""  # what is not signed has none; its sequence is its order

_KEEP = f"""
INSERT INTO trust(id, kind, issuer, subject, subject_key, domain, level, since, grounds, links, starts, ends, sequence,
  digest, home, fault, gone, passed, said, changed)
VALUES(:id, :kind, :issuer, :subject, :subject_key, :domain, :level, :since, :grounds, :links, :start, :end, :sequence,
  :digest, :home, :fault, 0, :passed, :now, {NEXT})
ON CONFLICT(id, issuer) DO UPDATE SET kind = excluded.kind, subject = excluded.subject,
  subject_key = excluded.subject_key, domain = excluded.domain, level = excluded.level, since = excluded.since,
  grounds = excluded.grounds, links = excluded.links, starts = excluded.starts, ends = excluded.ends,
  sequence = excluded.sequence, digest = excluded.digest, home = excluded.home, fault = excluded.fault, gone = 0,
  passed = CASE WHEN excluded.passed > trust.passed THEN excluded.passed ELSE trust.passed END,
  said = excluded.said, changed = excluded.changed
"""
_FORGET = f"""
UPDATE trust SET gone = 1, level = '', since = '', grounds = '', links = '', subject_key = NULL, changed = {NEXT}
WHERE """  # noqa: S608

# fits: the key that it names is in its subject's history; NULL if the subject is not known here. heard: its issuer is.
_STATED = """
SELECT t.key, t.kind, t.issuer, t.subject, t.domain, t.level, t.starts, t.ends, t.sequence, t.digest, t.fault, t.home,
  CASE WHEN t.subject_key IS NULL THEN 1 WHEN s.id IS NULL THEN NULL
    WHEN EXISTS(SELECT 1 FROM actor_key k WHERE k.actor = t.subject AND k.public = t.subject_key) THEN 1 ELSE 0
    END AS fits,
  CASE WHEN t.issuer LIKE 'member:%' THEN 1 WHEN a.state <> 'gone' THEN 1 ELSE 0 END AS heard,
  CASE WHEN t.home = 1 OR a.local = 1 THEN 1 ELSE 0 END AS ours, a.type AS issuer_type
FROM trust t LEFT JOIN actor s ON s.id = t.subject LEFT JOIN actor a ON a.id = t.issuer
"""
OF_PAIR = f"{_STATED} WHERE t.issuer = :issuer AND t.subject = :subject AND t.gone = 0 ORDER BY t.key LIMIT :most"
ALL = f"""{_STATED}
WHERE t.gone = 0 AND (t.issuer, t.subject) > (:issuer, :subject) ORDER BY t.issuer, t.subject, t.key LIMIT :most"""
CHANGED = f"SELECT t.issuer, t.subject FROM trust t WHERE t.changed > :after {numbering.settled('t.changed')}"  # noqa: S608
ACTORS = f"SELECT c.id FROM actor c WHERE c.changed > :after {numbering.settled('c.changed')}"  # noqa: S608
OF_ACTOR = (
    "SELECT issuer, subject FROM trust WHERE subject = :id UNION SELECT issuer, subject FROM trust WHERE issuer = :id"
)
LAST = {
    table: f"SELECT COALESCE(MAX(changed), 0) AS n FROM {table} WHERE changed >= 0 {numbering.settled('changed')}"  # noqa: S608
    for table in ("trust", "actor")
}
# Who speaks from here: a practice or the coalition; and a member, at home or by their own published profile.
_OURS = "SELECT 1 AS yes FROM actor WHERE id = :id AND local = 1 AND state <> 'gone' AND type <> 'Person'"
_MEMBERS = (
    "SELECT 1 AS yes FROM member WHERE id = :member AND state = 'active'"
    " UNION ALL SELECT 1 FROM profile WHERE actor = :id"
)
_MOST = 1_000  # rows of one pair that are looked at; rules.A_PAIR are kept of others


# Facts


def known(reads: Reads, id: str) -> Known | None:
    """An actor that is held here, whoever's."""
    row = reads.one("SELECT id, type, name, inbox, local, state FROM actor WHERE id = :id", id=id)
    if row is None:
        return None
    key = reads.one(
        "SELECT public FROM actor_key WHERE actor = :id AND kind = 'ed25519' AND valid_until IS NULL"
        " AND compromised_since IS NULL ORDER BY valid_from DESC, id LIMIT 1",
        id=id,
    )
    named = PublicKey("ed25519", key["public"]).multibase() if key else ""
    inbox = None if row["local"] else row["inbox"]
    return Known(row["id"], row["type"], row["name"] or row["id"], named, inbox, row["state"] == "gone")


def load_state(reads: Reads, command: StateTrust) -> Stating:
    """Facts for StateTrust."""
    speaks = _speaks(reads, command.issuer, own=command.own)
    rows = reads.all(
        "SELECT id, kind, domain, sequence, home FROM trust WHERE issuer = :issuer AND subject = :subject AND gone = 0"
        " ORDER BY sequence DESC",
        issuer=command.issuer, subject=command.subject,
    )  # fmt: skip
    held = next((_held(row) for row in rows if (row["kind"], row["domain"]) == (command.kind, command.domain)), None)
    last = max((row["sequence"] for row in rows), default=0)
    return Stating(speaks, known(reads, command.subject), held, last)


def _speaks(reads: Reads, issuer: str, *, own: bool) -> bool:
    if not own:
        return reads.one(_OURS, id=issuer) is not None
    member = issuer.removeprefix(MEMBER) if issuer.startswith(MEMBER) else ""
    return reads.one(_MEMBERS, id=issuer, member=member) is not None


def _held(row: Row) -> Held:
    return Held(row["id"], row["sequence"], bool(row["home"]))


def load_take_back(reads: Reads, command: TakeBack) -> Taking:
    """Facts for TakeBack."""
    row = reads.one(
        "SELECT id, kind, subject, sequence, home FROM trust WHERE id = :id AND issuer = :issuer AND gone = 0",
        id=command.id, issuer=command.issuer,
    )  # fmt: skip
    if row is None or not _speaks(reads, command.issuer, own=isinstance(command, TakeBackOwn)):
        return Taking()
    subject = known(reads, row["subject"])
    return Taking(_held(row), row["kind"], subject.inbox if subject else None)


def load_said(reads: Reads, verified: Verified[Activity], subject: str, *, statement: bool) -> Heard:
    """Facts for what came. subject: whom it is about, blank if it does not say. statement: it is no concern."""
    msg = verified.msg
    row = reads.one(
        "SELECT passed FROM trust WHERE id = :id AND issuer = :issuer", id=msg.object_id or "", issuer=msg.actor
    )
    many = reads.the(
        "SELECT COUNT(*) AS n FROM trust WHERE issuer = :issuer AND subject = :subject AND gone = 0 AND id <> :id",
        issuer=msg.actor, subject=subject, id=msg.object_id or "",
    )["n"]  # fmt: skip
    about = reads.one("SELECT 1 AS yes FROM actor WHERE id = :id", id=subject)
    return Heard(about is not None, many, _announcer(reads, msg.actor, statement), row["passed"] if row else 0)


def _announcer(reads: Reads, issuer: str, statement: bool) -> str:
    """Our coalition, if it passes on what this actor says: a person of ours, who has no set of their own; and, once,
    whoever's set we hold from themselves or from their own coalition (protocol section 6)."""
    coalition = reads.one("SELECT actor FROM coalition")
    if coalition is None:
        return ""
    actor = reads.one("SELECT type, local FROM actor WHERE id = :id", id=issuer)
    if actor is not None and actor["local"]:
        return coalition["actor"] if actor["type"] == "Person" else ""
    home = identifiers.node_actor(identifiers.origin(issuer))
    held = reads.one(
        "SELECT 1 AS yes FROM held_set WHERE name IN (:own, :home) AND local = 0 AND pull_at IS NOT NULL",
        own=identifiers.set_name(issuer, "public"), home=identifiers.set_name(home, "public"),
    )  # fmt: skip
    return coalition["actor"] if statement and held is not None else ""


def about_ours(reads: Reads, subject: str) -> bool:
    """Somebody of ours is spoken of."""
    return reads.one("SELECT 1 AS yes FROM actor WHERE id = :id AND local = 1", id=subject) is not None


# Effects


def apply(tx: Tx, message: object, effects: tuple[Effect, ...], now: int) -> None:
    """message: what was verified, or the command."""
    for effect in effects:
        match effect:
            case Keep():
                digest = message.digest if isinstance(message, Verified) else HOME_DIGEST
                _keep(tx, effect, digest, now)
            case Forget():
                tx.run(f"{_FORGET} id = :id AND issuer = :issuer", id=effect.id, issuer=effect.issuer)


def _keep(tx: Tx, kept: Keep, digest: bytes, now: int) -> None:
    made: Statement = kept.statement
    key = PublicKey.from_multibase(made.subject_key).material if made.subject_key else None
    said = msgspec.structs.asdict(made) | {"subject_key": key, "links": "\n".join(made.links)}
    tx.run(_KEEP, **said, digest=digest, home=int(kept.home), fault=kept.fault, passed=kept.passed, now=now)


def leave(tx: Tx, member: str) -> None:
    """A member leaves: what they said at home goes with them."""
    tx.run(f"{_FORGET} issuer = :issuer", issuer=MEMBER + member)


# Reads


def stated(row: Row) -> Stated:
    """Of a row of OF_PAIR or ALL."""
    fits = None if row["fits"] is None else bool(row["fits"])
    return Stated(
        row["key"], row["kind"], row["domain"], row["level"], row["starts"], row["ends"],
        (row["sequence"], row["digest"]), row["fault"], fits, bool(row["heard"]),
    )  # fmt: skip


def changed(reads: Reads, trust: int, actor: int) -> dict[tuple[str, str], None]:
    """The pairs of which something changed since these numbers: what was said, or who either of them is."""
    rows = reads.all(CHANGED, after=trust)
    for each in reads.all(ACTORS, after=actor):
        rows += reads.all(OF_ACTOR, id=each["id"])
    return dict.fromkeys((row["issuer"], row["subject"]) for row in rows)


def pair(reads: Reads, issuer: str, subject: str) -> list[Row]:
    """What one issuer said of one subject."""
    return reads.all(OF_PAIR, issuer=issuer, subject=subject, most=_MOST)
