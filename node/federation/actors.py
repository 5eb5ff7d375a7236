"""Actors as they are known here: their documents, their keys over time, and the roots of their origins.

One rule decides whether a document takes the place of the one held, protocol.identity.continuity; this file brings
it the facts, from an Update that came through the gate or from a fetch, and writes what it says.
"""

import msgspec

from node.gate.handler import Decision, Handler, Need
from node.gate.objects import ITSELF
from node.storage import numbering
from node.storage.contract import Reads, Row, Tx
from protocol import canonical, identifiers, identity, integrity, limits
from protocol.errors import Reason, RemoteProtocolError
from protocol.identity import Held, Offered, Outcome, Pending, Ruling
from protocol.integrity import Verified
from protocol.keys import HeldKey, PublicKey
from protocol.vocabulary import activities, actors, context
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.actors import Actor

ACTOR_NOUNS = ("Organization", "Group", "Person", "Service", "Application", ITSELF)

_CHANGED = numbering.next_number("actor")
_STORE = f"""
INSERT INTO actor(id, host, local, type, name, handle, inbox, shared_inbox, outbox, sequence, proof, native, state,
  fetched, raw, changed)
VALUES(:id, :host, :local, :type, :name, :handle, :inbox, :shared, :outbox, :sequence, :proof, :native, 'ok',
  :now, :raw, {_CHANGED})
ON CONFLICT(id) DO UPDATE SET type = excluded.type, name = excluded.name, handle = excluded.handle,
  inbox = excluded.inbox, shared_inbox = excluded.shared_inbox, outbox = excluded.outbox,
  sequence = excluded.sequence, proof = excluded.proof, native = excluded.native, state = 'ok',
  fetched = excluded.fetched, pending = NULL, pending_since = NULL, raw = excluded.raw, changed = excluded.changed
"""
_LEAVE = f"UPDATE actor SET state = 'gone', pending = NULL, pending_since = NULL, changed = {_CHANGED} WHERE id = :id"  # noqa: S608


class Facts(msgspec.Struct, frozen=True):
    """What is held of an actor, and the root pinned for its origin. said: the activity that made its present state."""

    held: Held | None
    root: str | None
    state: str
    said: str | None = None


class Offer(msgspec.Struct, frozen=True):
    """A document that came, read and its proof checked against whoever made it."""

    actor: Actor
    keys: tuple[HeldKey, ...]
    document: canonical.Document
    offered: Offered


class Store(msgspec.Struct, frozen=True):
    """It is the actor's document now. new_root: the root that it names takes the place of the one that is pinned."""

    offer: Offer
    new_root: bool = False
    voids: bytes | None = None


class Wait(msgspec.Struct, frozen=True):
    """It waits for 72 hours or a steward. since: when this very document first came (ms)."""

    offer: Offer
    since: int
    voids: bytes | None = None


class Gone(msgspec.Struct, frozen=True):
    """An actor of ours takes itself back, for good."""

    actor: str


Effect = Store | Wait | Gone
_OF_A_PERSON = ("name", "summary", "attributedTo", "cw:place", "url", "proof")


def load(reads: Reads, actor: str) -> Facts:
    """The facts that continuity needs."""
    row = reads.one(
        "SELECT a.sequence, a.proof, a.raw, a.state, a.pending, a.pending_since, p.root FROM actor a"
        " LEFT JOIN peer p ON p.host = a.host WHERE a.id = :id",
        id=actor,
    )
    if row is None:
        root = reads.one("SELECT root FROM peer WHERE host = :host", host=identifiers.origin(actor).key)
        return Facts(None, root["root"] if root else None, "new")
    voided = reads.all(
        "SELECT digest FROM actor_voided WHERE actor = :actor ORDER BY at DESC LIMIT :most",
        actor=actor, most=limits.VOIDED_DOCUMENTS,
    )  # fmt: skip
    keys = keys_held(reads, actor)
    held = Held(
        keys,
        row["sequence"],
        canonical.digest(canonical.read(row["raw"])),
        bool(row["proof"]),
        _pending(row, keys),
        tuple(each["digest"] for each in voided),
    )
    return Facts(held, row["root"], row["state"])


def _pending(row: Row, keys: tuple[HeldKey, ...]) -> Pending | None:
    """What waits by the word of the pinned root or of a held key. What a quarrel left was signed by neither.

    Were a stranger's document counted, the root's signature under the same one would make "both", at once.
    """
    if row["pending"] is None:
        return None
    document = canonical.read(row["pending"])
    actor = actors.read_actor(document)
    said = integrity.claim(document, actor, actor.id)
    try:
        # It was current when it came: asked is whose it is.
        signer = _signer(said, tuple(key for key in keys if identity.is_active(key)), row["root"], said.created or 0)
    except RemoteProtocolError:
        return None
    by_root = row["root"] is not None and signer == PublicKey.from_did(row["root"])
    return Pending(canonical.digest(document), actor.sequence, row["pending_since"], by_root)


def keys_held(reads: Reads, actor: str) -> tuple[HeldKey, ...]:
    """Every key of the actor, retired ones too."""
    rows = reads.all("SELECT * FROM actor_key WHERE actor = :actor ORDER BY valid_from, id", actor=actor)
    return tuple(key_of(row) for row in rows)


def key_of(row: Row) -> HeldKey:
    """A row of actor_key."""
    return HeldKey(
        row["id"],
        row["actor"],
        PublicKey(row["kind"], row["public"]),
        row["valid_from"],
        row["valid_until"],
        row["compromised_since"],
    )


def offer(document: canonical.Document, facts: Facts, *, from_origin: bool, now: int) -> Offer:
    """Read a document and find out who signed it; RemoteProtocolError if it is none or its proof is false."""
    actor = actors.read_actor(document)
    keys = actors.keys_of(actor)
    said = integrity.claim(document, actor, actor.id)
    signer: PublicKey | None = None
    digest = canonical.digest(document)
    if said.method is not None:
        # A document may say that its own signer is lost: that was announced by it, and is held or first met so.
        held, known = facts.held.keys if facts.held else (), facts.held is None or facts.held.digest == digest
        signer = _signer(said, (*held, *keys), facts.root, now, held=known)
    return Offer(actor, keys, document, Offered(keys, actor.sequence, digest, actor.root, signer, from_origin))


def _signer(
    said: integrity.Claim[Actor], keys: tuple[HeldKey, ...], pinned: str | None, now: int, *, held: bool = False
) -> PublicKey:
    method = said.method or ""
    if method.startswith(integrity.DID_KEY):
        if pinned is None:
            raise RemoteProtocolError(Reason.BAD_PROOF, "No root is pinned for this origin.")
        root = PublicKey.from_did(pinned)
        candidates = [HeldKey(integrity.root_method(root), said.actor, root)]
    else:
        candidates = [key for key in keys if key.id == method]
    for key in candidates:
        try:
            integrity.verify_document(said, key, now, said.actor, held=held)
        except RemoteProtocolError:
            continue
        return key.public
    raise RemoteProtocolError(Reason.BAD_PROOF, "The actor document's proof does not verify.")


def rule(offered: Offer, facts: Facts, now: int) -> Ruling:
    """Continuity, and what a standing quarrel means: only a steward, or a held key, ends a key-changed state."""
    ruling = identity.continuity(facts.held, offered.offered, facts.root, now)
    if ruling.outcome is Outcome.KNOWN and facts.state == "key-changed" and _shown_again(offered.offered, facts.held):
        return Ruling(Outcome.ACCEPT, "Its origin shows the document that is held again.")
    if facts.state == "gone" and ruling.outcome is Outcome.ACCEPT and not offered.offered.from_origin:
        return Ruling(Outcome.VOID, "This actor is gone.")
    return ruling


def _shown_again(offered: Offered, held: Held | None) -> bool:
    """By its origin, signed as it was, and while nothing waits that the root has said."""
    if held is None or not offered.from_origin or held.pending is not None:
        return False
    return not held.proven or any(key.public == offered.signer for key in held.keys if identity.is_active(key))


def effect(offered: Offer, ruling: Ruling, facts: Facts, now: int) -> Store | Wait:
    """What follows from a ruling that lets the document in, or lets it wait."""
    if ruling.outcome is not Outcome.WAIT:
        return Store(offered, ruling.new_root, ruling.voids)
    pending = facts.held.pending if facts.held else None
    since = pending.since if pending is not None and pending.digest == offered.offered.digest else now
    return Wait(offered, since, ruling.voids)


def leave(tx: Tx, actor: str) -> None:
    """It is gone: of a person nothing stays but the keys, which what they signed elsewhere is checked by."""
    row = tx.one("SELECT type, raw FROM actor WHERE id = :id", id=actor)
    if row is not None and row["type"] == "Person":
        said = canonical.read(row["raw"]).value
        kept = canonical.encode({name: value for name, value in said.items() if name not in _OF_A_PERSON})
        tx.run("UPDATE actor SET name = '', handle = '', raw = :raw WHERE id = :id", raw=kept, id=actor)
    tx.run(_LEAVE, id=actor)


def write(tx: Tx, effect: Store | Wait, *, local: bool, now: int) -> None:
    """Store the document, its keys, and the root of its origin if none was pinned yet."""
    actor, keys = effect.offer.actor, effect.offer.keys
    host = identifiers.origin(actor.id).key
    raw = effect.offer.document.raw
    if effect.voids is not None:
        tx.run(
            "INSERT INTO actor_voided(actor, at, digest) VALUES(:id, :now, :digest) ON CONFLICT DO NOTHING",
            id=actor.id, now=now, digest=effect.voids,
        )  # fmt: skip
    if isinstance(effect, Wait):
        tx.run(
            "UPDATE actor SET pending = :raw, pending_since = :since WHERE id = :id",
            raw=raw, since=effect.since, id=actor.id,
        )  # fmt: skip
        return
    tx.run(
        _STORE, id=actor.id, host=host, local=int(local), type=actor.type, name=actor.name or actor.id,
        handle=actor.preferred_username, inbox=actor.inbox, shared=actor.shared_inbox, outbox=actor.outbox,
        sequence=actor.sequence, proof=int(effect.offer.offered.signer is not None),
        native=int(context.RFC9421 in actor.implements), now=now, raw=raw,
    )  # fmt: skip
    tx.run("DELETE FROM actor_key WHERE actor = :actor", actor=actor.id)
    for key in keys:
        tx.run(
            "INSERT INTO actor_key(id, actor, kind, public, valid_from, valid_until, compromised_since)"
            " VALUES(:id, :actor, :kind, :public, :valid_from, :valid_until, :compromised)",
            id=key.id, actor=actor.id, kind=key.public.kind, public=key.public.material, valid_from=key.valid_from,
            valid_until=key.valid_until, compromised=key.compromised_since,
        )  # fmt: skip
        tx.run("DELETE FROM key_miss WHERE id = :id", id=key.id)
    tx.run(
        "INSERT INTO peer(host, root) VALUES(:host, :root) ON CONFLICT(host) DO UPDATE SET"
        " root = COALESCE(peer.root, excluded.root), paused = CASE peer.paused WHEN 'key-changed' THEN NULL"
        " ELSE peer.paused END",
        host=host, root=actor.root,
    )  # fmt: skip
    if effect.new_root and actor.root is not None:
        tx.run("UPDATE peer SET root = :root WHERE host = :host", root=actor.root, host=host)


class ActorNoun:
    """The gate's handler for actor documents inside Updates (and Creates and Deletes) of themselves."""

    def __init__(self, origin: identifiers.Origin) -> None:
        self._origin = origin

    def nouns(self) -> dict[str, Handler[Facts, Effect]]:
        """Handlers by actor type; a room above may take one over and call this one's functions."""
        return {noun: Handler(self.load, self.decide, self.apply, self.wanted) for noun in ACTOR_NOUNS}

    def wanted(self, reads: Reads, verified: Verified[Activity]) -> bool:
        """An actor known here, a follower say: its new keys and its leaving concern us, though no set of it is held."""
        row = reads.one("SELECT 1 AS yes FROM actor WHERE id = :id AND local = 0", id=verified.msg.actor)
        return row is not None

    def is_ours(self, actor: str) -> bool:
        """A local actor."""
        return identifiers.origin(actor) == self._origin

    def load(self, reads: Reads, verified: Verified[Activity]) -> Facts:
        msg = verified.msg
        facts = load(reads, msg.object_id or "")
        if msg.type == "Delete" and self.is_ours(msg.actor):
            row = reads.one("SELECT activity FROM object WHERE id = :id AND owner = :id", id=msg.actor)
            return msgspec.structs.replace(facts, said=row["activity"] if row else None)
        return facts

    def decide(self, verified: Verified[Activity], facts: Facts, now: int) -> Decision[Effect]:
        msg = verified.msg
        if msg.object_id != msg.actor:
            return Decision(Reason.NOT_OWNER, detail="An actor can only speak of its own document.")
        if msg.type == "Delete" and self.is_ours(msg.actor):
            return Decision(Reason.ACCEPTED, (Gone(msg.actor),), supersedes=facts.said)
        if msg.type == "Delete":
            # The origin is asked before anything is removed: 410 confirms, 404 does not (security cases, B).
            return Decision(Reason.ACCEPTED, needs=(Need("gone", msg.actor, msg.id),))
        try:
            raw = activities.embedded_bytes(verified.raw)
            if raw is None:
                return Decision(Reason.MALFORMED)
            embedded = canonical.read(raw)
            offered = offer(embedded, facts, from_origin=verified.carrier == msg.actor, now=now)
        except RemoteProtocolError as error:
            return Decision(error.reason, detail=error.detail)
        if offered.offered.signer is None and verified.key is not None:
            # Other software signs the Update, not the document within: the activity's proof covers both.
            signer = next(
                (key.public for key in (facts.held.keys if facts.held else ()) if key.id == verified.key), None
            )
            offered = msgspec.structs.replace(offered, offered=msgspec.structs.replace(offered.offered, signer=signer))
        ruling = rule(offered, facts, now)
        match ruling.outcome:
            case Outcome.ACCEPT | Outcome.KNOWN | Outcome.WAIT:
                return Decision(Reason.ACCEPTED, (effect(offered, ruling, facts, now),))
            case Outcome.STALE:
                return Decision(Reason.ACCEPTED)
            case _:
                return Decision(ruling.reason, detail=ruling.because)

    def apply(self, tx: Tx, _verified: Verified[Activity], effects: tuple[Effect, ...], now: int) -> None:
        for effect in effects:
            if isinstance(effect, Gone):
                leave(tx, effect.actor)
                continue
            write(tx, effect, local=self.is_ours(effect.offer.actor.id), now=now)
