"""A thread for one connection, whatever the engine: a work is carried there whole, never a statement a hop."""

import asyncio
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Generic, TypeVar

C = TypeVar("C")  # an engine's connection


class ConnectionThread(Generic[C]):
    """The only thread that works on `connection`, from its start until `close`."""

    def __init__(self, connection: C, name: str) -> None:
        self._connection = connection
        self._functions: SimpleQueue[Callable[[C], None] | None] = SimpleQueue()
        # daemon: a process that dies of an error must not wait for us; what was not committed is then undone.
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def carry(self, function: Callable[[C], None]) -> None:
        """Run the function after what was carried before. It gives its own answer and never raises."""
        self._functions.put(function)

    async def close(self) -> None:
        """Finish what was carried, then end."""
        self._functions.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (function := self._functions.get()) is not None:
            function(self._connection)
