"""Every route that changes something refuses another site's page, whoever has no right, and a form that comes again.

The routes are taken from the running node, so that a new one is missed here before it is missed by anybody else.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from node.gate.handler import Who
from node.web import api
from node.web.session import SESSIONS, Session, form_key
from tests.cluster.kit import Town, cluster, settle
from tests.security import scene
from tests.security.acts import PAGES, SESSIONS_ALONE, SIGNED
from tests.security.acts_programs import API, NAMED, PAGES_ALONE, TWINS
from tests.security.scene import OPERATOR, Act, Scene

_CHANGES = {"POST", "PUT", "PATCH", "DELETE"}
# What changes by itself, or by looking at another once more: not what an act is about. (Whatever our own actors say is
# among the activities.)
_RESTLESS = {
    "session",
    "wish",
    "schema_version",
    "key_miss",
    "key_fetch",
    "peer",
    "inbox",
    "need",
    "head",
    "actor",
    "actor_key",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def towns(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Town]]:
    async with cluster(tmp_path_factory.mktemp("routes"), "here", "there") as made:
        await made[0].open_practice(scene.SLUG)
        await made[0].running.storage.transact(scene.people)
        yield made


def routes_of(town: Town) -> set[tuple[str, str]]:
    """(method, path) of every route that changes something."""
    runner: Any = town.running._runner
    found: set[tuple[str, str]] = set()
    for route in runner.app.router.routes():
        if route.method in _CHANGES and route.resource is not None:
            found.add((route.method, route.resource.canonical))
    return found


def test_no_route_is_forgotten(towns: list[Town]) -> None:
    found = routes_of(towns[0])
    pages = {path for method, path in found if not path.startswith(api.PREFIX)}
    programs = {f"{method} {path.removeprefix(api.PREFIX)}" for method, path in found if path.startswith(api.PREFIX)}
    assert pages - SIGNED - set(SESSIONS_ALONE) == set(PAGES)
    assert programs == set(API)
    assert pages >= set(SESSIONS_ALONE)
    assert all(Path(act.elsewhere).exists() for act in (*PAGES.values(), *API.values()) if act.elsewhere)


def test_whatever_a_page_can_do_a_program_can() -> None:
    assert set(PAGES) == set(TWINS) | set(PAGES_ALONE)
    assert not set(TWINS) & set(PAGES_ALONE)
    assert set(TWINS.values()) | set(NAMED) == set(API)


class Browser:
    """Sits at a node, signed in as a member, as the operator, or as nobody (None)."""

    def __init__(self, town: Town, who: str | None) -> None:
        self.town = town
        self.who = who
        self.cookie = ""

    async def send(
        self, path: str, fields: dict[str, Any], token: str = "", site: str = "same-origin"
    ) -> tuple[int, str]:
        """Status, and where it leads."""
        origin = self.town.origin if site == "same-origin" else "https://evil.example"
        headers = {"Sec-Fetch-Site": site, "Origin": origin, "Accept": "text/html"}
        if self.cookie:
            headers["Cookie"] = f"{self.sessions.cookie}={self.cookie}"
        async with (
            aiohttp.ClientSession() as client,
            client.post(
                self.town.origin + path, data={**fields, "form_token": token}, headers=headers, allow_redirects=False
            ) as answer,
        ):
            return answer.status, answer.headers.get("Location", "")

    @property
    def sessions(self) -> Any:
        runner: Any = self.town.running._runner
        return runner.app[SESSIONS]

    async def sign_in(self) -> "Browser":
        if self.who is not None:
            self.cookie = await self.sessions.open(self.who, "a test")
        return self

    def token(self) -> str:
        return Session(True, form_key(self.cookie), made=self.town.clock.now()).form_token


async def state(town: Town) -> dict[str, set[str]]:
    """Everything that is stored, by table, but for what is restless."""
    names = await town.rows("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return {
        row["name"]: {repr(dict(each)) for each in await town.rows(f"SELECT * FROM {row['name']}")}
        for row in names
        if row["name"] not in _RESTLESS and not row["name"].startswith("sqlite_")
    }


def difference(before: dict[str, set[str]], after: dict[str, set[str]]) -> dict[str, set[str]]:
    """The rows that came, went or changed."""
    return {name: rows ^ after[name] for name, rows in before.items() if rows != after[name]}


_number = iter(range(1, 10_000))


async def prepared(towns: list[Town], act: Act) -> tuple[str, dict[str, Any]]:
    sending = await act.prepare(Scene(towns[0], towns[1], next(_number)))
    await rested(towns)
    return sending


async def rested(towns: list[Town]) -> None:
    """What one says to the other may be answered, and the answer too: wait until nothing changes by itself."""

    async def same() -> bool:
        before = await state(towns[0])
        for town in (*towns, *towns):
            await town.rest()
        return not difference(before, await state(towns[0]))

    await settle(same, "the towns come to rest")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("path", PAGES)
async def test_a_form(towns: list[Town], path: str) -> None:
    act, here = PAGES[path], towns[0]
    where, fields = await prepared(towns, act)
    may = await Browser(here, act.may).sign_in()
    before = await state(here)

    nobody = Browser(here, None)
    status, leads = await nobody.send(where, fields)
    assert status in (401, 403, 422) or leads.startswith("/sign-in"), (status, leads)
    assert (await may.send(where, fields, may.token(), "cross-site"))[0] == 403
    assert (await may.send(where, fields))[0] in (403, 422)
    other = await Browser(here, act.may).sign_in()
    assert (await may.send(where, fields, other.token()))[0] in (403, 422)  # another session's
    if act.cannot is not None:
        cannot = await Browser(here, act.cannot).sign_in()
        status, _ = await cannot.send(where, fields, cannot.token())
        assert status in (403, 404, 422), status
    assert difference(before, await state(here)) == {}

    if act.elsewhere:
        return
    token = may.token()
    status, leads = await may.send(where, fields, token)
    assert status == (200 if act.shows else 303), status
    assert not leads.startswith("/sign-in")
    await rested(towns)
    after = await state(here)
    assert difference(before, after)
    status, leads = await may.send(where, fields, token)
    assert status >= 400 or leads.endswith("?said=unchanged"), (status, leads)
    assert difference(after, await state(here)) == {}


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("route", API)
async def test_a_program(towns: list[Town], route: str, monkeypatch: pytest.MonkeyPatch) -> None:
    act, here = API[route], towns[0]
    where, body = await prepared(towns, act)
    method = route.partition(" ")[0]
    cookie = f"{(await Browser(here, act.may).sign_in()).cookie}"
    name = Browser(here, act.may).sessions.cookie
    before = await state(here)

    async def ask(**headers: str) -> int:
        async with (
            aiohttp.ClientSession() as client,
            client.request(method, here.origin + where, json=body, headers=headers) as answer,
        ):
            return answer.status

    assert await ask() == 401
    assert await ask(Cookie=f"{name}={cookie}") == 401  # a browser's session is no program's: no page of another site
    assert await ask(Authorization="Bearer nonsense") == 401
    known = {"may": Who(member=act.may) if act.may != OPERATOR else Who(operator=True)}
    known["cannot"] = Who(member=act.cannot) if act.cannot is not None else Who()
    known["reads"] = Who(member=act.may, operator=act.may == OPERATOR, scopes=frozenset({"read"}))

    async def authenticate(token: str) -> Who | None:
        return known.get(token)

    # Whose a token is, is shown elsewhere; here, that it is asked what they may.
    monkeypatch.setattr(here.running, "authentic", authenticate)
    assert await ask(Authorization="Bearer cannot") == 403
    assert await ask(Authorization="Bearer reads") == 403
    assert difference(before, await state(here)) == {}
    if not act.elsewhere:
        assert await ask(Authorization="Bearer may") < 300
        assert difference(before, await state(here))
