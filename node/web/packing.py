"""Pages, the API's answers and static files leave packed (gzip) for whoever unpacks; what other nodes read does not.

A packed length tells of what is in it. An attacker who could have somebody's browser ask for pages of theirs, with
words of the attacker's choice in them, and sees their lengths pass by, could guess what else is there (BREACH). So a
page for who is signed in is packed only if their own browser says that the wish came from here; the tokens of forms
are other text each time as well (node/web/session.py). Documents and logs keep the bytes that their digests cover.
"""

import asyncio
import gzip
from functools import lru_cache

from aiohttp import web
from aiohttp.typedefs import Handler

from node.web.session import session_of

LEAST = 1_000  # bytes; below, a packet's header costs as much as is won
_LEVEL = 6
_ASIDE = 256 * 1_024  # bytes; what takes longer than some milliseconds is packed in a thread
_OURS = frozenset({"same-origin", "none"})
_PAGE = "text/html"
_API = "/api/"


@lru_cache(maxsize=256)
def unpacks(accepted: str) -> bool:
    """An Accept-Encoding header that takes gzip (RFC 9110 section 12.5.3)."""
    wishes: dict[str, bool] = {}
    for element in accepted[:500].lower().split(","):
        coding, _, parameter = element.partition(";")
        name, _, value = parameter.partition("=")
        refused = name.strip() == "q" and not value.strip().strip("0.")
        wishes[coding.strip()] = not refused
    return wishes.get("gzip", wishes.get("x-gzip", wishes.get("*", False)))


def pack(body: bytes, level: int = _LEVEL) -> bytes:
    """The same bytes for the same body: no time stands in it."""
    return gzip.compress(body, level, mtime=0)


def asked(request: web.Request) -> bool:
    """Whoever asks unpacks."""
    return unpacks(request.headers.get("Accept-Encoding", ""))


def vary(response: web.StreamResponse) -> None:
    """Say to caches that another browser gets other bytes."""
    before = response.headers.get("Vary")
    response.headers["Vary"] = f"{before}, Accept-Encoding" if before else "Accept-Encoding"


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Pack what was made for this one request. The outermost: it sees every answer whole."""
    response = await handler(request)
    if not isinstance(response, web.Response) or not _ours(request, response):
        return response
    body = response.body
    if not isinstance(body, bytes) or len(body) < LEAST or "Content-Encoding" in response.headers:
        return response
    vary(response)
    if asked(request) and not _watched(request):
        response.body = pack(body) if len(body) < _ASIDE else await asyncio.to_thread(pack, body)
        response.headers["Content-Encoding"] = "gzip"
    return response


def _ours(request: web.Request, response: web.Response) -> bool:
    """A page, or an answer of the API: nothing that is signed, or read by other nodes."""
    if response.content_type == _PAGE:
        return True
    return response.content_type == "application/json" and request.path.startswith(_API)


def _watched(request: web.Request) -> bool:
    """Another site may have brought about this request for somebody's own page."""
    return session_of(request).signed_in and request.headers.get("Sec-Fetch-Site") not in _OURS
