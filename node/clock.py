"""Time and new ids. Everything that asks "when" or "which id" asks here, so that a test can say.

Times are whole milliseconds since 1970 UTC.
"""

import asyncio
import secrets
import time
from typing import Protocol

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32, lower case


class Clock(Protocol):
    """What a node needs of time."""

    def now(self) -> int:
        """Milliseconds since 1970 UTC."""
        ...

    def new_id(self) -> str:
        """26 characters, unique, in time order (48 bits of milliseconds, 80 random bits)."""
        ...

    async def wait(self, event: asyncio.Event, until: int | None) -> bool:
        """Wait for the event or the moment `until`; True if the event came. The event is cleared."""
        ...


def time_ordered_id(now: int, random_bits: int) -> str:
    """48 bits of time and 80 bits of chance as 26 base32 characters: ids sort by their time."""
    value = (now << 80) | random_bits
    return "".join(_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000_000

    def new_id(self) -> str:
        return time_ordered_id(self.now(), secrets.randbits(80))

    async def wait(self, event: asyncio.Event, until: int | None) -> bool:
        timeout = None if until is None else max(0, until - self.now()) / 1000
        try:
            # Not wait_for, which before Python 3.12 loses a cancellation that comes together with the event.
            async with asyncio.timeout(timeout):
                await event.wait()
        except TimeoutError:
            return False
        event.clear()
        return True
