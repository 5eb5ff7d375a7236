"""What every test may ask for: a PostgreSQL server, started when the first test asks and ended with the session."""

from collections.abc import Iterator

import pytest

from tests.postgres import Server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    server = Server()
    server.start()
    yield server
    server.remove()


@pytest.fixture
def postgres_url(postgres_server: Server) -> Iterator[str]:
    """A migrated database of the test's own."""
    url = postgres_server.database()
    yield url
    postgres_server.drop(url)
