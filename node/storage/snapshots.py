"""Reads wait for a free reading connection, in order, whatever the engine.

Each is carried whole to that connection's thread and has a snapshot of its own. A read whose caller has gone before
it started is not made. Everything here runs on the loop's thread, but for what is carried away.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any, Generic, TypeVar

from node.storage.contract import Reads, StorageBusy, StorageError
from node.storage.groups import WAITING, Carry, Outcome, settle

C = TypeVar("C")

Look = Callable[[Reads], Any]
_Job = tuple[Look, "asyncio.Future[Any]"]


class Snapshots(Generic[C]):
    """The reads that wait for the connections behind `readers`. `look` runs on a thread and never raises."""

    def __init__(self, look: Callable[[C, Look], Outcome], readers: list[Carry[C]]) -> None:
        self._look = look
        self._free = list(readers)
        self._size = len(readers)
        self._loop = asyncio.get_running_loop()
        self._jobs: deque[_Job] = deque()
        self._idle: asyncio.Future[None] | None = None
        self._closed = False

    def submit(self, work: Look) -> "asyncio.Future[Any]":
        """Accept a read."""
        if self._closed:
            raise StorageError("The database is closed.")
        if len(self._jobs) >= WAITING:
            raise StorageBusy("Too many reads wait for the disk; try again shortly.")
        future: asyncio.Future[Any] = self._loop.create_future()
        self._jobs.append((work, future))
        self._next()
        return future

    def refuse(self) -> None:
        """Accept no more."""
        self._closed = True

    async def finish(self) -> None:
        """Return when the last accepted read has its answer. Once, after `refuse`."""
        if len(self._free) < self._size:
            self._idle = self._loop.create_future()
            await self._idle

    def _next(self) -> None:
        while self._free and self._jobs:
            work, future = self._jobs.popleft()
            if not future.done():
                carry = self._free.pop()
                carry(partial(self._run, carry, work, future))
        if self._idle is not None and len(self._free) == self._size:
            self._idle.set_result(None)

    def _run(self, carry: Carry[C], work: Look, future: "asyncio.Future[Any]", connection: C) -> None:
        outcome = self._look(connection, work)
        self._loop.call_soon_threadsafe(self._settle, carry, future, outcome)

    def _settle(self, carry: Carry[C], future: "asyncio.Future[Any]", outcome: Outcome) -> None:
        self._free.append(carry)
        self._next()
        settle(future, outcome)
