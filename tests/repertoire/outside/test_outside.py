"""What leaves the house, read by programs that nobody here wrote: rdflib, feedparser, Python's own csv and XML."""

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.robotparser import RobotFileParser
from xml.etree import ElementTree

import feedparser  # pyright: ignore[reportMissingTypeStubs]
import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st
from rdflib import Graph, Literal, URIRef
from rdflib.compare import isomorphic
from rdflib.namespace import DCAT, DCTERMS, RDF

from node.repertoire.outside import dcat, maps, own
from node.repertoire.outside.own import Published
from protocol.vocabulary.repertoire import Item
from tests.cluster.kit import Town, cluster, settle
from tests.cluster.test_recommending import settle_follow

SECRET = "Nobody outside may read this"
_MAPS = "{http://www.sitemaps.org/schemas/sitemap/0.9}"


@pytest_asyncio.fixture
async def towns(tmp_path: Path) -> AsyncIterator[list[Town]]:
    async with cluster(tmp_path, "high-point", "inkster") as made:
        high_point, inkster = made
        await high_point.open_practice()
        await inkster.open_practice()
        await inkster.follow(high_point.origin)
        await settle_follow(inkster, high_point.origin)
        yield made


async def read(town: Town, path: str) -> tuple[int, str]:
    return await town.page(path)


def graph(text: str, form: str) -> Graph:
    made = Graph()
    made.parse(data=text, format=form)
    return made


async def test_our_items_are_a_catalog_of_data_in_two_forms(towns: list[Town]) -> None:
    high_point, inkster = towns
    title = 'Calling "in" <the> few \\ & others'
    item = await high_point.publish(title, language="en", summary="Two sides\nof a table.", kind="method")
    gone = await high_point.publish("Taken back")
    await high_point.withdraw(gone)
    await settle(lambda: inkster.item(item))
    (_, text), (_, linked) = await read(high_point, "/dcat.ttl"), await read(high_point, "/dcat.jsonld")
    turtle, json_ld = graph(text, "turtle"), graph(linked, "json-ld")
    assert isomorphic(turtle, json_ld)
    datasets = set(turtle.subjects(RDF.type, DCAT.Dataset))
    assert datasets == {URIRef(item)}
    assert turtle.value(URIRef(item), DCTERMS.title) == Literal(title, lang="en")
    assert turtle.value(URIRef(item), DCTERMS.license) == URIRef("https://creativecommons.org/licenses/by/4.0/")
    assert turtle.value(URIRef(item), DCTERMS.publisher) == URIRef(high_point.practice())
    # Of others' items it is no publisher.
    assert set(graph((await read(inkster, "/dcat.ttl"))[1], "turtle").subjects(RDF.type, DCAT.Dataset)) == set()


async def test_a_practice_has_a_feed(towns: list[Town]) -> None:
    high_point, _ = towns
    for title in ("First & <best>", "Second"):
        await high_point.publish(title)
        high_point.clock.advance(1_000)
    status, page = await high_point.page("/practices/gun-violence", Accept="text/html")
    assert (status, 'type="application/atom+xml" href="/practices/gun-violence/feed"' in page) == (200, True)
    found: Any = feedparser.parse((await read(high_point, "/practices/gun-violence/feed"))[1])
    assert not found.bozo
    assert [entry.title for entry in found.entries] == ["Second", "First & <best>"]
    assert found.feed.title == "gun-violence in high-point"
    assert (await read(high_point, "/practices/nowhere/feed"))[0] == 404


async def test_a_view_of_the_catalog_is_a_table(towns: list[Town]) -> None:
    high_point, inkster = towns
    await high_point.publish("=1+1", kind="method", summary='A, "b"\nand c')
    for number in range(25):
        await high_point.publish(f"Story {number}", kind="story")
    await settle(lambda: _many(inkster, 26))
    _, text = await read(inkster, "/catalog.csv?kind=story")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["title"] for row in rows} == {f"Story {number}" for number in range(25)}
    _, text = await read(inkster, "/catalog.csv?kind=method")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert (row["title"], row["summary"], row["practice_id"]) == ("'=1+1", 'A, "b"\nand c', high_point.practice())


async def _many(town: Town, number: int) -> bool:
    return (await town.rows("SELECT COUNT(*) AS n FROM item"))[0]["n"] == number


async def test_what_is_not_public_is_in_none_of_them(towns: list[Town]) -> None:
    high_point, _ = towns
    await high_point.publish("Open to all")

    def keep(tx: Any) -> None:
        tx.run(
            "INSERT INTO kept_item(id, author, practice, audience, title, said, made, changed)"
            " VALUES('k', 'm', :practice, 'node', :secret, '{}', 1, 1)",
            practice=high_point.practice(), secret=SECRET,
        )  # fmt: skip
        tx.run("INSERT INTO member(id, name, state, joined) VALUES('m', :secret, 'active', 1)", secret=SECRET)

    await high_point.running.storage.transact(keep)
    for path in ("/dcat.ttl", "/dcat.jsonld", "/catalog.csv", "/practices/gun-violence/feed", "/sitemap-items.xml",
                 "/sitemap-pages.xml", "/sitemap.xml", "/robots.txt"):  # fmt: skip
        status, text = await read(high_point, path)
        assert (status, SECRET in text) == (200, False), path


async def test_the_maps_lead_to_every_item_and_to_nothing_else(towns: list[Town], monkeypatch: Any) -> None:
    high_point, _ = towns
    items = {await high_point.publish(f"Item {number}") for number in range(5)}
    monkeypatch.setattr(maps, "MOST", 2)
    robots = RobotFileParser()
    robots.parse((await read(high_point, "/robots.txt"))[1].splitlines())
    assert robots.site_maps() == [f"{high_point.origin}/sitemap.xml"]
    assert robots.can_fetch("Bot", next(iter(items)))
    assert not robots.can_fetch("Bot", f"{high_point.origin}/catalog?q=x")
    index = ElementTree.fromstring((await read(high_point, "/sitemap.xml"))[1])
    found: list[str] = []
    for one in index.iter(f"{_MAPS}loc"):
        listed = ElementTree.fromstring((await read(high_point, (one.text or "").removeprefix(high_point.origin)))[1])
        found += [each.text or "" for each in listed.iter(f"{_MAPS}loc")]
    assert sorted(found) == sorted([*items, *(high_point.origin + path for path in
                                              ("/", "/catalog", "/practices/gun-violence"))])  # fmt: skip


TEXT = st.text(min_size=1, max_size=30)


@given(TEXT, TEXT, st.sampled_from(["en", "es-MX", "und", "no tag", ""]), TEXT)
def test_whatever_an_item_says_both_forms_are_read(title: str, summary: str, language: str, place: str) -> None:
    if any("\ud800" <= each <= "\udfff" for each in title + summary + place):
        return  # no text of ours has half a character: I-JSON
    item = Item(id="https://a.example/items/1", attributed_to="https://a.example/actor", name=title, summary=summary,
                language=language, license="CC0-1.0", domain="housing/rent")  # fmt: skip
    one = Published(1, item.id, item.attributed_to, place, 1, 2, item)
    nodes = dcat.describe(dcat.Page("https://a.example/dcat", "A", "A", "https://a.example/actor", [one]))
    turtle = graph(dcat.turtle(nodes).decode(), "turtle")
    assert isomorphic(turtle, graph(dcat.json_ld(nodes).decode(), "json-ld"))
    assert str(turtle.value(URIRef(item.id), DCTERMS.title)) == title


async def test_a_page_costs_a_page(towns: list[Town]) -> None:
    high_point, _ = towns
    for number in range(3):
        await high_point.publish(f"Item {number}")
    first = await high_point.running.storage.read(lambda reads: own.items(reads, 0, 2))
    rest = await high_point.running.storage.read(lambda reads: own.items(reads, first[-1].key, 2))
    assert [len(first), len(rest)] == [2, 1]
    assert await high_point.running.storage.read(lambda reads: own.starts(reads, 2)) == [0, first[-1].key]


pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of the parsers
