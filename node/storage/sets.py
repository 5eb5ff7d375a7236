"""What a transaction does for sets: the log, its cursors, its pages (protocol section 8, Sets, logs, roots).

Plain functions over `Tx` and `Reads`, the same for every engine. `seq` is a counter row in the set, so the log is
gapless for every snapshot. An entry that another supersedes leaves the log and the tree, and its bytes are erased.
Who may read a set is not asked here. The tree is in tree.py.
"""

import msgspec

from node.storage import tree
from node.storage.contract import Entry, Reads, Row, Tx
from protocol.errors import Reason, RemoteProtocolError

# Entries that may wait for the tree: folding in batches shares the paths, and nobody needs the root of a set in
# mid-flow; a reader of the root folds at once whatever waits.
UNFOLDED = 1_024

CREATE = """
INSERT INTO held_set(name, owner, audience, local, epoch, updated)
VALUES(:name, :owner, :audience, :local, :epoch, :now) ON CONFLICT(name) DO NOTHING"""
KEY = "SELECT key FROM held_set WHERE name = :name"
HEARD = "SELECT 1 AS yes FROM held_set WHERE name = :name AND (local = 1 OR pull_at IS NOT NULL)"
# updated: an entry brings no time of its own, its activity does; and the last entry is never a superseded one.
HELD = """
SELECT s.key, s.owner, s.audience, s.local, s.epoch, s.seq, s.total, s.folded, s.theirs_epoch, s.theirs_seq,
  COALESCE((SELECT a.at FROM entry e JOIN activity a ON a.key = e.activity
            WHERE e.set_key = s.key AND e.seq = s.seq), s.updated) AS updated
FROM held_set s WHERE s.name = :name"""

# By the tree where it is folded, else among the last entries, of which there are at most UNFOLDED.
FIND = """
SELECT s.key, e.seq FROM held_set s JOIN tree_id t ON t.set_key = s.key AND t.digest = :digest
JOIN entry e ON e.set_key = s.key AND e.seq = t.seq WHERE s.name = :name
UNION ALL SELECT s.key, e.seq FROM held_set s JOIN entry e ON e.set_key = s.key AND e.seq > s.folded
AND (e.digest = :digest OR e.activity = (SELECT key FROM activity WHERE id = :activity AND digest = :digest))
WHERE s.name = :name LIMIT 1"""
DIGEST = "SELECT digest FROM activity WHERE id = :activity"
LEAVE = "DELETE FROM entry WHERE set_key = :key AND seq = :seq"
ERASE = "UPDATE activity SET raw = NULL WHERE id = :activity"
# The update first: on every engine it is what makes concurrent appends to one set wait for each other. Without
# RETURNING, which costs SQLite more than the select. level: an inbox that wants nothing yet.
COUNT = """
UPDATE held_set SET seq = seq + 1, total = total + :more, theirs_seq = COALESCE(:theirs, theirs_seq)
WHERE name = :name"""
COUNTED = """
SELECT key, seq, folded,
  EXISTS(SELECT 1 FROM inbox WHERE set_key = held_set.key AND wants IS NULL AND ended = 0) AS level
FROM held_set WHERE name = :name"""
# Where the counter is known and nobody else moves it.
ADVANCE = """
UPDATE held_set SET seq = :seq, total = total + 1, theirs_seq = COALESCE(:theirs, theirs_seq) WHERE key = :key"""
ENTER = """
INSERT INTO entry(set_key, seq, activity) VALUES(:key, :seq, (SELECT key FROM activity WHERE id = :activity))"""
ENTER_ALONE = "INSERT INTO entry(set_key, seq, digest) VALUES(:key, :seq, :digest)"
MARK = "UPDATE inbox SET wants = :seq WHERE set_key = :key AND wants IS NULL AND ended = 0"
WAKE = """
UPDATE peer SET due = 0 WHERE due IS NULL AND paused IS NULL
AND host IN (SELECT host FROM inbox WHERE set_key = :key AND wants = :seq)"""

# An entry goes to the end of a log whose tree is up to date, and stays in it: its id is the same.
AGAIN = "UPDATE held_set SET seq = seq + 1, folded = seq + 1 WHERE name = :name"
MOVE = "UPDATE entry SET seq = :seq WHERE set_key = :key AND seq = :before"
MOVED = "UPDATE tree_id SET seq = :seq WHERE set_key = :key AND digest = :digest"

SIZES = """
SELECT e.seq, COALESCE(length(a.raw), 0) AS size FROM entry e LEFT JOIN activity a ON a.key = e.activity
WHERE e.set_key = :key AND e.seq > :after ORDER BY e.seq LIMIT :limit"""
STRETCH = """
SELECT e.seq, a.digest, a.raw FROM entry e JOIN activity a ON a.key = e.activity
WHERE e.set_key = :key AND e.seq > :after AND e.seq <= :last AND a.raw IS NOT NULL ORDER BY e.seq"""

OWED = """
SELECT e.seq, a.id AS activity, a.raw,
  COALESCE((SELECT p.seq FROM entry p JOIN activity b ON b.key = p.activity
            WHERE p.set_key = :key AND p.seq < e.seq AND b.raw IS NOT NULL ORDER BY p.seq DESC LIMIT 1), 0) AS previous
FROM entry e JOIN activity a ON a.key = e.activity
WHERE e.set_key = :key AND e.seq >= :wants AND a.raw IS NOT NULL ORDER BY e.seq LIMIT 1"""
# While the counter stands still: an entry that is being appended would be seen neither here as the next one, nor there
# as wanted by nobody.
STILL = "SELECT seq FROM held_set WHERE key = (SELECT set_key FROM inbox WHERE key = :inbox) /*+ FOR SHARE */"
ACKNOWLEDGE = """
UPDATE inbox SET acked = :seq,
  wants = (SELECT e.seq FROM entry e JOIN activity a ON a.key = e.activity
           WHERE e.set_key = inbox.set_key AND e.seq > :seq AND a.raw IS NOT NULL ORDER BY e.seq LIMIT 1)
WHERE key = :inbox AND acked < :seq"""
WANTS = "SELECT wants FROM inbox WHERE key = :inbox"


class HeldSet(msgspec.Struct, frozen=True):
    """A set as it is held: what its head says, and the cursor in the owner's log. updated: its last change, ms."""

    key: int
    name: str
    owner: str
    audience: str
    local: bool
    epoch: int
    seq: int
    total: int
    folded: int
    theirs_epoch: int
    theirs_seq: int
    updated: int


class Logged(msgspec.Struct, frozen=True):
    """An entry with its bytes."""

    seq: int
    digest: bytes
    raw: bytes


class Stretch(msgspec.Struct, frozen=True):
    """The log in (after, to], complete but for what was superseded or is held by its id alone.

    head: the set's last seq; more: `to` is not yet it.
    """

    set: str
    epoch: int
    after: int
    to: int
    head: int
    more: bool
    entries: tuple[Logged, ...]


class Owed(msgspec.Struct, frozen=True):
    """The next entry for an inbox. previous: the seq of the entry before it that can be had, 0 if it is the first."""

    seq: int
    activity: str
    raw: bytes
    previous: int


def create(tx: Tx, name: str, owner: str, audience: str, *, local: bool, epoch: int, now: int) -> int:
    """Make an empty set; its key. One that exists stays as it is."""
    tx.run(CREATE, name=name, owner=owner, audience=audience, local=int(local), epoch=epoch, now=now)
    return tx.the(KEY, name=name)["key"]


def held(reads: Reads, name: str) -> HeldSet | None:
    """The set of that name, if it is held."""
    row = reads.one(HELD, name=name)
    if row is None:
        return None
    return HeldSet(
        key=row["key"],
        name=name,
        owner=row["owner"],
        audience=row["audience"],
        local=bool(row["local"]),
        epoch=row["epoch"],
        seq=row["seq"],
        total=row["total"],
        folded=row["folded"],
        theirs_epoch=row["theirs_epoch"],
        theirs_seq=row["theirs_seq"],
        updated=row["updated"],
    )


def is_heard(reads: Reads, name: str) -> bool:
    """Whether the set is kept up to date here: it is ours, or its owner is followed."""
    return reads.one(HEARD, name=name) is not None


def find(reads: Reads, name: str, activity: str, digest: bytes) -> Row | None:
    """Where an activity stands in a set: the set's key and seq; None if it does not, or not any more."""
    return reads.one(FIND, name=name, activity=activity, digest=digest)


def append(tx: Tx, entry: Entry) -> int:
    """What `Tx.append` does; the entry's seq. LookupError if the set does not exist.

    Two statements where the counter is known and nothing is superseded, as in most that comes from elsewhere.
    """
    counter = entry.counter
    if counter is not None and entry.superseded is None:
        key, seq, folded = counter.key, counter.seq + 1, counter.folded
        tx.run(ADVANCE, key=key, seq=seq, theirs=entry.theirs)
        level = False
    else:
        key, seq, folded, level = _count(tx, entry)
    if entry.activity is None:
        tx.run(ENTER_ALONE, key=key, seq=seq, digest=entry.digest)
    else:
        tx.run(ENTER, key=key, seq=seq, activity=entry.activity)
    if level:
        tx.run(MARK, key=key, seq=seq)
        tx.run(WAKE, key=key, seq=seq)
    if seq - folded >= UNFOLDED:
        tree.fold(tx, entry.set)
    return seq


def _count(tx: Tx, entry: Entry) -> tuple[int, int, int, bool]:
    """The set's key, the entry's seq, up to where the tree holds it, and whether an inbox waits for the entry."""
    left = before = None
    if entry.superseded is not None:
        before = tx.one(DIGEST, activity=entry.superseded)
        left = None if before is None else find(tx, entry.set, entry.superseded, before["digest"])
        if left is not None:
            tx.run(LEAVE, key=left["key"], seq=left["seq"])
        tx.run(ERASE, activity=entry.superseded)
    tx.run(COUNT, name=entry.set, more=1 if left is None else 0, theirs=entry.theirs)
    counted = tx.the(COUNTED, name=entry.set)
    if before is not None and left is not None and left["seq"] <= counted["folded"]:
        tree.leave(tx, counted["key"], before["digest"])
    return counted["key"], counted["seq"], counted["folded"], bool(counted["level"])


def again(tx: Tx, name: str, activity: str, digest: bytes) -> None:
    """An entry is said once more, as its activity has another proof: whoever has the set is sent it again."""
    tree.fold(tx, name)
    found = find(tx, name, activity, digest)
    if found is None:
        return
    tx.run(AGAIN, name=name)
    counted = tx.the(COUNTED, name=name)
    key, seq = counted["key"], counted["seq"]
    tx.run(MOVE, key=key, before=found["seq"], seq=seq)
    tx.run(MOVED, key=key, digest=digest, seq=seq)
    if counted["level"]:
        tx.run(MARK, key=key, seq=seq)
        tx.run(WAKE, key=key, seq=seq)


def page(reads: Reads, name: str, epoch: int, after: int, limit: int, max_bytes: int) -> Stretch:
    """At most `limit` entries after a cursor and `max_bytes` of their bytes, but one at least, so that it advances.

    An entry held by its id alone is counted and left out: a page may be empty and have more after it.
    RemoteProtocolError: NOT_FOUND; CURSOR_TOO_OLD for another epoch; FUTURE_CURSOR for a seq that is not yet.
    """
    found = held(reads, name)
    if found is None:
        raise RemoteProtocolError(Reason.NOT_FOUND)
    if epoch != found.epoch:
        raise RemoteProtocolError(Reason.CURSOR_TOO_OLD)
    if after > found.seq:
        raise RemoteProtocolError(Reason.FUTURE_CURSOR)
    # Sizes first: the bytes of a hundred activities may be a hundred MiB.
    last = to = found.seq
    taken = 0
    for count, row in enumerate(reads.all(SIZES, key=found.key, after=after, limit=limit + 1)):
        taken += row["size"]
        if count and (count == limit or taken > max_bytes):
            to = row["seq"] - 1
            break
        last = row["seq"]
    else:
        last = to
    rows = reads.all(STRETCH, key=found.key, after=after, last=last)
    entries = tuple(Logged(row["seq"], row["digest"], row["raw"]) for row in rows)
    return Stretch(name, epoch, after, to, found.seq, to < found.seq, entries)


def next_owed(reads: Reads, set_key: int, wants: int) -> Owed | None:
    """The lowest entry from `wants` on that can be sent; None if there is none."""
    row = reads.one(OWED, key=set_key, wants=wants)
    return None if row is None else Owed(row["seq"], row["activity"], row["raw"], row["previous"])


def acknowledge(tx: Tx, inbox: int, seq: int) -> int | None:
    """An inbox (its key) has everything up to seq; what it wants now. An older acknowledgement changes nothing."""
    tx.run(STILL, inbox=inbox)
    tx.run(ACKNOWLEDGE, inbox=inbox, seq=seq)
    row = tx.one(WANTS, inbox=inbox)
    return None if row is None else row["wants"]
