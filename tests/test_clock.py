"""The machine's clock: what a wait comes to, and that nobody who ends one is overheard."""

import asyncio

import pytest

from node.clock import SystemClock


async def test_a_wait_ends_with_its_event_or_its_time() -> None:
    clock, event = SystemClock(), asyncio.Event()
    assert await clock.wait(event, clock.now() - 1) is False
    event.set()
    assert await clock.wait(event, None) is True
    assert not event.is_set()


@pytest.mark.parametrize("until", [None, 3_600_000])
async def test_a_cancellation_that_comes_together_with_the_event_is_not_lost(until: int | None) -> None:
    clock, event = SystemClock(), asyncio.Event()
    waiting = asyncio.create_task(clock.wait(event, until and clock.now() + until))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    event.set()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
