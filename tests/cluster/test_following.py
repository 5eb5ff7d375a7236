"""Following: a whole node and what it opens later, one practice alone, the end of a follow, and asking again."""

from pathlib import Path

import pytest

from protocol import limits
from tests.cluster.kit import Town, agree, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")


async def accepted(town: Town, target: str) -> None:
    """Until the follow is answered with yes."""

    async def yes() -> bool:
        return await town.follow_state(target) == "accepted"

    await settle(yes, f"{town.name}'s follow of {target} is accepted")


async def test_following_a_whole_node_gives_every_practice_and_those_opened_later(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        first = await high_point.open_practice("gun-violence")
        older = [await high_point.publish(f"Method {number}") for number in range(30)]
        second = await high_point.open_practice("truancy")
        await fort_wayne.follow(high_point.origin)
        await settle(lambda: fort_wayne.item(older[-1]), "an older item of the first practice")

        third = await high_point.open_practice("reentry")
        fresh = await high_point.publish("A welcome at the gate", slug="reentry")
        await settle(lambda: fort_wayne.item(fresh), "an item of a practice that was opened later")
        for actor in (high_point.actor, first, second, third):
            await agree(actor, high_point, fort_wayne)


async def test_following_one_practice_gives_that_practice_alone(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        followed = await high_point.open_practice("gun-violence")
        other = await high_point.open_practice("truancy")
        wanted = await high_point.publish("Call-ins")
        await high_point.publish("Home visits", slug="truancy")
        await fort_wayne.follow(followed)
        await settle(lambda: fort_wayne.item(wanted))

        await high_point.publish("More home visits", slug="truancy")
        await high_point.open_practice("reentry")
        last = await high_point.publish("Custom notifications")
        await settle(lambda: fort_wayne.item(last))
        await high_point.rest()
        assert await fort_wayne.titles() == ["Call-ins", "Custom notifications"]
        assert await fort_wayne.entries(other) == []
        owed = await high_point.rows("SELECT COUNT(*) AS n FROM inbox WHERE url NOT LIKE 'queue:%' AND wants > 0")
        assert owed[0]["n"] == 0


async def test_a_follow_that_is_undone_ends_and_may_begin_again(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        before = await high_point.publish("Call-ins")
        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(before))

        await fort_wayne.unfollow(practice)

        async def gone() -> bool:
            return not await high_point.rows("SELECT actor FROM follower")

        await settle(gone, "the Undo has arrived")
        sent = len(fort_wayne.road.pushes())
        meanwhile = await high_point.publish("Published while nobody followed")
        fort_wayne.clock.advance(2 * limits.HOUR)  # nor is it pulled
        await high_point.rest()
        await fort_wayne.rest()
        assert len(fort_wayne.road.pushes()) == sent
        assert await fort_wayne.titles() == ["Call-ins"]  # what was received stays
        assert await fort_wayne.follow_state(practice) == "ended"

        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(meanwhile), "what was missed is backfilled")
        fresh = await high_point.publish("News")
        await settle(lambda: fort_wayne.item(fresh))
        await agree(practice, high_point, fort_wayne)


async def test_a_follow_said_again_and_again_is_one_follow(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        for _ in range(3):
            await fort_wayne.follow(practice)
            await accepted(fort_wayne, practice)
        await fort_wayne.rest()
        await high_point.rest()
        fort_wayne.clock.advance(limits.FOLLOW_REPEAT)  # and it is repeated weekly, which mends lost edges

        async def repeated() -> bool:
            said = await high_point.rows("SELECT COUNT(*) AS n FROM activity WHERE type = 'Follow'")
            return said[0]["n"] == 4

        await settle(repeated, "the weekly Follow has arrived")
        await high_point.rest()
        assert len(await high_point.rows("SELECT actor FROM follower")) == 1
        fresh = await high_point.publish("News")
        await settle(lambda: fort_wayne.item(fresh))
        await high_point.rest()
        assert len([seen for seen in fort_wayne.road.pushes() if b"News" in seen.body]) == 1
        assert await fort_wayne.entries(practice) == [practice, fresh]
