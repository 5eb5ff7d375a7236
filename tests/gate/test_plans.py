"""What the gate runs for every activity searches by an index: it must not slow with what a node holds."""

from pathlib import Path

import pytest

from node.gate import objects
from node.gate.handler import Carrier, Need
from node.storage.contract import Tx
from protocol.log import LogCursor
from tests.gate.kit import HIGH_POINT, SET, START, create, delete, door, edited, item, update, verified
from tests.gate.plans import plans, walks

ITEM = item(HIGH_POINT)
SAID = {
    "a new item": create(HIGH_POINT, ITEM),
    "an edit": update(HIGH_POINT, edited(ITEM, 5), 2),
    "a withdrawal": delete(HIGH_POINT, ITEM.id, 3, START + 9),
}


@pytest.mark.parametrize("name", SAID)
async def test_the_common_path_walks_no_table(tmp_path: Path, name: str) -> None:
    async with door(tmp_path) as gate:
        await gate.know(HIGH_POINT)
        await gate.hold(HIGH_POINT.id)
        if name != "a new item":
            await gate.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
        said = verified(SAID[name])
        carrier = Carrier(HIGH_POINT.id, "pushed", LogCursor(SET, START, 1, 0))

        def work(tx: Tx) -> None:
            gate.gate.admit(tx, said, carrier, START)
            gate.gate.admit(tx, said, carrier, START)  # known by now
            objects.need(tx, Need("object", ITEM.id, said.msg.id), START)

        plan = await plans(gate.storage, work)
        assert len(plan) >= 7
        assert walks(plan) == []
