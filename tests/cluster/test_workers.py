"""A worker behind no door: it hears of what a door's process published, and does what that one does not."""

from pathlib import Path

import pytest

from node import app
from tests.cluster.kit import agree, cluster, settle
from tests.cluster.test_following import accepted


async def at_the_door_alone(node: app.Node) -> None:
    """From now on this process listens and does no other work."""
    for worker in node._workers:
        worker.cancel()

    async def ended() -> bool:
        return all(worker.done() for worker in node._workers)

    await settle(ended)


@pytest.mark.usefixtures("both_engines")
@pytest.mark.parametrize("both_engines", ["postgres"], indirect=True)
async def test_a_worker_delivers_and_pulls_for_a_door_that_does_neither(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        theirs = await fort_wayne.open_practice("reentry")
        older = await fort_wayne.publish("A welcome at the gate", slug="reentry")
        await fort_wayne.follow(practice)
        await accepted(fort_wayne, practice)
        await high_point.rest()
        await at_the_door_alone(high_point.running)
        worker = await app.build(high_point.directory, high_point.settings, high_point.clock)
        try:
            await worker.work()
            assert (worker.listening, worker._runner) == ("", None)
            # The clock stands still: nothing but a word from the door can have woken the worker.
            items = [await high_point.publish(f"Method {number}") for number in range(3)]
            for item in items:
                await settle(lambda item=item: fort_wayne.item(item), "the worker delivered it")
            await high_point.follow(theirs)
            await settle(lambda: high_point.item(older), "the worker asked, and pulled what is older")
            await agree(practice, high_point, fort_wayne)
        finally:
            await worker.stop()
