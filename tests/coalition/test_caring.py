"""Why somebody cares is theirs: seen by nobody until they show it, and then by their practice alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.cluster.kit import cluster
from tests.cluster.people import Place

WHY = "My brother was shot on Green Street"


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


async def test_it_is_private_and_then_the_practices(place: Place) -> None:
    town = place.town
    await town.open_practice()
    operator = await place.operator()
    ana, ben, eve = [await place.member(name, operator) for name in ("Ana", "Ben", "Eve")]
    home, members = "/practices/gun-violence", "/practices/gun-violence/members"
    for person in (ana, ben):
        assert (await person.post(f"{home}/join", home))[0] == 303
    assert (await eve.get(f"{home}/why"))[0] == 403
    assert (await ana.post(f"{home}/why", f"{home}/why", words=WHY))[0] == 303
    assert WHY not in (await ben.get(members))[1]
    assert (await ana.post(f"{home}/why", f"{home}/why", words=WHY, shown="yes"))[0] == 303
    assert WHY in (await ben.get(members))[1]
    status, page = await town.page(home, Accept="text/html")
    assert (status, WHY in page) == (200, False)
    assert WHY in (await ana.get("/me/data.json"))[1]
    too_long = await ana.post(f"{home}/why", f"{home}/why", words="x" * 201)
    assert (too_long[0], "x" * 201 in too_long[1]) == (422, True)
    assert (await ana.post(f"{home}/leave", home))[0] == 303
    assert WHY not in (await ben.get(members))[1]
    assert (await ana.post("/me/leave", "/me/leave"))[0] == 303
    assert await town.rows("SELECT member FROM care") == []
