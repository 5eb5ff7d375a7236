"""A member's own membership over JSON: what their page shows and does, for programs that carry their token.

A new password ends every session; access tokens stay, this one too, and are revoked one by one.
"""

from typing import Any

import msgspec
from aiohttp import web

from node.coalition.passkeys.rules import RemovePasskey
from node.coalition.people import commands
from node.coalition.people.joining import Joining
from node.coalition.people.own import Details, NewToken, Own
from node.coalition.practices.api import Done
from node.coalition.profiles.pages import NewProfile, Profiles
from node.coalition.profiles.rules import TakeBackProfile
from node.gate.desk import Desk
from node.gate.handler import Who
from node.sentence import say
from node.web.api import Route, insist
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import is_day


class Everything(msgspec.Struct, frozen=True):
    """All that is stored about a member, by what it is."""

    data: dict[str, Any]


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """old: the present one."""

    old: str
    new: str


class TokenAnswer(msgspec.Struct, frozen=True):
    """A new access token. It is shown this once."""

    token: str


class NewAffiliation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where one works. organisation: its name; since: a day."""

    organisation: str
    since: str
    title: str = ""
    sector: str = ""


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """until: a day."""

    until: str


class OwnApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk, own: Own, joining: Joining, profiles: Profiles) -> None:
        self._desk = desk
        self._own = own
        self._joining = joining
        self._profiles = profiles

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/me", "All that is stored about you", self.everything, Everything, scope="self"),
            Route("DELETE", "/me", "Leave, and delete it", self.leave, Done, scope="self"),
            Route("PUT", "/me/details", "What the other members see of you", self.details, Done, Details, scope="self"),
            Route("PUT", "/me/password", "Change your password", self.password, Done, NewPassword, scope="self"),
            Route("DELETE", "/me/sessions/{id}", "End one of your sessions", self.end_session, Done, scope="self"),
            Route("DELETE", "/me/passkeys/{id}", "Remove a passkey", self.remove_passkey, Done, scope="self"),
            Route("POST", "/me/tokens", "Make an access token", self.token, TokenAnswer, NewToken, 201, scope="self"),
            Route("DELETE", "/me/tokens/{id}", "Revoke an access token", self.revoke, Done, scope="self"),
            Route("POST", "/me/affiliations", "Name an organisation of yours", self.affiliate, Done, NewAffiliation,
                  201, scope="self"),
            Route("POST", "/me/affiliations/{key}/end", "Say that you have left one", self.end, Done, Ended,
                  scope="self"),
            Route("PUT", "/me/profile", "Publish a profile, for everybody", self.profile, Done, NewProfile,
                  scope="self"),
            Route("DELETE", "/me/profile", "Take your profile back", self.take_back, Done, scope="self"),
        ]  # fmt: skip

    def _who(self, request: web.Request) -> Who:
        who = who_of(request)
        if not who.member:
            raise ProtocolError(Reason.NOT_ALLOWED, say("This is a member's own: use a token that a member made."))
        return who

    async def _do(self, request: web.Request, command: object) -> Done:
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    async def everything(self, request: web.Request, _body: None) -> Everything:
        return Everything(await self._own.everything(self._who(request).member))

    async def leave(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.Leave(self._who(request).member, self._desk.new("activities")))

    async def details(self, request: web.Request, body: Details) -> Done:
        who = self._who(request)
        insist(await self._own.describe(who.member, body, who))
        return Done()

    async def password(self, request: web.Request, body: NewPassword) -> Done:
        who = self._who(request)
        insist(await self._joining.change_password(who.member, body.old, body.new, b"", who))
        return Done()

    async def end_session(self, request: web.Request, _body: None) -> Done:
        try:
            id = bytes.fromhex(request.match_info["id"])
        except ValueError:
            raise ProtocolError(Reason.NOT_FOUND) from None
        return await self._do(request, commands.EndSession(self._who(request).member, id))

    async def remove_passkey(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, RemovePasskey(request.match_info["id"], self._who(request).member))

    async def token(self, request: web.Request, body: NewToken) -> TokenAnswer:
        who = self._who(request)
        if who.scopes is not None and not who.scopes >= set(body.scopes):
            raise ProtocolError(Reason.NOT_ALLOWED, say("A token makes no token that is good for more than itself."))
        outcome, text = await self._own.make_token(who.member, body, who)
        insist(outcome)
        return TokenAnswer(text)

    async def revoke(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.RevokeToken(self._who(request).member, request.match_info["id"]))

    async def affiliate(self, request: web.Request, body: NewAffiliation) -> Done:
        command = commands.Affiliate(
            self._who(request).member, self._desk.clock.new_id(), body.organisation, body.sector, body.title,
            _day(body.since),
        )  # fmt: skip
        return await self._do(request, command)

    async def end(self, request: web.Request, body: Ended) -> Done:
        key = request.match_info["key"]
        if not key.isascii() or not key.isdigit():
            raise ProtocolError(Reason.NOT_FOUND)
        command = commands.EndAffiliation(self._who(request).member, int(key[:15]), _day(body.until))
        return await self._do(request, command)

    async def profile(self, request: web.Request, body: NewProfile) -> Done:
        who = self._who(request)
        insist(await self._profiles.publish(who.member, body, who))
        return Done()

    async def take_back(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, TakeBackProfile(self._who(request).member, self._desk.new("activities")))


def _day(text: str) -> str:
    if not is_day(text):
        raise ProtocolError(
            Reason.INVALID, say("“{day}” is not a day. Write year-month-day, such as 2027-03-31.", day=text[:40])
        )
    return text
