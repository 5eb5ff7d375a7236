"""Both ends of the wire at the least cost: connections that send prepared bytes, and a sink that counts what comes.

Raw streams, so that the load costs little beside what is measured. Every answer is looked at.
"""

import asyncio
from collections import Counter, deque
from typing import cast

from tests.bench.processes import BenchError

_PATIENCE = 60  # seconds a round may take


class _Sender(asyncio.Protocol):
    """One kept connection: sends the next request when the last one is answered."""

    def __init__(self, queue: "deque[bytes]", expect: bytes, done: "asyncio.Future[None]") -> None:
        self._queue = queue
        self._expect = expect
        self._done = done
        self._buffer = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        assert self._transport is not None
        if self._queue:
            self._transport.write(self._queue.popleft())
        else:
            self._transport.close()
            if not self._done.done():
                self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        size = length(self._buffer, end)
        if len(self._buffer) < end + 4 + size:
            return
        if not self._buffer.startswith(self._expect):
            self._fail(f"answered {self._buffer[:600]!r}")
            return
        self._buffer = self._buffer[end + 4 + size :]
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"a connection broke: {exc!r}")

    def _fail(self, why: str) -> None:
        if not self._done.done():
            self._done.set_exception(BenchError(why))


async def send(host: str, port: int, requests: list[bytes], connections: int, expect: str = "202") -> float:
    """Send every request over so many connections; the seconds it took. BenchError at any other answer."""
    loop = asyncio.get_running_loop()
    queue = deque(requests)
    ends = [loop.create_future() for _ in range(connections)]
    start = loop.time()
    for end in ends:
        await loop.create_connection(lambda end=end: _Sender(queue, f"HTTP/1.1 {expect}".encode(), end), host, port)
    try:
        async with asyncio.timeout(_PATIENCE):
            await asyncio.gather(*ends)
    except TimeoutError:
        raise BenchError(f"{len(queue)} requests were not sent in {_PATIENCE} seconds") from None
    return loop.time() - start


def length(head: bytes, end: int) -> int:
    """Content-Length in a head that ends at `end`; 0 if there is none."""
    at = head.lower().find(b"\r\ncontent-length:", 0, end)
    return 0 if at < 0 else int(head[at + 17 : head.find(b"\r\n", at + 2)])


_YES = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"


class Sink:
    """Answers 202 to every POST on a port, whatever loopback address it was sent to, and counts by Host."""

    def __init__(self) -> None:
        self.hosts: Counter[bytes] = Counter()
        self.count = 0
        self.last: tuple[bytes, bytes] = (b"", b"")  # head and body of the last request
        self._waiting: tuple[int, asyncio.Future[None]] | None = None
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Taker(self), "0.0.0.0", port, backlog=2048)

    def reset(self) -> None:
        """Count from nothing."""
        self.hosts.clear()
        self.count = 0

    async def until(self, count: int, seconds: float = 120) -> None:
        """Return when so many have come. BenchError if they do not."""
        if self.count < count:
            future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting = (count, future)
            try:
                await asyncio.wait_for(future, seconds)
            except TimeoutError:
                raise BenchError(f"{self.count} of {count} deliveries came") from None
            finally:
                self._waiting = None

    def take(self, head: bytes, body: bytes) -> None:
        """One request."""
        at = head.lower().find(b"\r\nhost:")
        self.hosts[head[at + 7 : head.find(b"\r\n", at + 2)].strip()] += 1
        self.count += 1
        self.last = (head, body)
        if self._waiting is not None and self.count >= self._waiting[0] and not self._waiting[1].done():
            self._waiting[1].set_result(None)


class _Taker(asyncio.Protocol):
    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(b"\r\n\r\n")) >= 0:
            whole = end + 4 + length(self._buffer, end)
            if len(self._buffer) < whole:
                return
            self._sink.take(self._buffer[: end + 2], self._buffer[end + 4 : whole])
            self._buffer = self._buffer[whole:]
            self._transport.write(_YES)
