"""A shelf on either engine."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.repertoire.search.kit import Shelf
from tests.storage.opening import OPEN


@pytest.fixture(params=["sqlite", "postgres"])
async def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shelf]:
    name = request.param
    place = str(tmp_path / "data") if name == "sqlite" else request.getfixturevalue("postgres_url")
    storage = await OPEN[name](place)
    made = Shelf(storage, tmp_path)
    yield made
    await made.search.stop()
    await storage.close()
