"""The first run over HTTP: one link, a coordinator, steps that can be left and taken up again."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from node.coalition.settling.first import first_path
from node.coalition.settling.reach import reach
from node.federation.resolving import resolve
from protocol import identifiers
from tests.cluster.kit import cluster, free_ports
from tests.cluster.people import WORDS, Person, Place, link_in

SENT_ON = re.compile(r"/settings/[a-z]+")


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here", "there") as (town, _):
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


def link(place: Place) -> str:
    return first_path(place.town.running.keystore.seal)


async def begin(place: Place) -> Person:
    ana = place.somebody()
    status, text, then = await ana.post(f"{link(place)}/you", name="Ana", sign_in="ana", password=WORDS)
    assert (status, then) == (303, "/settings/next"), text
    return ana


async def ahead(person: Person) -> str:
    """The step that is next."""
    async with person.client.get("/settings/next", allow_redirects=False) as answer:
        return answer.headers["Location"].rpartition("/")[2]


async def test_from_one_link_to_a_home(place: Place) -> None:
    ana = await begin(place)
    assert "not finished yet" in (await ana.get("/"))[1]
    assert "not finished yet" not in (await place.somebody().get("/"))[1]

    assert await ahead(ana) == "place"
    fields = {"name": "High Point Together", "place": "High Point", "about": "Violence can end.", "language": "en"}
    assert (await ana.post("/settings/place", "/settings/place", **fields))[0] == 303
    front = (await place.somebody().get("/"))[1]
    assert "High Point Together" in front
    assert "High Point, North Carolina" in front
    assert "Violence can end." in front
    async with place.somebody().client.get("/actor", headers={"Accept": "application/activity+json"}) as answer:
        actor = await answer.json(content_type=None)
    assert actor["name"] == "High Point Together"
    assert actor["cw:place"]["cw:within"] == ["US", "US-NC"]

    assert await ahead(ana) == "cares"
    status, *_ = await ana.post("/settings/cares", "/settings/cares", **{"d-housing": "yes", "d-health": "yes"})
    assert status == 303
    page = (await ana.get("/settings/cares"))[1]
    assert page.count("checked") == 2

    assert await ahead(ana) == "reach"
    assert (await ana.post("/settings/reach", "/settings/reach"))[0] == 303
    assert "for trying things out" in (await ana.get("/settings/reach"))[1]
    assert (await ana.post("/settings/reach/pass", "/settings/reach"))[0] == 303

    assert await ahead(ana) == "second"
    status, text, _ = await ana.post("/settings/second", "/settings/second", note="The pastor")
    assert status == 200
    ben = place.somebody()
    assert (await ben.join(link_in(text), "Ben"))[0] == 303
    assert "Ana, Ben" in (await ben.get("/settings/second"))[1]
    assert (await ben.post("/settings/second/pass", "/settings/second"))[0] == 303

    assert await ahead(ana) == "privacy"
    assert (await ana.post("/settings/privacy/pass", "/settings/privacy"))[0] == 303
    assert "not finished yet" not in (await ana.get("/"))[1]
    # Nobody else reaches this address, and there is no practice yet.
    assert (await ana.get("/settings"))[1].count("Open</span>") == 2


async def test_the_link_makes_one_coordinator_and_is_spent(place: Place) -> None:
    await begin(place)
    for path in (link(place), f"{link(place)}/you"):
        assert (await place.somebody().get(path))[0] == 410
    status, *_ = await place.somebody().post(f"{link(place)}/you", name="Eve", sign_in="eve", password=WORDS)
    assert status == 410
    assert len(await place.town.rows("SELECT id FROM member")) == 1


async def test_another_secret_opens_nothing(place: Place) -> None:
    for path in ("/first/x", "/first/x/you", f"{link(place)}x/you", f"{link(place)[:-1]}/you"):
        assert (await place.somebody().get(path))[0] == 404
        status, *_ = await place.somebody().post(path, name="Eve", sign_in="eve", password=WORDS)
        assert status in (404, 405)
    assert not await place.town.rows("SELECT id FROM member")


async def test_another_sites_page_cannot_begin(place: Place) -> None:
    eve = place.somebody()
    eve.client.headers["Origin"] = "https://evil.example"
    status, *_ = await eve.post(f"{link(place)}/you", name="Eve", sign_in="eve", password=WORDS)
    assert status == 403
    assert not await place.town.rows("SELECT id FROM member")


async def test_what_was_typed_comes_back_and_the_link_still_holds(place: Place) -> None:
    ana = place.somebody()
    status, text, _ = await ana.post(f"{link(place)}/you", name="Ana", sign_in="ana", password="short")
    assert status == 422
    assert 'value="Ana"' in text
    assert (await ana.get(f"{link(place)}/you"))[0] == 200


async def test_a_name_that_several_towns_have_is_asked_again(place: Place) -> None:
    ana = await begin(place)
    fields = {"name": "Springfield Together", "place": "Springfield", "about": "", "language": "en"}
    status, text, _ = await ana.post("/settings/place", "/settings/place", **fields)
    assert status == 422
    chosen = re.search(r'name="place_id" id="place-(\d+)"[^>]*> <label[^>]*>Springfield, Illinois', text)
    assert chosen is not None, text
    status, *_ = await ana.post("/settings/place", "/settings/place", **fields, place_id=chosen[1])
    assert status == 303
    assert "Springfield, Illinois" in (await ana.get("/"))[1]
    status, *_ = await ana.post("/settings/place", "/settings/place", **fields, place_id="typed")
    assert status == 303
    (row,) = await place.town.rows("SELECT place, located FROM coalition")
    assert row["place"] == "Springfield"
    assert "geonames" not in row["located"].replace('"geonames":""', "")


async def test_a_node_that_can_be_reached_is_told_from_one_that_cannot(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    async with cluster(tmp_path, "here", "there", peers=(port,)) as (here, there):
        pairs = there.running.settings.allowed_pairs

        async def find(address: str) -> str:
            outside = there.running.peers.stranger()
            try:
                return await resolve(address, outside, there.running._sign_as_node, pairs)
            finally:
                await outside.close()

        ours = here.running.origin
        assert await reach(ours, here.actor, find) == ""
        assert "Another node answers" in await reach(ours, there.actor, find)
        closed = identifiers.origin("http://127.0.0.1:9")
        assert "trying things out" in await reach(closed, here.actor, find)
        silent = identifiers.origin(f"http://127.0.0.1:{port}")
        assert "Nothing takes connections" in await reach(silent, here.actor, find)


async def test_nobody_else_settles_anything(place: Place) -> None:
    ana = await begin(place)
    ben = await place.member("Ben", ana)
    before = await place.town.rows("SELECT name, value FROM setting ORDER BY name")
    for person in (ben, await place.operator(), place.somebody()):
        for step in ("place", "cares", "reach", "second", "privacy"):
            assert (await person.get(f"/settings/{step}"))[0] in (303, 403)
    assert await place.town.rows("SELECT name, value FROM setting ORDER BY name") == before


async def test_places_are_offered_to_who_is_signed_in(place: Place) -> None:
    ana = await begin(place)
    status, text = await ana.get("/places?q=high%20poi")
    assert status == 200
    assert "High Point, North Carolina, United States" in text
    assert (await place.somebody().get("/places?q=high"))[0] == 303
