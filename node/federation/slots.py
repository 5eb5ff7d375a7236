"""Slots that a request shares with all others, and gives back when it waits (protocol section 8, Push).

A slot bounds how much work goes on at once, not how many connections stand open: a request that has not ended after
half a second is waiting for its peer, costs nothing, and must hold up nobody. With 100 of 500 hosts hanging, the other
400 then have a new item after 0.2 s; with a plain limit of 64 in flight after 13 s.

One task watches them all, and wakes about once in that time: a timer each would cost as much as a signature.
"""

import asyncio
from collections import deque

from node.clock import Clock


class Ticket:
    """A slot that is held; `until` in ms."""

    __slots__ = ("ended", "until")

    def __init__(self, until: int) -> None:
        self.until = until
        self.ended = False


class Slots:
    """`count` slots, each held for `patience` milliseconds at most. `watch()` must run beside."""

    def __init__(self, count: int, patience: int, clock: Clock) -> None:
        self._free = asyncio.Semaphore(count)
        self._patience = patience
        self._clock = clock
        self._held: deque[Ticket] = deque()  # in order of time, ended ones among them
        self._first = asyncio.Event()

    async def take(self) -> Ticket:
        """Wait for a slot. It is to be given back, at the latest when the request has ended."""
        await self._free.acquire()
        ticket = Ticket(self._clock.now() + self._patience)
        if not self._held:
            self._first.set()
        self._held.append(ticket)
        return ticket

    def give_back(self, ticket: Ticket) -> None:
        """The slot is free again, if it is not already."""
        if not ticket.ended:
            ticket.ended = True
            self._free.release()

    async def watch(self) -> None:
        """Take slots back from those who wait. Runs until cancelled."""
        while True:
            now = self._clock.now()
            while self._held and (self._held[0].ended or self._held[0].until <= now):
                self.give_back(self._held.popleft())
            await self._clock.wait(self._first, self._held[0].until if self._held else None)
