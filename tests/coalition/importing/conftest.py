"""Imports are told on both engines, at a node with one practice."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.cluster.conftest import both_engines as both_engines
from tests.cluster.kit import cluster
from tests.cluster.people import Place


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        await town.open_practice("guns", name="Gun violence")
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()
