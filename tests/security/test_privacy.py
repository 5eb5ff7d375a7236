"""Nothing of a member who did not publish is anywhere that somebody without sign-in, or another node, can look.

A crawler asks for everything that the node serves to a stranger: what pages link to, every route of the application, in
every form that another server may ask for; and looks through everything that a peer was sent. The members' names,
addresses and words are such that they cannot be there by chance; so is how many there are.
"""

import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import aiohttp
import pytest_asyncio

from tests.cluster.kit import cluster, settle
from tests.cluster.people import Place

HIDDEN = 37  # members; no other number here is this one
MARK = "Qzxv"  # in every word of every hidden member
_LINK = re.compile(r'(?:href|src|action)="([^"]+)"')
_URL = re.compile(r'"(https?://[^"\\]+)"')
_ACCEPTS = ("text/html", "application/activity+json", "application/json", "*/*")
_PAGES = 600  # a bound for a crawler that went astray
_NARROWED = 2  # the facets of the catalog combine without end: each alone, and in pairs


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here", "there") as (here, there):
        made = Place(here)
        made.there = there
        yield made
        for person in made.people:
            await person.client.close()


async def fill(place: Place) -> str:
    """A lively coalition: hidden members with roles and organisations everywhere, and one who published."""
    here, there = place.town, place.there
    practice = await here.open_practice("guns", name="Gun violence")
    await there.follow(here.actor)
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    who = f"{MARK}Hidden"
    fields = {
        "name": f"{who} Person", "email": f"{MARK}@mail.example", "discipline": f"{MARK}Discipline",
        "help": f"{MARK}Help", "language": "", "time_zone": "", "sector": "",
    }  # fmt: skip
    ben = await place.member(who, ana, role="coordinator", practice="guns")
    assert (await ben.post("/me/details", "/me", **fields))[0] == 303
    organisation = {"organisation": f"{MARK}Works", "title": f"{MARK}Title", "sector": "private", "since": "2020-01-01"}
    assert (await ben.post("/me/affiliations", "/me", **organisation))[0] == 303

    def work(tx: Any) -> None:
        for number in range(HIDDEN - 2):
            tx.run(
                "INSERT INTO member(id, name, email, state, joined) VALUES(:id, :name, :email, 'active', 1)",
                id=f"h{number}", name=f"{MARK} {number}", email=f"{MARK}{number}@x.example".lower(),
            )  # fmt: skip
            tx.run(
                "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, 'member', 1)",
                id=f"h{number}", practice=practice,
            )  # fmt: skip

    await here.running.storage.transact(work)
    (count,) = await here.rows("SELECT COUNT(*) AS n FROM member")
    assert count["n"] == HIDDEN
    form = {
        "title": "How it was done",
        "content": "Steps.",
        "license": "CC-BY-4.0",
        "kind": "method",
        "language": "en",
        "practice": "guns",
    }
    status, _, item = await ben.post("/items/new", "/items/new?practice=guns", **form)
    assert status == 303
    assert (await ben.post("/settings/place", "/me"))[0] in (403, 422, 404)
    fields = {"name": "High Point", "place": "High Point", "about": "", "language": "en"}
    assert (await ana.post("/settings/place", "/settings/place", **fields))[0] == 303
    assert (await ana.post("/me/profile", "/me/profile", handle="ana", **{"show-roles": "yes"}))[0] == 303
    await there.follow(f"{here.origin}/people/ana")
    path = item.partition("?")[0]
    await settle(lambda: there.item(here.origin + path), "the neighbour holds the item")
    return path


def found_in(text: str) -> list[str]:
    """What of a hidden member, or of their number, stands there."""
    said = unescape(text)
    numbers = [f"{HIDDEN}", f"{HIDDEN - 1}", f"{HIDDEN - 2}"]
    telling = [number for number in numbers if re.search(rf"(?<![\w./-])(?<!\d:){number}(?![\w:/-]|\.\d)", said)]
    return telling + re.findall(rf"\S*{MARK}\S*", said, re.IGNORECASE)


def addresses(place: Place) -> set[str]:
    """Every address of the application that can be asked with GET, with what stands in it filled in."""
    runner: Any = place.town.running._runner
    found: set[str] = set()
    for route in runner.app.router.routes():
        if route.method == "GET" and route.resource is not None:
            path = route.resource.canonical
            for name, values in (
                ("{slug}", ("guns", "ana")), ("{id}", ("h1",)), ("{name}", ("ana", "commonweave.css")),
                ("{step}", ("second",)), ("{collection}", ("outbox", "followers", "following", "practices")),
                ("{secret}", ("x",)), ("{key}", ("1",)),
            ):  # fmt: skip
                if name in path:
                    found |= {path.replace(name, value) for value in values}
            found.add(path)
    return {path for path in found if "{" not in path}


async def crawl(place: Place, first: set[str]) -> dict[tuple[str, str], str]:
    """Everything a stranger gets: (path, accept) → headers and text."""
    origin, got = place.town.origin, {}
    waiting, seen = sorted(first), set(first)
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as client:
        while waiting and len(seen) < _PAGES:
            path = waiting.pop()
            for accept in _ACCEPTS:
                async with client.get(
                    origin + path, headers={"Accept": accept}, allow_redirects=False
                ) as answer:  # fmt: skip
                    text = await answer.text(errors="replace")
                    got[path, accept] = f"{answer.status} {dict(answer.headers)} {text}"
                    links = [*_LINK.findall(unescape(text)), *_URL.findall(text), answer.headers.get("Location", "")]
                for link in links:
                    split = urlsplit(urljoin(origin + path, link))
                    here = f"{split.path}?{split.query}" if split.query else split.path
                    ours = f"{split.scheme}://{split.netloc}" == origin and split.query.count("&") < _NARROWED
                    if ours and here not in seen:
                        seen.add(here)
                        waiting.append(here)
    assert len(seen) < _PAGES
    return got


async def test_a_stranger_finds_nothing_of_them(place: Place) -> None:
    item = await fill(place)
    got = await crawl(place, {"/", item, *addresses(place)})
    pages = [path for (path, accept), text in got.items() if accept == "text/html" and text.startswith("200")]
    assert {"/", "/practices/guns", "/people/ana", item, "/catalog"} <= set(pages)
    assert any("Ana" in text for (path, _), text in got.items() if path == "/people/ana")
    wrong = {where: found_in(text) for where, text in got.items() if where[0] not in ("/static/commonweave.css",)}
    assert {where: what for where, what in wrong.items() if what} == {}


async def test_a_peer_is_sent_nothing_of_them(place: Place) -> None:
    await fill(place)
    there = place.there
    tables = await there.rows("SELECT name FROM sqlite_master WHERE type = 'table'")
    texts: list[str] = []
    for table in tables:
        for row in await there.rows(f'SELECT * FROM "{table["name"]}"'):
            for value in row.values():
                texts.append(value.decode(errors="replace") if isinstance(value, bytes) else str(value))
    assert any("How it was done" in text for text in texts)  # it was sent what is public
    assert any("/people/ana" in text for text in texts)
    assert [text for text in texts if MARK.lower() in text.lower()] == []


async def test_a_peers_signed_questions_are_answered_without_them(place: Place) -> None:
    """Whoever signs is told no more than a stranger: logs, heads and objects too."""
    await fill(place)
    here, there = place.town, place.there.running
    sets = await here.rows("SELECT name FROM held_set WHERE local = 1")
    objects = await here.rows("SELECT id FROM object")
    asked = [f"/federation/{what}?set={row['name']}" for row in sets for what in ("log", "head")]
    asked += [f"/federation/object?id={row['id']}" for row in objects]
    assert len(asked) > 6
    for path in asked:
        answer = await there.peers.get(here.origin + path, sign=there._sign_as_node)
        assert MARK.lower() not in answer.body.decode(errors="replace").lower(), path


def test_the_crawler_would_find_them() -> None:
    assert found_in(f"<p>{MARK}Hidden Person</p>")
    assert found_in(f"There are {HIDDEN} members.")
    assert found_in(f'{{"total":{HIDDEN - 1}}}') == [str(HIDDEN - 1)]
    assert found_in("<p>Ana, 2026-11-26, 12:37</p>") == []
