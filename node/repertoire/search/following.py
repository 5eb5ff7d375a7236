"""The index keeps up with the database: it follows the change sequence, commits, and is built anew when it must be.

A worker takes in what changed about once a second, and sooner for whoever searches, so that what one has just
published is found. While the index is missing or built anew the catalog answers from the database, with fewer ways to
narrow it, and says so. Nothing that happens to the index is fatal.
"""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec
import structlog

from node.clock import Clock
from node.repertoire import catalog, changes, store
from node.repertoire.changes import Changes
from node.repertoire.search import asking, files, schema
from node.repertoire.search.asking import Answer, Reader
from node.repertoire.search.files import Index, IndexBroken, Place
from node.storage.contract import Reads, Row, Storage, StorageError
from protocol.errors import ProtocolError

_BATCH = 500  # items that are read at once: some 2 KB each
_COMMIT = 20_000  # items; less often while it is built, for each commit makes a segment
_PAUSE = 1.0  # seconds between commits, at least
_SHARE = 10  # times as long as a commit took is the next one waited for
_LOOK = 5.0  # seconds: whatever another process changed, and did not tell
_SOON = 200  # changes for which a search waits
_LEVELS_FOR = 60_000  # ms
_AGAIN = 60.0  # seconds until a broken disk is tried again

LEVELS = "SELECT actor, level FROM practice WHERE level <> ''"

log = structlog.get_logger("search")


class Status(msgspec.Struct, frozen=True):
    """ready: questions are answered. building: done of total are in it. away: it cannot be had, and is tried again."""

    state: Literal["ready", "building", "away"]
    done: int = 0
    total: int = 0


class Search:
    """One for a process. Before `run` has begun, and where that fails, it has no answers."""

    def __init__(self, storage: Storage, clock: Clock, directory: Path) -> None:
        self._storage = storage
        self._clock = clock
        self._directory = directory
        self._place: Place | None = None
        self._index: Index | None = None
        self._levels: dict[str, str] = {}
        self._looked = -_LEVELS_FOR
        self._turn = asyncio.Lock()  # one writes
        self._awake = asyncio.Event()
        self._damaged = False
        self.status = Status("away")

    async def answer(self, asked: catalog.Query, languages: tuple[str, ...], *, top: bool = False) -> Answer | None:
        """What the index says, once it has what changed lately; None while there is none. top: as of asking.Reader."""
        if self._index is None or self.status.state != "ready":
            return None
        index = self._index
        try:
            await self._be_fresh()
            reader = Reader(languages, self._clock.now(), self._levels, top)
            return await asking.ask(index, asked, reader)
        except IndexBroken as error:
            await self._doubt(index, error)
            return None

    async def _be_fresh(self) -> None:
        index = self._index
        if index is None:
            return
        after = index.cursor
        waiting = await self._storage.read(lambda reads: changes.waiting(reads, after, _SOON))
        if 0 < waiting < _SOON:
            await self.follow()

    def found(self, word: str) -> int:
        """In how many titles a word stands, by what is committed now; nothing is taken in for it."""
        return 0 if self._index is None else self._index.searcher.doc_freq("title", word)

    def wake(self) -> None:
        """Something may have changed."""
        self._awake.set()

    async def run(self) -> None:
        """Keep up until cancelled."""
        try:
            while True:
                pause, began = _PAUSE, asyncio.get_running_loop().time()
                try:
                    await self.start()
                    # Under a flood too the index takes a small part of the time: who searches does not wait for it.
                    pause = max(_PAUSE, _SHARE * (asyncio.get_running_loop().time() - began))
                except IndexBroken as error:
                    self._broke(error)
                    pause = _PAUSE if self._place is not None else _AGAIN
                except StorageError as error:
                    log.warning("what changed could not be read; it is tried again", because=str(error))
                await asyncio.sleep(pause)
                self._awake.clear()
                try:
                    async with asyncio.timeout(_LOOK):
                        await self._awake.wait()
                except TimeoutError:
                    pass
        finally:
            await asyncio.shield(self.stop())

    async def start(self) -> None:
        """Have an index, and everything in it. IndexBroken, StorageError."""
        await self._open()
        await self.follow()

    async def stop(self) -> None:
        """Close the files, and let another process have them."""
        async with self._turn:
            await asyncio.to_thread(self._close)

    async def _doubt(self, index: Index, error: IndexBroken) -> None:
        """Something failed: what was asked, which is nobody's right to have the index built anew by, or the files."""
        try:
            await asking.probe(index)
        except IndexBroken:
            if self._index is index:
                self._broke(error)
        else:
            log.error("the search index could not answer; the database does", because=str(error))

    def _broke(self, error: IndexBroken) -> None:
        log.error("the search index is built anew", because=str(error))
        self._index, self._damaged = None, True
        self.status = Status("away")
        self._awake.set()

    def _close(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            index.close()
        if self._place is not None:
            self._place.release()
            self._place = None

    async def _open(self) -> None:
        """Have an index: as it was left, or an empty one."""
        if self._index is not None:
            return
        if self._place is None:
            self._place = await asyncio.to_thread(files.take, self._directory)
        await self._storage.transact(changes.renumber)
        last = await self._storage.read(changes.last)
        place = self._place.path

        def opened() -> Index:
            kept: Index | None = None
            try:
                kept = None if self._damaged else files.reopen(place)
            except IndexBroken as error:
                log.warning("the search index is damaged and is built anew", because=str(error))
            if kept is not None and kept.cursor.changed > last:
                log.warning("the search index is of another database and is built anew")
                kept.close()
                kept = None
            return kept or files.begin(place)

        index = await asyncio.to_thread(opened)
        held, waiting = await self._storage.read(
            lambda reads: (changes.held(reads), changes.waiting(reads, index.cursor, _SOON))
        )
        behind = index.cursor == changes.START or waiting >= _SOON
        self.status = Status("building" if behind else "ready", index.size, held)
        self._index, self._damaged = index, False

    async def follow(self) -> None:
        """Take in whatever has changed up to now, and commit it."""
        async with self._turn:
            index = self._index
            if index is None:
                return
            await self._look_at_levels()
            cursor, since = index.cursor, 0
            while True:
                after = cursor
                found = await self._storage.read(lambda reads, after=after: changes.read(reads, after, _BATCH))
                if found.to != cursor:
                    await _to_its_end(_take, index, found)
                    since += len(found.items) + len(found.gone)
                    cursor = found.to
                if since >= _COMMIT or (found.done and cursor != index.cursor):
                    await _to_its_end(index.commit, cursor)
                    since = 0
                self._tell(len(found.items))
                if found.done:
                    break
            self.status = Status("ready", index.size, index.size)

    async def _look_at_levels(self) -> None:
        now = self._clock.now()
        if not self._looked <= now < self._looked + _LEVELS_FOR:
            self._looked = now
            before, self._levels = self._levels, await self._storage.read(_levels)
            if self._index is not None and before != self._levels:
                self._index.kept = {}

    def _tell(self, more: int) -> None:
        if self.status.state == "building":
            done = self.status.done + more
            self.status = Status("building", done, max(self.status.total, done))


async def _to_its_end(work: Callable[..., object], *arguments: object) -> None:
    """In a thread. Who waits may be cancelled, a thread cannot: the turn is held until it is done, so that nobody
    closes the files under its hands."""
    running = asyncio.ensure_future(asyncio.to_thread(work, *arguments))
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise


def _take(index: Index, found: Changes) -> None:
    """For a thread."""
    gone = list(found.gone)
    documents: list[dict[str, Any]] = []
    for row in found.items:
        made = _document(row)
        if made is None:
            gone.append(row["key"])
        else:
            documents.append(made)
    index.put(documents, gone)


def _document(row: Row) -> dict[str, Any] | None:
    """None for what is not, or no longer, for everyone to find."""
    if row["withdrawn"] is not None or row["audience"] != "public" or row["raw"] is None:
        return None
    try:
        item = store.item_of(row["raw"])
    except ProtocolError as error:
        log.warning("an item cannot be read and is not indexed", key=row["key"], because=str(error))
        return None
    card = schema.Card(row["key"], row["owner"], row["updated"], row["adapted"])
    return None if item is None else schema.document(card, item)


def _levels(reads: Reads) -> dict[str, str]:
    return {row["actor"]: row["level"] for row in reads.all(LEVELS)}
