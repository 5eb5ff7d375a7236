"""A search that is kept, and its feed, over HTTP."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import pytest_asyncio

from node.repertoire.searches.feed import Feed, atom
from tests.cluster.kit import cluster
from tests.cluster.people import Person, Place

pytestmark = pytest.mark.usefixtures("both_engines")
ATOM = "{http://www.w3.org/2005/Atom}"


class Home(Place):
    """A town with Ana and Ben."""

    ana: Person
    ben: Person

    async def feeds(self, person: Person) -> list[str]:
        """The paths of the feeds that somebody's page shows."""
        page = (await person.get("/me/searches"))[1]
        return re.findall(re.escape(self.town.origin) + r"(/feeds/[\w-]+)", page)

    async def entries(self, path: str) -> list[str]:
        """Titles in a feed, as a reader without a session gets it."""
        async with self.somebody().client.get(path) as answer:
            assert answer.status == 200
            assert answer.content_type == "application/atom+xml"
            root = ElementTree.fromstring(await answer.read())
        assert root.findtext(f"{ATOM}id") == self.town.origin + path
        assert root.findtext(f"{ATOM}updated")
        for entry in root.iter(f"{ATOM}entry"):
            assert [part.tag for part in entry if part.tag in (f"{ATOM}id", f"{ATOM}updated")]
        return [entry.findtext(f"{ATOM}title") or "" for entry in root.iter(f"{ATOM}entry")]


@pytest_asyncio.fixture
async def home(tmp_path: Path) -> AsyncIterator[Home]:
    async with cluster(tmp_path, "high-point") as (town,):
        place = Home(town)
        try:
            place.ana = await place.member("Ana", await place.operator(), role="coordinator")
            place.ben = await place.member("Ben", place.ana)
            await town.open_practice("gun-violence")
            yield place
        finally:
            for person in place.people:
                await person.client.close()


async def keep(person: Person, name: str, query: str) -> tuple[int, str, str]:
    return await person.post("/me/searches", f"/me/searches?{query}", name=name, query=query)


async def test_a_search_is_kept_and_its_feed_tells_what_is_new(home: Home) -> None:
    await home.town.publish("Calling in <the> few & others", kind="method")
    await home.town.publish("Calling home", kind="story")
    assert "Keep this search" in (await home.ana.get("/catalog?q=call&kind=method"))[1]
    assert "Keep this search" not in (await home.somebody().get("/catalog?q=call"))[1]
    _, _, where = await keep(home.ana, "Calls, methods", "q=call&kind=method&page=3&nonsense=1")
    assert where == "/me/searches?said=search-kept"
    page = (await home.ana.get("/me/searches"))[1]
    assert "Calls, methods" in page
    assert 'href="/catalog?q=call&amp;kind=method"' in page
    (feed,) = await home.feeds(home.ana)
    assert [title[:10] for title in await home.entries(feed)] == ["Calling in"]
    await home.town.publish("Call-ins for youth", kind="method")
    assert [title[:8] for title in await home.entries(feed)] == ["Call-ins", "Calling "]


async def test_a_feed_moves_and_ends(home: Home) -> None:
    await keep(home.ana, "Calls", "q=call")
    (feed,) = await home.feeds(home.ana)
    id = re.findall(r"/me/searches/([\w-]+)/move", (await home.ana.get("/me/searches"))[1])[0]
    # Not by anybody else.
    assert (await home.ben.post(f"/me/searches/{id}/move", "/me/searches?q=x"))[0] == 404
    assert (await home.ben.post(f"/me/searches/{id}/delete", "/me/searches?q=x"))[0] == 404
    assert await home.feeds(home.ben) == []
    assert await home.feeds(home.ana) == [feed]
    assert (await home.ana.post(f"/me/searches/{id}/move", "/me/searches"))[2] == "/me/searches?said=feed-moved"
    (moved,) = await home.feeds(home.ana)
    assert moved != feed
    assert (await home.somebody().get(feed))[0] == 404
    assert await home.entries(moved) == []
    assert (await home.ana.post(f"/me/searches/{id}/delete", "/me/searches"))[2] == "/me/searches?said=search-deleted"
    assert (await home.somebody().get(moved))[0] == 404


async def test_who_leaves_takes_their_searches_along(home: Home) -> None:
    await keep(home.ben, "Calls", "q=call")
    (feed,) = await home.feeds(home.ben)
    await home.town.running.storage.transact(
        lambda tx: tx.run("UPDATE member SET state = 'suspended' WHERE name = 'Ben'")
    )
    assert (await home.somebody().get(feed))[0] == 404
    await home.town.running.storage.transact(lambda tx: tx.run("UPDATE member SET state = 'active' WHERE name = 'Ben'"))
    assert (await home.somebody().get(feed))[0] == 200
    await home.ben.post("/me/leave", "/me/leave", password="correct horse battery", sure="yes")
    assert await home.town.rows("SELECT id FROM saved_search") == []
    assert (await home.somebody().get(feed))[0] == 404


@pytest.mark.parametrize(
    ("name", "query", "says"),
    [
        ("", "q=call", "Name"),
        ("Everything", "", "There is nothing to keep"),
        ("Everything", "page=2&sort=newest", "There is nothing to keep"),
        ("x" * 101, "q=call", "100"),
    ],
)
async def test_what_cannot_be_kept_is_said_and_nothing_typed_is_lost(
    home: Home, name: str, query: str, says: str
) -> None:
    status, text, where = await home.ana.post("/me/searches", "/me/searches?q=call", name=name, query=query)
    assert (status, where) == (422, "")
    assert says in text


async def test_a_name_is_given_once(home: Home) -> None:
    await keep(home.ana, "Calls", "q=call")
    status, text, _ = await keep(home.ana, "Calls", "q=calling")
    assert status == 422
    assert "You keep a search of this name already" in text


def test_a_feed_is_xml_whatever_an_item_is_called() -> None:
    row: Any = {
        "id": "https://a.example/items/1", "owner": "https://a.example/p", "local": 0, "practice_name": "\u0000<p>",
        "name": "]]>\ud800\u0007</title>\uffff", "kind": "method", "domain": "", "summary": "&amp;\u000b",
        "published": 1, "updated": 2,
    }  # fmt: skip
    said = Feed("https://b.example/feeds/x", "https://b.example/catalog", "<name>", "B", 5)
    root = ElementTree.fromstring(atom(said, "https://b.example", [row]))
    entry = root.find(f"{ATOM}entry")
    assert entry is not None
    assert entry.findtext(f"{ATOM}title") == "]]>\ufffd\ufffd</title>\ufffd"
    assert entry.findtext(f"{ATOM}summary") == "&amp;\ufffd"
    assert root.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00.002Z"
    empty = ElementTree.fromstring(atom(said, "https://b.example", []))
    assert empty.findtext(f"{ATOM}updated") == "1970-01-01T00:00:00.005Z"
