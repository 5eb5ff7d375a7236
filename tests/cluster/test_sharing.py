"""Coalitions share a method: follow, backfill, live news, edits, withdrawal, and all hold the same in the end."""

from pathlib import Path
from urllib.parse import urlencode

import pytest

from protocol import canonical
from tests.cluster.kit import Town, agree, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")

ACTIVITY = "application/activity+json"


async def test_a_followed_node_is_backfilled_and_then_hears_news(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        await high_point.open_practice()
        older = [await high_point.publish(f"Method {number}") for number in range(3)]
        await fort_wayne.follow(high_point.origin)
        await settle(lambda: fort_wayne.item(older[-1]), "the older items are backfilled")

        fresh = await high_point.publish("News")
        held = await settle(lambda: fort_wayne.item(fresh), "a new item is pushed")
        assert held["proof"]["signer"].startswith(high_point.origin)
        assert held["activity"] == (await high_point.item(fresh))["activity"]
        assert await fort_wayne.follow_state(high_point.origin) == "accepted"


async def _found(town: Town, many: int) -> bool:
    return (await town.api("GET", "/catalog"))["total"] == many


async def test_five_hundred_items_are_backfilled_page_by_page_in_their_order(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "toledo", roads=("high-point", "toledo")) as towns:
        high_point, fort_wayne, toledo = towns
        practice = await high_point.open_practice()
        older = [await high_point.publish(f"Method {number}") for number in range(500)]
        for town in (fort_wayne, toledo):
            await town.follow(practice)
        for town in (fort_wayne, toledo):
            await settle(lambda town=town: town.item(older[-1]), f"{town.name} has the last of the older items")
            assert await town.entries(practice) == [practice, *older]
            await settle(lambda town=town: _found(town, 500), "the index has taken in so many at once")

        pages = [seen for seen in high_point.road.seen if seen.path.startswith("/federation/log")]
        assert len(pages) == 2 * 6  # 501 entries, a hundred a page, for two towns
        assert not [seen for seen in toledo.road.pushes() if b'"Create"' in seen.body]
        await agree(practice, high_point, fort_wayne, toledo)


async def test_an_edit_reaches_every_holder(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "toledo") as towns:
        high_point, fort_wayne, toledo = towns
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        for town in (fort_wayne, toledo):
            await town.follow(practice)
            await settle(lambda town=town: town.item(item))

        await high_point.edit(item, title="Call-ins, second edition")
        for town in (fort_wayne, toledo):

            async def edited(town=town) -> bool:
                return (await town.item(item))["title"] == "Call-ins, second edition"

            await settle(edited, f"{town.name} shows the edit")
            assert await town.titles() == ["Call-ins, second edition"]
        await agree(practice, high_point, fort_wayne, toledo)


async def test_what_is_withdrawn_is_a_tombstone_everywhere(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "toledo") as towns:
        high_point, fort_wayne, toledo = towns
        practice = await high_point.open_practice()
        item = await high_point.publish("A method with a flaw")
        for town in (fort_wayne, toledo):
            await town.follow(practice)
            await settle(lambda town=town: town.item(item))

        await high_point.withdraw(item)
        for town in towns:

            async def gone(town=town) -> bool:
                return (await town.item(item))["state"] == "withdrawn"

            await settle(gone, f"{town.name} holds a tombstone")
            held = await town.item(item)
            assert held["activity"]["type"] == "Delete"
            assert held["html"] == ""
            assert await town.titles() == []
            bytes_kept = await town.rows("SELECT raw FROM activity WHERE type = 'Create' AND object = :id", id=item)
            assert [row["raw"] for row in bytes_kept] == [None]  # erased, not hidden

        for town in (fort_wayne, toledo):
            status, page = await town.page(f"/catalog/item?{urlencode({'id': item})}")
            assert (status, "Withdrawn" in page, "How we do" in page) == (200, True, False)
        path = item.removeprefix(high_point.origin)
        status, page = await high_point.page(path, Accept="text/html")
        assert (status, "Withdrawn" in page) == (410, True)
        status, document = await high_point.page(path, Accept=ACTIVITY)
        said = canonical.read(document.encode()).value
        assert (status, said["type"], said["id"]) == (410, "Tombstone", item)
        await agree(practice, high_point, fort_wayne, toledo)
