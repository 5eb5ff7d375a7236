"""Real servers on loopback that behave well, badly, or count: good peer G, partner P, evil peer E, canary C.

Owns the other end of the security cases (D above all): actors with their keys, requests signed in either form, and
answers that redirect, drip, overflow, lie about their type or never end. Nothing here is a mock: every byte goes over
a socket.
"""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import msgspec
import trustme
from aiohttp import web
from multidict import CIMultiDict

from protocol import canonical, http_signature, integrity, legacy_signature
from protocol.http_message import Request
from protocol.keys import HeldKey, SigningKey
from protocol.vocabulary.actors import build_actor
from protocol.vocabulary.context import ACTIVITY_JSON, context

Handler = Callable[["Seen"], Awaitable[web.StreamResponse]]
_RSA = SigningKey.generate_rsa()  # one for all: making a key costs a tenth of a second, and no case needs two


class Seen(msgspec.Struct, frozen=True):
    """A request as it came; `request` is for answers that stream, `closing` is set when the server stops."""

    method: str
    path: str  # with its query
    headers: CIMultiDict[str]
    body: bytes
    request: web.BaseRequest
    closing: asyncio.Event


class Server:
    """One HTTP server. Paths are answered by the handler given for them, else 404; every request is remembered."""

    def __init__(self, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None, name: str | None = None) -> None:
        self.host = name or host
        self.port = 0
        self.seen: list[Seen] = []
        self._bind = host
        self._tls = tls
        self._handlers: dict[str, Handler] = {}
        self._fallback: Handler = answer(404)
        self._runner: web.ServerRunner | None = None
        self._closing = asyncio.Event()

    @property
    def pair(self) -> tuple[str, int]:
        """What an allow-list names."""
        return self.host, self.port

    @property
    def origin(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def paths(self) -> list[str]:
        """Method and path of every request, in order."""
        return [f"{seen.method} {seen.path}" for seen in self.seen]

    def url(self, path: str) -> str:
        return self.origin + path

    def on(self, path: str, handler: Handler) -> str:
        """Answer `path` (without query) so; its URL."""
        self._handlers[path] = handler
        return self.url(path)

    def otherwise(self, handler: Handler) -> None:
        """Answer every other path so."""
        self._fallback = handler

    async def start(self) -> None:
        self._closing = asyncio.Event()
        # Not 0, which aiohttp reads as no bound: an answer that waits for a node that has gone is then waited for.
        self._runner = web.ServerRunner(web.Server(self._answer), shutdown_timeout=0.001)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._bind, self.port, ssl_context=self._tls)
        await site.start()
        if not self.port:
            self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port and all connections; `start` opens the same port again."""
        self._closing.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        headers, body = CIMultiDict(request.headers), await request.read()
        seen = Seen(request.method, request.raw_path, headers, body, request, self._closing)
        self.seen.append(seen)
        return await self._handlers.get(request.path, self._fallback)(seen)


class Canary:
    """Listens and counts connections: whatever a guard lets through is seen here."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.connections = 0
        self.host = host
        self.port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._count, self.host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def _count(self, _reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.close()


class Cast(msgspec.Struct, frozen=True):
    """All four. An allow-list names good, evil and partner, and never the canary."""

    good: Server
    evil: Server
    partner: Server
    canary: Canary

    @property
    def allowed(self) -> frozenset[tuple[str, int]]:
        return frozenset({self.good.pair, self.evil.pair, self.partner.pair})


@asynccontextmanager
async def serving(*servers: Server | Canary) -> AsyncIterator[None]:
    """Start them, and stop them in the end."""
    async with AsyncExitStack() as stack:
        for server in servers:
            await server.start()
            stack.push_async_callback(server.stop)
        yield


@asynccontextmanager
async def cast() -> AsyncIterator[Cast]:
    """Good, evil and partner servers, and a canary, all running."""
    all_of_them = Cast(Server(), Server(), Server(), Canary())
    async with serving(all_of_them.good, all_of_them.evil, all_of_them.partner, all_of_them.canary):
        yield all_of_them


def dead_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Authority:
    """A certificate authority of a test, and contexts for both ends."""

    def __init__(self) -> None:
        self._ca = trustme.CA()

    def server(self, *names: str, expired: bool = False) -> ssl.SSLContext:
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        extra: dict[str, Any] = {}
        if expired:
            past = trustme.datetime.datetime(2001, 1, 1)
            extra = {"not_before": past, "not_after": past + trustme.datetime.timedelta(days=1)}
        self._ca.issue_cert(*names, **extra).configure_cert(made)
        return made

    def client(self) -> ssl.SSLContext:
        made = ssl.create_default_context()
        self._ca.configure_trust(made)
        return made


# Answers


def answer(
    status: int, body: bytes = b"", content_type: str = "text/plain", headers: Mapping[str, str] | None = None
) -> Handler:
    async def handle(_: Seen) -> web.StreamResponse:
        return web.Response(status=status, body=body, headers={"Content-Type": content_type, **(headers or {})})

    return handle


def serve(value: Any, content_type: str = ACTIVITY_JSON) -> Handler:
    """A JSON document, or exact bytes, of a media type."""
    return answer(200, value if isinstance(value, bytes) else canonical.encode(value), content_type)


def redirect(location: str, status: int = 302) -> Handler:
    return answer(status, b"elsewhere", headers={"Location": location})


def silence() -> Handler:
    """Take the request and never answer."""

    async def handle(seen: Seen) -> web.StreamResponse:
        await seen.closing.wait()
        return web.Response(status=503)

    return handle


def drip(seconds: float = 0.02, status: int = 200) -> Handler:
    """The headers at once, then one byte at a time, for ever (CVE-2023-36461)."""

    async def handle(seen: Seen) -> web.StreamResponse:
        response = web.StreamResponse(status=status, headers={"Content-Type": ACTIVITY_JSON})
        await response.prepare(seen.request)
        while not seen.closing.is_set():
            await response.write(b" ")
            await asyncio.sleep(seconds)
        return response

    return handle


def oversize(size: int, chunked: bool = False, encoding: str | None = None) -> Handler:
    """`size` bytes of JSON white space; with its Content-Length or without; as a gzip bomb if `encoding` is gzip."""

    async def handle(seen: Seen) -> web.StreamResponse:
        headers = {"Content-Type": ACTIVITY_JSON}
        body = b"{" + b" " * (size - 2) + b"}"
        if encoding is not None:
            body = gzip.compress(body)
            headers["Content-Encoding"] = encoding
        if not chunked:
            return web.Response(body=body, headers=headers)
        response = web.StreamResponse(headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(seen.request)
        for start in range(0, len(body), 65_536):
            await response.write(body[start : start + 65_536])
        await response.write_eof()
        return response

    return handle


def endless(server: Server, path: str, leaves_to: str | None = None, loops: bool = False) -> str:
    """A collection whose `next` never ends, loops, or leaves the host; the URL of its first page."""

    async def handle(seen: Seen) -> web.StreamResponse:
        page = int(seen.request.query.get("page", "0"))
        following = server.url(f"{path}?page={1 - page if loops else page + 1}")
        return web.Response(
            body=canonical.encode(
                {
                    "@context": context(),
                    "id": server.url(seen.path),
                    "type": "OrderedCollectionPage",
                    "next": leaves_to if leaves_to and page else following,
                    "orderedItems": [server.url(f"/activities/{page}")],
                }
            ),
            headers={"Content-Type": ACTIVITY_JSON},
        )

    server.on(path, handle)
    return server.url(f"{path}?page=0")


# Actors


class Character:
    """An actor with keys who signs whatever a case needs, true or false."""

    def __init__(self, server: Server, path: str, type: str = "Group", key: SigningKey | None = None) -> None:
        self.server = server
        self.id = server.url(path)
        self.key = key or SigningKey.generate_ed25519()
        self.rsa = _RSA
        self.key_id = f"{self.id}#ed25519-1"
        self.rsa_id = f"{self.id}#main-key"
        self.type = type
        self.slug = path.rpartition("/")[2]

    @property
    def inbox(self) -> str:
        return f"{self.id}/inbox"

    def document(self, sequence: int, **changed: Any) -> dict[str, Any]:
        """The actor document, unsigned; `changed` members are put over it (cw:… by a dict in `more`)."""
        more: dict[str, Any] = changed.pop("more", {})
        made = build_actor(
            id=self.id,
            type=self.type,
            name=self.slug,
            preferred_username=self.slug,
            keys=[HeldKey(self.key_id, self.id, self.key.public)],
            rsa=HeldKey(self.rsa_id, self.id, self.rsa.public),
            sequence=sequence,
        )
        return {**made, **changed, **more}

    def sign(self, document: Mapping[str, Any], now: int) -> bytes:
        """The document's wire bytes with this actor's proof. `now` in milliseconds."""
        return integrity.sign(document, self.key, self.key_id, now)

    def publish(self, now: int, **changed: Any) -> str:
        """Serve the signed actor document at its id, which is returned."""
        path = self.id.removeprefix(self.server.origin)
        return self.server.on(path, serve(self.sign(self.document(now, **changed), now)))

    def activity(self, type: str, object: Any, now: int, number: int = 1, **more: Any) -> dict[str, Any]:
        """An activity of this actor, unsigned."""
        return {
            "@context": context(),
            "id": f"{self.server.origin}/activities/{self.slug}-{number}",
            "type": type,
            "actor": self.id,
            "object": object,
            **more,
        }

    def native(self, request: Request, now: int, nonce: str = "n", extra: tuple[str, ...] = ()) -> Request:
        """The request with an RFC 9421 signature."""
        added = http_signature.sign(request, self.key, self.key_id, now // 1000, nonce, extra)
        return _with(request, added)

    def legacy(self, request: Request, now: int) -> Request:
        """The request with a draft-cavage signature."""
        return _with(request, legacy_signature.sign(request, self.rsa, self.rsa_id, now))


def post_to(url: str, body: bytes, content_type: str = ACTIVITY_JSON, **headers: str) -> Request:
    """An unsigned POST. Header names are given with underscores."""
    more = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
    host = url.partition("://")[2].partition("/")[0]
    return Request("POST", url, (("host", host), ("content-type", content_type), *more), body)


def _with(request: Request, added: list[tuple[str, str]]) -> Request:
    names = {name.lower() for name, _ in added}
    kept = tuple((name, value) for name, value in request.headers if name not in names)
    return msgspec.structs.replace(request, headers=(*kept, *((name.lower(), value) for name, value in added)))
