"""A member shows the world what they chose, and takes it back: at home and at a neighbour."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from node.coalition.profiles.rules import handle_of
from tests.cluster.kit import cluster, settle
from tests.cluster.people import Person, Place

ACTIVITY = {"Accept": "application/activity+json"}
DETAILS = {
    "name": "Ana Ruiz", "email": "ana@mail.example", "discipline": "Nursing", "help": "Night shelters", "language": "",
    "time_zone": "", "sector": "",
}  # fmt: skip


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here", "there") as (here, there):
        await here.open_practice("guns", name="Gun violence")
        made = Place(here)
        made.there = there
        yield made
        for person in made.people:
            await person.client.close()


async def ana_of(place: Place) -> Person:
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    assert (await ana.post("/me/details", "/me", **DETAILS))[0] == 303
    fields = {"organisation": "High Point Hospital", "title": "Nurse", "sector": "public", "since": "2020-01-01"}
    assert (await ana.post("/me/affiliations", "/me", **fields))[0] == 303
    return ana


async def document(person: Person, path: str) -> tuple[int, dict[str, object]]:
    async with person.client.get(path, headers=ACTIVITY) as answer:
        return answer.status, await answer.json(content_type=None)


async def test_what_was_chosen_is_seen_beforehand_and_nothing_else_is_shown(place: Place) -> None:
    ana, stranger = await ana_of(place), place.somebody()
    assert (await stranger.get("/people/ana-ruiz"))[0] == 404
    wish = {"handle": "ana-ruiz", "show-discipline": "yes", "show-organisations": "yes"}
    status, text, _ = await ana.post("/me/profile", "/me/profile", preview="yes", **wish)
    assert status == 200
    for shown in ("Ana Ruiz", "Nursing", "High Point Hospital (Nurse)"):
        assert shown in text
    assert (await stranger.get("/people/ana-ruiz"))[0] == 404  # looking publishes nothing

    assert (await ana.post("/me/profile", "/me/profile", **wish))[0] == 303
    status, page = await stranger.get("/people/ana-ruiz")
    assert status == 200
    status, actor = await document(stranger, "/people/ana-ruiz")
    assert status == 200
    assert (actor["type"], actor["name"]) == ("Person", "Ana Ruiz")
    for seen in (page, str(actor)):
        assert "Nursing" in seen
        assert "High Point Hospital (Nurse)" in seen
        for hidden in ("Night shelters", "mail.example", "Coordinator", ">ana<"):
            assert hidden not in seen
    address = f"acct:ana-ruiz@{place.town.running.origin.authority}"
    async with stranger.client.get("/.well-known/webfinger", params={"resource": address}) as found:
        assert actor["id"] in await found.text()
    assert "ana-ruiz" not in str(await document(stranger, "/actor/practices"))


async def test_a_neighbour_follows_a_person_and_hears_that_they_are_gone(place: Place) -> None:
    ana, stranger = await ana_of(place), place.somebody()
    assert (await ana.post("/me/profile", "/me/profile", handle="ana-ruiz", **{"show-help": "yes"}))[0] == 303
    there, person = place.there, place.town.origin + "/people/ana-ruiz"
    await there.follow(person)
    (held,) = await there.rows("SELECT name, state FROM actor WHERE id = :id", id=person)
    assert (held["name"], held["state"]) == ("Ana Ruiz", "ok")

    assert (await ana.post("/me/profile/end", "/me/profile"))[0] == 303

    async def gone() -> bool:
        return bool(await there.rows("SELECT 1 AS yes FROM actor WHERE id = :id AND state = 'gone'", id=person))

    await settle(gone, "the neighbour has heard that the person is gone")
    assert (await stranger.get("/people/ana-ruiz"))[0] == 410
    assert (await document(stranger, "/people/ana-ruiz"))[0] == 410
    for town in (place.town, there):
        (left,) = await town.rows("SELECT name, state, raw FROM actor WHERE id = :id", id=person)
        assert (left["name"], left["state"]) == ("", "gone")
        assert b"Ruiz" not in left["raw"]
        assert b"shelters" not in left["raw"]
        said = await town.rows("SELECT raw FROM activity WHERE actor = :id AND raw IS NOT NULL", id=person)
        assert not any(b"Ruiz" in row["raw"] for row in said)


async def test_an_address_that_was_taken_back_is_never_used_again(place: Place) -> None:
    ana = await ana_of(place)
    ben = await place.member("Ben", ana)
    assert (await ana.post("/me/profile", "/me/profile", handle="ana"))[0] == 303
    assert (await ben.post("/me/profile", "/me/profile", handle="ana"))[0] == 422
    assert (await ana.post("/me/profile/end", "/me/profile"))[0] == 303
    for person in (ana, ben):
        status, text, _ = await person.post("/me/profile", "/me/profile", handle="ana")
        assert status == 422
        assert "is or was in use" in text
    assert (await ana.post("/me/profile", "/me/profile", handle="ana-2"))[0] == 303


async def test_a_person_is_not_found_by_a_practices_name(place: Place) -> None:
    ana = await ana_of(place)
    assert (await ana.post("/me/profile", "/me/profile", handle="guns"))[0] == 422


async def test_what_changed_is_shown_when_it_is_published_again(place: Place) -> None:
    ana, stranger = await ana_of(place), place.somebody()
    assert (await ana.post("/me/profile", "/me/profile", handle="ana", **{"show-discipline": "yes"}))[0] == 303
    assert (await ana.post("/me/details", "/me", **{**DETAILS, "discipline": "Midwifery"}))[0] == 303
    assert "Nursing" in (await stranger.get("/people/ana"))[1]
    assert (await ana.post("/me/profile", "/me/profile", **{"show-discipline": "yes"}))[0] == 303
    page = (await stranger.get("/people/ana"))[1]
    assert "Midwifery" in page
    assert "Nursing" not in page


async def test_whoever_leaves_takes_their_profile_with_them(place: Place) -> None:
    ana, stranger = await ana_of(place), place.somebody()
    ben = await place.member("Ben", ana)
    assert (await ben.post("/me/profile", "/me/profile", handle="ben"))[0] == 303
    assert (await stranger.get("/people/ben"))[0] == 200
    assert (await ben.post("/me/leave", "/me/leave"))[0] == 303
    assert (await stranger.get("/people/ben"))[0] == 410
    (left,) = await place.town.rows("SELECT name, raw FROM actor WHERE id = :id", id=place.town.origin + "/people/ben")
    assert left["name"] == ""
    assert b'"Ben"' not in left["raw"]


@pytest.mark.parametrize(
    ("name", "handle"),
    [("Ana Ruiz", "ana-ruiz"), ("  J. O'Neil ", "j-o-neil"), ("山田", ""), ("-", ""), ("A" * 80, "a" * 64)],
)
def test_an_address_begins_with_the_name(name: str, handle: str) -> None:
    assert handle_of(name) == handle
