"""The documents this node gives to other servers: reads that turn rows into bytes.

Nothing here decides who may ask; everything here decides what exists for anyone: only what is public is read, and
what is not answers exactly like what never was (protocol sections 5 and 7).
"""

import hashlib
from typing import Any

from node.clock import Clock
from node.keystore import Keystore
from node.storage import sets, tree
from node.storage.contract import Reads, Row, Storage, Tx
from protocol import canonical, discovery, identifiers, integrity, limits, log
from protocol.errors import Reason, RemoteProtocolError
from protocol.vocabulary import context

COLLECTION_PAGE = 40


def _absent() -> RemoteProtocolError:
    return RemoteProtocolError(Reason.NOT_FOUND)


def actor(reads: Reads, id: str) -> bytes:
    """The signed document of a local actor, exact bytes; GONE of a person who took their profile back."""
    row = reads.one("SELECT raw, state FROM actor WHERE id = :id AND local = 1", id=id)
    if row is None:
        raise _absent()
    if row["state"] == "gone":
        raise RemoteProtocolError(Reason.GONE)
    return row["raw"]


def activity(reads: Reads, id: str) -> bytes:
    """One of our own public activities, exact bytes; GONE once superseded or deleted."""
    row = reads.one(
        "SELECT a.raw, a.digest, s.name FROM activity a JOIN actor c ON c.id = a.actor AND c.local = 1"
        " JOIN held_set s ON s.owner = a.actor AND s.audience = 'public' WHERE a.id = :id",
        id=id,
    )
    if row is None or row["raw"] is None or sets.find(reads, row["name"], id, row["digest"]) is None:
        raise _absent()
    return row["raw"]


def _state(reads: Reads, id: str) -> Row:
    row = reads.one(
        "SELECT o.owner, o.type, o.deleted, o.sequence, a.raw, a.at, c.local FROM object o"
        " JOIN activity a ON a.id = o.activity LEFT JOIN actor c ON c.id = o.owner"
        " WHERE o.id = :id AND o.audience = 'public' ORDER BY o.deleted LIMIT 1",
        id=id,
    )
    if row is None or row["raw"] is None:
        raise _absent()
    return row


def object_document(reads: Reads, id: str) -> tuple[bytes, bool]:
    """An object of ours as a document of its own, and whether it is a tombstone."""
    row = _state(reads, id)
    if not row["local"]:
        raise _absent()
    stored = canonical.read(row["raw"]).value
    inner: Any = stored["object"]
    if row["deleted"]:
        inner = {"id": id, "type": "Tombstone"} if isinstance(inner, str) else inner
        return canonical.encode({"@context": context.context(), **inner}), True
    return canonical.encode({"@context": stored["@context"], **inner}), False


def signed_object(reads: Reads, id: str) -> bytes:
    """The signed activity that made the object's present state, exact bytes, ours or held for another."""
    return _state(reads, id)["raw"]


def log_page(reads: Reads, origin: identifiers.Origin, name: str, epoch: int | None, after: int, limit: int) -> bytes:
    """A page of a set's log (section 8, Pull). Sets that are not public do not exist here."""
    held = sets.held(reads, name)
    if held is None or held.audience != "public":
        raise _absent()
    most = min(max(limit, 1), limits.LOG_PAGE_ITEMS)
    page = sets.page(reads, name, epoch or held.epoch, after, most, limits.ACTIVITY_BYTES)
    following = log.page_url(origin, name, page.epoch, page.to, most) if page.more else None
    return log.build_page(
        id=log.page_url(origin, name, page.epoch, after, most),
        set=name,
        epoch=page.epoch,
        after=after,
        to=page.to,
        next=following,
        items=[logged.raw for logged in page.entries],
    )


def collection(reads: Reads, owner: str, kind: str, after: int | None) -> bytes:
    """An ActivityPub collection of a local actor: the outbox newest first."""
    if reads.one("SELECT 1 AS yes FROM actor WHERE id = :owner AND local = 1 AND state <> 'gone'", owner=owner) is None:
        raise _absent()
    id = f"{owner}/{kind}"
    base: dict[str, Any] = {"@context": context.context(), "id": id, "type": "OrderedCollection"}
    if kind in ("followers", "following"):
        return canonical.encode(base)  # who follows whom, and how many, is not published
    if kind == "practices":
        rows = reads.all("SELECT id FROM actor WHERE local = 1 AND type = 'Group' ORDER BY id LIMIT 500", owner=owner)
        return canonical.encode({**base, "totalItems": len(rows), "orderedItems": [row["id"] for row in rows]})
    held = sets.held(reads, identifiers.set_name(owner, "public"))
    if held is None:
        raise _absent()
    if after is None:
        first = f"{id}?after={held.seq + 1}"
        return canonical.encode({**base, "totalItems": held.total, "first": first})
    rows = reads.all(
        "SELECT e.seq, a.raw FROM entry e JOIN activity a ON a.key = e.activity"
        " WHERE e.set_key = :key AND e.seq < :after AND a.raw IS NOT NULL ORDER BY e.seq DESC LIMIT :limit",
        key=held.key, after=after, limit=COLLECTION_PAGE,
    )  # fmt: skip
    page: dict[str, Any] = {
        "@context": context.context(),
        "id": f"{id}?after={after}",
        "type": "OrderedCollectionPage",
        "partOf": id,
        "orderedItems": [canonical.read(row["raw"]).value for row in rows],
    }
    if len(rows) == COLLECTION_PAGE:
        page["next"] = f"{id}?after={rows[-1]['seq']}"
    return canonical.encode(page)


def webfinger(reads: Reads, origin: identifiers.Origin, resource: str) -> dict[str, Any]:
    """RFC 7033 section 4 for what this node answers for; NOT_FOUND otherwise."""
    node = identifiers.node_actor(origin)
    wanted = {"id": "", "handle": ""}
    asks_origin = resource.rstrip("/") == str(origin)
    if resource.startswith(("http://", "https://")):
        wanted["id"] = node if asks_origin else resource
    else:
        handle = identifiers.parse_handle(resource)
        if handle.host not in (origin.authority, origin.key):
            raise _absent()
        wanted["handle"] = handle.name.lower()  # ours are all in small letters; people type as they like
    row = reads.one(
        "SELECT id, handle FROM actor WHERE local = 1 AND state <> 'gone' AND (id = :id OR handle = :handle)", **wanted
    )
    if row is None:
        raise _absent()
    subject = str(origin) if asks_origin else f"acct:{row['handle']}@{origin.authority}"
    return discovery.webfinger(subject, row["id"], profile=row["id"], aliases=(row["id"],))


def node_facts(reads: Reads) -> dict[str, Any]:
    row = reads.one(
        "SELECT c.name, (SELECT COUNT(*) FROM item WHERE local = 1 AND withdrawn IS NULL) AS items FROM coalition c"
    )
    return {"name": row["name"], "items": row["items"]} if row else {"name": "", "items": 0}


class HeadSigner:
    """Heads of the sets held here, signed by this node as their holder: once a change and daily (section 8)."""

    def __init__(self, storage: Storage, keystore: Keystore, clock: Clock, origin: identifiers.Origin) -> None:
        self._storage = storage
        self._keystore = keystore
        self._clock = clock
        self._origin = origin
        self._made: dict[str, tuple[tuple[int, int, int], bytes, str]] = {}

    async def of(self, name: str) -> tuple[bytes, str]:
        """The signed head's bytes and its ETag; NOT_FOUND for a set that is not public here."""
        held = await self._storage.read(lambda reads: sets.held(reads, name))
        if held is None or held.audience != "public":
            raise _absent()
        now = self._clock.now()
        moment = (held.epoch, held.seq, now // limits.DAY)
        made = self._made.get(name)
        if made is not None and made[0] == moment:
            return made[1], made[2]

        def fold(tx: Tx) -> tuple[bytes, int, sets.HeldSet | None]:
            root, total = tree.root_and_total(tx, name)
            # All of one moment: else two processes could say two things of one (set, epoch, seq), an equivocation.
            return root, total, sets.held(tx, name)

        root, total, at = await self._storage.transact(fold)
        if at is None:
            raise _absent()
        holder = identifiers.node_actor(self._origin)
        id = log.head_id(self._origin, name)
        head = log.Head(id, name, holder, at.epoch, at.seq, total, root, at.updated)
        raw = integrity.sign(
            log.build_head(head), self._keystore.ed25519(holder), self._keystore.ed25519_id(holder), now
        )
        tag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
        if len(self._made) > 1_000:
            self._made.clear()
        self._made[name] = ((head.epoch, head.seq, now // limits.DAY), raw, tag)
        return raw, tag
