"""Group commit, whatever the engine: works gather while a group commits, then go together.

No timer. A group starts when the engine is free and the loop has no more works to bring, and takes up to GROUP. The
engine runs the group whole in its thread, one hop there and one back. What was accepted is done, also if its caller
was cancelled meanwhile: only the answer is dropped. Everything here runs on the loop's thread, but for what `carry`
takes away.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from node.storage.contract import StorageBusy, StorageError, Tx

C = TypeVar("C")  # an engine's connection

# From 16 to 64 works the cost of one falls by a third; a larger group would mostly delay its first work.
GROUP = 64
# Turns of the loop in which nothing came, before a group starts: what arrives in one turn asks in the next; a second
# turn of waiting gathered no more.
QUIET = 1
# More would wait for whole seconds on a slow disk: the caller hears at once that it should come back (503).
WAITING = 16_384

Work = Callable[[Tx], Any]
# What a work gave, or what it raised.
Outcome = tuple[Any, BaseException | None]
# Bring a function to the thread of a connection. The function never raises.
Carry = Callable[[Callable[[C], None]], None]
_Job = tuple[Work, "asyncio.Future[Any]"]


class Groups(Generic[C]):
    """The works that wait for one writing connection. `commit` runs on its thread and never raises."""

    def __init__(self, commit: Callable[[C, list[Work]], list[Outcome]], carry: Carry[C]) -> None:
        self._commit = commit
        self._carry = carry
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[_Job] = deque()
        self._active = False
        self._seen = 0  # works that waited a turn ago
        self._quiet = 0
        self._idle: asyncio.Future[None] | None = None
        self._closed = False

    def submit(self, work: Work) -> "asyncio.Future[Any]":
        """Accept a work; the future has its answer after the commit."""
        if self._closed:
            raise StorageError("The database is closed.")
        if len(self._jobs) >= WAITING:
            raise StorageBusy("Too many changes wait for the disk; try again shortly.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.append((work, future))
        if not self._active:
            self._active = True
            # Not at once: whatever else is ready in this turn of the loop comes along.
            self._loop.call_soon(self._next)
        return future

    def refuse(self) -> None:
        """Accept no more."""
        self._closed = True

    async def finish(self) -> None:
        """Return when the last accepted work has its answer. Once, after `refuse`."""
        if self._active:
            self._idle = self._loop.create_future()
            await self._idle

    def _next(self) -> None:
        jobs = self._jobs
        if jobs:
            # A group of 32 costs half of two of 16; a work that comes alone waits for one empty turn.
            if len(jobs) > self._seen:
                self._seen, self._quiet = len(jobs), 0
            else:
                self._quiet += 1
            if len(jobs) < GROUP and self._quiet < QUIET:
                self._loop.call_soon(self._next)
                return
            self._seen = self._quiet = 0
            self._carry(partial(self._run, [jobs.popleft() for _ in range(min(GROUP, len(jobs)))]))
            return
        self._active = False
        if self._idle is not None:
            self._idle.set_result(None)

    def _run(self, group: list[_Job], connection: C) -> None:
        outcomes = self._commit(connection, [work for work, _ in group])
        self._loop.call_soon_threadsafe(self._settle, group, outcomes)

    def _settle(self, group: list[_Job], outcomes: list[Outcome]) -> None:
        for (_, future), outcome in zip(group, outcomes, strict=True):
            settle(future, outcome)
        # After the callers were told, and in the next turn: what they do next joins the group.
        self._loop.call_soon(self._next)


def settle(future: "asyncio.Future[Any]", outcome: Outcome) -> None:
    """Give the caller its answer, if it still waits."""
    if future.done():
        return
    value, error = outcome
    if error is None:
        future.set_result(value)
    elif isinstance(error, StopIteration):  # which a future cannot carry
        future.set_exception(RuntimeError("a work raised StopIteration"))
    else:
        future.set_exception(error)
