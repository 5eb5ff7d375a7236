"""Push: what was published goes to every inbox that wants it (protocol section 8, Push).

Owns the loop, the order, and how many requests are under way at once. Each (inbox, set) gets its entries one by one,
as exact stored bytes under a fresh signature. A host is visited by one task at a time, four inboxes at once or one
while it fails. Never decides what an answer means (schedule.py) and writes nothing itself (owed.py): the next attempt
is stored before the request is made, no request outlives the lease that it is made under, and an entry counts as sent
once the acknowledgement is stored.

One slow host delays no other: a request that waits gives its shared slot back (slots.py).
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import msgspec
import structlog

from node.clock import Clock
from node.federation import owed
from node.federation.failing import Failing
from node.federation.peer import PeerError, Peers
from node.federation.receipt import read_answer
from node.federation.schedule import BLOCKED, Advance, Answer, End, Outcome, Pause, Refuse, Retry, after
from node.federation.slots import Slots
from node.storage.contract import Storage, StorageBusy, StorageError, Tx
from protocol import limits
from protocol.errors import ProtocolError, Reason
from protocol.http_message import Form, Request
from protocol.log import LogCursor, build_cursor, read_cursor
from protocol.vocabulary.context import ACTIVITY_JSON

T = TypeVar("T")

log = structlog.get_logger("delivery")

# actor, request, form -> the headers of a signature, which covers Commonweave-Log where the request has one.
Signer = Callable[[str, Request, Form], Sequence[tuple[str, str]]]
# set, epoch, seq, host: a peer has seen more of our set than it was sent (protocol section 8, Log).
Ahead = Callable[[str, int, int, str], None]
Admits = Callable[[str], Reason | None]

SLOTS = 64  # requests that share the loop; more only makes each slower
SLOT_TIME = limits.SECOND // 2
VISITS = 1_000  # hosts at once, hanging ones included: each holds a socket
CLAIMS = 128  # hosts a claim
ENTRIES_A_VISIT = 100  # then let go, so that a long backlog does not hide what is new for the host
CACHED_ITEMS = 32
CACHED_TIME = limits.SECOND  # an entry that was superseded meanwhile is not sent for longer than that
BUSY_WAIT = limits.SECOND
OTHERS = 50  # ms
_QUEUE = "queue:"  # a direct queue is a set that never leaves the node, so it has no cursor on the wire


class _TakenOver(Exception):
    """The lease had run out, and another process visits the host."""


class _Visit:
    """A host while it is being visited. `until`: when the lease runs out, ms."""

    def __init__(self, due: owed.Due, until: int) -> None:
        self.host = due.host
        self.until = until
        self.form: Form = due.form or ("native" if due.native else "legacy")
        self.learned: Form | None = None
        self.attempts = due.attempts
        self.failing_since = due.failing_since
        # What failed last time may be one inbox alone: begin with another.
        self.inboxes = deque(due.inboxes)
        self.inboxes.rotate(-due.attempts)
        self.lanes = 0
        self.stop: Retry | Pause | None = None
        self.released = False

    @property
    def only_lane(self) -> bool:
        return self.lanes == 1 and not self.inboxes

    def answered(self) -> None:
        """The host is there: whatever fails after this is a first failure."""
        self.attempts, self.failing_since = 0, None


class Delivery:
    """The deliverer of one process. `run()` until cancelled, or until `stop()`."""

    def __init__(
        self,
        storage: Storage,
        peers: Peers,
        signer: Signer,
        clock: Clock,
        chance: Callable[[], float],
        ahead: Ahead | None = None,
        visits: int = VISITS,
        admits: Admits = lambda _: None,
    ) -> None:
        """`chance` gives numbers in [0, 1). `visits`: hosts at once. `admits` says why a host is refused, if it is."""
        self._storage = storage
        self._peers = peers
        self._sign = signer
        self._clock = clock
        self._chance = chance
        self._ahead = ahead
        self._admits = admits
        self._lease = clock.new_id()
        self._capacity = visits
        self._news = asyncio.Event()
        self._slots = Slots(SLOTS, SLOT_TIME, clock)
        self._visits: dict[str, asyncio.Task[None]] = {}
        self._failing = Failing(storage, clock, self._news.set)
        self._again: set[str] = set()
        self._items: dict[tuple[int, int], tuple[int, asyncio.Future[owed.Item | None]]] = {}
        self._stopping = False
        self._sweep_at = 0

    async def run(self) -> None:
        """Deliver what is owed, for ever. StorageError if the database is gone."""
        watch = asyncio.create_task(self._slots.watch())
        try:
            while not self._stopping:
                try:
                    upcoming = await self._claim()
                except StorageBusy:
                    upcoming = self._clock.now() + BUSY_WAIT
                await self._clock.wait(self._news, upcoming)
        finally:
            if not self._stopping:
                for task in self._visits.values():
                    task.cancel()
            await asyncio.gather(*self._visits.values(), return_exceptions=True)
            watch.cancel()
            with suppress(StorageError):  # then the leases run out by themselves
                await self._storage.transact(partial(owed.let_go, lease=self._lease, now=self._clock.now()))

    async def stop(self) -> None:
        """Begin no more requests; return when those under way are acknowledged or given up."""
        self._stopping = True
        self._news.set()
        await asyncio.gather(*self._visits.values(), return_exceptions=True)

    def wake(self) -> None:
        """Something was committed that somebody may want."""
        self._news.set()

    def heard_from(self, host: str) -> None:
        """An authenticated word from a host (`Origin.key`): if it was failing, it is tried at once. Costs nothing."""
        self._failing.heard_from(host)

    async def unpause(self, host: str) -> None:
        """Speak to a paused host again."""
        await self._storage.transact(partial(owed.unpause, host=host, now=self._clock.now()))
        self._news.set()

    async def recover(self) -> None:
        """At the start of the only process: whatever a dead one had leased is due at once."""
        await self._storage.transact(partial(owed.recover, now=self._clock.now()))

    async def readmit(self) -> None:
        """At a start, before the workers: whom the settings refused and now admit is spoken to, and asked, again."""
        await self._storage.transact(partial(owed.readmit, admits=self._admits, now=self._clock.now()))

    async def _claim(self) -> int | None:
        """Begin visits; when to look again (ms), None: only when woken."""
        await self._failing.look()
        room = min(CLAIMS, self._capacity - len(self._visits))
        if room <= 0:
            return None  # the end of a visit wakes us
        heard = self._failing.take()
        now = self._clock.now()
        sweep = now >= self._sweep_at
        if sweep:
            self._sweep_at = now + limits.LEASE
        try:
            claimed = await self._storage.transact(
                partial(owed.claim, lease=self._lease, now=now, limit=room, heard=heard, sweep=sweep)
            )
        except StorageBusy:
            self._failing.give_back(heard)
            raise
        for due in claimed.hosts:
            if due.host in self._visits:
                self._again.add(due.host)  # it let go in this very commit, or its lease ran out
            else:
                task = asyncio.create_task(self._visit(_Visit(due, now + limits.LEASE)))
                self._visits[due.host] = task
                task.add_done_callback(partial(self._visited, due.host))
        soon = now + limits.LEASE  # another process may have published
        if claimed.upcoming is None:
            return soon
        # What is due and was not to be had is another process's at this moment.
        theirs = not claimed.hosts and claimed.upcoming <= now
        return min(soon, now + OTHERS if theirs else claimed.upcoming)

    def _visited(self, host: str, task: "asyncio.Task[None]") -> None:
        full = len(self._visits) >= self._capacity
        self._visits.pop(host, None)
        if full:
            self._news.set()
        if host in self._again and not self._stopping:
            self._again.discard(host)
            again = asyncio.create_task(self._release(host))
            self._visits[host] = again
            again.add_done_callback(partial(self._visited, host))
        error = None if task.cancelled() else task.exception()
        if error is not None:  # the lease runs out and another visit follows
            log.error("a visit broke off", host=host, exc_info=error)

    async def _visit(self, visit: _Visit) -> None:
        width = 1 if visit.attempts else min(limits.IN_FLIGHT_A_HOST, len(visit.inboxes))
        if self._admits(visit.host) is not None:
            visit.stop = Pause(BLOCKED)  # whom we refuse gets nothing either, what it once subscribed to included
        elif width == 1:
            await self._lane(visit)
        else:
            async with asyncio.TaskGroup() as lanes:
                for _ in range(width):
                    lanes.create_task(self._lane(visit))
        if visit.released:
            return
        if visit.stop is None:
            await self._release(visit.host)
            return
        word = self._failing.put_off(visit.host, visit.stop)
        log.info("put off", host=visit.host, outcome=visit.stop)
        await self._storage.transact(partial(owed.put_off, host=visit.host, lease=self._lease, why=visit.stop))
        self._failing.tell(word)
        self._news.set()  # it may be due before whatever is waited for

    async def _release(self, host: str) -> None:
        if await self._storage.transact(partial(owed.release, host=host, lease=self._lease, now=self._clock.now())):
            self._news.set()

    async def _lane(self, visit: _Visit) -> None:
        visit.lanes += 1
        try:
            while visit.inboxes and visit.stop is None and not self._stopping:
                await self._drain(visit, visit.inboxes.popleft())
        finally:
            visit.lanes -= 1

    async def _drain(self, visit: _Visit, inbox: owed.Inbox) -> None:
        """Send one inbox what it wants, in order."""
        wants: int | None = inbox.wants
        for _ in range(ENTRIES_A_VISIT):
            if wants is None or visit.stop is not None or self._stopping:
                return
            item = await self._item(inbox.set_key, wants)
            if item is None:
                wants = await self._settle(visit, inbox, wants, None, None)
                continue
            try:
                outcome = await self._push(visit, inbox, item)
            except _TakenOver:
                return
            match outcome:
                case Advance():
                    visit.answered()
                    wants = await self._settle(visit, inbox, item.seq, None, item.set)
                case Refuse():
                    visit.answered()
                    log.warning("refused for good", inbox=inbox.url, activity=item.activity, why=outcome.reason)
                    wants = await self._settle(visit, inbox, item.seq, (item.activity, outcome), item.set)
                case End():
                    visit.answered()
                    log.info("subscription ended", inbox=inbox.url, why=outcome.reason)
                    await self._storage.transact(partial(owed.end, inbox=inbox.key))
                    return
                case Pause():
                    visit.stop = outcome
                    return
                case Retry():
                    visit.stop = visit.stop or outcome
                    return

    async def _settle(
        self, visit: _Visit, inbox: owed.Inbox, seq: int, refused: tuple[str, Refuse] | None, name: str | None
    ) -> int | None:
        """Store what one push came to; what the inbox wants next. The last of a visit lets go of the host as well."""
        now, last, form = self._clock.now(), visit.only_lane, visit.learned

        def work(tx: Tx) -> tuple[int | None, bool, bool]:
            wants = owed.advance(tx, inbox.key, seq, refused, now)
            if last and wants is None:
                return None, True, owed.finish(tx, visit.host, self._lease, form, now)
            if owed.well(tx, visit.host, self._lease, form, now):
                return wants, False, False
            return None, True, False

        wants, released, more = await self._store(work, () if name is None else (owed.lock_of(name),))
        visit.until = max(visit.until, now + limits.LEASE)
        if released:
            self._left(visit)
        self._failing.well(visit.host)
        if more:
            self._news.set()
        return wants

    @staticmethod
    def _left(visit: _Visit) -> None:
        visit.released = True
        visit.inboxes.clear()

    async def _keep(self, visit: _Visit) -> None:
        """The lease outlives a request that is made now; or another has the host, and none is made."""
        now = self._clock.now()
        if now + limits.FETCH_TIMEOUT < visit.until:
            return
        if not await self._storage.transact(partial(owed.renew, host=visit.host, lease=self._lease, now=now)):
            self._left(visit)
            raise _TakenOver
        visit.until = now + limits.LEASE

    async def _store(self, work: Callable[[Tx], T], locks: tuple[str, ...]) -> T:
        """Store what a peer has answered: if the database is away a while, it waits for it as long as the lease."""
        until = self._clock.now() + limits.LEASE - limits.FETCH_TIMEOUT
        while True:
            try:
                return await self._storage.transact(work, locks)
            except StorageBusy:
                if self._clock.now() >= until:
                    raise
                await self._clock.wait(asyncio.Event(), self._clock.now() + BUSY_WAIT)

    async def _item(self, set_key: int, wants: int) -> owed.Item | None:
        """The entry, read once for all the inboxes that want it now."""
        now, key = self._clock.now(), (set_key, wants)
        cached = self._items.get(key)
        if cached is not None and now - cached[0] < CACHED_TIME and not cached[1].cancelled():
            return cached[1].result() if cached[1].done() else await asyncio.shield(cached[1])
        future = asyncio.ensure_future(self._storage.read(partial(owed.item, set_key=set_key, wants=wants)))
        self._items.pop(key, None)
        self._items[key] = (now, future)
        if len(self._items) > CACHED_ITEMS:
            del self._items[next(iter(self._items))]
        return await asyncio.shield(future)

    async def _push(self, visit: _Visit, inbox: owed.Inbox, item: owed.Item) -> Outcome:
        answer, why = None, ""
        try:
            answer = await self._ask(visit, inbox, item)
        except PeerError as error:
            why = error.sentence
        except (ProtocolError, LookupError) as error:
            log.error("cannot be signed", actor=item.actor, activity=item.activity, exc_info=error)
            why = "this node could not sign for it"
        return after(answer, visit.attempts, visit.failing_since, self._clock.now(), self._chance(), why)

    async def _ask(self, visit: _Visit, inbox: owed.Inbox, item: owed.Item) -> Answer:
        """Push in the form that is known to work; on 401 or 400 once in the other (section 4, Sending)."""
        form = visit.form
        answer = await self._post(visit, inbox, item, form)
        if answer.status in {400, 401}:
            other: Form = "legacy" if form == "native" else "native"
            second = await self._post(visit, inbox, item, other)
            if second.status not in {400, 401}:
                form, answer = other, second
        if 200 <= answer.status < 300:
            visit.form = visit.learned = form
        return answer

    async def _post(self, visit: _Visit, inbox: owed.Inbox, item: owed.Item, form: Form) -> Answer:
        headers = [("content-type", ACTIVITY_JSON)]
        if not item.set.startswith(_QUEUE):
            cursor = LogCursor(item.set, item.epoch, item.seq, item.previous)
            headers.append(("commonweave-log", build_cursor(cursor)))
        slot = await self._slots.take()
        try:
            await self._keep(visit)
            # Signed when its turn has come: a signature is valid for five minutes.
            request = self._peers.request("POST", inbox.url, headers, item.raw)
            signed = (*request.headers, *self._sign(item.actor, request, form))
            response = await self._peers.send(msgspec.structs.replace(request, headers=signed))
        finally:
            self._slots.give_back(slot)
        said = response.header("commonweave-log")
        if said is not None and response.status == 202 and self._ahead is not None:
            self._compare(said, item, visit.host, self._ahead)
        return read_answer(response)

    def _compare(self, said: str, item: owed.Item, host: str, ahead: Ahead) -> None:
        try:
            theirs = read_cursor(said)
        except ProtocolError:
            return
        if theirs.set == item.set and (theirs.epoch, theirs.seq) > (item.epoch, item.seq):
            ahead(theirs.set, theirs.epoch, theirs.seq, host)
