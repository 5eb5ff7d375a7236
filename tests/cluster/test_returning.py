"""A peer that was away gets all that it missed, once and in order; a restart in the middle changes nothing."""

from pathlib import Path

import pytest

from node.federation.schedule import SPREAD
from protocol import limits
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.network import Held, asks, carries

pytestmark = pytest.mark.usefixtures("both_engines")


async def holds(town: Town, *items: str) -> None:
    """Until the town holds every one of these."""
    for item in items:
        await settle(lambda item=item: town.item(item), f"{town.name} holds {item}")


async def test_a_peer_that_was_down_for_ten_publications_gets_all_ten_in_order(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        before = await high_point.publish("Before")
        await fort_wayne.follow(practice)
        await holds(fort_wayne, before)
        await fort_wayne.stop()

        missed = [await high_point.publish(f"Missed {number}") for number in range(10)]
        for step in limits.BACKOFF[1:4]:  # it is tried again, later and later
            due = await high_point.rest()
            assert due is not None
            wait = due - high_point.clock.now()
            assert step * (1 - SPREAD) <= wait <= step * (1 + SPREAD)
            high_point.clock.advance(wait)
        due = await high_point.rest()
        assert due is not None
        assert (await high_point.api("GET", "/health"))["owed"] == 10

        await fort_wayne.start()
        high_point.clock.advance(due - high_point.clock.now())
        await holds(fort_wayne, *missed)
        await high_point.rest()
        assert await fort_wayne.entries(practice) == [practice, before, *missed]
        assert await fort_wayne.titles() == ["Before", *(f"Missed {number}" for number in range(10))]
        assert (await high_point.api("GET", "/health"))["owed"] == 0
        await agree(practice, high_point, fort_wayne)


async def test_any_word_of_a_peer_that_was_down_has_it_tried_at_once(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await high_point.follow(fort_wayne.practice())
        await holds(fort_wayne, await high_point.publish("Before"))
        await holds(high_point, await fort_wayne.publish("Also before"))
        await fort_wayne.stop()
        missed = await high_point.publish("Missed")
        assert await high_point.rest() is not None

        await fort_wayne.start()
        await fort_wayne.publish("We are back")  # the clock stands still: only this word can have woken High Point
        await holds(fort_wayne, missed)


async def test_a_restart_in_the_middle_of_a_backfill_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("high-point",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        older = [await high_point.publish(f"Method {number}") for number in range(250)]
        road = high_point.road
        road.rule = third_page = Held(asks("/federation/log"), skip=2)
        await fort_wayne.follow(practice)
        await third_page.came.wait()
        await fort_wayne.stop()
        third_page.release()
        asked = [seen.path for seen in road.seen if seen.path.startswith("/federation/log")]

        await fort_wayne.start()
        fort_wayne.clock.advance(limits.LEASE)
        await holds(fort_wayne, older[-1])
        assert await fort_wayne.entries(practice) == [practice, *older]
        after = [seen.path for seen in road.seen if seen.path.startswith("/federation/log")][len(asked) :]
        assert after[0] == asked[-1]  # it goes on with the page that it was denied
        assert len(after) == 1
        await agree(practice, high_point, fort_wayne)


async def test_a_restart_in_the_middle_of_deliveries_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await holds(fort_wayne, await high_point.publish("Before"))
        road = fort_wayne.road
        road.rule = eighth = Held(carries('"type":"Create"'), skip=7)
        sent = [await high_point.publish(f"Method {number}") for number in range(20)]
        await eighth.came.wait()
        await high_point.stop()
        eighth.release()  # it arrives all the same, and nobody is there to hear that it did

        await high_point.start()
        high_point.clock.advance(limits.LEASE)  # where several processes share a database, the dead one's lease lapses
        await holds(fort_wayne, *sent)
        assert (await fort_wayne.entries(practice))[-20:] == sent
        await high_point.rest()
        for item in sent:
            times = len([seen for seen in road.pushes() if item.encode() in seen.body])
            assert times == (2 if item == sent[7] else 1)
        await agree(practice, high_point, fort_wayne)


async def test_the_receiver_restarts_in_the_middle_of_deliveries(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await holds(fort_wayne, await high_point.publish("Before"))
        road = fort_wayne.road
        road.rule = eighth = Held(carries('"type":"Create"'), skip=7)
        sent = [await high_point.publish(f"Method {number}") for number in range(20)]
        await eighth.came.wait()
        await fort_wayne.stop()
        eighth.release()  # into a closed door
        due = await high_point.rest()
        assert due is not None

        await fort_wayne.start()
        high_point.clock.advance(due - high_point.clock.now())
        await holds(fort_wayne, *sent)
        assert (await fort_wayne.entries(practice))[-20:] == sent
        await agree(practice, high_point, fort_wayne)
