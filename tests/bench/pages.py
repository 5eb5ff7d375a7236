"""How long people wait for a page of a large coalition: 200 practices, 5,000 members.

Asked one after another over loopback by somebody who is signed in as a coordinator; the time is from the request to the
whole answer, so it is the server's and a little more. The floor is a page that shows nothing: what the shell costs.
"""

import re
from pathlib import Path
from statistics import median
from time import perf_counter

import aiohttp

from node import app
from tests.bench import prepare, town
from tests.bench.measure import Result, Results, node_in
from tests.bench.processes import BenchError

TURNS = 40
ITEMS = 200
_FLOOR = "/settings/privacy"
PAGES = (
    "/", "/practices/public-safety", "/practices/public-safety/members", "/practices/p7", "/members",
    "/members?q=4", "/organisations", "/organisations/o7", "/members/m7", "/me", "/catalog", "/record",
    "/members/invite", "/settings", "/trust", "/messages",
)  # fmt: skip


async def pages(directory: Path) -> Results:
    port = prepare.free_port()
    data = directory / "pages"
    await prepare.found(data, port)
    node = await app.build(data)
    await town.populate(node.storage, f"http://127.0.0.1:{port}")
    token = node.keystore.mint_token(node.clock.now(), "bench")
    await node.stop()
    found: Results = {}
    origin = f"http://127.0.0.1:{port}"
    with node_in(data):
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(origin, headers={"Origin": origin}, cookie_jar=jar) as client:
            form = {"name": town.COORDINATOR, "password": town.PASSWORD, "then": "/me"}
            async with client.post("/sign-in", data=form, allow_redirects=False) as answer:
                if answer.status != 303:
                    raise BenchError(f"nobody could sign in: {answer.status}")
            for number in range(ITEMS):
                body = {"title": f"How it was done {number}", "content": "In steps.", "summary": "What it solves."}
                body["license"] = "CC-BY-4.0"
                where = f"/api/v1/practices/{prepare.SLUG}/items"
                async with client.post(where, json=body, headers={"Authorization": f"Bearer {token}"}) as answer:
                    if answer.status != 201:
                        raise BenchError(f"nothing was published: {answer.status}")
            floor, _ = await _ask(client, _FLOOR)
            for path in PAGES:
                waited, size = await _ask(client, path)
                found[f"page {path}"] = Result(waited, f"ms, {size:,} bytes", floor, floor / waited)
    return found


async def _ask(client: aiohttp.ClientSession, path: str) -> tuple[float, int]:
    """The median in milliseconds, and the page's size."""
    times: list[float] = []
    size = 0
    for turn in range(TURNS + 5):
        began = perf_counter()
        async with client.get(path, headers={"Accept": "text/html"}, allow_redirects=False) as answer:
            text = await answer.text()
        if turn >= 5:
            times.append((perf_counter() - began) * 1_000)
        if answer.status != 200 or not re.search("<h1", text):
            raise BenchError(f"{path} answered {answer.status}")
        size = len(text.encode())
    return median(times), size
