"""What is owed to whom, as rows: hosts that are due, their inboxes, what became of each entry (section 8, Push).

Plain functions over a transaction, the same for every engine. `peer.due` is schedule and lease at once: whoever
claims a host moves it past the longest request before making one, so a process that dies is followed by another and
nothing is tried twice at once. Decides nothing: the outcomes are schedule.py's.
"""

from collections.abc import Callable, Mapping

import msgspec

from node.federation.schedule import BLOCKED, Pause, Refuse, Retry
from node.storage import sets
from node.storage.contract import Reads, Tx
from protocol import identifiers
from protocol.errors import Reason, sentence
from protocol.http_message import Form
from protocol.limits import LEASE

# `due <= :now` twice: under READ COMMITTED the outer one is looked at again when another process was faster.
CLAIM = """
WITH ours AS MATERIALIZED (
  SELECT host FROM peer WHERE due <= :now AND paused IS NULL ORDER BY due LIMIT :limit /*+ FOR UPDATE SKIP LOCKED */)
UPDATE peer SET due = :until, lease = :lease
WHERE due <= :now AND paused IS NULL AND host IN (SELECT host FROM ours)
RETURNING host, form, attempts, failing_since"""
INBOXES = "SELECT key, url, set_key, wants FROM inbox WHERE host = :host AND wants IS NOT NULL ORDER BY key"
NATIVE = "SELECT 1 AS native FROM actor WHERE host = :host AND native = 1 LIMIT 1"
UPCOMING = "SELECT due FROM peer WHERE due IS NOT NULL AND paused IS NULL ORDER BY due LIMIT 1"
SAID = "SELECT actor FROM activity WHERE id = :activity"
OF_SET = "SELECT name, epoch FROM held_set WHERE key = :key"

WELL = """
UPDATE peer SET due = :until, attempts = 0, failing_since = NULL, last_error = NULL, last_ok = :now,
  form = COALESCE(:form, form)
WHERE host = :host AND lease = :lease RETURNING host"""
RENEW = "UPDATE peer SET due = :until WHERE host = :host AND lease = :lease RETURNING host"
# How many cursors of a host want nothing, and go on wanting nothing until this transaction ends. One that is being
# woken in another process is not among them: whoever publishes there cannot see yet that the host is let go.
LEVEL = """
SELECT COUNT(*) AS level FROM (
  SELECT key FROM inbox WHERE host = :host AND wants IS NULL AND ended = 0 /*+ FOR SHARE SKIP LOCKED */) AS of_host"""
# Looks again, in the transaction that lets go: what was published meanwhile is due at once.
RELEASE = """
UPDATE peer SET lease = NULL,
  due = CASE WHEN (SELECT COUNT(*) FROM inbox WHERE inbox.host = peer.host AND inbox.ended = 0) > :level THEN :now END
WHERE host = :host AND lease = :lease"""
FINISH = """
UPDATE peer SET attempts = 0, failing_since = NULL, last_error = NULL, last_ok = :now, form = COALESCE(:form, form),
  lease = NULL,
  due = CASE WHEN (SELECT COUNT(*) FROM inbox WHERE inbox.host = peer.host AND inbox.ended = 0) > :level THEN :now END
WHERE host = :host AND lease = :lease"""
# Apart, for RETURNING costs SQLite more. Under another's lease it is owed nothing by us.
STILL_DUE = "SELECT 1 AS yes FROM peer WHERE host = :host AND lease IS NULL AND due IS NOT NULL"
RETRY = """
UPDATE peer SET lease = NULL, due = :at, attempts = :attempts, failing_since = :since, last_error = :why
WHERE host = :host AND lease = :lease"""
PAUSE = """
UPDATE peer SET lease = NULL, due = NULL, paused = :why, last_error = :why WHERE host = :host AND lease = :lease"""
END = "UPDATE inbox SET ended = 1, wants = NULL WHERE key = :inbox"
# Once, also where the same answer is stored again because nobody knew whether it was.
REFUSED = """
INSERT INTO refusal(inbox_key, activity, status, reason, at)
SELECT :inbox, :activity, :status, :reason, :now FROM inbox WHERE key = :inbox AND acked < :seq"""

# What a person must confirm stays paused, whatever the peer says.
FAILING = "SELECT host FROM peer WHERE attempts > 0 OR (paused IS NOT NULL AND paused <> 'key-changed')"
HEARD = """
UPDATE peer SET due = :at, paused = NULL WHERE host = :host AND lease IS NULL
AND ((attempts > 0 AND due > :at) OR (paused IS NOT NULL AND paused <> 'key-changed'))"""
UNPAUSE = """
UPDATE peer SET paused = NULL, attempts = 0, failing_since = NULL, due = CASE WHEN EXISTS(
  SELECT 1 FROM inbox WHERE inbox.host = peer.host AND inbox.wants IS NOT NULL) THEN :now END
WHERE host = :host AND paused IS NOT NULL"""
BY_US = "SELECT host FROM peer WHERE paused = :blocked"
NOT_PULLED = "UPDATE held_set SET pull_at = :now WHERE pull_at > :now AND last_error IN (:blocked, :unlisted)"
LET_GO = "UPDATE peer SET due = :now, lease = NULL WHERE lease = :lease"
# What is owed and nobody is woken for, whatever the reason: the clock finds it where a word was lost.
MISSED = """
UPDATE peer SET due = :now WHERE due IS NULL AND paused IS NULL AND host IN (
  SELECT host FROM inbox WHERE wants IS NOT NULL)"""
RECOVER = "UPDATE peer SET due = :now, lease = NULL WHERE lease IS NOT NULL"


class Inbox(msgspec.Struct, frozen=True):
    """A cursor that wants something."""

    key: int
    url: str
    set_key: int
    wants: int


class Due(msgspec.Struct, frozen=True):
    """A host that was claimed. `form`: None if none has worked yet; `native`: an actor there declares RFC 9421."""

    host: str
    form: Form | None
    native: bool
    attempts: int
    failing_since: int | None
    inboxes: tuple[Inbox, ...]


class Item(msgspec.Struct, frozen=True):
    """An entry to be sent: its exact bytes, whose it is, and where it stands. `previous` is 0 for the first."""

    set: str
    epoch: int
    seq: int
    previous: int
    activity: str
    actor: str
    raw: bytes


class Claimed(msgspec.Struct, frozen=True):
    """What a claim gave, and when the next host is due (ms; None: nobody is)."""

    hosts: tuple[Due, ...]
    upcoming: int | None


def claim(tx: Tx, lease: str, now: int, limit: int, heard: Mapping[str, int], *, sweep: bool = False) -> Claimed:
    """Take up to `limit` hosts that are due, for the time of a lease.

    `heard`: failing hosts that spoke to us, and when (ms) they may be tried again. `sweep`: look for the missed, too.
    """
    if sweep:
        tx.run(MISSED, now=now)
    for host, at in sorted(heard.items()):
        tx.run(HEARD, host=host, at=max(now, at))
    rows = tx.all(CLAIM, until=now + LEASE, lease=lease, now=now, limit=limit)
    hosts = tuple(
        Due(
            host=row["host"],
            form=row["form"],
            native=row["form"] is None and tx.one(NATIVE, host=row["host"]) is not None,
            attempts=row["attempts"],
            failing_since=row["failing_since"],
            inboxes=tuple(
                Inbox(one["key"], one["url"], one["set_key"], one["wants"]) for one in tx.all(INBOXES, host=row["host"])
            ),
        )
        for row in rows
    )
    upcoming = tx.one(UPCOMING)
    return Claimed(hosts, None if upcoming is None else upcoming["due"])


def item(reads: Reads, set_key: int, wants: int) -> Item | None:
    """The lowest entry from `wants` on that can be sent; None if it was superseded meanwhile and none follows."""
    owed = sets.next_owed(reads, set_key, wants)
    if owed is None:
        return None
    of_set = reads.the(OF_SET, key=set_key)
    said = reads.the(SAID, activity=owed.activity)
    return Item(of_set["name"], of_set["epoch"], owed.seq, owed.previous, owed.activity, said["actor"], owed.raw)


def advance(tx: Tx, inbox: int, seq: int, refused: tuple[str, Refuse] | None, now: int) -> int | None:
    """An inbox has everything up to seq, or will never have it; what it wants now. `refused`: (activity, why)."""
    if refused is not None:
        activity, why = refused
        tx.run(REFUSED, inbox=inbox, activity=activity, status=why.status, reason=why.reason, now=now, seq=seq)
    return sets.acknowledge(tx, inbox, seq)


def end(tx: Tx, inbox: int) -> None:
    """This cursor is over."""
    tx.run(END, inbox=inbox)


def well(tx: Tx, host: str, lease: str, form: Form | None, now: int) -> bool:
    """The host answered: it does not fail, the lease is renewed, `form` is remembered if it is new.

    False: the lease had run out and another has the host.
    """
    return tx.one(WELL, host=host, lease=lease, form=form, now=now, until=now + LEASE) is not None


def renew(tx: Tx, host: str, lease: str, now: int) -> bool:
    """The host keeps one waiting: the lease begins anew. False: it had run out and another has the host."""
    return tx.one(RENEW, host=host, lease=lease, until=now + LEASE) is not None


def _level(tx: Tx, host: str) -> int:
    return tx.the(LEVEL, host=host)["level"]


def release(tx: Tx, host: str, lease: str, now: int) -> bool:
    """Let go of a host; True if something is still owed to it."""
    tx.run(RELEASE, host=host, lease=lease, now=now, level=_level(tx, host))
    return tx.one(STILL_DUE, host=host) is not None


def finish(tx: Tx, host: str, lease: str, form: Form | None, now: int) -> bool:
    """`well` and `release` in one."""
    tx.run(FINISH, host=host, lease=lease, form=form, now=now, level=_level(tx, host))
    return tx.one(STILL_DUE, host=host) is not None


def put_off(tx: Tx, host: str, lease: str, why: Retry | Pause) -> None:
    """Let go of a host until a later time, or until it is unpaused."""
    if isinstance(why, Pause):
        tx.run(PAUSE, host=host, lease=lease, why=why.reason)
    else:
        tx.run(RETRY, host=host, lease=lease, at=why.at, attempts=why.attempts, since=why.failing_since, why=why.why)


def failing(reads: Reads) -> set[str]:
    """Every host that failed the last time, or was paused for what it answered."""
    return {row["host"] for row in reads.all(FAILING)}


def unpause(tx: Tx, host: str, now: int) -> None:
    """A person, or a confirmed key, ends a pause: what is owed is due at once."""
    tx.run(UNPAUSE, host=host, now=now)


def readmit(tx: Tx, admits: Callable[[str], Reason | None], now: int) -> None:
    """At a start: whom our settings refused and now admit is spoken to again, and asked for what it said meanwhile."""
    tx.run(NOT_PULLED, now=now, blocked=sentence(Reason.BLOCKED), unlisted=sentence(Reason.NOT_LISTED))
    for row in tx.all(BY_US, blocked=BLOCKED):
        if admits(row["host"]) is None:
            tx.run(UNPAUSE, host=row["host"], now=now)


def let_go(tx: Tx, lease: str, now: int) -> None:
    """Whoever held this lease ends: its hosts are due at once, for others or for when it comes back."""
    tx.run(LET_GO, lease=lease, now=now)


def lock_of(name: str) -> str:
    """What an acknowledgement in a set waits for, so that an entry appended meanwhile is not missed: the set's owner,
    as the gate locks it; of a queue, itself."""
    return name if name.startswith("queue:") else identifiers.owner_of_set(name)


def recover(tx: Tx, now: int) -> None:
    """Leases of a process that died are due at once. Only where no other process can hold one."""
    tx.run(RECOVER, now=now)
