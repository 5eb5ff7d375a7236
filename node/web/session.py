"""Who sits at the browser: nobody, a member, or the operator who gave this node's token.

A session is a row, so it can be revoked; the row is named by a seal of the cookie's random value, so that a read of
the database opens no door. Each form carries a token of its own, derived from the cookie's value, which only the
browser holds: it proves that the page was ours and this session's, names the one sending of this one form, and is
another text each time a page is made, so that compression betrays nothing (BREACH). Who a member is, is asked of an
injected `reader`; whether a token is the operator's, of `verify`.
"""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler
from yarl import URL

from node.clock import Clock
from node.gate.handler import Who
from node.storage.contract import Reads, Row, Storage, Tx

LIFETIME = 14 * 24 * 3_600_000  # ms; a coordinator comes back within two weeks or signs in again
FORM_LIFETIME = 24 * 3_600_000  # ms; a wish is remembered for longer (node/gate/permitted.py)
_SEEN_EVERY = 10 * 60_000  # ms; when a session was last used is kept no finer, and costs no write a page
_VALUE_BYTES = 32
_FORM_TOKEN = re.compile(r"([0-9a-f]{10,12})\.([0-9A-Za-z_-]{22})\.([0-9a-f]{32})", re.ASCII)

_INSERT = (
    "INSERT INTO session(id, member, agent, created, seen, expires) VALUES (:id, :member, :agent, :now, :now, :expires)"
)
_FIND = "SELECT member, seen FROM session WHERE id = :id AND expires > :now"
_SEEN = "UPDATE session SET seen = :now WHERE id = :id"
_REVOKE = "DELETE FROM session WHERE id = :id"
_REVOKE_ALL = "DELETE FROM session"
_REVOKE_OF_MEMBER = "DELETE FROM session WHERE id = :id AND member = :member"
_REVOKE_MEMBER = "DELETE FROM session WHERE member = :member AND id <> :but"
_EXPIRE = "DELETE FROM session WHERE expires <= :now"
_OF_MEMBER = (
    "SELECT id, agent, created, seen FROM session WHERE member = :member AND expires > :now ORDER BY seen DESC, id"
)


class Reader(msgspec.Struct, frozen=True):
    """A member as every page needs them. coordinator: of the coalition as a whole."""

    member: str
    name: str
    language: str = ""
    time_zone: str = ""
    coordinator: bool = False


class Session(msgspec.Struct, frozen=True):
    """What a page may know of its reader. made: when this request was read (ms); it dates the forms' tokens."""

    signed_in: bool = False
    key: bytes = b""
    member: str = ""
    name: str = ""
    operator: bool = False
    coordinator: bool = False
    language: str = ""
    time_zone: str = ""
    id: bytes = b""
    made: int = 0

    @property
    def form_token(self) -> str:
        """A token for one form, new each time it is asked; empty for nobody."""
        if not self.signed_in:
            return ""
        said = f"{self.made:x}.{secrets.token_urlsafe(16)}"
        return f"{said}.{_mac(self.key, said)}"

    def wish(self, token: str) -> str | None:
        """The name of this one sending, of a token that is this session's and a day old at most; else None."""
        found = _FORM_TOKEN.fullmatch(token)
        if found is None or not self.signed_in:
            return None
        said = f"{found[1]}.{found[2]}"
        if not hmac.compare_digest(found[3], _mac(self.key, said)):
            return None
        return said if self.made - int(found[1], 16) <= FORM_LIFETIME else None


NOBODY = Session()
SESSION: web.RequestKey[Session] = web.RequestKey("session", Session)
WHO: web.RequestKey[Who] = web.RequestKey("who", Who)  # of a request that carries an access token


def _row_id(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def _mac(key: bytes, said: str) -> str:
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:32]


def form_key(value: str) -> bytes:
    """The key of a session's form tokens."""
    return hmac.digest(value.encode(), b"commonweave form", "sha256")


def _nobody(_reads: Reads, _member: str) -> Reader | None:
    return None


class Sessions:
    """Opens, finds and closes sessions of one node."""

    def __init__(
        self,
        storage: Storage,
        clock: Clock,
        verify: Callable[[str], Awaitable[bool]],
        origin: str,
        seal: Callable[[str], bytes] = _row_id,
        reader: Callable[[Reads, str], Reader | None] = _nobody,
    ) -> None:
        """`seal` names a session's row; one that changes when tokens are revoked ends every session with them.

        reader: an active member by id; None ends the session.
        """
        self._seal = seal
        self._storage = storage
        self._clock = clock
        self._verify = verify
        self._reader = reader
        url = URL(origin)
        self._secure = url.scheme == "https"
        # __Host- binds the cookie to this very host (RFC 6265bis section 4.1.3.2). Cookies ignore ports: without the
        # port in the name, two nodes of one development machine would sign each other out.
        self.cookie = "__Host-session" if self._secure and url.is_default_port() else f"session-{url.port}"

    async def sign_in(self, token: str, agent: str = "") -> str | None:
        """The value for the cookie of a new session of the operator; None if this is not the operator's token."""
        return await self.open("", agent) if await self._verify(token) else None

    async def open(self, member: str, agent: str) -> str:
        """The value for the cookie of a new session of this member, whoever they are has been established.

        agent: the browser's own name, for the list of sessions.
        """
        value = base64.urlsafe_b64encode(secrets.token_bytes(_VALUE_BYTES)).decode().rstrip("=")
        now = self._clock.now()

        def work(tx: Tx) -> None:
            tx.run(_EXPIRE, now=now)
            tx.run(
                _INSERT, id=self._seal(value), member=member, agent=agent[:300], now=now, expires=now + LIFETIME
            )  # fmt: skip

        await self._storage.transact(work)
        return value

    async def find(self, value: str) -> Session:
        """The session of a cookie's value, NOBODY if it is not open, or its member not active any more."""
        if not 40 <= len(value) <= 50 or not value.isascii():
            return NOBODY
        now, row_id = self._clock.now(), self._seal(value)

        def work(reads: Reads) -> tuple[Row, Reader | None] | None:
            row = reads.one(_FIND, id=row_id, now=now)
            if row is None:
                return None
            return row, self._reader(reads, row["member"]) if row["member"] else None

        found = await self._storage.read(work)
        if found is None:
            return NOBODY
        row, reader = found
        if row["member"] and reader is None:
            return NOBODY
        if now - row["seen"] >= _SEEN_EVERY:
            await self._storage.transact(lambda tx: tx.run(_SEEN, id=row_id, now=now))
        session = Session(True, form_key(value), operator=reader is None, id=row_id, made=now)
        if reader is None:
            return session
        return msgspec.structs.replace(
            session, member=reader.member, name=reader.name, coordinator=reader.coordinator, language=reader.language,
            time_zone=reader.time_zone,
        )  # fmt: skip

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


# For the acts of the members' room, in the transaction of what else they do.


def of_member(reads: Reads, member: str, now: int) -> list[Row]:
    """The open sessions of a member, the last used first: id, agent, created, seen."""
    return reads.all(_OF_MEMBER, member=member, now=now)


def end(tx: Tx, member: str, id: bytes) -> None:
    """Close one session of a member."""
    tx.run(_REVOKE_OF_MEMBER, member=member, id=id)


def end_all(tx: Tx, member: str, but: bytes = b"") -> None:
    """Close every session of a member, except perhaps the one they sit at."""
    tx.run(_REVOKE_MEMBER, member=member, but=but)


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


def who_of(request: web.Request, once: str = "") -> Who:
    """Who wishes: by access token, by session, or nobody. once: Form.once, so that a form is carried out once."""
    known: Any = request.get(WHO)
    if isinstance(known, Who):
        return known
    session = session_of(request)
    return Who(member=session.member, operator=session.operator, once=once)


def safe_path(text: str, otherwise: str = "/") -> str:
    """Where to go after an act: a path of this node, never another origin (GHSA-xqw8-4j56-5hj6)."""
    if not text.startswith("/") or text[1:2] in ("/", "\\") or len(text) > 2_048:
        return otherwise
    if any(character <= " " or character in "\\\x7f" for character in text):
        return otherwise
    return text
