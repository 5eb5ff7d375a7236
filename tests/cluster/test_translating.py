"""A translation is an item of its own, credited, and both are read as one; what an item said before is kept at home."""

from pathlib import Path

import pytest

from tests.cluster.kit import Town, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")


async def page_of(town: Town, id: str, **headers: str) -> str:
    """An item's page as anybody reads it there."""
    path = id.removeprefix(town.origin) if id.startswith(town.origin) else f"/catalog/item?id={id}"
    status, text = await town.page(path, Accept="text/html", **headers)
    assert status == 200
    return text


async def test_a_translation_is_credited_and_shown_on_both_nodes(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        method = await high_point.publish("Calling in", await _open(high_point))
        await high_point.follow(fort_wayne.origin)
        await fort_wayne.follow(high_point.origin)
        await settle(lambda: _held(fort_wayne, method), "the method is held")
        spanish = await fort_wayne.publish(
            "La llamada", await _open(fort_wayne), language="es", translation_of=method
        )  # fmt: skip
        await settle(lambda: _held(high_point, spanish), "the translation came back")
        here = await page_of(high_point, method)
        assert "Español" in here
        assert "unverified" not in here
        assert "You can read this in your language too" not in here
        assert "leer esto en su idioma" in await page_of(high_point, method, **{"Accept-Language": "es"})
        there = await page_of(fort_wayne, spanish)
        assert "A translation of" in there
        assert "Calling in" in there

        await high_point.edit(method, content="How we do it now.", version="2")
        await settle(lambda: _said(fort_wayne, method, "How we do it now."), "the new version")
        assert "unverified" not in await page_of(high_point, method), "it translates what was said before"
        assert "unverified" not in await page_of(fort_wayne, spanish)

        status, history = await high_point.page(f"{method.removeprefix(high_point.origin)}/versions")
        assert status == 200
        assert "<ins>" in history
        assert "now." in history
        status, theirs = await fort_wayne.page(f"/catalog/versions?id={method}")
        assert status == 200
        assert "<ins>" not in theirs
        assert "How we do" not in theirs, "what was superseded is erased from the network"

        await high_point.api("DELETE", f"/items/{method.rpartition('/')[2]}?reason=The+law+changed.")
        await settle(lambda: _gone(fort_wayne, method), "it is withdrawn")
        assert "What it translates was withdrawn since." in await page_of(fort_wayne, spanish)
        assert "The law changed." in await page_of(fort_wayne, method)
        assert (await high_point.page(f"{method.removeprefix(high_point.origin)}/versions"))[0] == 404
        for town in (high_point, fort_wayne):
            assert await town.rows("SELECT * FROM item_version WHERE item = :id", id=method) == []


async def _open(town: Town) -> str:
    await town.open_practice()
    return "gun-violence"


async def _held(town: Town, id: str) -> bool:
    return bool(await town.rows("SELECT 1 AS yes FROM item WHERE id = :id", id=id))


async def _said(town: Town, id: str, text: str) -> bool:
    return text in str(await town.api("GET", f"/items?id={id}"))


async def _gone(town: Town, id: str) -> bool:
    return (await town.api("GET", f"/items?id={id}"))["state"] == "withdrawn"


async def test_a_translation_of_what_is_not_held_or_not_public_is_refused(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point") as (town,):
        slug = await _open(town)
        body = {"title": "X", "content": "Y", "license": "CC0-1.0", "language": "es"}
        nowhere = body | {"translation_of": "https://elsewhere.example/items/1"}
        answer = await town.api("POST", f"/practices/{slug}/items", 422, json=nowhere)
        assert "elsewhere.example" in answer["detail"]
        method = await town.publish("Calling in", slug)
        both = body | {"kind": "adaptation", "adapted_from": [method], "translation_of": method}
        answer = await town.api("POST", f"/practices/{slug}/items", 422, json=both)
        assert "not both" in answer["detail"]
        without = {"title": "X", "content": "Y"}
        answer = await town.api("POST", f"/practices/{slug}/items", 422, json=without)
        assert "licence" in answer["detail"]
