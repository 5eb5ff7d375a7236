"""A member's profile over JSON: published and taken back by the page's own acts."""

from aiohttp import web

from node.coalition.permissions import refusal
from node.coalition.practices.api import Done
from node.coalition.profiles.pages import NewProfile, Profiles
from node.coalition.profiles.rules import SHOWABLE, TakeBackProfile
from node.gate.desk import Desk
from node.web.api import Route, insist
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason


class ProfilesApi:
    def __init__(self, desk: Desk, profiles: Profiles) -> None:
        self._desk = desk
        self._profiles = profiles

    def routes(self) -> list[Route]:
        return [
            Route("PUT", "/me/profile", "Publish one's profile", self.publish, Done, NewProfile, scope="self"),
            Route("DELETE", "/me/profile", "Take one's profile back", self.end, Done, scope="self"),
        ]

    async def publish(self, request: web.Request, body: NewProfile) -> Done:
        if not set(body.shows) <= set(SHOWABLE):
            raise ProtocolError(Reason.INVALID, f"shows: {', '.join(SHOWABLE)}.")
        insist(await self._profiles.publish(_member(request), body, who_of(request)))
        return Done()

    async def end(self, request: web.Request, _body: None) -> Done:
        command = TakeBackProfile(_member(request), self._desk.new("activities"))
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()


def _member(request: web.Request) -> str:
    member = who_of(request).member
    if not member:
        raise ProtocolError(Reason.NOT_ALLOWED, refusal("member.publish", frozenset()))
    return member
