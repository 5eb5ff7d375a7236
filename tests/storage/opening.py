"""The engines by name, for fixtures and for the processes that tests start: what opens a place."""

from collections.abc import Awaitable, Callable
from pathlib import Path

from node.storage.contract import Storage
from node.storage.postgres import open_postgres
from node.storage.sqlite import open_sqlite


async def _sqlite(place: str) -> Storage:
    return await open_sqlite(Path(place))


async def _postgres(place: str) -> Storage:
    return await open_postgres(place)


OPEN: dict[str, Callable[[str], Awaitable[Storage]]] = {"sqlite": _sqlite, "postgres": _postgres}
