"""Every page of a running node, in a language whose messages all stand in brackets, and in Spanish.

The pages are taken from the node, so that a new one is asked for the day it is there: whatever it says beside the
story's own names has been seen by a translator.
"""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote, urlencode

import aiohttp
import pytest
import pytest_asyncio

from node.web import render
from node.web.session import SESSIONS, Session, form_key
from tests.cluster.kit import Town, cluster, settle
from tests.cluster.test_recommending import recommend
from tests.security import scene
from tests.web.unsaid import bracketed, unsaid

READERS = (None, scene.OPERATOR, scene.COORDINATOR, scene.MEMBER)  # None: nobody
# The story's names; none is a word of the pages.
NAMES = (
    "quux",
    "zorb",
    scene.SLUG,
    scene.COORDINATOR,
    scene.MEMBER,
    scene.STRANGER,
    "Zibbo",
    "Vexil",
    "Kwanto",
    "Draffe",
    "nothing-has-this",
)
FORMS = ("/practices/new", "/items/new", "/connections", "/members/invite", "/sign-in")  # sent empty
BRACKETED = bracketed()


class World:
    """The two towns, and what there is to look at."""

    def __init__(self, here: Town, there: Town, item: str, theirs: str, gone: str) -> None:
        self.here, self.there = here, there
        self.item, self.theirs, self.gone = item, theirs, gone

    @property
    def app(self) -> Any:
        runner: Any = self.here.running._runner
        return runner.app

    def paths(self) -> list[str]:
        """Every page, and those whose question stands in the query."""
        found = {self._filled(route.resource.canonical) for route in self.app.router.routes() if _is_page(route)}
        mine = self.here.practice(scene.SLUG)
        id, target = quote(self.theirs, safe=""), quote(self.there.actor, safe="")
        return [
            *sorted(found),
            *(f"/catalog?q={word}" for word in ("nothing-has-this", "Zibbo")),
            "/catalog?page=9",
            "/catalog?domain=public-safety",
            f"/catalog/item?id={id}",
            f"/items/new?adapts={id}",
            self.gone.removeprefix(self.here.origin),
            f"/connections/end?target={target}",
            f"/connections/remove?{urlencode({'actor': self.there.actor, 'target': mine})}",
            "/?said=published",
            "/members?q=nothing-has-this",
        ]

    def _filled(self, canonical: str) -> str:
        id = self.item.rpartition("/")[2] if canonical.startswith("/items") else scene.MEMBER
        path = canonical.replace("{slug}", scene.SLUG).replace("{id}", id)
        return path.replace("{", "").replace("}", "")

    async def signed_in(self, who: str | None) -> dict[str, str]:
        """The headers of a browser at which they sit."""
        headers = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}
        if who is None:
            return headers
        sessions = self.app[SESSIONS]
        return headers | {"Cookie": f"{sessions.cookie}={await sessions.open(who, 'Kwanto')}"}

    def token(self, headers: dict[str, str]) -> str:
        cookie = headers.get("Cookie", "").partition("=")[2]
        return Session(True, form_key(cookie), made=self.here.clock.now()).form_token if cookie else ""


def _is_page(route: Any) -> bool:
    path = route.resource.canonical if route.resource is not None else ""
    return route.method == "GET" and not path.startswith(("/api/", "/static/", "/.well-known/"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    async with cluster(tmp_path_factory.mktemp("languages"), "quux", "zorb") as (here, there):
        mine = await here.open_practice(
            scene.SLUG, name="Vexil", domain="housing/guns", summary="Draffe", place="Kwanto"
        )
        await there.open_practice(scene.SLUG, name="Vexil", domain="housing")
        await here.running.storage.transact(scene.people)
        await here.follow(there.actor)
        await there.follow(mine)
        item = await here.publish(
            "Zibbo", scene.SLUG, content="Draffe", summary="Draffe", language="es", review_by="2020-01-31"
        )
        gone = await here.publish("Zibbo", scene.SLUG, content="Draffe")
        theirs = await there.publish("Zibbo", scene.SLUG, content="Draffe")
        await settle(lambda: there.item(item), "ours is there")
        await settle(lambda: here.item(theirs), "theirs is here")
        made = {
            "content": "Draffe",
            "license": "CC-BY-4.0",
            "adapted_from": [item],
            "kind": "adaptation",
            "kept": "Draffe",
            "stage": "running",
        }
        adapted = await there.publish("Vexil", scene.SLUG, **made)
        await settle(lambda: here.item(adapted), "and what they made of ours")
        await recommend(here, theirs)
        await here.withdraw(gone)
        yield World(here, there, item, theirs, gone)


def _said(page: str) -> list[str]:
    return unsaid(page, NAMES)


async def _html(client: aiohttp.ClientSession, url: str, headers: dict[str, str]) -> str:
    """The page, blank if it is none, or leads on."""
    async with client.get(url, headers=headers, allow_redirects=False) as answer:
        return await answer.text() if answer.content_type == "text/html" and answer.status != 303 else ""


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("who", READERS)
async def test_every_page_was_seen_by_a_translator(
    world: World, who: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "choose", lambda *_: BRACKETED)
    headers = await world.signed_in(who)
    found: dict[str, list[str]] = {}
    seen = 0
    async with aiohttp.ClientSession() as client:
        for path in world.paths():
            page = await _html(client, world.here.origin + path, headers)
            seen += "⟦" in page
            if page and (words := _said(page)):
                found[path] = words
    assert not found
    assert seen >= 10


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", FORMS)
async def test_and_what_is_said_of_an_empty_form(world: World, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "choose", lambda *_: BRACKETED)
    headers = await world.signed_in(None if path == "/sign-in" else scene.COORDINATOR)
    headers["Origin"] = world.here.origin
    async with (
        aiohttp.ClientSession() as client,
        client.post(
            world.here.origin + path, data={"form_token": world.token(headers)}, headers=headers, allow_redirects=False
        ) as answer,
    ):
        page = await answer.text()
    assert answer.status == 422, page
    assert "⟦" in page
    assert not _said(page)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_reader_is_spoken_to_as_their_browser_asks(world: World) -> None:
    async with aiohttp.ClientSession() as client:
        for asked, said in (("es-MX,es;q=0.9,en;q=0.5", "Catálogo"), ("de,en;q=0.1", "Catalog")):
            page = await _html(client, f"{world.here.origin}/", {"Accept": "text/html", "Accept-Language": asked})
            assert said in page, asked
        page = await _html(client, world.item, {"Accept": "text/html", "Accept-Language": "es"})
        assert '<html lang="es">' in page
        assert "Firmado por" in page
        assert "31 de enero de 2020" in page
