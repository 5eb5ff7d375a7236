"""A node that is older than itself: after a restore it takes back what it had said, and begins a new epoch.

A peer's 202 that has seen more of a set of ours than we hold tells (protocol section 8, Log). That peer's replica of
the set is pulled, and every entry enters by the gate: only what our own keys signed can come back. Then the set begins
a new epoch, so that no cursor of the forgotten time is believed by anybody. Never takes a peer's word for more: one
that only claims costs a look an hour, and no epoch.
"""

import asyncio

import structlog

from node.clock import Clock
from node.federation.peer import PeerError, Peers, Sign, document
from node.gate.door import Gate
from node.gate.handler import Carrier
from node.sentence import say
from node.storage import sets
from node.storage.contract import Reads, Storage, Tx
from protocol import canonical, identifiers, limits
from protocol import log as wire_log
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary import activities

AGAIN = limits.HOUR  # a peer that is not believed is not looked at more often, whatever it answers
REMEMBERED = 10_000  # (set, host) pairs; more than a node of hundreds of practices and peers would ask at once

log = structlog.get_logger("restoring")


class Restoring:
    """Takes our own activities back. `sign` signs a GET as the node's own actor."""

    def __init__(self, storage: Storage, gate: Gate, peers: Peers, clock: Clock, sign: Sign) -> None:
        self._storage = storage
        self._gate = gate
        self._peers = peers
        self._clock = clock
        self._sign = sign
        self._looked: dict[tuple[str, str], int] = {}  # (set, host) -> when, ms
        self._running: dict[str, asyncio.Task[None]] = {}

    def ahead(self, name: str, epoch: int, seq: int, host: str) -> None:
        """A peer's 202 says that it has seen this much of a set of ours. Returns at once."""
        now = self._clock.now()
        last = self._looked.get((name, host))
        if name in self._running or (last is not None and now - last < AGAIN) or epoch > now + limits.DAY:
            return
        if len(self._looked) >= REMEMBERED:
            self._looked.clear()
        task = asyncio.create_task(self._take_back(name, epoch, seq, host))
        self._running[name] = task
        task.add_done_callback(lambda _done: self._running.pop(name, None))

    async def stop(self) -> None:
        """Give up what is under way: the next 202 tells again."""
        tasks = list(self._running.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _take_back(self, name: str, epoch: int, seq: int, host: str) -> None:
        def claim(reads: Reads) -> tuple[bool, str | None]:
            ours = sets.held(reads, name)
            row = reads.one("SELECT url FROM inbox WHERE host = :host ORDER BY key LIMIT 1", host=host)
            # A push of what they have pulled already looks the same from afar: only what we lack counts.
            behind = ours is not None and ours.local and (epoch, seq) > (ours.epoch, ours.seq)
            return behind, row["url"] if row else None

        try:
            behind, inbox = await self._storage.read(claim)
            if not behind or inbox is None:
                return
            self._looked[name, host] = self._clock.now()
            log.warning("a peer has seen more of our set than we hold", set=name, host=host, epoch=epoch, seq=seq)
            taken = await self._pull(name, identifiers.origin(inbox))
            if taken:
                begun = await self._storage.transact(lambda tx: _begin(tx, name, epoch, self._clock.now()))
                log.warning("taken back; a new epoch begins", set=name, host=host, count=taken, epoch=begun)
        except (PeerError, ProtocolError) as error:
            log.warning("could not be taken back", set=name, host=host, reason=str(error))

    async def _pull(self, name: str, where: identifiers.Origin) -> int:
        """How many of our own activities came back."""
        carrier, owner = Carrier(identifiers.node_actor(where), "pulled"), identifiers.owner_of_set(name)
        epoch = after = taken = 0
        for _ in range(limits.CRAWL_PAGES):
            url = wire_log.page_url(where, name, epoch, after, limits.LOG_PAGE_ITEMS)
            response = await self._peers.get(url, sign=self._sign)
            if response.status != 200:
                raise PeerError("status", say("their log answered {status}", status=response.status), response.status)
            page = wire_log.read_page(document(response))
            if page.set != name or (epoch and page.epoch != epoch) or page.after != after:
                raise PeerError("bad-response", say("their log page does not fit what was asked"))
            for raw in page.items:
                if activities.read_activity(canonical.read(raw)).actor != owner:
                    # Else anything new to us would count as a proof that we forgot something.
                    raise PeerError("bad-response", say("their log of our set holds what others said"))
                answer = await self._gate.receive(raw, carrier)
                taken += answer.reason is Reason.ACCEPTED
            if page.next is None:
                return taken
            epoch, after = page.epoch, page.to
        raise PeerError("bad-response", say("their log does not end"))


def _begin(tx: Tx, name: str, theirs: int, now: int) -> int:
    """The set's new epoch. Its numbers go on: an entry keeps its place, and every cursor begins anew."""
    ours = tx.the("SELECT epoch FROM held_set WHERE name = :name AND local = 1", name=name)
    epoch = max(ours["epoch"] + 1, theirs + 1, now)
    tx.run("UPDATE held_set SET epoch = :epoch WHERE name = :name", epoch=epoch, name=name)
    return epoch
