"""Follows and health over JSON."""

import msgspec
from aiohttp import web

from node.coalition.connections import Connections
from node.coalition.operation import Health, Operation
from node.web.api import Route, insist
from node.web.session import who_of
from protocol.vocabulary.dates import instant


class NewFollow(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom to follow: an actor's URL, a handle (@practice@host), or a node's address."""

    target: str


class FollowAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One follow. state: asked, waiting, accepted, refused, ended, paused, or broken (since says since when)."""

    target: str
    name: str
    address: str
    whole_node: bool
    state: str
    sentence: str
    since: str


class Follows(msgspec.Struct, frozen=True):
    """All follows of this node."""

    follows: tuple[FollowAnswer, ...]


class Asked(msgspec.Struct, frozen=True):
    """The follow was asked for; state says how far it has come."""

    target: str
    state: str


class CoalitionApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, connections: Connections, operation: Operation) -> None:
        self._connections = connections
        self._operation = operation

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/follows", "Whom this node follows", self.follows, Follows),
            Route("POST", "/follows", "Follow a node or a practice", self.follow, Asked, NewFollow, 202,
                  scope="connect"),
            Route("DELETE", "/follows", "Stop following", self.end, Asked,
                  query={"target": "the id of the actor that is followed"}, scope="connect"),
            Route("GET", "/health", "How the node is doing", self.health, Health, scope="operate",
                  act="node.operate"),
        ]  # fmt: skip

    async def follows(self, _request: web.Request, _body: None) -> Follows:
        return Follows(
            tuple(
                FollowAnswer(
                    target=one.target, name=one.name, address=one.address, whole_node=one.whole_node,
                    state=one.state, sentence=one.sentence, since=instant(one.since),
                )
                for one in await self._connections.listed()
            )
        )  # fmt: skip

    async def follow(self, request: web.Request, body: NewFollow) -> Asked:
        outcome = await self._connections.follow(body.target, who_of(request))
        insist(outcome)
        target = outcome.said[0].object or ""
        found = next((one for one in await self._connections.listed() if one.target == target), None)
        return Asked(target, found.state if found else "asked")

    async def end(self, request: web.Request, _body: None) -> Asked:
        target = request.query.get("target", "")
        insist(await self._connections.end(target, who_of(request)))
        return Asked(target, "ended")

    async def health(self, _request: web.Request, _body: None) -> Health:
        return await self._operation.health()
