"""Searches that a member keeps, over JSON: what their page shows and does, for programs that carry their token."""

import msgspec
from aiohttp import web

from node.gate.handler import Who
from node.repertoire.searches.pages import KeptSearch, Searches
from node.sentence import say
from node.web.api import Route, insist
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason


class NewSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """query: as the catalog's own addresses have it after the question mark, such as q=truancy&kind=method."""

    name: str
    query: str


class KeptSearches(msgspec.Struct, frozen=True):
    """All of a member's."""

    searches: tuple[KeptSearch, ...]


class SearchesApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, searches: Searches) -> None:
        self._searches = searches

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/me/searches", "The searches that you keep", self.listed, KeptSearches, scope="self"),
            Route("POST", "/me/searches", "Keep a search", self.keep, KeptSearches, NewSearch, 201, scope="self"),
            Route("POST", "/me/searches/{id}/move", "Give its feed another address", self.move, KeptSearches,
                  scope="self"),
            Route("DELETE", "/me/searches/{id}", "Keep it no longer", self.forget, KeptSearches, scope="self"),
        ]  # fmt: skip

    def _who(self, request: web.Request) -> Who:
        who = who_of(request)
        if not who.member:
            raise ProtocolError(Reason.NOT_ALLOWED, say("This is a member's own: use a token that a member made."))
        return who

    async def listed(self, request: web.Request, _body: None) -> KeptSearches:
        return KeptSearches(tuple(await self._searches.of(self._who(request).member)))

    async def keep(self, request: web.Request, body: NewSearch) -> KeptSearches:
        insist(await self._searches.keep(body.name, body.query, self._who(request)))
        return await self.listed(request, None)

    async def move(self, request: web.Request, _body: None) -> KeptSearches:
        insist(await self._searches.give_new_address(request.match_info["id"], self._who(request)))
        return await self.listed(request, None)

    async def forget(self, request: web.Request, _body: None) -> KeptSearches:
        insist(await self._searches.drop(request.match_info["id"], self._who(request)))
        return await self.listed(request, None)
