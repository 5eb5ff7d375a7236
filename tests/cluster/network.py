"""The network of a story: a road is the only way to a town, and a rule may lose, refuse or hold what travels on it.

A road listens at the town's origin and the town behind it, so that every origin, signature and address is the true
one. Nothing is rewritten: what a rule lets pass arrives byte for byte.
"""

import asyncio
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from tests.federation.hostile import Seen, Server

Match = Callable[[Seen], bool]
Rule = Callable[[Seen], Awaitable[web.StreamResponse | None]]  # None: pass on

_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})  # RFC 9110 section 7.6.1


class Road(Server):
    """Passes on whatever its rule does not stop. `seen` is what came, `answers` the status each request got."""

    def __init__(self, port: int, to: int) -> None:
        super().__init__()
        self.port = port
        self.rule: Rule | None = None
        self.answers: list[tuple[Seen, int]] = []
        self._to = f"http://127.0.0.1:{to}"
        self._client: aiohttp.ClientSession | None = None
        self.otherwise(self._carry)

    @property
    def closed(self) -> bool:
        return self._client is None

    async def start(self) -> None:
        self._client = aiohttp.ClientSession(auto_decompress=False)
        await super().start()

    async def stop(self) -> None:
        await super().stop()
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def _carry(self, seen: Seen) -> web.StreamResponse:
        answer = await self.rule(seen) if self.rule is not None else None
        answer = answer or await self.pass_on(seen)
        self.answers.append((seen, answer.status))
        return answer

    async def pass_on(self, seen: Seen) -> web.StreamResponse:
        assert self._client is not None
        url = URL(self._to + seen.path, encoded=True)
        headers = CIMultiDict((name, value) for name, value in seen.headers.items() if name.lower() not in _HOP)
        try:
            async with self._client.request(
                seen.method, url, headers=headers, data=seen.body or None, allow_redirects=False,
                skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            ) as answer:  # fmt: skip
                kept = CIMultiDict((name, value) for name, value in answer.headers.items() if name.lower() not in _HOP)
                return web.Response(status=answer.status, headers=kept, body=await answer.read())
        except aiohttp.ClientConnectionError:
            return web.Response(status=502)

    def pushes(self) -> list[Seen]:
        """Every activity that was sent along here, in order."""
        return [seen for seen in self.seen if is_push(seen)]


# What a rule looks for


def is_push(seen: Seen) -> bool:
    """An activity on its way to an inbox."""
    return seen.method == "POST" and seen.path.endswith("/inbox")


def carries(text: str) -> Match:
    """A push whose activity has these words in it."""
    return lambda seen: is_push(seen) and text.encode() in seen.body


def asks(path: str) -> Match:
    """A question for what lies under this path."""
    return lambda seen: seen.method == "GET" and seen.path.startswith(path)


# What it does


def answered(match: Match, status: int, times: int = 1_000_000) -> Rule:
    """So many of them get this answer and go no further. 202 is the lie: taken, and lost."""
    left = times

    async def rule(seen: Seen) -> web.StreamResponse | None:
        nonlocal left
        if not match(seen) or left <= 0:
            return None
        left -= 1
        return web.Response(status=status)

    return rule


class Held:
    """Keeps those requests open until `release`, then passes them on. `came` is set by the first."""

    def __init__(self, match: Match, skip: int = 0) -> None:
        self.came = asyncio.Event()
        self.open = 0
        self._match = match
        self._skip = skip
        self._go = asyncio.Event()

    def release(self) -> None:
        self._go.set()

    async def __call__(self, seen: Seen) -> web.StreamResponse | None:
        if not self._match(seen) or self._go.is_set():
            return None
        if self._skip > 0:
            self._skip -= 1
            return None
        self.open += 1
        self.came.set()
        waiting = {asyncio.ensure_future(self._go.wait()), asyncio.ensure_future(seen.closing.wait())}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
            self.open -= 1
        return web.Response(status=503) if seen.closing.is_set() else None
