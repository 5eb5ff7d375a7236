"""Somebody looks for their place: our practices, those of a node that is followed, and groups that are not here yet."""

from pathlib import Path

import pytest

from tests.cluster.kit import Town, cluster, settle
from tests.cluster.people import Place

pytestmark = pytest.mark.usefixtures("both_engines")

HIGH_POINT, GREENSBORO, FORT_WAYNE = "4471025", "4469146", "4920423"
ALLIANCE = {
    "name": "Guilford Housing Alliance", "kind": "alliance", "domain": "housing", "domain_part": "shelter",
    "level": "city", "place": "Greensboro, North Carolina", "url": "https://alliance.example/",
    "note": "Meets on Tuesdays.",
}  # fmt: skip


async def found(town: Town, place: str = "", domain: str = "") -> list[tuple[str, str, int | None]]:
    """(name, kind, how far) of all that is found."""
    said = await town.api("GET", f"/find?place_is={place}&domain={domain}")
    return [(one["name"], one["kind"], one["far"]) for one in said["found"]]


async def test_what_is_near_is_found_first_and_a_group_until_it_is_here_itself(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        await high_point.open_practice(name="Safe streets", place="", place_is=HIGH_POINT)
        shelter = {"slug": "shelter", "name": "A roof", "domain": "housing/shelter", "level": "city"}
        await fort_wayne.api("POST", "/practices", json=shelter | {"place_is": FORT_WAYNE})
        roof = fort_wayne.practice("shelter")
        await high_point.follow(roof)
        place = Place(high_point)
        try:
            cleo = await place.member("Cleo", await place.operator())
            status, text, page = await cleo.post("/groups/new", "/groups/new", **ALLIANCE | {"url": "javascript:x"})
            assert status == 422, "an address that is script"
            assert "Meets on Tuesdays." in text, "what was typed stays"
            status, _, page = await cleo.post("/groups/new", "/groups/new", **ALLIANCE)
            assert status == 303
            page = page.partition("?")[0]

            async def held() -> bool:
                return len(await found(high_point)) == 3

            await settle(held, "the followed practice is found")
            streets, alliance = ("Safe streets", "ours"), ("Guilford Housing Alliance", "group")
            assert await found(high_point, HIGH_POINT) == [(*streets, 0), (*alliance, 1), ("A roof", "held", 3)]
            assert await found(high_point, GREENSBORO) == [(*alliance, 0), (*streets, 1), ("A roof", "held", 3)]
            assert await found(high_point, FORT_WAYNE, "housing") == [("A roof", "held", 0), (*alliance, 3)]
            assert await found(high_point, domain="public-safety") == [(*streets, None)]
            assert await found(fort_wayne) == [("A roof", "ours", None)], "a group is nobody's to federate"

            status, text = await high_point.page("/find?place=Greensboro&domain=housing")
            assert status == 200
            assert text.index("Guilford Housing Alliance") < text.index("A roof")
            assert "Cleo" not in text + (await high_point.page(page))[1], "who noted it is not shown"

            assert (await cleo.post(f"{page}/claim", page, actor=roof))[0] == 303
            assert await found(high_point, domain="housing") == [("A roof", "held", None)]
            assert (await cleo.post(f"{page}/claim", page, actor=""))[0] == 303
            assert len(await found(high_point, domain="housing")) == 2
            assert (await cleo.post(f"{page}/forget", f"{page}/forget"))[0] == 303
            assert await found(high_point, domain="housing") == [("A roof", "held", None)]
            assert (await high_point.page(page))[0] == 404
        finally:
            for person in place.people:
                await person.client.close()
