"""Keys when they are needed: from memory, from the database, or from their owner under the limits.

Bytes whose signer is not known wait in memory, bounded, while the key is fetched, and never touch the disk
(protocol sections 2 and 5). A refusal is remembered across restarts, so that a flood of invented key ids costs
its host's owner nothing (CVE-2026-34148).
"""

import asyncio
from collections import OrderedDict
from hashlib import sha256

import msgspec
import structlog

from node.clock import Clock
from node.federation import actors, key_limits
from node.federation.actors import Store
from node.federation.admission import Admission
from node.federation.key_limits import Waiting
from node.federation.peer import PeerError, Peers, Sign
from node.sentence import say
from node.storage.contract import Reads, Row, Storage, Tx
from protocol import canonical, identifiers, limits
from protocol.errors import ProtocolError, Reason, RemoteProtocolError
from protocol.identity import Outcome, Ruling
from protocol.keys import HeldKey

CACHED = 10_000  # keys in memory: about 4 MB
_SOON = 30 * limits.SECOND  # a host that could not be reached may be asked again after this
_NEVER_KINDS = frozenset({"refused-url", "refused-address", "status", "bad-response", "too-large", "redirects"})

log = structlog.get_logger("keyring")


class _Known(msgspec.Struct, frozen=True):
    key: HeldKey
    state: str


class Keyring:
    """The gate's Keys. `sign` signs a GET as the node's own actor."""

    def __init__(
        self,
        storage: Storage,
        peers: Peers,
        clock: Clock,
        admission: Admission,
        sign: Sign,
        origin: identifiers.Origin,
    ) -> None:
        self._storage = storage
        self._peers = peers
        self._clock = clock
        self._admission = admission
        self._sign = sign
        self._origin = origin
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._native: set[str] = set()
        self._generation = 0
        self._waiting = Waiting()
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._looking: dict[tuple[str, int], asyncio.Task[_Known | None]] = {}

    # The gate's questions

    def held(self, key_id: str) -> HeldKey | None:
        known = self._known.get(key_id)
        if known is None:
            return None
        return self._standing(known)

    @staticmethod
    def _standing(known: _Known) -> HeldKey:
        if known.state == "key-changed":
            raise RemoteProtocolError(Reason.KEY_CHANGED)
        if known.state == "gone":
            raise RemoteProtocolError(Reason.UNKNOWN_KEY, "This actor is gone.")
        return known.key

    def forget(self, actor: str) -> None:
        self.forgotten(actor)
        self._storage.tell("actor", actor)

    def forgotten(self, actor: str) -> None:
        """Another process of this node says so; "": of any actor."""
        self._generation += 1
        for key_id in [id for id, known in self._known.items() if actor in ("", known.key.actor)]:
            del self._known[key_id]

    def natively(self, host: str) -> bool:
        return host in self._native

    async def note_native(self, host: str) -> None:
        await self._storage.transact(
            lambda tx: tx.run("UPDATE peer SET form = 'native' WHERE host = :host AND form IS NULL", host=host)
        )
        if len(self._native) >= CACHED:
            self._native.clear()
        self._native.add(host)

    async def knows(self, key_id: str) -> bool:
        return await self._look(key_id) is not None

    async def find(self, key_id: str, waiting: int) -> HeldKey:
        found = await self._look(key_id)
        if found is not None:
            return self._standing(found)
        owner = identifiers.key_owner(key_id)
        host = identifiers.origin(owner).key
        if host == self._origin.key:
            raise RemoteProtocolError(Reason.UNKNOWN_KEY)
        await self._check_miss(owner, key_id, host)
        self._waiting.enter(host, waiting)
        refused = None
        try:
            await self._fetch_once(owner, key_id, host)
        except RemoteProtocolError as error:
            # Another process may have brought it meanwhile.
            if error.reason is not Reason.KEY_UNAVAILABLE:
                raise
            refused = error
        finally:
            self._waiting.leave(host, waiting)
        found = await self._look(key_id)
        if found is None and refused is not None:
            raise refused
        if found is None:
            await self._miss(key_id, limits.KEY_REFETCH, Reason.UNKNOWN_KEY)
            raise RemoteProtocolError(Reason.UNKNOWN_KEY)
        return self._standing(found)

    async def renew(self, key_id: str) -> HeldKey | None:
        """The key as its owner shows it now; None if it was asked within five minutes."""
        owner = identifiers.key_owner(key_id)
        now = self._clock.now()

        def book(tx: Tx) -> bool:
            # Booked before the request is made: whatever arrives meanwhile does not ask again.
            row = tx.one(
                "UPDATE actor SET fetched = :now WHERE id = :id AND local = 0 AND fetched <= :before RETURNING id",
                id=owner, now=now, before=now - limits.KEY_REFETCH,
            )  # fmt: skip
            return row is not None

        if not await self._storage.transact(book):
            return None
        try:
            await self._fetch_once(owner, key_id, identifiers.origin(owner).key)
        except RemoteProtocolError as error:
            if error.reason is Reason.KEY_CHANGED:
                raise
            return None
        found = await self._look(key_id)
        return self._standing(found) if found else None

    async def _look(self, key_id: str) -> _Known | None:
        """Who asks for one key at once causes one read, and goes on in the order of asking."""
        wanted = key_id, self._generation
        task = self._looking.get(wanted)
        if task is None:
            task = asyncio.create_task(self._read(key_id))
            self._looking[wanted] = task
            task.add_done_callback(lambda _done: self._looking.pop(wanted, None))
        return await asyncio.shield(task)

    async def _read(self, key_id: str) -> _Known | None:
        generation = self._generation

        def work(reads: Reads) -> _Known | None:
            row = reads.one(
                "SELECT k.*, a.state FROM actor_key k JOIN actor a ON a.id = k.actor WHERE k.id = :id", id=key_id
            )
            return _Known(actors.key_of(row), row["state"]) if row else None

        found = await self._storage.read(work)
        if found is not None and generation == self._generation:
            self._known[key_id] = found
            if len(self._known) > CACHED:
                self._known.popitem(last=False)
        return found

    # Asking the owner

    async def _check_miss(self, owner: str, key_id: str, host: str) -> None:
        """Refuse what need not be asked now. A read: a flood that is refused holds up nobody's writes."""
        now = self._clock.now()

        def work(reads: Reads) -> tuple[Row | None, bool]:
            missed = reads.one("SELECT reason FROM key_miss WHERE id = :id AND until > :now", id=key_id, now=now)
            return missed, key_limits.has_room(reads, host, now)

        missed, room = await self._storage.read(work)
        if missed is not None:
            raise RemoteProtocolError(Reason(missed["reason"]))
        if not room and owner not in self._fetching:
            raise RemoteProtocolError(Reason.KEY_UNAVAILABLE)

    async def _miss(self, key_id: str, span: int, reason: Reason) -> None:
        now = self._clock.now()

        def work(tx: Tx) -> None:
            tx.run("DELETE FROM key_miss WHERE until <= :now", now=now)
            tx.run(
                "INSERT INTO key_miss(id, until, reason) VALUES(:id, :until, :reason) ON CONFLICT(id) DO UPDATE"
                " SET until = excluded.until, reason = excluded.reason",
                id=key_id, until=now + span, reason=reason.value,
            )  # fmt: skip

        await self._storage.transact(work)

    async def _fetch_once(self, owner: str, key_id: str, host: str) -> None:
        """Several requests that wait for one actor cause one fetch."""
        task = self._fetching.get(owner)
        if task is None:
            task = asyncio.create_task(self._fetch_booked(owner, key_id, host))
            self._fetching[owner] = task
            task.add_done_callback(lambda _done: self._fetching.pop(owner, None))
        try:
            async with asyncio.timeout(limits.KEY_FETCH_PATIENCE / 1000):
                await asyncio.shield(task)
        except TimeoutError:
            raise RemoteProtocolError(Reason.KEY_UNAVAILABLE) from None
        except PeerError as error:
            if error.kind in _NEVER_KINDS and (error.status is None or error.status < 500):
                await self._miss(key_id, limits.KEY_REFETCH, Reason.UNKNOWN_KEY)
                raise RemoteProtocolError(Reason.UNKNOWN_KEY) from None
            await self._miss(key_id, _SOON, Reason.KEY_UNAVAILABLE)
            raise RemoteProtocolError(
                Reason.KEY_UNAVAILABLE, say("{host}: {why}", host=host, why=error.sentence)
            ) from None
        except ProtocolError as error:
            if error.reason in (Reason.KEY_CHANGED, Reason.KEY_UNAVAILABLE):
                raise
            await self._miss(key_id, limits.KEY_REFETCH, Reason.UNKNOWN_KEY)
            raise RemoteProtocolError(Reason.UNKNOWN_KEY, error.detail) from None

    async def _fetch_booked(self, owner: str, key_id: str, host: str) -> None:
        """RemoteProtocolError(KEY_UNAVAILABLE) if the host was asked often enough: not now is not never."""
        now = self._clock.now()
        if not await self._storage.transact(
            lambda tx: key_limits.book(tx, key_id, host, now), (key_limits.lock(host),)
        ):
            raise RemoteProtocolError(Reason.KEY_UNAVAILABLE)
        await self._fetch(owner)

    async def _fetch(self, url: str) -> None:
        document = await self._peers.document_at(url, self._sign)
        await self._adopt(document)

    async def _adopt(self, document: canonical.Document, *, by_steward: bool = False) -> Ruling:
        """A document from its own origin: judge it, and write what follows, a quarrel included."""
        now = self._clock.now()
        id = document.value.get("id")
        if not isinstance(id, str):
            raise RemoteProtocolError(Reason.MALFORMED, "The document has no id.")

        def work(tx: Tx) -> Ruling:
            facts = actors.load(tx, id)
            offered = actors.offer(document, facts, from_origin=True, now=now)
            ruling = actors.rule(offered, facts, now)
            if by_steward:
                # They compared what is there now: without its root, the next document would be in quarrel again.
                actors.write(tx, Store(offered, new_root=True), local=False, now=now)
            elif ruling.outcome in (Outcome.ACCEPT, Outcome.WAIT):
                actors.write(tx, actors.effect(offered, ruling, facts, now), local=False, now=now)
            elif ruling.outcome is Outcome.KEY_CHANGED:
                host = identifiers.origin(id).key
                tx.run(
                    "UPDATE actor SET state = 'key-changed', pending = :raw, pending_since = :now, fetched = :now"
                    " WHERE id = :id",
                    raw=document.raw, now=now, id=id,
                )  # fmt: skip
                tx.run("UPDATE peer SET paused = 'key-changed' WHERE host = :host", host=host)
            else:
                tx.run("UPDATE actor SET fetched = :now WHERE id = :id", now=now, id=id)
            return ruling

        ruling = await self._storage.transact(work)
        self.forget(id)
        if ruling.outcome is Outcome.KEY_CHANGED and not by_steward:
            log.warning("a key changed without continuity", actor=id, because=ruling.because)
            raise RemoteProtocolError(Reason.KEY_CHANGED, ruling.because)
        return ruling

    # What the worker and the operator ask

    async def refresh(self, actor: str) -> None:
        """Fetch an actor's document and judge it. PeerError or RemoteProtocolError."""
        refusal = self._admission.judge(identifiers.origin(actor).key)
        if refusal is not None:
            raise RemoteProtocolError(refusal)
        await self._fetch(actor)

    async def confirm_gone(self, actor: str) -> None:
        """After a signed Delete of itself: only the origin's own 410 removes an actor; 404 does not."""
        try:
            await self._peers.document_at(actor, self._sign)
        except PeerError as error:
            if error.status != 410:
                raise
        else:
            return

        def work(tx: Tx) -> None:
            actors.leave(tx, actor)
            tx.run("DELETE FROM follower WHERE actor = :id", id=actor)
            tx.run("UPDATE following SET state = 'ended', repeat_at = NULL WHERE target = :id", id=actor)
            tx.run("UPDATE held_set SET pull_at = NULL WHERE owner = :id AND local = 0", id=actor)

        await self._storage.transact(work)
        self.forget(actor)

    async def repin(self, actor: str, seen: str) -> None:
        """A steward has compared the fingerprints: the waiting document is the actor's now.

        `seen`: the SHA-256 (hex) of the bytes that they were shown; another that came meanwhile is not taken for it.
        """

        row = await self._storage.read(
            lambda reads: reads.one("SELECT pending FROM actor WHERE id = :id AND pending IS NOT NULL", id=actor)
        )
        if row is None:
            raise RemoteProtocolError(Reason.NOT_FOUND, say("Nothing waits for a decision there."))
        if sha256(row["pending"]).hexdigest() != seen:
            raise RemoteProtocolError(
                Reason.INVALID, say("They show another key since: look again, and compare again.")
            )
        await self._adopt(canonical.read(row["pending"]), by_steward=True)
