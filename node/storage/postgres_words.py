"""Words between the processes of one node: LISTEN and NOTIFY. Hints only; whoever hears none looks by the clock.

A word is told after its commit, on its own, and once however often it is said meanwhile: a NOTIFY inside a transaction
would have all commits wait for one lock. Whoever listened anew hears "" for every topic: some may have been missed.
"""

import asyncio
from collections.abc import Callable

import psycopg
import structlog

CHANNEL = "commonweave"
_LONGEST = 7_000  # bytes; PostgreSQL takes 8,000
_AGAIN = 1.0  # seconds until a lost listener connects anew

log = structlog.get_logger("storage")


class Words:
    """What this process tells and hears.

    `send` brings texts to the database, later and on another thread; `me` is the back end that it does so by.
    """

    def __init__(self, url: str, send: Callable[[list[str]], None], me: Callable[[], int]) -> None:
        self._url = url
        self._send = send
        self._me = me
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[str, None] = {}
        self._ears: dict[str, Callable[[str], None]] = {}
        self._task: asyncio.Task[None] | None = None

    def tell(self, topic: str, word: str) -> None:
        """Soon; words that are said again meanwhile go once."""
        text = f"{topic}\n{word}"
        if len(text.encode()) > _LONGEST:
            text = f"{topic}\n"
        if not self._waiting:
            self._loop.call_soon(self._go)
        self._waiting[text] = None

    def _go(self) -> None:
        texts = list(self._waiting)
        self._waiting.clear()
        self._send(texts)

    def hear(self, topic: str, ear: Callable[[str], None]) -> None:
        """Listen from now on."""
        self._ears[topic] = ear
        if self._task is None:
            self._task = asyncio.create_task(self._listen())

    async def close(self) -> None:
        """Listen no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        while True:
            try:
                connection = await psycopg.AsyncConnection.connect(
                    self._url, autocommit=True, connect_timeout=10, application_name="commonweave listener"
                )
                async with connection:
                    await connection.execute(f"LISTEN {CHANNEL}")
                    for ear in self._ears.values():
                        ear("")
                    async for notice in connection.notifies():
                        if notice.pid != self._me():
                            self._heard(notice.payload)
            except psycopg.Error as error:
                log.warning("the database's words are not heard; polling goes on", because=str(error))
            await asyncio.sleep(_AGAIN)

    def _heard(self, text: str) -> None:
        topic, _, word = text.partition("\n")
        if (ear := self._ears.get(topic)) is not None:
            ear(word)
