"""Two coalitions share a method: follow, backfill, live news, withdrawal."""

from pathlib import Path

from tests.cluster.kit import cluster, settle


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

        async def gone() -> bool:
            return (await fort_wayne.item(fresh))["state"] == "withdrawn"

        await high_point.api("DELETE", f"/items/{fresh.rpartition('/')[2]}")
        await settle(gone, "the withdrawal is a tombstone here too")
        assert await fort_wayne.follow_state(high_point.origin) == "accepted"
