"""One real node for the API's tests, and another that it may follow; both stay up for a file's tests."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from tests.cluster.kit import Town, cluster


class Said(msgspec.Struct, frozen=True):
    """An answer, read whole."""

    status: int
    headers: dict[str, str]
    raw: bytes

    @property
    def value(self) -> Any:
        return msgspec.json.decode(self.raw)

    def problem(self) -> str:
        """The sentence of an RFC 9457 answer, which must be one: for people, and of nothing inside."""
        assert self.headers["Content-Type"] == "application/problem+json"
        value = self.value
        assert value["status"] == self.status
        assert value["type"].startswith("https://w3id.org/commonweave/problems#")
        assert value["title"]
        detail = value["detail"]
        assert detail
        for inside in ("Traceback", "SELECT", "sqlite", "/work", "node/", "Error(", "cw:", "msgspec"):
            assert inside not in detail, detail
        return detail


class Api:
    """A town, asked over HTTP with its token, with none, or with another."""

    def __init__(self, town: Town) -> None:
        self.town = town

    async def ask(self, method: str, path: str, body: Any = None, **more: Any) -> Said:
        client = self.town.client
        assert client is not None
        if body is not None:
            more["json"] = body
        async with client.request(method, f"/api/v1{path}", **more) as answer:
            return Said(answer.status, dict(answer.headers), await answer.read())

    async def stranger(self, method: str, path: str, **headers: str) -> Said:
        async with (
            aiohttp.ClientSession(self.town.origin) as client,
            client.request(method, f"/api/v1{path}", headers=headers) as answer,
        ):
            return Said(answer.status, dict(answer.headers), await answer.read())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def towns(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[list[Town]]:
    async with cluster(tmp_path_factory.mktemp("api"), "high-point", "fort-wayne") as made:
        await made[0].open_practice()
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(towns: list[Town]) -> Api:
    return Api(towns[0])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def described(api: Api) -> dict[str, Any]:
    """The OpenAPI document as served."""
    return (await api.ask("GET", "/openapi.json")).value
