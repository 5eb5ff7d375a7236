"""The worker that asks: when it looks again. What it asks for is told in tests/cluster."""

from pathlib import Path
from typing import Any

from node.federation.catchup import Catchup
from node.gate import objects
from node.gate.handler import Need
from node.storage.sqlite import open_sqlite
from protocol.limits import HOUR
from tests.federation.stage import NOW, ManualClock


class Leap(ManualClock):
    """Once it was read, it is an hour later."""

    def now(self) -> int:
        was, self._now = super().now(), NOW + HOUR
        return was


async def test_what_falls_due_during_a_claim_is_not_waited_for(tmp_path: Path) -> None:
    storage, clock, unasked = await open_sqlite(tmp_path), Leap(), Any
    catchup = Catchup(storage, unasked, unasked, unasked, clock, unasked, unasked, unasked)  # nothing is claimed
    await storage.transact(lambda tx: objects.need(tx, Need("object", "https://a.example/1", "x"), NOW + 1))
    assert await catchup._begin() <= clock.now()
    await storage.close()
