"""What other servers ask of this one: inboxes, documents, collections, logs, heads, discovery.

Thin: read the request, ask the gate or the database, answer by the table of protocol section 5. `@target-uri` is
made of the configured origin, never of Host or X-Forwarded headers (section 4).
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable

import msgspec
import structlog
from aiohttp import web

from node.clock import Clock
from node.federation import served
from node.federation.admission import Admission
from node.gate.door import Gate
from node.gate.handler import Answer
from node.gate.keys import Keys
from node.gate.requests import check_active, key_host
from node.storage.contract import Storage, StorageBusy
from protocol import discovery, http_signature, identifiers, limits, log
from protocol.errors import ProtocolError, Reason, RemoteProtocolError, problem, status

ACTIVITY_JSON = "application/activity+json"
SHARED_INBOX = "/inbox"
_LD = "application/ld+json"
VARY = "Accept, Signature, Signature-Input"
_RETRY = {"Retry-After": "60"}

_log = structlog.get_logger("endpoints")

Handle = Callable[[web.Request], Awaitable[web.StreamResponse]]


def refuse(reason: Reason, detail: str = "", *, body: bool = True) -> web.Response:
    """An RFC 9457 answer, with what its status owes the peer. `body`: what was refused has one, to be covered."""
    headers = {"Vary": VARY, "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    code = status(reason)
    if code == 401:
        headers["Accept-Signature"] = http_signature.accept_signature(body)
    if code in (429, 503):
        headers |= _RETRY
    said = msgspec.json.encode(problem(reason, detail))
    response = web.Response(status=code, body=said, headers=headers, content_type="application/problem+json")
    if code in (408, 413):
        response.force_close()  # the rest of the body is not waited for
    return response


def activity_json(body: bytes, *, public: bool = True) -> web.Response:
    """A document for other servers. What is not public is never cached by anyone between us."""
    cache = "public, max-age=60" if public else "private, no-store"
    return web.Response(
        body=body,
        headers={
            "Content-Type": ACTIVITY_JSON,
            "Vary": VARY,
            "Cache-Control": cache,
            "X-Content-Type-Options": "nosniff",
        },
    )


class Endpoints:
    """The aiohttp handlers. `heard` is told of every host whose word was authenticated."""

    def __init__(
        self,
        origin: identifiers.Origin,
        gate: Gate,
        keys: Keys,
        storage: Storage,
        admission: Admission,
        clock: Clock,
        heard: Callable[[str], None],
        head: "served.HeadSigner",
        version: str,
        patience: int = limits.BODY_TIMEOUT,
    ) -> None:
        """`patience`: for a whole body to arrive, in milliseconds."""
        self._origin = origin
        self._base = str(origin)
        self._gate = gate
        self._keys = keys
        self._storage = storage
        self._admission = admission
        self._clock = clock
        self._heard = heard
        self._head = head
        self._version = version
        self._patience = patience / 1000

    def routes(self) -> list[web.RouteDef]:
        """Every address another server may ask. Pages that share an address with a document are the rooms'."""
        guard = self._guard
        return [
            web.post(SHARED_INBOX, self.inbox),
            web.post("/actor/inbox", self.inbox),
            web.post("/practices/{slug}/inbox", self.inbox_of),
            web.post("/people/{slug}/inbox", self.inbox_of),
            web.get("/actor/{collection:outbox|followers|following|practices}", guard(self.collection)),
            web.get("/practices/{slug}/{collection:outbox|followers|following}", guard(self.collection)),
            web.get("/people/{slug}/{collection:outbox|followers|following}", guard(self.collection)),
            web.get("/activities/{id}", guard(self.activity)),
            web.get("/federation/log", guard(self.log, signed=True)),
            web.get("/federation/head", guard(self.head, signed=True)),
            web.get("/federation/object", guard(self.object, signed=True)),
            web.get("/.well-known/webfinger", self.webfinger),
            web.get("/.well-known/nodeinfo", self.nodeinfo_links),
            web.get("/nodeinfo/2.1", self.nodeinfo),
        ]

    # In

    def first(self, otherwise: Handle) -> Handle:
        """The handler of every request: what is pushed to the shared inbox, before all else goes to `otherwise`.

        It is most of what a node is asked, and needs nothing of the pages' router, sessions and headers.
        """

        async def handle(request: web.Request) -> web.StreamResponse:
            if request.raw_path != SHARED_INBOX or request.method != "POST" or "Expect" in request.headers:
                return await otherwise(request)
            try:
                return await self.inbox(request)
            except Exception as error:  # a bug here: it is logged, and nothing of it leaves the node
                _log.error("an inbox failed", exc_info=error)
                return refuse(Reason.INTERNAL)

        return handle

    async def inbox(self, request: web.Request) -> web.StreamResponse:
        """POST, one activity. Every inbox is the shared one: the activity itself says whom it concerns."""
        try:
            if not _is_activity(request.headers.get("Content-Type", "")):
                return refuse(Reason.WRONG_TYPE)
            wire, body = await _read(request, self._patience)
            asked = self._request(request, wire)
            answer = await self._gate.receive_pushed(asked, body)
        except ProtocolError as error:
            return refuse(error.reason, error.detail)
        except StorageBusy:
            return refuse(Reason.BUSY)
        code = status(answer.reason)
        if code != 202:
            return refuse(answer.reason, answer.detail)
        if answer.host:
            self._heard(answer.host)
        return web.Response(status=202, headers=_seen(answer))

    async def inbox_of(self, request: web.Request) -> web.StreamResponse:
        """The inbox of a practice or a person, who must be here: to what is not, nothing can be delivered."""
        owner = self._origin.at(request.path.rpartition("/")[0])
        try:
            await self._storage.read(lambda reads: served.actor(reads, owner))
        except ProtocolError as error:
            return refuse(error.reason, error.detail)
        except StorageBusy:
            return refuse(Reason.BUSY)
        return await self.inbox(request)

    def _request(self, request: web.Request, body: bytes | None) -> http_signature.Request:
        path = request.raw_path
        if not path.startswith("/"):  # absolute-form would let the sender choose the target we verify
            raise RemoteProtocolError(Reason.MALFORMED, "The request target must be a path.")
        headers = tuple([(name.lower(), value) for name, value in request.headers.items()])
        return http_signature.Request(request.method, self._base + path, headers, body)

    # Out

    def _guard(self, handle: Handle, *, signed: bool = False) -> Handle:
        """Who asks, before what they ask: 401 without a signature where one is due, 403 for who is not admitted."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                await self.reader(request, signed=signed)
                return await handle(request)
            except ProtocolError as error:
                return refuse(error.reason, error.detail, body=False)
            except StorageBusy:
                return refuse(Reason.BUSY)

        return guarded

    async def reader(self, request: web.Request, *, signed: bool = False) -> str | None:
        """The actor who signed this GET, or None; raises RemoteProtocolError as protocol section 5 says."""
        headers = request.headers
        if "Signature" not in headers:
            if signed or self._admission.closed:
                raise RemoteProtocolError(Reason.UNSIGNED)
            return None
        now = self._clock.now()
        asked = self._request(request, None)
        signature = http_signature.read_any(asked, now)
        host = key_host(signature.keyid)
        refusal = self._admission.judge(host)
        if refusal is not None:
            raise RemoteProtocolError(refusal)
        key = self._keys.held(signature.keyid) or await self._keys.find(signature.keyid, 0)
        http_signature.check(signature, key.public)
        check_active(key, now)
        if signature.form == "native" and not self._keys.natively(host):
            await self._keys.note_native(host)
        self._heard(host)
        return key.actor

    async def collection(self, request: web.Request) -> web.StreamResponse:
        owner = self._origin.at(request.path.rpartition("/")[0])
        kind = request.match_info["collection"]
        after = _number(request, "after")
        body = await self._storage.read(lambda reads: served.collection(reads, owner, kind, after))
        return activity_json(body)

    async def activity(self, request: web.Request) -> web.StreamResponse:
        id = self._origin.at(request.path)
        return activity_json(await self._storage.read(lambda reads: served.activity(reads, id)))

    async def actor(self, request: web.Request) -> web.StreamResponse:
        """The signed document of a local actor. The node's own is readable unsigned: it is what signatures need."""
        id = self._origin.at(request.path)
        try:
            if id != identifiers.node_actor(self._origin):
                await self.reader(request)
            return activity_json(await self._storage.read(lambda reads: served.actor(reads, id)))
        except ProtocolError as error:
            return refuse(error.reason, error.detail)

    async def item(self, request: web.Request) -> web.StreamResponse:
        """An object of ours at its own address; 410 and a Tombstone once withdrawn."""
        id = self._origin.at(request.path)
        try:
            await self.reader(request)
            body, gone = await self._storage.read(lambda reads: served.object_document(reads, id))
        except ProtocolError as error:
            return refuse(error.reason, error.detail)
        response = activity_json(body)
        if gone:
            response.set_status(410)
        return response

    async def object(self, request: web.Request) -> web.StreamResponse:
        """The signed activity that made any object's present state, ours or held for another (section 8)."""
        id = request.query.get("id", "")
        return activity_json(await self._storage.read(lambda reads: served.signed_object(reads, id)))

    async def log(self, request: web.Request) -> web.StreamResponse:
        name = request.query.get("set", "")
        epoch, after, limit = (_number(request, key) for key in ("epoch", "after", "limit"))
        page = await self._storage.read(
            lambda reads: served.log_page(reads, self._origin, name, epoch, after or 0, limit or limits.LOG_PAGE_ITEMS)
        )
        return activity_json(page)

    async def head(self, request: web.Request) -> web.StreamResponse:
        raw, tag = await self._head.of(request.query.get("set", ""))
        # One of several, or made weak by a proxy that compressed it (RFC 9110 section 13.1.2).
        if (known := request.headers.get("If-None-Match", "")) == "*" or tag in known:
            return web.Response(status=304, headers={"ETag": tag, "Vary": VARY})
        response = activity_json(raw)
        response.headers["ETag"] = tag
        return response

    # Discovery

    async def webfinger(self, request: web.Request) -> web.StreamResponse:
        """RFC 7033 for acct:slug@host, an actor's id, and the origin itself (FEP-d556)."""
        resource = request.query.get("resource", "")
        try:
            found = await self._storage.read(lambda reads: served.webfinger(reads, self._origin, resource))
        except ProtocolError as error:
            return refuse(error.reason, error.detail)
        return web.Response(
            body=msgspec.json.encode(found),
            content_type="application/jrd+json",
            headers={"Access-Control-Allow-Origin": "*", "Cache-Control": "public, max-age=3600"},
        )

    async def nodeinfo_links(self, _request: web.Request) -> web.StreamResponse:
        return web.json_response(body=msgspec.json.encode(discovery.nodeinfo_links(self._origin)))

    async def nodeinfo(self, _request: web.Request) -> web.StreamResponse:
        facts = await self._storage.read(served.node_facts)
        document = discovery.nodeinfo(
            version=self._version,
            posts=facts["items"],
            name=facts["name"],
            description="",
            actor=identifiers.node_actor(self._origin),
        )
        return web.Response(
            body=msgspec.json.encode(document),
            headers={"Content-Type": 'application/json; profile="http://nodeinfo.diaspora.software/ns/schema/2.1#"'},
        )


def _is_activity(content_type: str) -> bool:
    """`application/activity+json`, or `application/ld+json` with the ActivityStreams profile (section 5)."""
    name, _, parameters = content_type.partition(";")
    name = name.strip().lower()
    return name == ACTIVITY_JSON or (name == _LD and "https://www.w3.org/ns/activitystreams" in parameters)


async def _read(request: web.Request, patience: float) -> tuple[bytes, bytes]:
    """The body as sent, which the digest covers, and decoded: one layer of gzip at most, within the limit."""
    if (request.content_length or 0) > limits.BODY_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE)
    try:
        if request.content.is_eof():  # most bodies have come with their heads: those need no timer
            wire = await request.read()
        else:
            async with asyncio.timeout(patience):
                wire = await request.read()
    except TimeoutError:
        raise RemoteProtocolError(Reason.TOO_SLOW) from None
    except web.HTTPRequestEntityTooLarge:
        raise RemoteProtocolError(Reason.TOO_LARGE) from None
    coding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if coding == "identity":
        return wire, wire
    if coding != "gzip":
        raise RemoteProtocolError(Reason.WRONG_TYPE, "Only gzip is read as a content coding, and only one layer of it.")
    inflate = zlib.decompressobj(wbits=31)
    try:
        body = inflate.decompress(wire, limits.BODY_BYTES + 1)
    except zlib.error:
        raise RemoteProtocolError(Reason.MALFORMED, "The body is not gzip.") from None
    if len(body) > limits.BODY_BYTES:
        raise RemoteProtocolError(Reason.TOO_LARGE)
    if not inflate.eof or inflate.unused_data:
        raise RemoteProtocolError(Reason.MALFORMED, "The body is not one whole gzip member.")
    return wire, body


def _number(request: web.Request, name: str) -> int | None:
    text = request.query.get(name)
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > limits.INTEGER_DIGITS:
        raise RemoteProtocolError(Reason.MALFORMED, f"“{name}” must be a whole number.")
    return int(text)


def _seen(answer: Answer) -> dict[str, str]:
    return {"Commonweave-Log": log.build_cursor(answer.seen)} if answer.seen is not None else {}
