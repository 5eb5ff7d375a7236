"""Pulling: backfill of a new follow, gaps, epochs, the hourly look at each owner, and what activities need fetched.

One worker. Every row it works on is claimed by moving its time ahead before the request is made, so that a crash
costs a wait and nothing else. Everything it receives enters by the gate (protocol section 8, Pull).
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlencode

import structlog

from node.clock import Clock
from node.federation.peer import PeerError, Peers, Sign, document
from node.gate import objects
from node.gate.door import Gate
from node.gate.handler import Answer, Carrier, Need
from node.gate.objects import STATES
from node.storage.contract import Reads, Row, Storage, StorageBusy, Tx
from protocol import canonical, identifiers, limits
from protocol import log as wire_log
from protocol.errors import ProtocolError, Reason, RemoteProtocolError
from protocol.vocabulary import activities, context
from protocol.vocabulary.actors import read_actor

LOOK_EVERY = limits.HOUR  # heads of live peers are compared hourly (section 8, Head)
_OTHERS = 50  # ms
AT_ONCE = 8  # sets pulled at the same time; one peer's slowness costs one of them

# An answer of this kind says "not now", of all others "never": the cursor waits for the first, passes the second.
# KEY_CHANGED: until a steward has looked, nothing of it can be judged.
NOT_NOW = frozenset({Reason.KEY_UNAVAILABLE, Reason.BUSY, Reason.INTERNAL, Reason.KEY_CHANGED})

log = structlog.get_logger("catchup")


class Fetcher(Protocol):
    """What catch-up needs of actors: adopt a document, confirm a departure."""

    async def refresh(self, actor: str) -> None: ...
    async def confirm_gone(self, actor: str) -> None: ...


class Interrupted(Exception):
    """The pull stops here and goes on later; the sentence is for the operator."""


class Catchup:
    """The worker that asks. `sign` signs a GET as the node's own actor."""

    def __init__(
        self,
        storage: Storage,
        gate: Gate,
        peers: Peers,
        actors: Fetcher,
        clock: Clock,
        sign: Sign,
        repeat: Callable[[str, str], Awaitable[None]],
        compare: Callable[[str], Awaitable[bool]],
    ) -> None:
        """`compare` a set that is level with its owner's head; True if it is to be pulled again."""
        self._storage = storage
        self._gate = gate
        self._peers = peers
        self._actors = actors
        self._clock = clock
        self._sign = sign
        self._repeat = repeat
        self._compare = compare
        self._woken = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled: claim what is due, do it, sleep until the next."""
        try:
            while True:
                self._woken.clear()
                try:
                    until = await self._begin()
                except StorageBusy:
                    until = self._clock.now() + limits.SECOND
                await self._clock.wait(self._woken, until)
        finally:
            for task in self._running:
                task.cancel()

    async def _begin(self) -> int:
        """Start what is due; when to look again (ms)."""
        # Before the claim: what falls due while it is made is due, and not another's.
        now = self._clock.now()
        rows: list[Row] = []
        if len(self._running) < AT_ONCE:
            rows = await self._claim(AT_ONCE - len(self._running), now)
        for row in rows:
            task = asyncio.create_task(self._work(row))
            self._running.add(task)
            task.add_done_callback(self._done)
        soon = now + limits.LEASE  # another process may know of something
        if len(self._running) >= AT_ONCE:
            return soon
        due = await self._storage.read(_next_due)
        # What is due and was not to be had is another process's at this moment.
        return soon if due is None else min(soon, due if rows or due > now else now + _OTHERS)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("catch-up failed", error=repr(error))

    async def _claim(self, count: int, now: int) -> list[Row]:
        def work(tx: Tx) -> list[Row]:
            sets = tx.all(
                "WITH ours AS MATERIALIZED (SELECT key FROM held_set WHERE pull_at <= :now ORDER BY pull_at"
                " LIMIT :count /*+ FOR UPDATE SKIP LOCKED */)"
                " UPDATE held_set SET pull_at = :lease, attempts = attempts + 1 WHERE key IN (SELECT key FROM ours)"
                " RETURNING 'set' AS kind, name, owner, theirs_epoch, theirs_seq, attempts, pull_at",
                now=now, lease=now + limits.LEASE, count=count,
            )  # fmt: skip
            needs = tx.all(
                "WITH ours AS MATERIALIZED (SELECT kind, url FROM need WHERE due <= :now ORDER BY due LIMIT :count"
                " /*+ FOR UPDATE SKIP LOCKED */) UPDATE need SET due = :lease, attempts = attempts + 1"
                " WHERE (kind, url) IN (SELECT kind, url FROM ours) RETURNING kind, url, because, attempts",
                now=now, lease=now + limits.LEASE, count=count,
            )  # fmt: skip
            repeats = tx.all(
                "WITH ours AS MATERIALIZED (SELECT target FROM following WHERE repeat_at <= :now ORDER BY repeat_at"
                " LIMIT :count /*+ FOR UPDATE SKIP LOCKED */)"
                " UPDATE following SET repeat_at = :again WHERE target IN (SELECT target FROM ours)"
                " RETURNING 'repeat' AS kind, target, address",
                now=now, again=now + limits.FOLLOW_REPEAT, count=count,
            )  # fmt: skip
            return [*sets, *needs, *repeats]

        return await self._storage.transact(work)

    async def _work(self, row: Row) -> None:
        kind = row["kind"]
        if kind == "set":
            await self._pull(row)
        elif kind == "repeat":
            await self._repeat(row["target"], row["address"])
        else:
            await self._fetch(row)

    # A set's log

    async def _pull(self, row: Row) -> None:
        name, owner = row["name"], row["owner"]
        epoch, after, lease = row["theirs_epoch"], row["theirs_seq"], row["pull_at"]
        begun_again = False
        try:
            self._gate.judge_host(owner)
            if not await self._storage.read(lambda reads: _keeps_logs(reads, owner)):
                await self._storage.transact(_pushed_only(name, self._clock.now()))
                return
            for _ in range(limits.CRAWL_PAGES):
                page = await self._page(name, epoch, after)
                if page is None:  # another epoch began, after a restore: from its start, and nothing is skipped
                    if begun_again:
                        raise Interrupted("their log began another epoch twice")
                    epoch, after, begun_again = 0, 0, True
                    continue
                await self._take(owner, page)
                epoch, after = page.epoch, page.to
                level = page.next is None
                now = self._clock.now()
                upto = now + (LOOK_EVERY if level else limits.LEASE)
                await self._storage.transact(_advance(name, page, level, lease, upto, now, down=begun_again))
                lease = upto
                if level:
                    await self._compare(name)  # what is to be pulled again is begun when this has ended
                    return
            raise Interrupted("their log does not end")
        except (PeerError, ProtocolError, Interrupted) as error:
            await self._storage.transact(_later(name, row["attempts"], str(error), self._clock.now()))
            log.info("pull waits", set=name, reason=str(error))

    async def _page(self, name: str, epoch: int, after: int) -> wire_log.Page | None:
        url = wire_log.page_url(identifiers.origin(name), name, epoch, after, limits.LOG_PAGE_ITEMS)
        response = await self._peers.get(url, sign=self._sign)
        # 409: a cursor that was said too high, or a log that lost its end: from its start as well.
        if response.status in (409, 410) and epoch:
            return None
        if response.status != 200:
            raise Interrupted(f"their log answered {response.status}")
        page = wire_log.read_page(document(response))
        if page.set != name or (epoch and page.epoch != epoch) or page.to < after or (page.next and page.to == after):
            raise Interrupted("their log page does not fit what was asked")
        return page

    async def _take(self, owner: str, page: wire_log.Page) -> None:
        carrier = Carrier(owner, "pulled")
        # The first alone: it brings the key, for which only a few at once may wait (section 5).
        answers = [await self._gate.receive(raw, carrier) for raw in page.items[:1]]
        answers += await asyncio.gather(*(self._gate.receive(raw, carrier) for raw in page.items[1:]))
        for answer in answers:
            if answer.reason in NOT_NOW:
                raise Interrupted(answer.detail)
        refused = [pair for pair in zip(page.items, answers, strict=True) if pair[1].reason not in TAKEN]
        for raw, answer in refused:
            await self._refused(raw, answer.reason, page.set)
        if refused:
            log.warning("refused from a log", set=page.set, count=len(refused), reason=refused[0][1].reason)

    async def _refused(self, raw: bytes, reason: Reason, name: str) -> None:
        """Nothing waits behind it: it is asked for again once it counts, or recorded by its id alone (section 8).

        A cursor that stood before what is ahead of its time would have the same pages pulled at every push until then.
        """
        now = self._clock.now()
        if reason is Reason.FUTURE_SEQUENCE:
            said = activities.read_activity(canonical.read(raw))
            due = _counts_at(said)
            if said.object_id is not None and due <= now + limits.FUTURE_WAIT:
                need = Need("object", said.object_id, said.id)
                await self._storage.transact(lambda tx: objects.need(tx, need, due))
                return
        recorded = await self._gate.record(raw, name)
        if recorded.reason in NOT_NOW:
            raise Interrupted(recorded.detail)

    # Needs

    async def _fetch(self, row: Row) -> None:
        kind, url, attempts = str(row["kind"]), str(row["url"]), int(row["attempts"])
        try:
            self._gate.judge_host(url)  # who is refused is not asked either, whoever named it to us
            if kind == "actor":
                await self._actors.refresh(url)
            elif kind == "gone":
                await self._actors.confirm_gone(url)
            else:
                await self._object(url)
        except (PeerError, Interrupted) as error:
            if attempts < len(limits.BACKOFF):
                await self._storage.transact(_put_off(kind, url, self._clock.now() + limits.BACKOFF[attempts]))
                return
            log.info("need given up", kind=kind, url=url, reason=str(error))
        except ProtocolError as error:
            log.info("need refused", kind=kind, url=url, reason=error.reason)
        await self._storage.transact(
            lambda tx: tx.run("DELETE FROM need WHERE kind = :kind AND url = :url", kind=kind, url=url)
        )

    async def _object(self, url: str) -> None:
        """The signed activity that made an object's present state, from the object's own origin."""
        response = await self._peers.get(object_url(url), sign=self._sign)
        if response.status in (404, 410):
            return
        if response.status != 200:
            raise Interrupted(f"its origin answered {response.status}")
        # From where it came in the end: a redirect away from the origin is not the origin's word (section 3). And only
        # what was asked for: else each answer could name the next thing to fetch, without end.
        raw = document(response)
        said = activities.read_activity(canonical.read(raw))
        if said.object_id != url or said.type not in STATES:
            raise RemoteProtocolError(Reason.MALFORMED, "They answered with something else than was asked for.")
        answer: Answer = await self._gate.receive(raw, Carrier(response.url, "fetched"))
        if answer.reason in NOT_NOW:
            raise Interrupted(answer.detail)
        if answer.reason is Reason.FUTURE_SEQUENCE and _counts_at(said) <= self._clock.now() + limits.FUTURE_WAIT:
            raise Interrupted(answer.detail)  # changed meanwhile, and ahead of its time again


def _counts_at(said: activities.Activity) -> int:
    """From when its object's state is not too far ahead of our clock (section 6, Order), ms."""
    return activities.order_of(said) - limits.FUTURE_SEQUENCE


def object_url(url: str) -> str:
    """Where the origin of an object answers with the signed activity that made it."""
    return identifiers.origin(url).at(f"/federation/object?{urlencode({'id': url})}")


TAKEN = frozenset({Reason.ACCEPTED, Reason.KNOWN, Reason.SUPERSEDED})


def _next_due(reads: Reads) -> int | None:
    row = reads.the(
        "SELECT MIN(due) AS due FROM (SELECT MIN(pull_at) AS due FROM held_set WHERE pull_at IS NOT NULL"
        " UNION ALL SELECT MIN(due) FROM need UNION ALL"
        " SELECT MIN(repeat_at) FROM following WHERE repeat_at IS NOT NULL) AS all_due"
    )
    due: int | None = row["due"]
    return due


def _advance(
    name: str, page: wire_log.Page, level: bool, lease: int, upto: int, now: int, *, down: bool
) -> Callable[[Tx], None]:
    """The cursor after a page; a push that came meanwhile may already have moved it further, and a comparison back to
    the start: then the page does not begin where it stands, and leaves it there.

    `down`: it stood too high, so it follows the pages wherever they are.
    """

    def work(tx: Tx) -> None:
        tx.run(
            "UPDATE held_set SET theirs_epoch = :epoch, theirs_seq = CASE WHEN :down = 0 AND theirs_epoch = :epoch"
            " AND (theirs_seq > :to OR theirs_seq < :after) THEN theirs_seq ELSE :to END,"
            " attempts = 0, last_error = NULL,"
            " pulled = CASE WHEN :level = 1 THEN :now ELSE pulled END,"
            # A gap noticed while this pull ran has set another time: it stands.
            " pull_at = CASE WHEN pull_at = :lease THEN :next ELSE pull_at END"
            " WHERE name = :name AND pull_at IS NOT NULL",
            epoch=page.epoch, after=page.after, to=page.to, level=int(level), now=now, name=name,
            lease=lease, next=upto, down=int(down),
        )  # fmt: skip

    return work


def _keeps_logs(reads: Reads, owner: str) -> bool:
    """Whether there is a log to ask for, as far as the owner's document says (section 1, Capabilities)."""
    row = reads.one("SELECT raw FROM actor WHERE id = :id", id=owner)
    return row is None or context.LOGS in read_actor(canonical.read(row["raw"])).implements


def _pushed_only(name: str, now: int) -> Callable[[Tx], None]:
    """Other software sends what it sends: nothing is behind. Its document may say more another day."""

    def work(tx: Tx) -> None:
        tx.run(
            "UPDATE held_set SET pulled = :now, pull_at = :next, attempts = 0, last_error = NULL"
            " WHERE name = :name AND pull_at IS NOT NULL",
            now=now, next=now + limits.DAY, name=name,
        )  # fmt: skip

    return work


def _put_off(kind: str, url: str, due: int) -> Callable[[Tx], None]:
    def work(tx: Tx) -> None:
        tx.run("UPDATE need SET due = :due WHERE kind = :kind AND url = :url", due=due, kind=kind, url=url)

    return work


def _later(name: str, attempts: int, error: str, now: int) -> Callable[[Tx], None]:
    wait = limits.BACKOFF[min(attempts, len(limits.BACKOFF) - 1)]

    def work(tx: Tx) -> None:
        tx.run(
            "UPDATE held_set SET pull_at = :next, last_error = :error WHERE name = :name AND pull_at IS NOT NULL",
            next=now + wait, error=error, name=name,
        )  # fmt: skip

    return work
