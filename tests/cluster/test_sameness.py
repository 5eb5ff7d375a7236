"""However it comes, it is the same thing: pushed, pushed again, pulled, relayed; stored once, in the set once."""

from pathlib import Path

import pytest
from aiohttp import web

from node.federation.catchup import LOOK_EVERY
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.network import answered, asks, carries, is_push
from tests.cluster.test_recommending import recommend, settle_follow
from tests.federation.hostile import Seen

pytestmark = pytest.mark.usefixtures("both_engines")


async def once(town: Town, item: str) -> None:
    """One activity, one entry, one card."""
    held = await town.rows(
        "SELECT (SELECT COUNT(*) FROM activity WHERE object = :id AND type IN ('Create', 'Update')) AS said,"
        " (SELECT COUNT(*) FROM entry e JOIN activity a ON a.key = e.activity WHERE a.object = :id) AS entries,"
        " (SELECT COUNT(*) FROM item WHERE id = :id) AS cards",
        id=item,
    )
    assert (held[0]["said"], held[0]["entries"], held[0]["cards"]) == (1, 1, 1)


async def test_what_is_pushed_twice_is_held_once(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await settle_follow(fort_wayne, practice)
        road = fort_wayne.road
        echoes: list[int] = []

        async def twice(seen: Seen) -> web.StreamResponse | None:
            if is_push(seen):
                echoes.append((await road.pass_on(seen)).status)  # the very same request, signature and all
            return None

        road.rule = twice
        item = await high_point.publish("Call-ins")
        await settle(lambda: fort_wayne.item(item))
        await high_point.rest()
        assert echoes == [202]
        assert [status for seen, status in road.answers if item.encode() in seen.body] == [202]
        await once(fort_wayne, item)
        await agree(practice, high_point, fort_wayne)


async def test_what_is_pulled_and_then_pushed_is_held_once(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await settle_follow(fort_wayne, practice)
        fort_wayne.road.rule = answered(carries("Call-ins"), 503, times=1)
        item = await high_point.publish("Call-ins")
        due = await high_point.rest()
        assert due is not None

        fort_wayne.clock.advance(LOOK_EVERY)  # the hourly look pulls it, and the push comes as well
        await settle(lambda: fort_wayne.item(item))
        await high_point.rest()
        await fort_wayne.rest()
        assert [status for seen, status in fort_wayne.road.answers if item.encode() in seen.body] == [503, 202]
        await once(fort_wayne, item)
        await agree(practice, high_point, fort_wayne)


async def test_what_was_relayed_takes_its_place_in_the_set_when_it_is_pulled(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "broker", "toledo") as (high_point, broker, toledo):
        practice = await high_point.open_practice()
        items = [await high_point.publish(f"Method {number}") for number in range(3)]
        await broker.follow(practice)
        await toledo.follow(broker.origin)
        await settle(lambda: broker.item(items[-1]))
        await settle_follow(toledo, broker.origin)
        await recommend(broker, items[1])
        await settle(lambda: toledo.item(items[1]))
        assert await toledo.entries(practice) == []  # held, and in no set: nobody here follows High Point

        await toledo.follow(practice)
        await settle(lambda: toledo.item(items[-1]))
        assert await toledo.entries(practice) == [practice, *items]
        for item in items:
            await once(toledo, item)
        await agree(practice, high_point, broker, toledo)
        await agree(broker.actor, broker, toledo)


async def test_what_came_home_directly_takes_its_place_in_the_set_when_it_is_pulled(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        original = await high_point.publish("Call-ins")
        theirs = await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(original))
        made = await fort_wayne.publish("Call-ins with pastors", kind="adaptation", adapted_from=[original])
        await settle(lambda: high_point.item(made))

        await high_point.follow(theirs)  # and from now on it comes twice: as credit, and as news
        await settle_follow(high_point, theirs)
        again = await fort_wayne.publish("Call-ins with coaches", kind="adaptation", adapted_from=[original])
        await settle(lambda: high_point.item(again))
        await fort_wayne.rest()
        for item in (made, again):
            await once(high_point, item)
        await agree(theirs, fort_wayne, high_point)


async def test_all_holders_have_the_same_root_after_a_restless_day(tmp_path: Path) -> None:
    names = ("high-point", "fort-wayne", "toledo")
    async with cluster(tmp_path, *names, roads=("toledo",)) as (high_point, fort_wayne, toledo):
        practice = await high_point.open_practice()
        for town in (fort_wayne, toledo):
            await town.follow(high_point.origin)
            await settle_follow(town, high_point.origin)
        toledo.road.rule = answered(lambda seen: is_push(seen) and len(toledo.road.seen) % 3 == 0, 202)
        items = [await high_point.publish(f"Method {number}") for number in range(30)]
        for number, item in enumerate(items):
            if number % 3 == 0:
                await high_point.edit(item, title=f"Method {number}, revised")
            if number % 5 == 0:
                await high_point.withdraw(item)
        toledo.road.rule = answered(asks("/nothing"), 404)
        last = await high_point.publish("The last of the day")
        await settle(lambda: toledo.item(last))
        await agree(practice, high_point, fort_wayne, toledo)
        await agree(high_point.actor, high_point, fort_wayne, toledo)
        assert sorted(await toledo.titles()) == sorted(await fort_wayne.titles())
