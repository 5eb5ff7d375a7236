"""The engines that stories are told on: those of a file that says usefixtures("both_engines") are told on both."""

from collections.abc import Iterator

import pytest

from tests.cluster.kit import DATABASES
from tests.postgres import Server


@pytest.fixture(params=["sqlite", "postgres"])
def both_engines(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield request.param
        return
    server: Server = request.getfixturevalue("postgres_server")
    made: list[str] = []

    def database() -> str:
        made.append(server.database())
        return made[-1]

    token = DATABASES.set(database)
    yield request.param
    DATABASES.reset(token)
    for url in made:
        server.drop(url)
