"""One scene is built; every case has a copy of it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.security.kit import Plot, Scene, build, plot, scene_of


@pytest.fixture(scope="session")
def shared() -> Plot:
    return plot()


@pytest.fixture(scope="session")
def template(shared: Plot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("scene") / "node"
    asyncio.run(build(directory, shared))
    return directory


@pytest_asyncio.fixture
async def scene(template: Path, tmp_path: Path, shared: Plot) -> AsyncIterator[Scene]:
    async with scene_of(template, tmp_path / "node", shared) as made:
        yield made
