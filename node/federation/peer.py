"""The client that speaks to other nodes: guarded, bounded, signed (protocol sections 4, 5 and 9).

Owns fetching and posting: where to (dialling.py), how long, how much, how many redirects, and which headers may be
seen by whom. Never stores anything, never retries on a later day (delivery.py), and never decides what a document
means. There is no way round the guard: every request of a node goes through here.
"""

import asyncio
import ssl
from collections.abc import Callable, Sequence
from functools import lru_cache
from urllib.parse import urljoin

import aiohttp
import msgspec
from yarl import URL

from node.federation.dialling import Guard, Names, SystemNames
from node.federation.response import ACCEPT_DOCUMENT as ACCEPT_DOCUMENT
from node.federation.response import ACCEPT_JRD as ACCEPT_JRD
from node.federation.response import ACCEPT_NODEINFO as ACCEPT_NODEINFO
from node.federation.response import PeerError as PeerError
from node.federation.response import Response as Response
from node.federation.response import document as document
from node.federation.response import explain, header_dict, read_body
from node.federation.response import metadata as metadata
from node.sentence import say
from protocol import canonical, limits
from protocol.errors import ProtocolError, Reason, RemoteProtocolError
from protocol.http_message import Form, Request
from protocol.identifiers import Origin, parse_url, same_origin

Header = tuple[str, str]
Sign = Callable[[Request, Form], Sequence[Header]]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_FORMS = 10_000  # hosts
_ANSWER_BYTES = 64 * 1024  # of the answer to a POST we only want the reason


class Session(msgspec.Struct, frozen=True):
    """How patient and how greedy; times in milliseconds. The defaults are the protocol's limits."""

    connect: int = limits.CONNECT_TIMEOUT
    read: int = limits.READ_TIMEOUT
    total: int = limits.FETCH_TIMEOUT
    body: int = limits.BODY_BYTES
    redirects: int = limits.REDIRECTS
    per_host: int = limits.IN_FLIGHT_A_HOST

    def timeout(self, total: float | None = None) -> aiohttp.ClientTimeout:
        """As aiohttp has it, in seconds. `total`: for everything, the body of the answer included."""
        return aiohttp.ClientTimeout(
            total=total, sock_connect=self.connect / 1000, sock_read=self.read / 1000, ceil_threshold=60
        )


class Peers:
    """All other nodes, as seen from here. Made inside a running loop; `close()` when done."""

    def __init__(
        self,
        user_agent: str,
        allowed: frozenset[tuple[str, int]] = frozenset(),
        session: Session | None = None,
        own: frozenset[tuple[str, int]] = frozenset(),
        names: Names | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed`: exact (host, port) pairs that tests and development permit, also over http.

        `own`: this node's (host, port), which it never fetches. `names`: another resolver, vetted all the same.
        `tls`: another set of trusted authorities.
        """
        self._limits = session or Session()
        self._allowed = allowed
        self._agent = user_agent
        self._forms: dict[str, Form] = {}  # what worked last time, by host; forgotten at a restart
        self._names = names or SystemNames()
        self._guard = Guard(allowed, own, self._names, self._limits.connect / 1000)
        self._timeout = self._limits.timeout()
        self._push_timeout = self._limits.timeout(self._limits.total / 1000)
        self._client = aiohttp.ClientSession(
            connector=self._guard.connector(self._limits.per_host),
            timeout=self._timeout,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            raise_for_status=False,
        )
        self._tls: ssl.SSLContext | bool = tls or True

    def stranger(self) -> "Peers":
        """The same client for one look at this node from outside: it may fetch this node too. Close it after use."""
        names = None if isinstance(self._names, SystemNames) else self._names
        tls = None if isinstance(self._tls, bool) else self._tls
        return Peers(self._agent, self._allowed, self._limits, frozenset(), names, tls)

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()
        if isinstance(self._names, SystemNames):
            self._names.close()

    def request(self, method: str, url: str, headers: Sequence[Header] = (), body: bytes | None = None) -> Request:
        """A request exactly as it will be sent, for a signature to cover. PeerError refused-url."""
        where, target = _place(url)
        base = (("host", where.authority), ("user-agent", self._agent), ("accept-encoding", "gzip"))
        return Request(method, target, base + tuple((name.lower(), value) for name, value in headers), body)

    async def get(
        self, url: str, headers: Sequence[Header] = (), accept: str = ACCEPT_DOCUMENT, sign: Sign | None = None
    ) -> Response:
        """Fetch, following up to three redirects, each vetted like the first address. PeerError.

        `headers` and what `sign` returns go to the origin of `url` alone; each hop there is signed anew.
        """
        home, target = _place(url)
        try:
            async with asyncio.timeout(self._limits.total / 1000):
                for _ in range(self._limits.redirects + 1):
                    where, target = _place(target)
                    self._guard.vet(where)
                    own = headers if where == home else ()
                    request = self.request("GET", target, (("accept", accept), *own))
                    if sign is not None and where == home:
                        answer = await self._signed(request, where.key, sign)
                    else:
                        answer = await self._exchange(request)
                    location = answer.header("location")
                    if answer.status not in _REDIRECTS or location is None:
                        return answer
                    target = urljoin(target, location)
                    if where.scheme == "https" and not target.lower().startswith("https:"):
                        raise PeerError("redirects", say("they redirect to an address that does not begin with https"))
        except PeerError:
            raise
        except (aiohttp.ClientError, OSError) as error:
            raise explain(error) from error
        raise PeerError("redirects", say("they redirect more than {number} times", number=self._limits.redirects))

    async def _signed(self, request: Request, host: str, sign: Sign) -> Response:
        """A GET in the form that has worked there, natively first; refused, once more in the other (section 4)."""
        form: Form = self._forms.get(host, "native")
        answer = await self._exchange(_with(request, sign(request, form)))
        if answer.status not in (400, 401):
            return answer
        other: Form = "legacy" if form == "native" else "native"
        second = await self._exchange(_with(request, sign(request, other)))
        if second.status in (400, 401):
            return answer
        if len(self._forms) >= _FORMS:
            self._forms.clear()
        self._forms[host] = other
        return second

    async def post(self, url: str, body: bytes, headers: Sequence[Header]) -> Response:
        """Send `body`; never redirected: a 3xx is returned as it is. PeerError.

        Of the answer's body at most 64 KiB are read; once the status is known, trouble with the rest is not an error.
        """
        return await self.send(self.request("POST", url, headers, body))

    async def send(self, request: Request) -> Response:
        """Post what `request()` built, with the headers that a signature added. PeerError."""
        where, _ = _place(request.target)
        self._guard.vet(where)
        clock = asyncio.get_running_loop().time
        until = clock() + self._limits.total / 1000
        try:
            try:
                return await self._exchange(request, self._push_timeout)
            except aiohttp.ServerDisconnectedError:
                # A kept connection that they closed just now; a POST is idempotent by its activity's id.
                async with asyncio.timeout(until - clock()):
                    return await self._exchange(request)
        except (aiohttp.ClientError, OSError) as error:
            raise explain(error) from error

    async def document_at(self, url: str, sign: Sign | None = None) -> canonical.Document:
        """The activity document whose id is `url`, or that `url` leads to on the id's own origin.

        A document whose id is not its URL is fetched once more at its id on the same origin, else dropped
        (protocol section 5). PeerError (kind "status" with the status, if it was not 200), RemoteProtocolError.
        """
        wanted = url.partition("#")[0]
        for _ in range(2):
            answer = await self.get(wanted, sign=sign)
            if answer.status != 200:
                raise PeerError("status", say("they answered {status}", status=answer.status), answer.status)
            found = canonical.read(document(answer))
            name = found.value.get("id")
            if not isinstance(name, str) or not same_origin(name, answer.url):
                raise RemoteProtocolError(Reason.MALFORMED, "The document's id is not of the origin that served it.")
            if name in {wanted, answer.url}:
                return found
            wanted = name
        raise RemoteProtocolError(Reason.MALFORMED, "The document's id is not its URL.")

    async def _exchange(self, request: Request, patience: aiohttp.ClientTimeout | None = None) -> Response:
        """One request and its answer, read whole."""
        url = _sent(request.target)
        async with self._client.request(
            request.method, url, data=request.body, headers=request.headers, allow_redirects=False, ssl=self._tls,
            timeout=patience or self._timeout,
        ) as answer:  # fmt: skip
            headers = header_dict(answer)
            body = b""
            try:
                if request.method == "POST":
                    # The status is the answer; the rest is only its reason and never held against it.
                    body = await self._reason(answer, headers)
                elif answer.status not in _REDIRECTS:
                    body = await read_body(answer, headers, self._limits.body)
            except (PeerError, aiohttp.ClientError, OSError):
                answer.close()
                if request.method != "POST":
                    raise
            return Response(answer.status, headers, body, request.target)

    async def _reason(self, answer: aiohttp.ClientResponse, headers: dict[str, str]) -> bytes:
        if answer.content.is_eof():  # most have come whole: those need no timer
            return await read_body(answer, headers, _ANSWER_BYTES)
        async with asyncio.timeout(self._limits.read / 1000):
            return await read_body(answer, headers, _ANSWER_BYTES)


def _with(request: Request, headers: Sequence[Header]) -> Request:
    return msgspec.structs.replace(request, headers=(*request.headers, *headers))


@lru_cache(maxsize=8192)
def _place(url: str) -> tuple[Origin, str]:
    """Where a URL leads, and the URL as it is sent: normalised, without its fragment. PeerError refused-url."""
    try:
        parsed = msgspec.structs.replace(parse_url(url, allow_fragment=True), fragment=None)
        _sent(str(parsed))
    except ProtocolError as error:
        raise PeerError("refused-url", say("the address cannot be used: {why}", why=error.detail)) from None
    except ValueError:
        raise PeerError("refused-url", say("the address cannot be used")) from None
    return parsed.origin, str(parsed)


@lru_cache(maxsize=8192)
def _sent(target: str) -> URL:
    return URL(target, encoded=True)  # as signed: nothing is re-quoted
