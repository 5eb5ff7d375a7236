"""The gate's own tables: what was said (activity), the present state of every object, places in sets, needs.

Knows order, ownership and sets (protocol sections 6 and 8), and no noun. Every function runs inside the gate's
transaction. One statement finds all that the common path needs to know.
"""

import msgspec

from node.gate.handler import Answer, Carrier, Need
from node.storage import sets
from node.storage.contract import Counter, Entry, Reads, Tx
from protocol import canonical, identifiers, integrity, states
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.log import LogCursor
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity, Audience

STATES = frozenset({"Create", "Update", "Delete"})
ITSELF = "itself"  # the noun of an actor that deletes itself: no state here says what it was
UNHELD = "unheld"  # what an Undo takes back by an id that is not known here
AUDIENCES: dict[str, Audience] = {"public": "public", "members": "members", "direct": "direct"}

_LOOK = """
SELECT s.name AS set_name, s.key AS set_key, s.seq, s.folded, s.local, s.theirs_epoch, s.theirs_seq,
       o.owner, o.type, o.audience, o.sequence, o.digest, o.activity, o.deleted, k.key AS known
FROM (SELECT :set AS name, :object AS object, :activity AS activity) q
LEFT JOIN held_set s ON s.name = q.name AND (s.local = 1 OR s.pull_at IS NOT NULL)
LEFT JOIN object o ON o.id = q.object
LEFT JOIN activity k ON k.id = q.activity
"""

# Without ON CONFLICT … RETURNING, which costs SQLite as much as the insert: the look has said that it is new, and
# nobody else can say it meanwhile (locks.locks_of).
REMEMBER = """
INSERT INTO activity(id, digest, actor, type, object, proof, carrier, at, raw)
VALUES(:id, :digest, :actor, :type, :object, :proof, :carrier, :at, :raw)
"""

_SETTLE = """
INSERT INTO object(id, owner, type, audience, sequence, digest, activity, deleted)
VALUES(:id, :owner, :type, :audience, :sequence, :digest, :activity, :deleted)
ON CONFLICT(id, owner) DO UPDATE SET type = excluded.type, audience = excluded.audience,
  sequence = excluded.sequence, digest = excluded.digest, activity = excluded.activity, deleted = excluded.deleted
"""

_NEED = """
INSERT INTO need(kind, url, because, due) VALUES(:kind, :url, :because, :now) ON CONFLICT(kind, url) DO NOTHING
"""


class Place(msgspec.Struct, frozen=True):
    """Where an activity would stand: the set held for it, if any, and the object's present state, if any.

    audience: who may read it; of a Delete, who could read what it deletes. known: its id was stored before.
    unseen: nothing was ever held of its object, whoever's it was.
    """

    set_name: str | None
    counter: Counter | None
    local: bool
    theirs: LogCursor | None
    current: states.State | None
    current_activity: str | None
    rival: bool
    audience: Audience
    known: bool
    unseen: bool

    @property
    def noun(self) -> str | None:
        """The type of the object as it stands."""
        return self.current.type if self.current else None

    def concerns(self, msg: Activity) -> bool:
        """A set of the actor is held here, or the very object is."""
        return self.set_name is not None or (msg.type in STATES and self.current is not None)


class Heard(msgspec.Struct, frozen=True):
    """What the Commonweave-Log of a push says (section 8, Push). seen: the highest place in the owner's log so far.

    level: our cursor moves to this seq with the entry. gap: something is missing before it, and a pull is due.
    """

    seen: LogCursor | None = None
    level: int | None = None
    gap: bool = False


def object_of(msg: Activity) -> str | None:
    """The object whose state the activity makes; None if it makes none.

    An actor's Delete of itself is no state: it is gone when its origin says so too (security cases, B), and until
    then its next document must find nothing in its way.
    """
    return msg.object_id if msg.type in STATES and not leaves(msg) else None


def leaves(msg: Activity) -> bool:
    """An actor says that it is gone."""
    return msg.type == "Delete" and msg.object_id == msg.actor


def look(tx: Tx, msg: Activity) -> Place:
    """Facts for the common path, in one statement. A Delete stands in the set of what it deletes, whatever it says."""
    audience = activities.audience(msg)
    place = _look(tx, msg, audience)
    if msg.type == "Delete" and place.current is not None and place.current.audience != audience:
        return _look(tx, msg, AUDIENCES[place.current.audience])
    return place


def _look(tx: Tx, msg: Activity, audience: Audience) -> Place:
    name = identifiers.set_name(msg.actor, audience) if audience != "direct" else ""
    rows = tx.all(_LOOK, set=name, object=object_of(msg) or "", activity=msg.id)
    first = rows[0]
    current: states.State | None = None
    current_activity: str | None = None
    rival = False
    for row in rows:
        if row["owner"] == msg.actor:
            current = states.State(
                row["owner"], row["type"], row["audience"], row["sequence"], row["digest"], bool(row["deleted"])
            )
            current_activity = row["activity"]
        elif row["owner"] is not None and not row["deleted"]:
            rival = True
    counter, theirs = None, None
    local = bool(first["local"])
    if first["set_name"] is not None:
        counter = Counter(first["set_key"], first["seq"], first["folded"])
        theirs = None if local else LogCursor(name, first["theirs_epoch"], first["theirs_seq"])
    return Place(
        first["set_name"], counter, local, theirs, current, current_activity, rival, audience,
        first["known"] is not None, first["owner"] is None,
    )  # fmt: skip


def undone(tx: Tx, msg: Activity, place: Place) -> str:
    """The type of what an Undo takes back: as it is held, else as the Undo embeds it, else UNHELD.

    Blank if it is neither and the Undo stands in no set: what was asked of one actor alone is nothing to remember.
    """
    row = tx.one("SELECT type FROM activity WHERE id = :id", id=msg.object_id or "")
    if row is not None:
        return row["type"]
    if isinstance(msg.object, Activity):
        return msg.object.type
    return UNHELD if place.set_name is not None else ""


def state_of(place: Place, verified: Verified[Activity]) -> states.State | None:
    """The state that it makes of its object, for the audience of its place; None if it makes none."""
    msg = verified.msg
    return states.state_of(msg, verified.digest, place.audience) if msg.type in STATES else None


def judge(place: Place, msg: Activity, state: states.State | None, now: int) -> Reason:
    """The order of states (section 6): who owns the object, and whether this state comes after the present one."""
    if state is None:
        return Reason.ACCEPTED
    if msg.object_id is None or (msg.type != "Delete" and msg.object is None):
        return Reason.MALFORMED
    if place.rival:
        return Reason.NOT_OWNER
    return states.judge(place.current, state, now)


def settle(tx: Tx, place: Place, msg: Activity, state: states.State | None) -> str | None:
    """Write the object's new present state; returns the activity it supersedes, whose bytes are erased."""
    object_id = object_of(msg)
    if object_id is None or state is None:
        return None
    tx.run(
        _SETTLE, id=object_id, owner=state.owner, type=state.type, audience=state.audience, sequence=state.sequence,
        digest=state.digest, activity=msg.id, deleted=int(state.deleted),
    )  # fmt: skip
    if place.current_activity is not None and place.set_name is None:
        erase(tx, place.current_activity)
    return place.current_activity


def erase(tx: Tx, activity: str) -> None:
    """Its bytes are gone; that it was said, and its digest, stay: an id binds its first bytes."""
    tx.run("UPDATE activity SET raw = NULL WHERE id = :id", id=activity)


def remember(tx: Tx, verified: Verified[Activity], carrier: Carrier, now: int, *, whole: bool = True) -> None:
    """The dedupe row: an id binds its first bytes. `whole`: with them; what is superseded leaves its digest alone.

    What is refused has none, and may be asked again.
    """
    msg = verified.msg
    tx.run(
        REMEMBER, id=msg.id, digest=verified.digest, actor=msg.actor, type=msg.type, object=msg.object_id,
        proof=int(verified.key is not None), carrier=carrier.actor, at=now,
        raw=verified.raw if whole else None,
    )  # fmt: skip


def holds(reads: Reads, activity: str, digest: bytes) -> bool:
    """This very activity was stored before."""
    row = reads.one("SELECT digest FROM activity WHERE id = :id", id=activity)
    return row is not None and row["digest"] == digest


def known(tx: Tx, verified: Verified[Activity], place: Place, heard: Heard) -> Answer:
    """The id was stored before: the same bytes are welcome again, others never.

    What came first by another way (a recommendation, say) still takes its place in a set held since.
    """
    msg = verified.msg
    held = tx.the("SELECT digest, raw FROM activity WHERE id = :id", id=msg.id)
    advance(tx, place, heard)
    if held["digest"] != verified.digest:
        return Answer(Reason.ID_REUSED, seen=heard.seen)
    renewed = held["raw"] not in (None, verified.raw) and _renew_proof(tx, verified, held["raw"])
    if renewed and place.local and place.set_name is not None:
        sets.again(tx, place.set_name, msg.id, verified.digest)
    if (
        place.set_name is not None
        and held["raw"] is not None
        and sets.find(tx, place.set_name, msg.id, verified.digest) is None
    ):
        tx.append(Entry(place.set_name, msg.id, verified.digest))
    return Answer(Reason.KNOWN, seen=heard.seen, stirs=heard.gap)


def _renew_proof(tx: Tx, verified: Verified[Activity], stored: bytes) -> bool:
    """Section 2: after a compromise the owner signs its live activities anew; only then is a proof replaced."""
    said = integrity.claim(canonical.read(stored), None, verified.actor)
    row = tx.one(
        "SELECT 1 AS lost FROM actor_key WHERE actor = :actor AND id = :id AND compromised_since IS NOT NULL",
        actor=verified.actor, id=said.method or "",
    )  # fmt: skip
    if row is None or verified.key in (None, said.method):
        return False
    tx.run("UPDATE activity SET raw = :raw, proof = 1 WHERE id = :id", raw=verified.raw, id=verified.msg.id)
    return True


def hear(tx: Tx, place: Place, said: LogCursor | None, now: int) -> Heard:
    """Compare what is said with our cursor in the owner's log. A gap is written down at once."""
    theirs = place.theirs
    if said is None or theirs is None or said.set != theirs.set or said.epoch < theirs.epoch:
        return Heard(theirs)
    # A sender that does not say what it left just before vouches for nothing: only the very next entry is no gap.
    after = said.seq - 1 if said.after is None else said.after
    if said.epoch == theirs.epoch and after <= theirs.seq:
        if said.seq <= theirs.seq:
            return Heard(theirs)
        return Heard(LogCursor(theirs.set, theirs.epoch, said.seq), level=said.seq)
    # A gap, or an epoch that began after a restore: nothing is skipped, the log is pulled from where we are.
    tx.run(
        "UPDATE held_set SET theirs_epoch = :epoch, theirs_seq = :seq, pull_at = :now WHERE name = :name",
        epoch=said.epoch, seq=theirs.seq if said.epoch == theirs.epoch else 0, now=now, name=theirs.set,
    )  # fmt: skip
    return Heard(theirs, gap=True)


def advance(tx: Tx, place: Place, heard: Heard) -> None:
    """Move our cursor where no new entry takes it along."""
    if heard.level is not None:
        tx.run("UPDATE held_set SET theirs_seq = :seq WHERE name = :name", seq=heard.level, name=place.set_name)


def queue(tx: Tx, inbox: str, verified: Verified[Activity], now: int) -> None:
    """Put an activity in the direct queue of one inbox: a set that nobody can read."""
    name = f"queue:{inbox}"
    row = tx.one("SELECT key FROM held_set WHERE name = :name", name=name)
    if row is None:
        key = sets.create(tx, name, owner=verified.msg.actor, audience="direct", local=True, epoch=now, now=now)
        host = identifiers.origin(inbox).key
        tx.run("INSERT INTO peer(host) VALUES(:host) ON CONFLICT(host) DO NOTHING", host=host)
        tx.run(
            "INSERT INTO inbox(url, set_key, host, acked) VALUES(:url, :key, :host, 0)", url=inbox, key=key, host=host
        )
    tx.append(Entry(name, verified.msg.id, verified.digest))


def need(tx: Tx, need: Need, now: int) -> None:
    """Ask the worker to fetch something; asking twice is asking once."""
    tx.run(_NEED, kind=need.kind, url=need.url, because=need.because, now=now)
