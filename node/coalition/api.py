"""Practices, follows and health over JSON."""

import msgspec
from aiohttp import web

from node.coalition import store
from node.coalition.connections import Connections
from node.coalition.operation import Health, Operation
from node.coalition.practices.opening import NewPractice, Opening
from node.gate.desk import Desk
from node.storage.contract import Row
from node.web.api import Route, insist
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice of this node. address: what others type to follow it."""

    id: str
    slug: str
    name: str
    summary: str
    domain: str
    level: str
    place: str
    address: str


class Practices(msgspec.Struct, frozen=True):
    """All practices of this node."""

    practices: tuple[Practice, ...]


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

    def __init__(self, desk: Desk, opening: Opening, connections: Connections, operation: Operation) -> None:
        self._desk = desk
        self._opening = opening
        self._connections = connections
        self._operation = operation

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/practices", "The practices of this node", self.practices, Practices),
            Route("POST", "/practices", "Open a practice", self.open, Practice, NewPractice, 201,
                  scope="organise"),
            Route("GET", "/follows", "Whom this node follows", self.follows, Follows),
            Route("POST", "/follows", "Follow a node or a practice", self.follow, Asked, NewFollow, 202,
                  scope="connect"),
            Route("DELETE", "/follows", "Stop following", self.end, Asked,
                  query={"target": "the id of the actor that is followed"}, scope="connect"),
            Route("GET", "/health", "How the node is doing", self.health, Health, scope="operate",
                  act="node.operate"),
        ]  # fmt: skip

    async def practices(self, _request: web.Request, _body: None) -> Practices:
        rows = await self._desk.storage.read(store.practices)
        return Practices(tuple(self._practice(row) for row in rows))

    async def open(self, request: web.Request, body: NewPractice) -> Practice:
        insist(await self._opening.open(body, who_of(request)))
        actor = identifiers.practice_actor(self._desk.origin, body.slug)
        row = await self._desk.storage.read(lambda reads: store.practice(reads, actor))
        if row is None:
            raise ProtocolError(Reason.INTERNAL)
        return self._practice(row)

    def _practice(self, row: Row) -> Practice:
        return Practice(
            id=row["actor"], slug=row["slug"], name=row["name"], summary=row["summary"], domain=row["domain"],
            level=row["level"], place=row["place"], address=f"@{row['slug']}@{self._desk.origin.authority}",
        )  # fmt: skip

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
