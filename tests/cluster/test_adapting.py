"""An adaptation flows back to whoever shared the method first, over two hops; so do its edits and its withdrawal."""

from pathlib import Path
from typing import Any

import pytest

from protocol import canonical
from tests.cluster.kit import Town, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")


async def adapt(town: Town, original: str, title: str, **more: Any) -> str:
    """The new adaptation's id."""
    return await town.publish(title, kind="adaptation", adapted_from=[original], **more)


async def credited(town: Town, original: str) -> list[str]:
    """Titles of what was made of an item, as the town shows them."""
    return [hop["title"] for hop in (await town.item(original))["adaptations"] if not hop["withdrawn"]]


async def shows(town: Town, original: str, *titles: str) -> None:
    """Until the town shows exactly these adaptations."""

    async def so() -> bool:
        return await credited(town, original) == list(titles)

    await settle(so, f"{town.name} shows {titles}")


async def test_an_adaptation_is_credited_at_home_though_home_does_not_follow(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        original = await high_point.publish("Call-in meetings")
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(original))

        made = await adapt(fort_wayne, original, "Call-ins with pastors", changed="Pastors sit in front.")
        held = await settle(lambda: high_point.item(made), "the adaptation came home")
        assert held["proof"]["signer"] == fort_wayne.practice()
        assert held["activity"] == (await fort_wayne.item(made))["activity"]
        as_it_was = (await high_point.item(original))["activity"]["object"]
        for town in (high_point, fort_wayne):
            [hop] = (await town.item(made))["adapted_from"]
            assert (hop["id"], hop["title"], hop["original_changed"]) == (original, "Call-in meetings", False)
            assert hop["digest"] == canonical.digest_multibase(canonical.digest(as_it_was))
            assert await credited(town, original) == ["Call-ins with pastors"]
        status, page = await high_point.page(original.removeprefix(high_point.origin), Accept="text/html")
        assert (status, "Pastors sit in front." in page) == (200, True)

        await high_point.edit(original, content="How we do it, second edition.")

        async def noticed() -> bool:
            return (await fort_wayne.item(made))["adapted_from"][0]["original_changed"]

        await settle(noticed, "Fort Wayne is told that the original has changed since")


async def test_edits_and_the_withdrawal_of_an_adaptation_come_home_too(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        original = await high_point.publish("Call-in meetings")
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(original))
        made = await adapt(fort_wayne, original, "Call-ins with pastors")
        await shows(high_point, original, "Call-ins with pastors")

        await fort_wayne.edit(made, title="Call-ins with pastors, evaluated", results="A third fewer shootings.")
        await shows(high_point, original, "Call-ins with pastors, evaluated")
        assert (await high_point.item(made))["item"]["results"] == "A third fewer shootings."

        await fort_wayne.withdraw(made)
        await shows(high_point, original)
        assert (await high_point.item(made))["state"] == "withdrawn"


async def test_a_third_city_adapts_the_adaptation(tmp_path: Path) -> None:
    names = ("high-point", "fort-wayne", "toledo")
    async with cluster(tmp_path, *names) as (high_point, fort_wayne, toledo):
        first_practice = await high_point.open_practice()
        second_practice = await fort_wayne.open_practice()
        await toledo.open_practice()
        original = await high_point.publish("Call-in meetings")
        await fort_wayne.follow(first_practice)
        await toledo.follow(second_practice)
        await settle(lambda: fort_wayne.item(original))
        second = await adapt(fort_wayne, original, "Call-ins with pastors")
        await settle(lambda: toledo.item(second), "the adaptation reaches Toledo")
        third = await adapt(toledo, second, "Call-ins with pastors and coaches")

        await shows(fort_wayne, second, "Call-ins with pastors and coaches")
        await shows(high_point, original, "Call-ins with pastors")
        [hop] = (await toledo.item(third))["adapted_from"]
        assert (hop["id"], hop["practice"]) == (second, second_practice)
        [hop] = (await toledo.item(second))["adapted_from"]
        assert hop["id"] == original  # Toledo can name the first hop, though it does not hold it
        [hop] = (await fort_wayne.item(third))["adapted_from"]
        assert (hop["id"], hop["original_changed"]) == (second, False)


async def test_an_original_that_is_withdrawn_leaves_its_adaptations_standing(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        original = await high_point.publish("Call-in meetings")
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await settle(lambda: fort_wayne.item(original))
        made = await adapt(fort_wayne, original, "Call-ins with pastors")
        await settle(lambda: high_point.item(made))

        await high_point.withdraw(original)

        async def told() -> bool:
            return (await fort_wayne.item(made))["adapted_from"][0]["withdrawn"]

        await settle(told, "Fort Wayne is told")
        for town in (high_point, fort_wayne):
            assert (await town.item(made))["state"] == "published"
            assert await credited(town, original) == ["Call-ins with pastors"]
        await fort_wayne.edit(made, title="Call-ins with pastors, evaluated")  # and it goes on
        assert (await fort_wayne.item(made))["adapted_from"][0]["digest"] is not None
        await shows(high_point, original, "Call-ins with pastors, evaluated")
        await fort_wayne.withdraw(made)
        await shows(high_point, original)
