"""A member's own things over JSON: details, tokens, sessions, organisations, all that is stored, and the way out."""

from datetime import date
from typing import Any

import msgspec
from aiohttp import web

from node.coalition.people import commands, store
from node.coalition.people.api import Member, member_of
from node.coalition.people.own import Details, NewToken, Own
from node.coalition.permissions import refusal
from node.coalition.practices.api import Done
from node.gate.desk import Desk
from node.storage.contract import Reads
from node.web import words
from node.web.api import Route, insist
from node.web.language import LANGUAGES
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason


class Made(msgspec.Struct, frozen=True):
    """The token, shown this once."""

    token: str


class NewAffiliation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An organisation that one is with, by name. since: YYYY-MM-DD."""

    organisation: str
    since: str
    sector: str = ""
    title: str = ""


class Stored(msgspec.Struct, frozen=True):
    """All that is stored about a member, by what it is."""

    stored: dict[str, Any]


class OwnApi:
    def __init__(self, desk: Desk, own: Own) -> None:
        self._desk = desk
        self._own = own

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/me", "One's own membership", self.me, Member, scope="self"),
            Route("PUT", "/me", "Change one's details", self.details, Done, Details, scope="self"),
            Route("DELETE", "/me", "Leave, and delete what is stored of one", self.leave, Done, scope="self"),
            Route("GET", "/me/data", "All that is stored of one", self.data, Stored, scope="self"),
            Route("POST", "/me/tokens", "Make a token, no wider than the present one", self.token, Made, NewToken, 201,
                  scope="self"),
            Route("DELETE", "/me/tokens/{id}", "Revoke a token", self.revoke, Done, scope="self"),
            Route("DELETE", "/me/sessions/{id}", "End a session", self.end_session, Done, scope="self"),
            Route("POST", "/me/affiliations", "Be with an organisation", self.affiliate, Done, NewAffiliation, 201,
                  scope="self"),
            Route("DELETE", "/me/affiliations/{id}", "Be with it no more", self.end_affiliation, Done, scope="self",
                  query={"until": "the last day, YYYY-MM-DD"}),
        ]  # fmt: skip

    async def _perform(self, request: web.Request, command: object) -> Done:
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    async def me(self, request: web.Request, _body: None) -> Member:
        id = _member(request)

        def work(reads: Reads) -> Member:
            row = store.member(reads, id)
            if row is None:
                raise ProtocolError(Reason.NOT_FOUND)
            return member_of(row, store.roles(reads, id))

        return await self._desk.storage.read(work)

    async def details(self, request: web.Request, body: Details) -> Done:
        if body.language and body.language not in LANGUAGES:
            raise ProtocolError(Reason.INVALID, f"language: {', '.join(LANGUAGES)}.")
        if body.time_zone and body.time_zone not in words.zones():
            raise ProtocolError(Reason.INVALID, "time_zone: Area/City.")
        for name, most in (("discipline", 300), ("help", 1_000)):
            if len(getattr(body, name)) > most:
                raise ProtocolError(Reason.INVALID, f"{name}: ≤ {most}.")
        insist(await self._own.describe(_member(request), body, who_of(request)))
        return Done()

    async def leave(self, request: web.Request, _body: None) -> Done:
        return await self._perform(request, commands.Leave(_member(request), self._desk.new("activities")))

    async def data(self, request: web.Request, _body: None) -> Stored:
        return Stored(await self._own.stored(_member(request)))

    async def token(self, request: web.Request, body: NewToken) -> Made:
        outcome, text = await self._own.make_token(_member(request), body, who_of(request))
        insist(outcome)
        return Made(text)

    async def revoke(self, request: web.Request, _body: None) -> Done:
        return await self._perform(request, commands.RevokeToken(_member(request), request.match_info["id"]))

    async def end_session(self, request: web.Request, _body: None) -> Done:
        try:
            id = bytes.fromhex(request.match_info["id"])
        except ValueError:
            raise ProtocolError(Reason.NOT_FOUND) from None
        return await self._perform(request, commands.EndSession(_member(request), id))

    async def affiliate(self, request: web.Request, body: NewAffiliation) -> Done:
        member, new = _member(request), self._desk.clock.new_id()
        for name in ("organisation", "title"):
            if len(getattr(body, name)) > 300:
                raise ProtocolError(Reason.INVALID, f"{name}: ≤ 300.")
        since = _day("since", body.since)
        return await self._perform(
            request, commands.Affiliate(member, new, body.organisation, body.sector, body.title, since)
        )

    async def end_affiliation(self, request: web.Request, _body: None) -> Done:
        member, key = _member(request), request.match_info["id"]
        if not key.isascii() or not key.isdigit():
            raise ProtocolError(Reason.NOT_FOUND)
        until = _day("until", request.query.get("until", ""))
        return await self._perform(request, commands.EndAffiliation(member, int(key[:15]), until))


def _member(request: web.Request) -> str:
    """Whose token it is; the operator's is nobody's."""
    member = who_of(request).member
    if not member:
        raise ProtocolError(Reason.NOT_ALLOWED, refusal("member.describe", frozenset()))
    return member


def _day(name: str, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ProtocolError(Reason.INVALID, f"{name}: YYYY-MM-DD.") from None
