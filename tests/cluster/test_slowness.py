"""One peer that hangs delays no other, whatever hangs: its inbox or its log."""

from pathlib import Path

import pytest

from tests.cluster.kit import agree, cluster, settle
from tests.cluster.network import Held, is_push

pytestmark = pytest.mark.usefixtures("both_engines")

NAMES = ("high-point", "fort-wayne", "toledo", "inkster", "dayton", "lansing")


async def test_four_peers_have_it_while_the_fifths_request_is_still_open(tmp_path: Path) -> None:
    async with cluster(tmp_path, *NAMES, roads=("lansing",)) as (high_point, *others, lansing):
        practice = await high_point.open_practice()
        for town in (*others, lansing):
            await town.follow(practice)
        before = await high_point.publish("Before")
        for town in (*others, lansing):
            await settle(lambda town=town: town.item(before))

        lansing.road.rule = hanging = Held(lambda _: True)
        first = await high_point.publish("While Lansing hangs")
        await hanging.came.wait()
        second = await high_point.publish("And another")
        for town in others:
            for item in (first, second):
                await settle(lambda town=town, item=item: town.item(item), f"{town.name} has it")
        assert hanging.open == 1
        assert await lansing.item(first) is None

        hanging.release()
        await settle(lambda: lansing.item(second), "Lansing has it when it recovers")
        await agree(practice, high_point, *others, lansing)


async def test_a_log_that_hangs_delays_no_other_pull(tmp_path: Path) -> None:
    async with cluster(tmp_path, *NAMES[:3], roads=("toledo",)) as (high_point, fort_wayne, toledo):
        items = {town: [await town.open_practice(), await town.publish("Call-ins")] for town in (fort_wayne, toledo)}
        toledo.road.rule = hanging = Held(lambda seen: not is_push(seen) and "/federation/log" in seen.path)
        await high_point.follow(toledo.practice())
        await hanging.came.wait()
        await high_point.follow(fort_wayne.practice())
        await settle(lambda: high_point.item(items[fort_wayne][1]), "Fort Wayne is backfilled")
        assert hanging.open == 1

        hanging.release()
        await settle(lambda: high_point.item(items[toledo][1]), "then Toledo")
