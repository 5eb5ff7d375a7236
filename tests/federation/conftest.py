"""The world of the federation's tests: real servers, clients that may speak to three of them, a deliverer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from node.federation.peer import Peers
from tests.federation.clients import HASTY, SMALL
from tests.federation.hostile import Cast, answer, cast, serving
from tests.federation.stage import Stage


@pytest_asyncio.fixture
async def world() -> AsyncIterator[Cast]:
    async with cast() as made:
        yield made


@pytest_asyncio.fixture
async def peers(world: Cast) -> AsyncIterator[Peers]:
    made = Peers("Commonweave/test", world.allowed, SMALL)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def hasty(world: Cast) -> AsyncIterator[Peers]:
    made = Peers("Commonweave/test", world.allowed, HASTY)
    yield made
    await made.close()


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path / "data")
    async with serving(made.server, made.home):
        made.server.otherwise(answer(202))
        await made.open()
        yield made
        await made.close()
