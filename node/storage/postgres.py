"""The engine for many: PostgreSQL 15 or newer, any number of processes on any number of machines over one database.

The same synchronous works run in threads, each thread with one connection (psycopg). Works share commits (groups.py)
under READ COMMITTED: a group first takes the advisory locks that its works name, sorted, so that whatever a decision
reads is not changed beneath it and groups do not wait for each other in a ring; rows that are counted or claimed are
locked by the statements themselves. If a ring forms all the same, or a lock does not come, the whole group runs again,
then each of its works alone; SERIALIZABLE would halve the rate for the same safety. An answer comes after COMMIT.

A lost connection fails what was under way as StorageBusy, for the outcome may be unknown: asked again, the dedupe row
knows. The next work connects anew.
"""

import asyncio
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from typing import Any, TypeVar

import psycopg

from node.storage import postgres_connection as one
from node.storage import postgres_schema
from node.storage.contract import Reads, StorageBusy, StorageError, Tx
from node.storage.groups import Groups, Outcome, Work
from node.storage.postgres_connection import Again, Carefully, Lost, PostgresReads, PostgresTx, command
from node.storage.postgres_speaking import Speaker
from node.storage.postgres_sql import begin, lock_number
from node.storage.postgres_words import CHANNEL, Words
from node.storage.snapshots import Look, Snapshots
from node.storage.threads import ConnectionThread

T = TypeVar("T")

READERS = one.EACH - 2  # Python runs one thread at a time: the others are there for while one waits for the server
TOGETHER = 3  # times a group is tried whole
APART = 16  # groups
ALONE = 5  # times a work is then tried by itself, before its caller hears that it should come back

_AWAY = "The database went away and will be asked again shortly; the same work may be tried again."
_CROWDED = "Too many works want the same rows; the same work may be tried again."
_SNAPSHOT = b"BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_SAVEPOINT, _KEEP = b"; SAVEPOINT work", b"RELEASE SAVEPOINT work; SAVEPOINT work"
_BACK = b"ROLLBACK TO SAVEPOINT work"


class Apart(BaseException):
    """A work of this group raises: the group runs again, each work in a savepoint."""


class Locking:
    """A work with the locks that it needs, as numbers."""

    __slots__ = ("locks", "work")

    def __init__(self, work: Work, locks: tuple[str, ...]) -> None:
        self.work = work
        self.locks = tuple(map(lock_number, locks))

    def __call__(self, tx: Tx) -> Any:
        return self.work(tx)


class Link:
    """A thread with one connection, which it makes when it needs one and forgets once it is lost."""

    def __init__(self, url: str, name: str) -> None:
        self._url = url
        self._speaker: Speaker | None = None
        self.pid = 0  # of the back end
        self._thread: ConnectionThread[Link] = ConnectionThread(self, name)
        self.carry = self._thread.carry

    def speaker(self) -> Speaker:
        """On the thread: a connection to work with; StorageBusy or StorageError if the server is not to be had."""
        if self._speaker is None or self._speaker.connection.closed:
            self._speaker = Speaker(one.connect(self._url))
            self.pid = self._speaker.connection.info.backend_pid
        return self._speaker

    def rolled_back(self) -> bool:
        """On the thread: undo what is open; False if that cannot be."""
        try:
            if self._speaker is not None:
                command(self._speaker.connection, b"ROLLBACK")
        except psycopg.Error:
            return False
        return True

    def drop(self) -> None:
        """On the thread: whatever state the connection is in, the next work must not inherit it."""
        if self._speaker is not None:
            with suppress(psycopg.Error):
                self._speaker.connection.close()
            self._speaker = None

    async def open(self) -> None:
        """Connect now, so that what is wrong is said at the start."""
        loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()

        def attempt(link: Link) -> None:
            try:
                link.speaker()
            except BaseException as error:  # the caller's
                loop.call_soon_threadsafe(opened.set_exception, error)
            else:
                loop.call_soon_threadsafe(opened.set_result, None)

        self.carry(attempt)
        await opened

    async def close(self) -> None:
        """Finish what was carried, then end."""
        self.carry(Link.drop)
        await self._thread.close()


class Postgres:
    """`Storage` on one database. Made by `open_postgres`."""

    def __init__(self, url: str, writer: Link, readers: list[Link]) -> None:
        self._links = [*readers, writer]
        self._groups = Groups(Commit(), writer.carry)
        self._snapshots = Snapshots(look, [reader.carry for reader in readers])
        self._words = Words(url, lambda words: writer.carry(lambda link: say(link, words)), lambda: writer.pid)
        self._closing: asyncio.Task[None] | None = None

    @property
    def shared(self) -> bool:
        """Other processes may be at work beside this one."""
        return True

    async def transact(self, work: Callable[[Tx], T], locks: tuple[str, ...] = ()) -> T:
        """Run work in a transaction; resolves after the commit. locks: what no other process may decide meanwhile."""
        return await self._groups.submit(Locking(work, locks))

    async def read(self, work: Callable[[Reads], T]) -> T:
        """Run work on one read-only snapshot, which has all that was answered before the call."""
        return await self._snapshots.submit(work)

    def tell(self, topic: str, word: str = "") -> None:
        """Let the other processes know, soon; NOTIFY, and nothing if the database is away."""
        if self._closing is None:
            self._words.tell(topic, word)

    def hear(self, topic: str, ear: Callable[[str], None]) -> None:
        """Call `ear` with each word that another process tells, with "" if some may have been missed."""
        self._words.hear(topic, ear)

    async def close(self) -> None:
        """Finish what was accepted, close. Again: no effect."""
        if self._closing is None:
            self._groups.refuse()
            self._snapshots.refuse()
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await self._words.close()
        await self._groups.finish()
        await self._snapshots.finish()
        for link in self._links:
            await link.close()


async def open_postgres(url: str, *, readers: int = READERS) -> Postgres:
    """Open the database at a postgresql:// address, migrating it if need be; StorageError with a sentence."""
    await asyncio.to_thread(postgres_schema.prepare, url)
    links = [Link(url, f"postgres {name}") for name in ("writer", *(f"reader {n}" for n in range(readers)))]
    try:
        for link in links:
            await link.open()
    except BaseException:
        for link in links:
            await link.close()
        raise
    return Postgres(url, links[0], links[1:])


@contextmanager
def look_into(url: str) -> Generator[Reads]:
    """One read-only snapshot, from any process, also while nodes run on it. It never writes or migrates."""
    with closing(one.connect(url)) as connection:
        postgres_schema.check(connection, one.place_of(url))
        command(connection, b"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; " + _SNAPSHOT)
        reads = PostgresReads(Speaker(connection))
        try:
            yield reads
        finally:
            reads.end()


class Commit:
    """Runs groups of works, each group in one transaction. On the link's thread; never raises.

    First without savepoints, for each costs a round trip and a transaction number of its own. If one work raises,
    nothing has happened and every work runs again in a savepoint; so do the next groups, for who is refused comes
    again.
    """

    def __init__(self) -> None:
        self._apart = 0  # groups still to be run in savepoints

    def __call__(self, link: Link, works: list[Work]) -> list[Outcome]:
        """What each work gave, or what it raised."""
        for _ in range(TOGETHER):
            with suppress(Again):
                return self._group(link, works)
        return [_alone(link, work) for work in works]

    def _group(self, link: Link, works: list[Work]) -> list[Outcome]:
        if not self._apart:
            with suppress(Apart):
                return _together(link, works, _trusting, b"")
            self._apart = APART
        self._apart -= 1
        return _together(link, works, _doubting, _SAVEPOINT)


def _alone(link: Link, work: Work) -> Outcome:
    for _ in range(ALONE):
        with suppress(Again):
            return _together(link, [work], _doubting, _SAVEPOINT)[0]
    return None, StorageBusy(_CROWDED)


def _together(
    link: Link, works: list[Work], run: Callable[[Speaker, list[Work]], list[Outcome]], first: bytes
) -> list[Outcome]:
    """One try. If the whole fails, every work has failed: also one that raised, for it may have seen what is not."""
    locks = {lock for work in works if isinstance(work, Locking) for lock in work.locks}
    try:
        speaker = _begin(link, begin(locks) + first)
        outcomes = run(speaker, works)
        tag = command(speaker.connection, b"COMMIT")
        if tag != "COMMIT":
            raise StorageError(f"The database undid a group of works: {tag}.")
    except (Again, Apart):
        _undo(link)
        raise
    except (psycopg.Error, Lost, StorageError) as error:
        _undo(link)
        if isinstance(error, psycopg.Error) and error.sqlstate in one.AGAIN:
            raise Again from error
        failure = _failure(error)
        return [(None, type(failure)(*failure.args)) for _ in works]  # one each: a raised one gathers its traceback
    return outcomes


def _trusting(speaker: Speaker, works: list[Work]) -> list[Outcome]:
    """Every work, as long as none raises and no statement fails; else Apart."""
    outcomes: list[Outcome] = []
    for work in works:
        tx, answer = PostgresTx(speaker), None
        raised = False
        try:
            answer = work(tx)
        except BaseException:  # whose it is, and what it leaves of the others, is told apart in savepoints
            raised = True
        finally:
            tx.end()
        if isinstance(tx.fatal, (Lost, Again)):
            raise tx.fatal
        if raised or tx.in_doubt:
            raise Apart
        outcomes.append((answer, None))
    return outcomes


def _doubting(speaker: Speaker, works: list[Work]) -> list[Outcome]:
    """Every work in a savepoint of its own."""
    outcomes: list[Outcome] = []
    for work in works:
        outcome = _attempt(speaker, work)
        # One round trip between two works; a savepoint that was gone back to serves the next.
        command(speaker.connection, _KEEP if outcome[1] is None else _BACK)
        outcomes.append(outcome)
    return outcomes


def _attempt(speaker: Speaker, work: Work, *, careful: bool = False) -> Outcome:
    tx = PostgresTx(speaker, careful=careful)
    try:
        outcome = work(tx), None
    except BaseException as error:  # whatever it is, it is the caller's
        outcome = None, error
    finally:
        tx.end()
    if tx.fatal is None and not (tx.in_doubt and outcome[1] is None):
        return outcome
    if isinstance(tx.fatal, (Lost, Again)):
        raise tx.fatal
    command(speaker.connection, _BACK)
    return _attempt(speaker, work, careful=True)


def look(link: Link, work: Look) -> Outcome:
    """Run a read on a snapshot of its own; never raises. On the link's thread."""
    try:
        speaker = _begin(link, _SNAPSHOT + _SAVEPOINT)
        reads = PostgresReads(speaker)
        try:
            outcome = work(reads), None
        except BaseException as error:  # whatever it is, it is the caller's
            outcome = None, error
        finally:
            reads.end()
        if isinstance(reads.fatal, Carefully):
            command(speaker.connection, _BACK)
            reads = PostgresReads(speaker, careful=True)
            try:
                outcome = work(reads), None
            except BaseException as error:  # the caller's too
                outcome = None, error
            finally:
                reads.end()
        if reads.fatal is not None:
            raise reads.fatal
        command(speaker.connection, b"ROLLBACK")
    except (psycopg.Error, Lost, Again, Carefully, StorageError) as error:
        _undo(link)
        return None, _failure(error)
    return outcome


def say(link: Link, words: list[str]) -> None:
    """Notify every listener of these words; never raises. A commit of nothing waits for no disk."""
    with suppress(psycopg.Error, StorageError, Lost):
        speaker = link.speaker()
        for word in words:
            speaker.say("SELECT pg_notify(:channel, :word) AS told", {"channel": CHANNEL, "word": word})


def _begin(link: Link, sql: bytes) -> Speaker:
    speaker = link.speaker()
    try:
        command(speaker.connection, sql)
    except psycopg.Error as error:
        if not speaker.connection.closed and error.sqlstate is not None and not error.sqlstate.startswith(one.LOST):
            raise
        # It was lost while nothing was under way, as when the server restarts: nothing was done, so connect anew.
        link.drop()
        speaker = link.speaker()
        command(speaker.connection, sql)
    return speaker


def _undo(link: Link) -> None:
    if not link.rolled_back():
        link.drop()


def _failure(error: BaseException) -> StorageError:
    if isinstance(error, StorageError):
        return error
    code = error.sqlstate if isinstance(error, psycopg.Error) else None
    if isinstance(error, psycopg.Error) and code is not None and not code.startswith(one.LOST):
        return one.told(error)
    return StorageBusy(_CROWDED if isinstance(error, Again) else _AWAY)
