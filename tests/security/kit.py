"""The scene of the security cases: a running node N, good peer G (g1, g2), evil peer E (e1), partner P (p1), canary C.

N follows g1, g2, e1 and p1, and p1 follows N's practice: the evil peer is one that N listens to, since a stranger's
words are refused for being a stranger's. The scene is built once; every case begins with a copy of its data
directory. A case sends what is wrong, sees that nothing changed, then sends the same without the fault and sees that
it is taken: nothing passes because nothing works.
"""

import io
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from node import app, config
from node.federation.peer import Peers, Session
from protocol import canonical, limits
from protocol import log as wire_log
from protocol.http_message import Request
from protocol.identifiers import PUBLIC
from protocol.keys import SigningKey
from protocol.vocabulary import activities
from protocol.vocabulary.context import ACTIVITY_JSON
from protocol.vocabulary.repertoire import Item, build_item
from tests.cluster.kit import START, StoryClock, Town, free_ports, settle
from tests.federation.hostile import Canary, Character, Seen, Server, answer, post_to, serving

HASTY = Session(connect=500, read=500, total=1_000)
LATER = START + 10 * limits.MINUTE  # when a case begins: after the scene was built, before any log is pulled again

# What may not change, and which column says whose it is. An actor's `fetched` may: asking is no effect; nor is it one
# that an id is used up, which leaves a digest and no bytes.
_TABLES = {
    "activity": ("SELECT id, hex(digest), actor, type, carrier, hex(raw) FROM activity WHERE raw IS NOT NULL", 2),
    "object": ("SELECT id, owner, type, audience, sequence, hex(digest), activity, deleted FROM object", 1),
    "entry": ("SELECT s.name, e.seq, e.activity FROM logged e JOIN held_set s ON s.key = e.set_key", 0),
    "held_set": ("SELECT name, seq, total, theirs_epoch, theirs_seq, pull_at IS NULL FROM held_set", 0),
    "item": ("SELECT id, owner, name, withdrawn, updated FROM item", 1),
    "adaptation": ("SELECT original, item, hex(digest) FROM adaptation", 1),
    "recommendation": ("SELECT object, actor, activity FROM recommendation", 1),
    "follower": ("SELECT actor, target, follow, inbox FROM follower", 0),
    "following": ("SELECT target, follow, state FROM following", 0),
    "practice": ("SELECT actor, name FROM practice", 0),
    "actor": ("SELECT id, inbox, shared_inbox, name, sequence, state, hex(raw) FROM actor", 0),
    "actor_key": ("SELECT id, actor, hex(public), valid_until FROM actor_key", 1),
}


class Got(msgspec.Struct, frozen=True):
    """An answer read whole."""

    status: int
    headers: CIMultiDict[str]
    body: bytes

    @property
    def reason(self) -> str:
        """The last part of the problem type; blank if it is no problem."""
        if "problem+json" not in self.headers.get("Content-Type", ""):
            return ""
        return str(msgspec.json.decode(self.body)["type"]).rpartition("#")[2]


class Plot(msgspec.Struct, frozen=True):
    """What all scenes share: ports and keys."""

    ports: tuple[int, int, int, int]
    keys: tuple[SigningKey, ...]


def plot() -> Plot:
    """Free ports and fresh keys."""
    node, good, evil, partner = free_ports(4)
    return Plot((node, good, evil, partner), tuple(SigningKey.generate_ed25519() for _ in range(4)))


class Scene:
    """N and the others, on the ports of the plot. `now` is the moment of every signature."""

    def __init__(self, directory: Path, shared: Plot, start: int, session: Session | None = None) -> None:
        ports = shared.ports
        self.clock = StoryClock(start)
        self.town = Town(directory, ports[0], "High Point", self.clock, list(ports[1:]))
        self.session = session
        self.good, self.evil, self.partner = Server(), Server(), Server()
        for server, port in zip((self.good, self.evil, self.partner), ports[1:], strict=True):
            server.port = port
        self.canary = Canary()
        one, two, three, four = shared.keys
        self.g1 = Character(self.good, "/practices/violence", key=one)
        self.g2 = Character(self.good, "/practices/schools", key=two)
        self.e1 = Character(self.evil, "/practices/evil", key=three)
        self.p1 = Character(self.partner, "/practices/partner", key=four)
        self.logs: dict[str, list[bytes]] = {}
        self._numbers = 1_000 if start > START else 0
        self._anybody: aiohttp.ClientSession | None = None
        self._known: bytes | None = None

    @property
    def now(self) -> int:
        return self.clock.now()

    @property
    def origin(self) -> str:
        return self.town.origin

    @property
    def inbox(self) -> str:
        """The shared inbox."""
        return f"{self.origin}/inbox"

    @property
    def practice(self) -> str:
        """N's own practice."""
        return f"{self.origin}/practices/gun-violence"

    # Life

    async def open(self, **changed: Any) -> None:
        """Run N over its directory. `changed`: settings other than the scene's."""
        for server in (self.good, self.evil, self.partner):
            server.on("/federation/log", self._log(server))
        for actor in (self.g1, self.g2, self.e1, self.p1):
            actor.publish(START)
            actor.server.on(actor.id.removeprefix(actor.server.origin) + "/inbox", answer(202))
            actor.server.on("/inbox", answer(202))
        await self.begin(**changed)

    async def begin(self, **changed: Any) -> None:
        """Start N, or start it again."""
        settings = msgspec.structs.replace(self.town.settings, **changed)

        def peers(of: config.Settings) -> Peers:
            own = frozenset({("127.0.0.1", self.town.port)})
            return Peers("Commonweave/test", of.allowed_pairs, self.session, own)

        self.town.node = await app.build(self.town.directory, settings, self.clock, peers if self.session else None)
        await self.town.node.serve()
        token = self.town.node.keystore.mint_token(self.now, "story")
        self.town.client = aiohttp.ClientSession(self.origin, headers={"Authorization": f"Bearer {token}"})
        self._anybody = aiohttp.ClientSession(auto_decompress=False)

    async def end(self) -> None:
        if self._anybody is not None:
            await self._anybody.close()
        await self.town.stop()

    async def again(self, **changed: Any) -> None:
        """Stop N and start it."""
        await self.end()
        await self.begin(**changed)

    def _log(self, server: Server) -> Callable[[Seen], Any]:
        async def handle(seen: Seen) -> web.StreamResponse:
            name = seen.request.query["set"]
            after = int(seen.request.query["after"])
            held = self.logs.get(name.rpartition("/")[0], [])
            page = wire_log.build_page(
                id=server.url(seen.path), set=name, epoch=START, after=after, to=max(len(held), after), next=None,
                items=held[after : after + limits.LOG_PAGE_ITEMS],
            )  # fmt: skip
            return web.Response(body=page, headers={"Content-Type": ACTIVITY_JSON})

        return handle

    # What is said

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    def item(self, actor: Character, **more: Any) -> dict[str, Any]:
        """An item of the actor's; `more` are fields of Item."""
        number = self.number()
        fields: dict[str, Any] = {
            "id": f"{actor.server.origin}/items/{actor.slug}-{number}",
            "attributed_to": actor.id,
            "to": (PUBLIC,),
            "name": f"Method {number}",
            "content": "<p>How we do it.</p>",
            "kind": "method",
            "domain": "public-safety",
            "language": "en",
            "published": self.now,
            "updated": self.now,
            "sequence": self.now + number,
        }
        return build_item(Item(**fields | more))

    def create(self, actor: Character, item: dict[str, Any] | None = None, **changed: Any) -> dict[str, Any]:
        """A Create, unsigned; `changed` members are put over it."""
        made = item or self.item(actor)
        id = f"{actor.server.origin}/activities/{actor.slug}-{self.number()}"
        return {**activities.create(id, actor.id, made, self.now), **changed}

    def said(self, actor: Character, type: str, object: Any, **more: Any) -> dict[str, Any]:
        """Any activity, to everyone, unsigned."""
        return actor.activity(type, object, self.now, self.number(), **{"to": [PUBLIC], **more})

    def signed(self, actor: Character, document: dict[str, Any]) -> bytes:
        """With the actor's proof, now."""
        return actor.sign(document, self.now)

    def request(self, actor: Character, body: bytes, path: str = "/inbox", nonce: str = "", **headers: str) -> Request:
        """A good request: signed natively by the actor for N."""
        unsigned = post_to(self.origin + path, body, **headers)
        extra = tuple(name for name, _ in unsigned.headers if name == "commonweave-log")
        return actor.native(unsigned, self.now, nonce or f"n{self.number()}", extra)

    async def send(self, request: Request, path: str | None = None, **headers: str) -> Got:
        """Send exactly this to N; `path` and `headers` (with underscores) replace what the request says."""
        assert self._anybody is not None
        given = {name.replace("_", "-").lower(): value for name, value in headers.items()}
        sent = CIMultiDict([(name, value) for name, value in request.headers if name not in given] + [*given.items()])
        target = path if path is not None else "/" + request.target.partition("://")[2].partition("/")[2]
        body = io.BytesIO(request.body) if request.body else None
        async with self._anybody.request(
            request.method, URL(self.origin + target, encoded=True), data=body, headers=sent,
            skip_auto_headers={"User-Agent", "Accept-Encoding", "Accept", "Content-Type"}, allow_redirects=False,
        ) as got:  # fmt: skip
            return Got(got.status, CIMultiDict(got.headers), await got.read())

    async def push(self, actor: Character, body: bytes | dict[str, Any], path: str = "/inbox", **headers: str) -> Got:
        """A good delivery of a document, signed if it is not bytes."""
        raw = self.signed(actor, body) if isinstance(body, dict) else body
        return await self.send(self.request(actor, raw, path, **headers))

    async def get(self, path: str, actor: Character | None = None, accept: str = ACTIVITY_JSON, **headers: str) -> Got:
        """GET, signed by an actor or not at all."""
        named = tuple((name.replace("_", "-").lower(), value) for name, value in headers.items())
        asked = Request("GET", self.origin + path, (("accept", accept), *named), None)
        return await self.send(actor.native(asked, self.now, f"n{self.number()}") if actor else asked)

    # What came of it

    async def holds(self, id: str) -> bool:
        """The item is held and shown."""
        held = await self.town.item(id)
        return held is not None and held["state"] == "published"

    async def rows(self, sql: str, **named: Any) -> list[tuple[Any, ...]]:
        return await self.town.running.storage.read(
            lambda reads: [tuple(row[name] for name in row.keys()) for row in reads.all(sql, **named)]  # noqa: SIM118
        )

    async def head(self, name: str, actor: Character | None = None) -> dict[str, Any]:
        """The signed head of a set that N holds."""
        got = await self.get(f"/federation/head?set={name}", actor or self.p1)
        assert got.status == 200, got
        return {name: value for name, value in canonical.read(got.body).value.items() if name != "proof"}

    async def state(self, evil: bool = True) -> dict[str, Any]:
        """Everything that may not change; without what is E's own if `evil` is False."""
        names = [f"{actor}/outbox" for actor in (self.practice, self.g1.id, self.p1.id)]
        found: dict[str, Any] = {name: await self.head(name) for name in names}
        for table, (sql, whose) in _TABLES.items():
            theirs = not evil or table in ("actor", "actor_key")  # to ask E who it is has no effect on anyone
            rows = [
                row for row in await self.rows(sql) if not (theirs and str(row[whose]).startswith(self.evil.origin))
            ]
            found[table] = sorted(map(repr, rows))
        return found

    async def idle(self) -> None:
        """A good request, with what is known already, is served; and no worker has anything due."""
        if self._known is None:
            told = await self.rows("SELECT raw FROM activity WHERE actor = :a AND type = 'Create'", a=self.p1.id)
            self._known = bytes(told[0][0])
        assert (await self.push(self.p1, self._known)).status == 202

        async def nothing_due() -> bool:
            # what is due in a whole lease is being worked on at this moment
            rows = await self.rows(
                "SELECT 1 FROM need WHERE due <= :now OR due = :lease"
                " UNION ALL SELECT 1 FROM held_set WHERE pull_at <= :now OR pull_at = :lease"
                " UNION ALL SELECT 1 FROM peer WHERE paused IS NULL AND (due <= :now OR lease IS NOT NULL)",
                now=self.now, lease=self.now + limits.LEASE,
            )  # fmt: skip
            return not rows

        await settle(nothing_due, "every worker is idle")

    @asynccontextmanager
    async def unchanged(self, evil: bool = True) -> AsyncIterator[None]:
        """What happens inside has no effect. `evil=False`: E may speak for itself, and change nobody else's."""
        await self.idle()
        before = await self.state(evil)
        yield
        await self.idle()
        assert await self.state(evil) == before


async def build(directory: Path, shared: Plot) -> None:
    """Make the data directory that every case begins with."""
    scene = Scene(directory, shared, START)
    await scene.town.found()
    async with serving(scene.good, scene.evil, scene.partner):
        await scene.open()
        await scene.town.open_practice()
        await scene.town.publish("Focused deterrence")
        for actor in (scene.g1, scene.g2, scene.e1, scene.p1):
            await befriend(scene, actor)
        assert (await scene.push(scene.p1, scene.said(scene.p1, "Follow", scene.practice))).status == 202
        await scene.idle()
        await scene.end()


async def befriend(scene: Scene, actor: Character) -> None:
    """N follows the actor, who says yes and publishes one item."""
    await scene.town.follow(actor.id)

    async def asked() -> list[bytes]:
        return [
            seen.body for seen in actor.server.seen if seen.path.endswith("/inbox") and actor.id.encode() in seen.body
        ]

    follow = canonical.read((await settle(asked, "the Follow arrives"))[-1]).value
    assert (await scene.push(actor, scene.said(actor, "Accept", follow["id"]))).status == 202

    async def level() -> bool:
        return bool(await scene.rows("SELECT 1 FROM held_set WHERE owner = :o AND pulled IS NOT NULL", o=actor.id))

    await settle(level, "the set is pulled")
    assert (await scene.push(actor, scene.create(actor))).status == 202


@asynccontextmanager
async def scene_of(
    template: Path, directory: Path, shared: Plot, session: Session | None = None, **settings: Any
) -> AsyncIterator[Scene]:
    """A running scene over a copy of the template."""
    shutil.copytree(template, directory)
    scene = Scene(directory, shared, LATER, session)
    async with serving(scene.good, scene.evil, scene.partner, scene.canary):
        await scene.open(**settings)
        try:
            await scene.idle()  # the workers are up before the clock moves
            yield scene
        finally:
            await scene.end()
