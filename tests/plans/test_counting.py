"""A page asks as many questions of a large coalition as of a small one."""

from pathlib import Path
from typing import Any

import aiohttp

from node import app
from node.keystore import Keystore
from node.storage.contract import Reads
from tests.bench import town
from tests.bench.pages import PAGES
from tests.bench.prepare import SLUG, found, free_port
from tests.plans.watched import Watch

MOST = 20  # statements a page


class Counting(Watch):
    """Counts what is asked."""

    def __init__(self, storage: Any) -> None:
        super().__init__(storage, lambda *_: [])
        self.asked = 0

    def note(self, of: Reads, sql: str, named: dict[str, Any]) -> None:
        self.asked += 1


async def counted(client: aiohttp.ClientSession, storage: Counting, path: str) -> int:
    before = storage.asked
    async with client.get(path, headers={"Accept": "text/html"}, allow_redirects=False) as answer:
        assert answer.status == 200, path
        await answer.read()
    return storage.asked - before


async def test_pages_ask_no_more_of_many(tmp_path: Path) -> None:
    asked: list[dict[str, int]] = []
    for size in ({"practices": 10, "members": 20}, {"practices": 200, "members": 2_000}):
        data, port = tmp_path / str(len(asked)), free_port()
        await found(data, port)
        settings = app.config.load(data)
        storage = Counting(await app.open_storage(data, settings))
        node = app.Node(
            data, settings, storage, Keystore.open(data), app.SystemClock(), app.default_peers(settings)
        )  # fmt: skip
        await town.populate(storage, str(node.origin), **size)
        await node.serve()
        client = aiohttp.ClientSession(
            str(node.origin), headers={"Origin": str(node.origin)}, cookie_jar=aiohttp.CookieJar(unsafe=True)
        )
        try:
            form = {"name": town.COORDINATOR, "password": town.PASSWORD, "then": "/me"}
            async with client.post("/sign-in", data=form, allow_redirects=False) as answer:
                assert answer.status == 303
            for path in PAGES:
                await counted(client, storage, path)  # what is asked once and remembered
            asked.append({path: await counted(client, storage, path) for path in PAGES})
        finally:
            await client.close()
            await node.stop()
    few, many = asked
    assert few == many
    assert max(many.values()) <= MOST, many
    assert f"/practices/{SLUG}" in many
