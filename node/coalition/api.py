"""Follows and health over JSON."""

import msgspec
from aiohttp import web

from node.coalition.changed_keys import ChangedKey
from node.coalition.connections import Connections
from node.coalition.operation import Health, Operation
from node.coalition.practices.api import Done
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


class FollowerAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who follows us. target: what of ours."""

    actor: str
    name: str
    target: str
    since: str
    failing_since: str | None


class Followers(msgspec.Struct, frozen=True):
    """The latest first."""

    followers: tuple[FollowerAnswer, ...]


class ChangedKeys(msgspec.Struct, frozen=True):
    """Actors that show another key than before: compare the fingerprints aloud, then confirm."""

    changed: tuple[ChangedKey, ...]


class Compared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """seen: of the document whose fingerprint was compared, as the list names it."""

    actor: str
    seen: str


class OneActor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An actor's id."""

    actor: str


class Stands(msgspec.Struct, frozen=True):
    """state: key-good, key-still (it shows the same new key) or key-away (it did not answer)."""

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
            Route("GET", "/followers", "Who follows this node", self.followers, Followers, scope="connect",
                  act="follow.ask"),
            Route("DELETE", "/followers", "Remove a follower", self.remove, Done, scope="connect",
                  query={"actor": "who follows", "target": "what of ours"}),
            Route("POST", "/operation/check", "Speak to every paused peer again", self.check, Done, scope="operate"),
            Route("GET", "/operation/keys", "Changed keys that wait for a person", self.keys, ChangedKeys,
                  scope="operate", act="node.operate"),
            Route("POST", "/operation/again", "Ask an actor's origin for its key once more", self.again, Stands,
                  OneActor, scope="operate"),
            Route("POST", "/operation/confirm", "Trust a changed key that was compared", self.confirm, Done, Compared,
                  scope="operate"),
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

    async def followers(self, _request: web.Request, _body: None) -> Followers:
        return Followers(
            tuple(
                FollowerAnswer(
                    actor=row["actor"], name=row["name"] or "", target=row["target"], since=instant(row["at"]),
                    failing_since=instant(row["failing_since"]) if row["failing_since"] else None,
                )
                for row in await self._connections.followers()
            )
        )  # fmt: skip

    async def remove(self, request: web.Request, _body: None) -> Done:
        asked = request.query
        who = who_of(request)
        insist(await self._connections.remove_follower(asked.get("actor", ""), asked.get("target", ""), who))
        return Done()

    async def check(self, request: web.Request, _body: None) -> Done:
        await self._operation.speak_again(who_of(request))
        return Done()

    async def keys(self, _request: web.Request, _body: None) -> ChangedKeys:
        return ChangedKeys(tuple(await self._operation.changed()))

    async def again(self, request: web.Request, body: OneActor) -> Stands:
        return Stands(await self._operation.ask_again(body.actor, who_of(request)))

    async def confirm(self, request: web.Request, body: Compared) -> Done:
        await self._operation.trust(body.actor, body.seen, who_of(request))
        return Done()
