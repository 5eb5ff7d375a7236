"""The tech clubs: engineers of different units meet in a practice by their own act; a lesson crosses by it.

After Snyder and Wenger (2010): car engineers who were spread over the platforms formed clubs by their craft, such as
brakes, so that what one platform learned reached the others.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from tests.cluster.kit import cluster
from tests.cluster.people import Person, Place

pytestmark = pytest.mark.usefixtures("both_engines")


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "cars") as (town,):
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


def plain(text: str) -> str:
    text = text.partition("<main")[2] or text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split()).replace(" ,", ",")


async def read(person: Person, path: str) -> str:
    status, text = await person.get(path)
    assert status == 200, (path, status)
    return plain(text)


async def do(person: Person, path: str, page: str, **fields: str) -> str:
    status, text, where = await person.post(path, page, **fields)
    assert status == 303, plain(text)
    return where


async def organisations(person: Person) -> dict[str, str]:
    rows = await person.town.rows("SELECT id, name FROM organisation")
    return {row["name"]: row["id"] for row in rows}


async def test_a_lesson_crosses_between_units_by_a_club(place: Place) -> None:
    town = place.town
    admin = await place.member("Admin", await place.operator(), role="coordinator")
    # 1. Three units and a club.
    where = await do(admin, "/imports/new?kind=organisations", "/imports/new?kind=organisations",
                     text="Name\tSector\nSmallCars\tprivate\nLargeCars\tprivate\nMinivans\tprivate")  # fmt: skip
    await do(admin, f"{where}/run", where)
    await do(admin, "/practices/new", "/practices/new", slug="brakes", name="Brakes",
             domain="infrastructure", level="nation", summary="What every platform must know of brakes.")  # fmt: skip
    # 2. Two engineers are of the company; nobody is in the club before they join it by their own act.
    ann, bob = await place.member("Ann", admin), await place.member("Bob", admin)
    for person, unit in ((ann, "SmallCars"), (bob, "Minivans")):
        await do(person, "/me/affiliations", "/me", organisation=unit, since="2020-01-31", title="Engineer")
        assert (await person.get("/practices/brakes/members"))[0] == 403
        await do(person, "/practices/brakes/join", "/practices/brakes")
    assert {"SmallCars", "LargeCars", "Minivans"} <= set(await organisations(ann))
    meets = await read(ann, "/practices/brakes/members")
    assert all(said in meets for said in ("Ann", "Bob", "SmallCars", "Minivans"))
    # 3. Ann publishes a lesson and notes where it comes from.
    units = await organisations(ann)
    lesson = await do(ann, "/items/new", "/items/new?practice=brakes", title="Bleeding a long line", practice="brakes",
                      content="From the far wheel.", kind="lesson", language="en", license="CC-BY-4.0")  # fmt: skip
    lesson = lesson.partition("?")[0]
    form = f"{lesson}/crossings"
    await do(ann, form, form, kind="brought", organisation=units["SmallCars"], day="2026-05-01", note="")
    # 4. Bob sees it, with where it was brought from; those outside the club see the lesson alone.
    assert "Brought in from SmallCars by Ann" in await read(bob, lesson)
    eve = await place.member("Eve", admin)
    for other in (eve, place.somebody()):
        seen = await read(other, lesson)
        assert "Bleeding a long line" in seen
        assert not any(said in seen for said in ("SmallCars", "Ann", "Brought in"))
    assert (await eve.get(form))[0] == 403
    assert (await eve.get("/practices/brakes/crossings"))[0] == 403
    # 5. Bob applies it at his own unit, and at no other.
    status, text, _ = await bob.post(form, form, kind="applied", organisation=units["SmallCars"], day="2026-05-20")
    assert (status, "of an organisation of yours" in text) == (422, True)
    await do(bob, form, form, kind="applied", organisation=units["Minivans"], day="2026-05-20",
             note="Two people: the line is longer.")  # fmt: skip
    # 6. One application, two organisations; the club links the two units.
    seen = await read(ann, lesson)
    assert "1 application 2 organisations" in seen
    assert "Applied at Minivans by Bob, 20 May 2026 Two people: the line is longer." in seen
    report = await read(ann, "/practices/brakes/crossings")
    assert "SmallCars Minivans 1" in report
    # 9. How many crossed.
    assert "Items that crossed from one organisation to another: 1 of 1." in report
    # 7. A second club: Ann belongs to both.
    await do(admin, "/practices/new", "/practices/new", slug="wipers", name="Wipers", domain="infrastructure",
             level="nation")  # fmt: skip
    await do(ann, "/practices/wipers/join", "/practices/wipers")
    (row,) = await town.rows("SELECT id FROM member WHERE name = 'Ann'")
    hers = await read(bob, f"/members/{row['id']}")
    assert all(said in hers for said in ("Brakes", "Wipers", "SmallCars"))
    # 8. Ann changes her unit: she stays in the club, the old affiliation is dated, the lesson keeps it.
    (held,) = await town.rows("SELECT key FROM affiliation WHERE member = :id", id=row["id"])
    await do(ann, f"/me/affiliations/{held['key']}/end", "/me", until="2026-05-25")
    await do(ann, "/me/affiliations", "/me", organisation="LargeCars", since="2026-05-26", title="Engineer")
    hers = await read(bob, f"/members/{row['id']}")
    assert "SmallCars, Engineer from 31 January 2020 until 25 May 2026" in hers
    assert "Brakes" in hers
    assert "Brought in from SmallCars by Ann (their organisation at the time), 1 May 2026" in await read(bob, lesson)
    meets = await read(bob, "/practices/brakes/members")
    assert "LargeCars" in meets
    assert "SmallCars" not in meets
    # Two names of one unit become one, and what was noted of the first is of the second.
    await do(admin, f"/organisations/{units['SmallCars']}/merge", f"/organisations/{units['SmallCars']}",
             into=units["LargeCars"])  # fmt: skip
    assert "LargeCars Minivans 1" in await read(bob, "/practices/brakes/crossings")
    # What she noted is hers to take along; when she leaves, her name goes and the lesson's way stays.
    assert '"organisation": "LargeCars"' in (await ann.get("/me/data.json"))[1]
    await do(ann, "/me/leave", "/me/leave")
    seen = await read(bob, lesson)
    assert "Brought in from LargeCars by somebody who has left" in seen
    assert "Ann" not in seen


async def test_programs_note_it_too_and_mistakes_are_removed(place: Place) -> None:
    town = place.town
    admin = await place.member("Admin", await place.operator(), role="coordinator")
    await town.open_practice("brakes", name="Brakes")
    lesson = await town.publish("Bleeding a long line", "brakes")
    ann, bob = await place.member("Ann", admin, practice="brakes"), await place.member("Bob", admin, practice="brakes")
    await do(ann, "/me/affiliations", "/me", organisation="SmallCars", since="2020-01-31", title="")
    fields = {"token_name": "x", "scope-publish": "yes", "scope-read": "yes", "days": "3"}
    found = re.search(r"cwm1_[\w-]+", (await ann.post("/me/tokens", "/me", **fields))[1].replace("<wbr>", ""))
    assert found is not None
    where = f"/api/v1/items/{lesson.rpartition('/')[2]}/crossings"
    body = {"kind": "brought", "organisation": "SmallCars", "day": "2026-05-01"}
    async with aiohttp.ClientSession(town.origin, headers={"Authorization": f"Bearer {found[0]}"}) as program:
        for wrong in ({"kind": "x"}, {"organisation": "Minivans"}, {"day": "soon"}, {"more": "x"}):
            async with program.post(where, json={**body, **wrong}) as answer:
                assert answer.status in (403, 422), wrong
        async with program.post(where, json=body) as answer:
            assert answer.status == 201
            noted = await answer.json()
        assert (noted["crossed"], noted["crossings"][0]["member"]) == (False, "Ann")
        async with program.post(where, json=body) as answer:
            assert answer.status == 409
    page = lesson.removeprefix(town.origin)
    id = noted["crossings"][0]["id"]
    assert (await bob.post(f"/crossings/{id}/remove", f"{page}/crossings"))[0] == 403
    await do(ann, f"/crossings/{id}/remove", f"{page}/crossings")
    assert await town.rows("SELECT 1 AS yes FROM crossing") == []
    assert "Nothing is noted yet" in await read(bob, page)
    # The operator's token is no member's: it reads nothing of what members carry.
    assert town.client is not None
    async with town.client.get(where) as answer:
        assert answer.status == 404
