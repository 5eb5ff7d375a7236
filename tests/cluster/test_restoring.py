"""A node restored from an older copy of itself takes back what it had said from whoever heard it."""

import shutil
from pathlib import Path

import pytest

from node.federation.catchup import LOOK_EVERY
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.test_recommending import settle_follow
from tests.postgres import beside, copy_database

pytestmark = pytest.mark.usefixtures("both_engines")


class Copy:
    """A town's directory and database as they were, and the way back to them."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._kept = town.directory.with_name(f"{town.name}-copy")
        self._database = town.settings.postgres

    async def make(self) -> None:
        await self._town.stop()
        shutil.copytree(self._town.directory, self._kept)
        if self._database is not None:
            copy_database(self._database, beside(self._database))
        await self._town.start()

    async def restore(self) -> None:
        await self._town.stop()
        shutil.rmtree(self._town.directory)
        shutil.copytree(self._kept, self._town.directory)
        if self._database is not None:
            copy_database(beside(self._database), self._database)
        self._town.clock.advance(1)
        await self._town.start()


async def epoch(town: Town, owner: str) -> int:
    return (await town.rows("SELECT epoch FROM held_set WHERE name = :name", name=f"{owner}/outbox"))[0]["epoch"]


async def test_a_restored_node_takes_back_what_it_had_said_and_begins_a_new_epoch(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "toledo") as (high_point, fort_wayne, toledo):
        practice = await high_point.open_practice()
        for town in (fort_wayne, toledo):
            await town.follow(practice)
            await settle_follow(town, practice)
        kept, edited, withdrawn = [await high_point.publish(f"Method {number}") for number in range(3)]
        await settle(lambda: fort_wayne.item(withdrawn))
        await high_point.rest()
        copy = Copy(high_point)
        await copy.make()

        forgotten = [await high_point.publish(f"Forgotten {number}") for number in range(3)]
        await high_point.edit(edited, title="Method 1, revised")
        await high_point.withdraw(withdrawn)
        await high_point.rest()
        before = await epoch(high_point, practice)
        await copy.restore()
        assert await high_point.item(forgotten[0]) is None
        assert (await high_point.item(withdrawn))["state"] == "published"

        news = await high_point.publish("Said after the restore")
        for item in forgotten:
            await settle(lambda item=item: high_point.item(item), "what was forgotten is back")

        async def renewed() -> bool:
            return await epoch(high_point, practice) > before

        await settle(renewed, "a new epoch")
        assert (await high_point.item(edited))["title"] == "Method 1, revised"
        assert (await high_point.item(withdrawn))["state"] == "withdrawn"
        for town in (fort_wayne, toledo):
            for item in (kept, *forgotten, news):
                await settle(lambda town=town, item=item: town.item(item))
        await agree(practice, high_point, fort_wayne, toledo)

        last = await high_point.publish("And it goes on")  # in the new epoch, which both then read from its start
        for town in (fort_wayne, toledo):
            await settle(lambda town=town: town.item(last))

            async def level(town: Town = town) -> bool:
                theirs = await town.rows("SELECT theirs_epoch AS e FROM held_set WHERE owner = :o", o=practice)
                return theirs[0]["e"] == await epoch(high_point, practice)

            await settle(level, f"{town.name} reads the new epoch")
        await agree(practice, high_point, fort_wayne, toledo)


async def test_a_push_that_comes_after_a_pull_is_no_sign_of_a_restore(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await settle_follow(fort_wayne, practice)
        before = await epoch(high_point, practice)
        await fort_wayne.stop()
        items = [await high_point.publish(f"Method {number}") for number in range(5)]
        await high_point.rest()
        await fort_wayne.start()
        fort_wayne.clock.advance(LOOK_EVERY)  # all five are pulled; then each is pushed, and is known
        await settle(lambda: fort_wayne.item(items[-1]))
        await fort_wayne.rest()
        await high_point.rest()
        assert await epoch(high_point, practice) == before
        assert not [seen for seen in fort_wayne.road.seen if seen.method == "GET" and "/federation/log" in seen.path]
        await agree(practice, high_point, fort_wayne)
