"""The engines that the contract's tests run on, each real, each on a fresh database.

A test asks for `storage`, or for `engine` where it opens, kills or reopens one itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from node.storage.contract import Storage
from tests.storage.opening import OPEN


class Engine(msgspec.Struct, frozen=True):
    """How a test opens an engine. `place` names its database, also on a command line."""

    name: str
    place: str
    open: Callable[[], Awaitable[Storage]]


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    name = request.param
    place = str(tmp_path / "data") if name == "sqlite" else request.getfixturevalue("postgres_url")
    return Engine(name, place, lambda: OPEN[name](place))


@pytest.fixture
async def storage(engine: Engine) -> AsyncIterator[Storage]:
    opened = await engine.open()
    yield opened
    await opened.close()
