"""High Point's method, adapted in two cities and from one of these in a third: every node tells the same tree."""

import csv
import io
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.cluster.kit import Town, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")

CITIES = ("high-point", "fort-wayne", "inkster", "toledo")


async def table_of(town: Town, item: str) -> str:
    """The CSV of an item's lineage, as anybody gets it."""
    path = item.removeprefix(town.origin)
    of = f"{path}/lineage.csv" if path != item else f"/catalog/item/lineage.csv?id={quote(item, safe='')}"
    status, text = await town.page(of)
    assert status == 200, text
    return text


def links(table: str) -> set[tuple[str, str, str, str]]:
    """(item, link, original, credit) of every row."""
    return {(row["item"], row["link"], row["original"], row["credit"]) for row in rows(table)}


def rows(table: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table, newline="")))


async def all_follow_all(*towns: Town) -> None:
    for town in towns:
        await town.open_practice()
    for town in towns:
        for other in towns:
            if other is not town:
                await town.follow(other.practice())


async def adapt(town: Town, original: str, title: str, **more: Any) -> str:
    await settle(lambda: town.item(original), f"{original} reaches {town.name}")
    return await town.publish(title, kind="adaptation", adapted_from=[original], **more)


async def same(item: str, *towns: Town, rows_in_all: int) -> str:
    """Until all tell the same tree, which has so many rows."""

    async def so() -> str:
        tables = {await table_of(town, item) for town in towns if await town.item(item)}
        one = tables.pop()
        return one if not tables and len(rows(one)) == rows_in_all else ""

    for town in towns:
        await settle(lambda town=town: town.item(item), f"{town.name} holds it")
    return await settle(so, "the same tree everywhere")


async def tell(town: Town, made: str, what: str, text: str, on: str) -> None:
    body = {"on": on, "what": what, "text": text}
    await town.api("POST", f"/items/{made.rpartition('/')[2]}/progress", json=body)


async def returned(town: Town, item: str) -> list[tuple[str, str, bool]]:
    """(adaptation, text, credited) of what came back, the latest first."""
    answer = await town.api("GET", "/returned", params={"id": item})
    return [(one["adaptation"], one["text"], one["credited"]) for one in answer["returned"]]


async def test_four_cities_tell_the_same_tree(tmp_path: Path) -> None:
    async with cluster(tmp_path, *CITIES) as (high_point, fort_wayne, inkster, toledo):
        towns = (high_point, fort_wayne, inkster, toledo)
        await all_follow_all(*towns)
        method = await high_point.publish("Call-in meetings", version="first edition")
        high_point.clock.advance(86_400_000)
        with_mayor = await adapt(fort_wayne, method, "Call-ins with the mayor", stage="considering")
        with_pastors = await adapt(inkster, method, "Call-ins with pastors", stage="adapting")
        await tell(fort_wayne, with_mayor, "visited", "The chief, the mayor and a pastor came.", "2026-05-29")
        high_point.clock.advance(86_400_000)
        third = await adapt(toledo, with_pastors, "Call-ins with pastors and coaches")
        wanted = "Once our mayor visited, he wanted to do it."
        await tell(inkster, with_pastors, "running", "", "2026-05-29")
        await tell(inkster, with_pastors, "lesson", wanted, "2026-05-30")
        await tell(fort_wayne, with_mayor, "result", "A third fewer.", "2026-05-29")

        async def back() -> bool:
            return len(await returned(high_point, method)) == 2

        await settle(back, "both notes are at High Point")
        assert await returned(high_point, method) == [
            (with_pastors, wanted, False), (with_mayor, "A third fewer.", False),
        ]  # fmt: skip
        status, page = await high_point.page(method.removeprefix(high_point.origin), Accept="text/html")
        assert (status, wanted in page, "A third fewer." in page) == (200, True, True)
        credit = {"credits": [with_pastors], "version": "second edition"}
        await high_point.api("PUT", f"/items/{method.rpartition('/')[2]}/credits", json=credit)
        await high_point.edit(method, content="How we do it, once the mayor has visited.")

        table = await same(method, *towns, rows_in_all=5)
        assert links(table) == {
            (method, "credited", with_pastors, "verified"),  # what came back
            (with_mayor, "adapted", method, "verified"),
            (with_pastors, "adapted", method, "verified"),
            (third, "adapted", with_pastors, "verified"),
            (third, "credited", method, "verified"),  # two hops, in the third city's own words
        }
        assert {row["item"]: (row["stage"], row["stage_since"]) for row in rows(table) if row["stage"]} == {
            with_mayor: ("visited", "2026-05-29"),
            with_pastors: ("running", "2026-05-29"),
        }
        assert {row["version"] for row in rows(table) if row["item"] == method} == {"second edition"}
        assert {await table_of(toledo, item) for item in (method, with_mayor, third)} == {table}
        status, page = await fort_wayne.page(f"/catalog/item/lineage?id={quote(method, safe='')}", Accept="text/html")
        assert (status, page.count("<svg"), page.count('class="lineage-item')) == (200, 1, 4)
        told = await inkster.api("GET", "/lineage", params={"id": third})
        assert {part["id"] for part in told["parts"]} == {method, with_mayor, with_pastors, third}

        # A fourth adaptation, of the second edition, owes Inkster what High Point owes it.
        last = await fort_wayne.publish("Call-ins, once more", kind="adaptation", adapted_from=[method])
        assert {one["id"] for one in (await fort_wayne.item(last))["credits"]} == {with_pastors}
        table = await same(method, *towns, rows_in_all=7)

        reason = {"reason": "The law changed."}
        await high_point.api("DELETE", f"/items/{method.rpartition('/')[2]}", params=reason)
        await inkster.withdraw(with_pastors)

        async def gone() -> bool:
            tables = {await table_of(town, third) for town in towns}
            return len(tables) == 1 and {
                row["item"] for row in rows(next(iter(tables))) if row["state"] == "withdrawn"
            } == {method, with_pastors}

        await settle(gone, "all are told")
        assert links(await table_of(fort_wayne, third)) == links(table)  # who is owed something is owed it still
        assert (await toledo.item(third))["state"] == "published"


async def test_a_city_that_comes_late_tells_the_same_tree_of_what_was_withdrawn(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "inkster", "toledo") as (high_point, inkster, toledo):
        await all_follow_all(high_point, inkster)
        method = await high_point.publish("Call-in meetings")
        first = await adapt(inkster, method, "Call-ins with pastors")
        second = await inkster.publish("And with coaches", kind="adaptation", adapted_from=[first])
        await high_point.edit(method, content="Another text.")
        await settle(lambda: high_point.item(second))
        await high_point.withdraw(method)
        await inkster.withdraw(first)

        await toledo.open_practice()
        await toledo.follow(high_point.practice())
        await toledo.follow(inkster.practice())
        table = await same(second, high_point, inkster, toledo, rows_in_all=4)
        assert links(table) == {
            (method, "", "", ""),
            (first, "adapted", method, "verified"),
            (second, "adapted", first, "verified"),
            (second, "credited", method, "verified"),
        }
        assert "Call-in" not in table


async def test_a_credit_that_does_not_hold_is_shown_as_unverified(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        await all_follow_all(high_point, fort_wayne)
        method = await high_point.publish("Call-in meetings")
        await adapt(fort_wayne, method, "Call-ins with the mayor")
        status, text = await high_point.page("/items/none/lineage.csv")
        assert (status, "lineage" in text) == (404, False)
        assert (await high_point.page(f"/catalog/item/lineage?id={quote(method + 'x', safe='')}"))[0] == 404
