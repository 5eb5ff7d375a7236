"""Who sits at the browser: nobody, or the operator who gave this node's token.

A session is a row, so it can be revoked; the row is named by the SHA-256 of the cookie's random value, so that a
read of the database opens no door. The form token is derived from the cookie's value, which only the browser
holds. Whether a token is the operator's is asked of an injected `verify`; this file never sees how it is kept.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from node.clock import Clock
from node.storage.contract import Reads, Storage, Tx

LIFETIME = 14 * 24 * 3_600_000  # ms; a coordinator comes back within two weeks or signs in again
_VALUE_BYTES = 32

_INSERT = "INSERT INTO session(id, created, expires) VALUES (:id, :now, :expires)"
_FIND = "SELECT expires FROM session WHERE id = :id AND expires > :now"
_REVOKE = "DELETE FROM session WHERE id = :id"
_REVOKE_ALL = "DELETE FROM session"
_EXPIRE = "DELETE FROM session WHERE expires <= :now"


class Session(msgspec.Struct, frozen=True):
    """What a page may know of its reader. `form_token` is empty for nobody."""

    signed_in: bool = False
    form_token: str = ""


NOBODY = Session()
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)


def _row_id(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def form_token(value: str) -> str:
    """The token that every form of this session carries."""
    return hmac.new(value.encode(), b"commonweave form", hashlib.sha256).hexdigest()[:32]


class Sessions:
    """Opens, finds and closes sessions of one node."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        verify: Callable[[str], Awaitable[bool]],
        origin: str,
        seal: Callable[[str], bytes] = _row_id,
    ) -> None:
        """`seal` names a session's row; one that changes when tokens are revoked ends every session with them."""
        self._seal = seal
        self._storage = storage
        self._clock = clock
        self._verify = verify
        url = URL(origin)
        self._secure = url.scheme == "https"
        # __Host- binds the cookie to this very host (RFC 6265bis section 4.1.3.2). Cookies ignore ports: without the
        # port in the name, two nodes of one development machine would sign each other out.
        self.cookie = "__Host-session" if self._secure and url.is_default_port() else f"session-{url.port}"

    async def sign_in(self, token: str) -> str | None:
        """The value for the cookie of a new session; None if this is not the operator's token."""
        if not await self._verify(token):
            return None
        value = base64.urlsafe_b64encode(secrets.token_bytes(_VALUE_BYTES)).decode().rstrip("=")
        now = self._clock.now()

        def work(tx: Tx) -> None:
            tx.run(_EXPIRE, now=now)
            tx.run(_INSERT, id=self._seal(value), now=now, expires=now + LIFETIME)

        await self._storage.transact(work)
        return value

    async def find(self, value: str) -> Session:
        """The session of a cookie's value, NOBODY if it is not open."""
        if not 40 <= len(value) <= 50 or not value.isascii():
            return NOBODY
        now, row_id = self._clock.now(), self._seal(value)

        def work(reads: Reads) -> bool:
            return reads.one(_FIND, id=row_id, now=now) is not None

        return Session(True, form_token(value)) if await self._storage.read(work) else NOBODY

    async def sign_out(self, value: str) -> None:
        """Close this session; a stolen copy of its cookie is worth nothing from here on."""
        row_id = self._seal(value)
        await self._storage.transact(lambda tx: tx.run(_REVOKE, id=row_id))

    async def sign_out_everywhere(self) -> None:
        """Close every session: after the operator's token was changed."""
        await self._storage.transact(lambda tx: tx.run(_REVOKE_ALL))

    def give(self, response: web.StreamResponse, value: str) -> None:
        """Set the cookie. Lax: a link from a mail opens signed in, a form of another site posts signed out."""
        response.set_cookie(
            self.cookie,
            value,
            max_age=LIFETIME // 1_000,
            path="/",
            httponly=True,
            samesite="Lax",
            secure=self._secure,
        )

    def take(self, response: web.StreamResponse) -> None:
        """Tell the browser to forget the cookie."""
        response.del_cookie(self.cookie, path="/", httponly=True, samesite="Lax", secure=self._secure)


SESSIONS: web.AppKey[Sessions] = web.AppKey("sessions", Sessions)


@web.middleware
async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Look the session up, once, and only if the request carries a cookie: other nodes cost nothing."""
    sessions = request.app[SESSIONS]
    value = request.cookies.get(sessions.cookie)
    if value and not request.path.startswith("/static/"):
        request[SESSION] = await sessions.find(value)
    return await handler(request)


def session_of(request: web.Request) -> Session:
    """Who asks."""
    session: Any = request.get(SESSION, NOBODY)
    return session if isinstance(session, Session) else NOBODY


def safe_path(text: str, otherwise: str = "/") -> str:
    """Where to go after an act: a path of this node, never another origin (GHSA-xqw8-4j56-5hj6)."""
    if not text.startswith("/") or text[1:2] in ("/", "\\") or len(text) > 2_048:
        return otherwise
    if any(character <= " " or character in "\\\x7f" for character in text):
        return otherwise
    return text
