"""The gate: receive(bytes) and perform(command), each one transaction. Nothing else changes state.

Pushed, pulled, relayed, fetched and our own new bytes all pass `admit`, so every rule holds on every path
(protocol, third principle). "Verified" is made by protocol.integrity alone and never stored.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec
import structlog

from node.clock import Clock
from node.gate import objects, permitted, requests, unkept
from node.gate.crowd import Crowd
from node.gate.handler import (
    Answer,
    Carrier,
    CommandHandler,
    Decision,
    Draft,
    Handler,
    Need,
    Outcome,
    Permissions,
    Said,
    Who,
)
from node.gate.keys import Keys, Signer
from node.gate.locks import locks_for, locks_of
from node.gate.refusals import Refusals
from node.storage.contract import Entry, Reads, Storage, Tx
from protocol import canonical, http_signature, identifiers, integrity, limits
from protocol.errors import ProtocolError, Reason, RemoteProtocolError, sentence
from protocol.integrity import Verified
from protocol.keys import HeldKey
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity

C = TypeVar("C")

# Of what an Announce carries: what only its origin can authenticate, and what cannot be judged just now.
_FETCHED_INSTEAD = frozenset({Reason.NO_PROOF, Reason.KEY_UNAVAILABLE, Reason.BUSY})

log = structlog.get_logger("gate")


class Refused(Exception):
    """Undoes the transaction: nothing of what was refused stays."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.reason)
        self.answer = answer


class Gate:
    """The one door. Rooms are registered before it opens."""

    def __init__(
        self,
        storage: Storage,
        keys: Keys,
        signer: Signer,
        clock: Clock,
        admits: Callable[[str], Reason | None],
        stir: Callable[[], None],
        asked: Callable[[Reads, str], bool],
        permissions: Permissions | None = None,
    ) -> None:
        """admits: may we speak with this host? asked: do we await an answer to our Follow of this actor?

        permissions: who may do what; without them nothing is done here but what the node does by itself.
        """
        self._storage = storage
        self._keys = keys
        self._signer = signer
        self._clock = clock
        self._admits = admits
        self._stir = stir
        self._asked = asked
        self._permissions = permissions
        self._crowd = Crowd()
        self.refusals = Refusals()
        self._acts: dict[str, Handler[Any, Any]] = {}
        self._nouns: dict[str, Handler[Any, Any]] = {}
        self._undos: dict[str, Handler[Any, Any]] = {}
        self._commands: dict[type, CommandHandler[Any, Any, Any]] = {}

    def register(
        self,
        acts: Mapping[str, Handler[Any, Any]] | None = None,
        nouns: Mapping[str, Handler[Any, Any]] | None = None,
        commands: Mapping[type, CommandHandler[Any, Any, Any]] | None = None,
        undos: Mapping[str, Handler[Any, Any]] | None = None,
    ) -> None:
        """acts: by activity type. nouns: by the type of a created, updated or deleted object.

        undos: by the type of what an Undo takes back, or objects.UNHELD; what is not among them is the act Undo's.
        """
        self._acts.update(acts or {})
        self._nouns.update(nouns or {})
        self._commands.update(commands or {})
        self._undos.update(undos or {})

    async def receive_pushed(self, request: http_signature.Request, body: bytes) -> Answer:
        """A signed POST to an inbox: `request` as sent, `body` decoded. Two signature checks: request and proof."""
        try:
            return await self._pushed(request, body)
        except ProtocolError as error:
            return Answer(error.reason, error.detail)

    async def _pushed(self, request: http_signature.Request, body: bytes) -> Answer:
        now = self._clock.now()
        signature = http_signature.read_any(request, now)
        signer = requests.key_host(signature.keyid)
        self._judge(signer)
        key = self._keys.held(signature.keyid)
        if key is None:
            if requests.leaves(body) and not await self._keys.knows(signature.keyid):
                return Answer(Reason.KNOWN)  # an unknown actor's Delete of itself causes no fetch (section 5)
            key = await self._keys.find(signature.keyid, len(body))
        try:
            http_signature.check(signature, key.public)
        except RemoteProtocolError:
            renewed = await self._keys.renew(signature.keyid)  # a legacy peer rotates under one key id
            if renewed is None or renewed.public == key.public:
                raise
            http_signature.check(signature, renewed.public)
            key = renewed
        if signature.form == "native" and not self._keys.natively(signer):
            await self._keys.note_native(signer)
        requests.check_active(key, now)
        host = identifiers.host_of(key.actor)
        self._crowd.enter(host)
        try:
            # Reading comes after the signature: a crafted body costs a hundred times what its check does.
            document = canonical.read(body)
            msg = activities.read_activity(document)
            if key.actor != msg.actor:
                raise RemoteProtocolError(Reason.NOT_ACTOR)
            cursor = requests.signed_cursor(request, signature)
            if cursor is not None and identifiers.owner_of_set(cursor.set) != msg.actor:
                raise RemoteProtocolError(Reason.NOT_OWNER, "Commonweave-Log names another owner's set.")
            verified = await self._verify(document, msg, key.actor, now)
            del document, signature  # many wait for one commit: each keeps its bytes and what was read of them
            answer = await self._store(verified, Carrier(key.actor, "pushed", cursor))
            if msg.type == "Announce":
                await self._unwrap(body, msg, answer)
        except RemoteProtocolError as error:
            log.info("activity refused", peer=host, reason=error.reason)
            self.refusals.note(host, None, error.reason, now)
            raise
        finally:
            self._crowd.leave(host)
        if answer.reason not in (Reason.ACCEPTED, Reason.KNOWN):  # SUPERSEDED: whoever goes back is not followed there
            log.info("activity refused", peer=host, reason=answer.reason, object=msg.object_id)
            self.refusals.note(host, msg.object_id, answer.reason, now)
        return Answer(answer.reason, answer.detail, answer.seen, answer.stirs, host)

    async def receive(self, raw: bytes, carrier: Carrier) -> Answer:
        """Bytes that came by a pull, inside an Announce or by a fetch: authenticated by their own proof.

        Without a proof only what was fetched from its own origin counts; carrier.actor is then the URL fetched.
        """
        try:
            now = self._clock.now()
            document = canonical.read(raw)
            msg = activities.read_activity(document)
            self.judge_host(carrier.actor)
            own = carrier.how == "fetched" and identifiers.same_origin(carrier.actor, msg.actor)
            verified = await self._verify(document, msg, msg.actor if own else "", now)
            answer = await self._store(verified, carrier)
            if answer.reason not in (Reason.ACCEPTED, Reason.KNOWN):
                self.refusals.note(carrier.actor, msg.object_id, answer.reason, now)
            # An Announce within an Announce is kept, and unwrapped no further.
            if msg.type == "Announce" and carrier.how != "relayed":
                await self._unwrap(raw, msg, answer)
            return answer
        except ProtocolError as error:
            if error.reason is not Reason.KNOWN:
                self.refusals.note(carrier.actor, None, error.reason, self._clock.now())
            return Answer(error.reason, error.detail)

    async def record(self, raw: bytes, name: str) -> Answer:
        """What was refused of a set's log for good, by its id alone, if the set's owner signed it (section 8)."""
        return await unkept.record(self._storage, self._keys.find, raw, name, self._clock.now())

    async def _unwrap(self, raw: bytes, announce: Activity, stored: Answer) -> None:
        """What an Announce carries is judged as if it had come alone; without a proof it is fetched from its origin.

        Also where a later one has taken its place: only the order of the states within says what holds.
        """
        inner = announce.object
        if stored.reason not in (Reason.ACCEPTED, Reason.SUPERSEDED) or not isinstance(inner, Activity):
            return
        original = activities.embedded_bytes(raw)
        if original is None:
            return
        answer = await self.receive(original, Carrier(announce.actor, "relayed"))
        if answer.reason in _FETCHED_INSTEAD and inner.object_id is not None:
            need = Need("object", inner.object_id, announce.id)
            now = self._clock.now()
            await self._storage.transact(lambda tx: objects.need(tx, need, now))
            self._stir()

    def judge_host(self, url: str) -> None:
        """RemoteProtocolError BLOCKED or NOT_LISTED if this node does not speak with the host of `url`."""
        self._judge(identifiers.host_of(url))

    def _judge(self, host: str) -> None:
        refusal = self._admits(host)
        if refusal is not None:
            raise RemoteProtocolError(refusal)

    async def _verify(self, document: canonical.Document, msg: Activity, carrier: str, now: int) -> Verified[Activity]:
        """The owner is judged as well as the carrier (section 4), then the proof (section 3)."""
        _check_size(document.raw)
        self.judge_host(msg.actor)
        activities.check_owner(msg)
        activities.check_audience(msg, document.value)
        claim = integrity.claim(document, msg, msg.actor)
        if claim.method is None:
            return integrity.from_origin(claim, carrier)
        if identifiers.key_owner(claim.method) != msg.actor:
            raise RemoteProtocolError(Reason.BAD_PROOF, "The proof's key does not belong to the activity's actor.")
        key = self._keys.held(claim.method) or await self._keys.find(claim.method, len(document.raw))
        try:
            return integrity.verify(claim, key, now, carrier)
        except RemoteProtocolError as error:
            digest = canonical.digest(document)
            if error.reason is Reason.KEY_RETIRED and await self._storage.read(
                lambda reads: objects.holds(reads, msg.id, digest)
            ):
                # Held before the key was lost (section 2): welcome again, and its proof takes no other's place.
                raise RemoteProtocolError(Reason.KNOWN) from None
            raise

    async def _store(self, verified: Verified[Activity], carrier: Carrier) -> Answer:
        now = self._clock.now()
        try:
            answer = await self._storage.transact(
                lambda tx: self.admit(tx, verified, carrier, now), locks_of(verified.msg)
            )
        except Refused as refused:
            return refused.answer
        if verified.msg.object_id == verified.actor:
            self._keys.forget(verified.actor)  # an actor spoke of itself: its keys may be others now
        if answer.stirs:
            self._stir()
        return answer

    def admit(self, tx: Tx, verified: Verified[Activity], carrier: Carrier, now: int) -> Answer:
        """In the transaction: seen before? → load → decide → apply, append to the set, note the cursor."""
        msg = verified.msg
        place = objects.look(tx, msg)
        heard = objects.hear(tx, place, carrier.cursor, now)
        if place.known:
            return objects.known(tx, verified, place, heard)
        state = objects.state_of(place, verified)
        reason = objects.judge(place, msg, state, now)
        if reason is Reason.SUPERSEDED or reason is Reason.KNOWN:
            objects.remember(tx, verified, carrier, now, whole=False)
            return self._passed(tx, place, heard, Answer(Reason.SUPERSEDED))
        if reason is not Reason.ACCEPTED:
            raise Refused(Answer(reason))
        handler = self._handler(tx, msg, place)
        if not (
            carrier.how in ("own", "relayed", "fetched")
            or place.concerns(msg)
            or (handler and handler.wanted(tx, verified))
            or self._asked(tx, msg.actor)  # what it says may overtake its Accept
        ):
            if msg.type == "Delete":
                return self._passed(tx, place, heard, Answer(Reason.KNOWN))  # nothing of it is held here
            raise Refused(Answer(Reason.NOT_FOLLOWED, seen=heard.seen))
        if carrier.how == "own" and place.set_name is None and msg.type not in objects.STATES:
            handler = None  # a request or an answer of ours: what follows from it is for its recipient to decide
        decision: Decision[Any] = Decision(Reason.ACCEPTED)
        if handler is not None:
            unseen = handler.unseen if place.unseen and state is not None else None
            decision = handler.decide(verified, handler.load(tx, verified) if unseen is None else unseen, now)
            if decision.reason is Reason.SUPERSEDED:
                objects.remember(tx, verified, carrier, now, whole=False)
                handler.apply(tx, verified, decision.effects, now)
                if decision.supersedes is not None:
                    objects.erase(tx, decision.supersedes)
                return self._passed(tx, place, heard, Answer(Reason.SUPERSEDED, decision.detail))
            if decision.reason is not Reason.ACCEPTED:
                raise Refused(Answer(decision.reason, decision.detail, heard.seen))
        objects.remember(tx, verified, carrier, now)
        superseded = objects.settle(tx, place, msg, state) or decision.supersedes
        if handler is not None:
            handler.apply(tx, verified, decision.effects, now)
        for need in decision.needs:
            objects.need(tx, need, now)
        for draft in decision.says:
            self._say(tx, draft, now)
        if place.set_name is not None:
            # Whatever else appends to a set of theirs holds the lock of its owner; to ours, we may have just now.
            counter = None if place.local else place.counter
            tx.append(Entry(place.set_name, msg.id, verified.digest, superseded, heard.level, counter))
        elif decision.supersedes is not None:
            objects.erase(tx, decision.supersedes)
        stirs = heard.gap or place.local or (handler is not None and state is None)
        return Answer(Reason.ACCEPTED, seen=heard.seen, stirs=stirs or bool(decision.says or decision.needs))

    @staticmethod
    def _passed(tx: Tx, place: objects.Place, heard: objects.Heard, answer: Answer) -> Answer:
        """It has no effect here but on the cursor."""
        objects.advance(tx, place, heard)
        return msgspec.structs.replace(answer, seen=heard.seen, stirs=heard.gap)

    def _handler(self, tx: Tx, msg: Activity, place: objects.Place) -> Handler[Any, Any] | None:
        if msg.type in objects.STATES:
            noun = place.noun if msg.type == "Delete" else activities.type_of_object(msg)
            if objects.leaves(msg):
                noun = objects.ITSELF
            return self._nouns.get(noun or "")
        undone = self._undos.get(objects.undone(tx, msg, place)) if msg.type == "Undo" else None
        return undone or self._acts.get(msg.type)

    async def perform(self, command: object, who: Who) -> Outcome:
        """Carry out a command: may they? decide, sign, store, append and record it, in one transaction."""
        now = self._clock.now()
        handler = self._commands[type(command)]

        def work(tx: Tx) -> Outcome:
            refusal = permitted.judge(tx, self._permissions, handler, command, who)
            if refusal is not None:
                return refusal
            if not permitted.first(tx, who, now):
                return Outcome(Reason.REPEATED, sentence(Reason.REPEATED))
            decision = handler.decide(command, handler.load(tx, command), now)
            if decision.reason is not Reason.ACCEPTED:
                permitted.forget(tx, who)  # it may be wished again, put right
                return Outcome(decision.reason, decision.detail or sentence(decision.reason))
            permitted.record(tx, self._permissions, handler, command, who, now)
            handler.apply(tx, command, decision.effects, now)
            for need in decision.needs:
                objects.need(tx, need, now)
            return Outcome(Reason.ACCEPTED, said=tuple(self._say(tx, draft, now) for draft in decision.says))

        try:
            outcome = await self._storage.transact(work, locks_for(command))
        except Refused as refused:
            # Our own door refused what our own rules wrote: a bug here, and nothing of it was stored or sent.
            log.error("own activity refused", command=type(command).__name__, reason=refused.answer.reason)
            return Outcome(refused.answer.reason, refused.answer.detail or sentence(refused.answer.reason))
        except ProtocolError as error:  # it cannot be said at all, being too large for instance
            return Outcome(error.reason, error.detail)
        for said in outcome.said:
            if said.object is not None:
                self._keys.forget(said.object)
        if outcome.done:
            self._stir()
        return outcome

    def _say(self, tx: Tx, draft: Draft, now: int) -> Said:
        """Sign, check as a stranger would, and admit by the same path as everybody's."""
        key, method = self._signer.ed25519(draft.actor), self._signer.ed25519_id(draft.actor)
        document = draft.document
        if draft.sign_object:
            signed = integrity.sign(document["object"], key, method, now)
            document = {**document, "object": canonical.read(signed).value}
        raw = integrity.sign(document, key, method, now)
        _check_size(raw)
        read = canonical.read(raw)
        msg = activities.read_activity(read)
        activities.check_owner(msg)
        activities.check_audience(msg, read.value)
        held = HeldKey(method, draft.actor, key.public)
        verified = integrity.verify(integrity.claim(read, msg, msg.actor), held, now, draft.actor)
        answer = self.admit(tx, verified, Carrier(draft.actor, "own"), now)
        if answer.reason is not Reason.ACCEPTED:
            raise Refused(answer)
        for inbox in draft.deliver:
            objects.queue(tx, inbox, verified, now)
        return Said(msg.id, msg.object_id, raw)


def _check_size(raw: bytes) -> None:
    """What no page of a log could carry would stop everybody who pulls the set."""
    if len(raw) > limits.ACTIVITY_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE, f"An activity has at most {limits.ACTIVITY_BYTES:,} bytes.")
