"""Carrying imports out, and taking them back, in the background: row by row, each as a wish of whoever asked for it.

A process that ends in the middle leaves nothing in doubt: a row's wish has a name, so that it is carried out once
(node/gate/permitted.py), and its id is always the same; whoever takes the import up again finds what was done. Nobody
gets a right by this that they have not: the gate judges each row at the moment it is made.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Mapping

import structlog

from node.clock import time_ordered_id
from node.coalition.importing import judging, kept, store
from node.coalition.importing.judging import Judged
from node.coalition.importing.kinds import Kind, Practices, Wish
from node.coalition.importing.rules import Noted, NoteRows
from node.coalition.importing.store import BATCH, Brought
from node.coalition.importing.tables import Line
from node.gate.desk import Desk
from node.gate.handler import BY_NODE, Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Storage, StorageError
from protocol.errors import ProtocolError, Reason

LEASE = 60_000  # ms; far longer than a batch of rows takes, even where each makes a key
log = structlog.get_logger("importing")


class Carrying:
    """The worker."""

    def __init__(self, desk: Desk, kinds: Mapping[str, Kind]) -> None:
        self._desk = desk
        self._kinds = kinds
        self._wanted = asyncio.Event()

    def wake(self) -> None:
        """There is something to carry out."""
        self._wanted.set()

    async def recover(self) -> None:
        """At the start of the only process that there can be."""
        await self._desk.storage.transact(store.release)

    async def run(self) -> None:
        """For as long as the node lives."""
        while True:
            due = await self._turn()
            await self._desk.clock.wait(self._wanted, due)

    async def _turn(self) -> int | None:
        """Carry out what there is; when to look again for what others hold."""
        clock, storage = self._desk.clock, self._desk.storage
        try:
            while True:
                now = clock.now()
                found = await storage.transact(lambda tx, now=now: store.claim(tx, now, now + LEASE))
                if found is None:
                    await storage.transact(lambda tx, now=now: store.forget(tx, now))
                    return await storage.read(store.next_due)
                await self.carry(found)
        except StorageError as error:
            log.warning("an import waits for the database", detail=str(error))
            return clock.now() + LEASE

    async def carry(self, found: Brought) -> None:
        """One import, to its end."""
        kind = self._kinds.get(found.kind)
        if kind is None:
            why = kept.keep((say("This version cannot make this any more."),))
            rows = await self._desk.storage.read(lambda reads: store.lines(reads, found.id))
            await self._note(found.id, [Noted(row.number, "bad", why) for row in rows], end=True)
        elif found.state == "running":
            await self._make(found, kind)
        else:
            await self._take_back(found, kind)

    async def _make(self, found: Brought, kind: Kind) -> None:
        judged = await judge(self._desk.storage, found, kind)
        notes: list[Noted] = []
        for one in judged:
            notes.append(await self._made(found, kind, one))
            if len(notes) == BATCH:
                await self._note(found.id, notes)
                notes = []
        await self._note(found.id, notes, end=True)

    async def _made(self, found: Brought, kind: Kind, one: Judged) -> Noted:
        number = one.line.number
        if one.wrong:
            return Noted(number, "bad", kept.keep(judging.reasons(one)))
        id = row_id(found, number)
        subject, was = kind.subject(id, one.values), kind.was(one.values)
        if one.same is not None:
            if await self._was_done(found, number):
                return Noted(number, "made", "", subject, was)
            return Noted(number, "same", kept.keep((one.same,)))
        who = Who(found.made_by, scopes=found.scopes, via="api" if found.via == "api" else "page")
        outcome = await self._tried(kind.make(Wish(id, subject, one.values), _once(who, "import", found.id, number)))
        if outcome.reason in (Reason.ACCEPTED, Reason.REPEATED):
            return Noted(number, "made", "", subject, was)
        if outcome.reason is Reason.EXISTS:
            if await self._was_done(found, number):
                return Noted(number, "made", "", subject, was)
            return Noted(number, "same", kept.keep((outcome.detail or judging.is_here(),)))
        return Noted(number, "bad", kept.keep((outcome.detail,)))

    async def _was_done(self, found: Brought, number: int) -> bool:
        """It is here already, for it was made of this very row a moment before the process ended."""
        once = _once(Who(), "import", found.id, number).once
        return await self._desk.storage.read(lambda reads: store.was_done(reads, once))

    async def _take_back(self, found: Brought, kind: Kind) -> None:
        notes: list[Noted] = []
        for row in await self._desk.storage.read(lambda reads: store.made(reads, found.id)):
            who = _once(Who(found.undone_by), "undo", found.id, row["number"])
            outcome = await self._tried(kind.take(row["subject"], row["was"], who))
            if outcome.reason in (Reason.ACCEPTED, Reason.REPEATED):
                notes.append(Noted(row["number"], "taken"))
            else:
                notes.append(Noted(row["number"], "kept", kept.keep((outcome.detail,))))
            if len(notes) == BATCH:
                await self._note(found.id, notes)
                notes = []
        await self._note(found.id, notes, end=True)

    async def _tried(self, attempt: Awaitable[Outcome]) -> Outcome:
        """One row's fault is no other row's."""
        try:
            return await attempt
        except StorageError:
            raise
        except ProtocolError as error:
            return Outcome(error.reason, error.detail)
        except Exception:
            log.exception("a row could not be carried out")
            return Outcome(Reason.INTERNAL, say("Something unforeseen went wrong; the node's log has it."))

    async def _note(self, id: str, notes: list[Noted], *, end: bool = False) -> None:
        await self._desk.gate.perform(
            NoteRows(id, tuple(notes), self._desk.clock.now() + LEASE, end), BY_NODE
        )  # fmt: skip


async def judge(storage: Storage, found: Brought, kind: Kind) -> list[Judged]:
    """Every row that waits, as it would be made now."""

    def read(reads: Reads) -> tuple[list[Line], Practices]:
        return store.lines(reads, found.id), store.practices(reads)

    lines, practices = await storage.read(read)
    judged = await asyncio.to_thread(judging.judge, kind, found.columns, found.headings, lines, practices)
    wanted = judging.keys(kind, judged)
    here = await storage.read(lambda reads: kind.here(reads, wanted))
    return judging.known(kind, judged, here)


def row_id(found: Brought, number: int) -> str:
    """An id of this node, the same for this row whoever asks, and whenever."""
    digest = hashlib.sha256(f"{found.id} {number}".encode()).digest()
    return time_ordered_id(found.made, int.from_bytes(digest[:10], "big"))


def _once(who: Who, what: str, id: str, number: int) -> Who:
    return Who(who.member, scopes=who.scopes, via=who.via, once=f"{what} {id} {number}")
