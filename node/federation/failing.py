"""Hosts that failed us, and when a word of theirs may have them tried again (protocol section 8, Push).

Each process keeps them in memory, so that a word costs nothing; the rows of `peer` are the truth. What fails in one
process is told to the others, for the peer's next word comes in by any door. Never tries anybody: delivery.py does.
"""

from collections.abc import Callable

from node.clock import Clock
from node.federation import owed
from node.federation.schedule import Pause, Retry
from node.storage.contract import Storage
from protocol import limits

WORD = "failing"
LONGEST_GAP = 30  # seconds, see heard_from
PAUSE_GAP = limits.HOUR  # a peer that refuses us and goes on talking is asked again this often


class Failing:
    """What one process knows. `news` is called when there is something to do."""

    def __init__(self, storage: Storage, clock: Clock, news: Callable[[], None]) -> None:
        self._storage = storage
        self._clock = clock
        self._news = news
        self._from: dict[str, int] = {}  # host -> when (ms) a word from it may have it tried
        self._heard: dict[str, int] = {}
        self._woken: set[str] = set()
        self._missed = True  # words of other processes may have been missed
        storage.hear(WORD, self._told)

    async def look(self) -> None:
        """Read who fails, if words may have been missed."""
        if self._missed:
            found = await self._storage.read(owed.failing)
            self._from = dict.fromkeys(found, 0) | self._from
            self._missed = False

    def heard_from(self, host: str) -> None:
        """An authenticated word from a host: if it was failing, it is tried at once. Costs nothing.

        If that fails too, its next words have it tried after a second, then two, up to thirty: a peer that can speak
        but not listen must not have us try at the rate it speaks.
        """
        at = self._from.pop(host, None)
        if at is not None:
            self._heard[host] = at
            self._news()

    def take(self) -> dict[str, int]:
        """Who spoke since the last time, and when (ms) each may be tried."""
        heard, self._heard = self._heard, {}
        self._woken.update(heard)
        return heard

    def give_back(self, heard: dict[str, int]) -> None:
        """They could not be tried now."""
        self._heard = heard | self._heard

    def put_off(self, host: str, why: Retry | Pause) -> str:
        """It failed; what to `tell` once that is stored."""
        now = self._clock.now()
        if isinstance(why, Pause):
            self._from[host] = now + PAUSE_GAP
        else:
            gap = min(why.attempts, LONGEST_GAP) * limits.SECOND
            self._from[host] = now + gap if host in self._woken else 0
        self._woken.discard(host)
        return f"{self._from[host]} {host}"

    def tell(self, word: str) -> None:
        """Let the other processes know."""
        self._storage.tell(WORD, word)

    def well(self, host: str) -> None:
        """It answered."""
        self._from.pop(host, None)
        self._woken.discard(host)

    def _told(self, word: str) -> None:
        at, _, host = word.partition(" ")
        if host:
            self._from[host] = int(at)
        else:
            self._missed = True
            self._news()
