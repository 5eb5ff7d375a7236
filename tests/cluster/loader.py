"""A city that says a great deal: many signed activities of several remote actors, sent as fast as they are taken.

Each author sends its own in order, and the next only after a 202 for the last; whatever was not answered is sent
again, the same bytes under a fresh signature. `taken` is what was answered 202: the promise that a story checks.
"""

import asyncio
import random
from typing import Any

import aiohttp
import msgspec
from aiohttp import web

from node.clock import Clock
from protocol import canonical, log
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities
from protocol.vocabulary.context import ACTIVITY_JSON
from protocol.vocabulary.repertoire import Item, build_item
from tests.federation.hostile import Character, Seen, Server, answer, post_to


class Saying(msgspec.Struct, frozen=True):
    """One activity: what it is, the object whose state it makes, and exact bytes."""

    id: str
    type: str
    object: str
    digest: bytes
    raw: bytes


class Author:
    """One remote practice and what it says next. Its objects are made, edited and withdrawn, as chance has it."""

    def __init__(self, server: Server, name: str, clock: Clock, chance: random.Random) -> None:
        self.character = Character(server, f"/practices/{name}")
        self.taken: list[Saying] = []
        self.state: dict[str, Saying] = {}
        self.follow: dict[str, Any] | None = None
        self._server = server
        self._clock = clock
        self._chance = chance
        self._count = 0
        self._sequence = clock.now()
        self._open: list[str] = []
        self.character.publish(clock.now())
        server.on(f"/practices/{name}/inbox", self._listen)

    async def _listen(self, seen: Seen) -> web.StreamResponse:
        said = canonical.read(seen.body).value
        if said["type"] == "Follow":
            self.follow = said
        return web.Response(status=202)

    def accept(self) -> bytes:
        """The answer to the Follow that came."""
        assert self.follow is not None
        self._count += 1
        return self._signed(activities.accept(self._activity(), self.character.id, self.follow))

    def next(self) -> Saying:
        """Something new to say."""
        self._count += 1
        self._sequence += 1
        kind, old = self._chance.random(), self._chance.choice(self._open) if self._open else None
        author = self.character.id
        if old is not None and kind < 0.1:
            self._open.remove(old)
            said = activities.delete(self._activity(), author, old, "Article", self._sequence, [PUBLIC])
            return self._saying("Delete", old, said)
        if old is not None and kind < 0.3:
            said = activities.update(self._activity(), author, self._item(old), self._clock.now())
            return self._saying("Update", old, said)
        new = self._server.url(f"/items/{self.character.slug}-{self._count}")
        self._open.append(new)
        said = activities.create(self._activity(), author, self._item(new), self._clock.now())
        return self._saying("Create", new, said)

    def _activity(self) -> str:
        return self._server.url(f"/activities/{self.character.slug}-{self._count}")

    def _item(self, id: str) -> dict[str, Any]:
        return build_item(
            Item(
                id=id, attributed_to=self.character.id, to=(PUBLIC,), name=f"Method {self._count}", language="en",
                content="<p>How we do it.</p>", source="How we do it.", kind="method", sequence=self._sequence,
                domain="public-safety/gun-violence", published=self._clock.now(), updated=self._clock.now(),
            )
        )  # fmt: skip

    def _signed(self, said: dict[str, Any]) -> bytes:
        return self.character.sign(said, self._clock.now())

    def _saying(self, type: str, object: str, said: dict[str, Any]) -> Saying:
        raw = self._signed(said)
        return Saying(said["id"], type, object, canonical.digest(canonical.read(raw)), raw)

    def note(self, saying: Saying) -> None:
        """It was answered 202."""
        self.taken.append(saying)
        self.state[saying.object] = saying


class City:
    """The authors, and the sending. `up` says whether anybody listens at the moment."""

    def __init__(self, server: Server, inbox: str, clock: Clock, authors: int, chance: random.Random) -> None:
        self.server = server
        self.up = asyncio.Event()
        self.wrong: list[str] = []
        self.authors = [Author(server, f"p{number}", clock, chance) for number in range(authors)]
        self._inbox = inbox
        self._clock = clock
        self._nonces = 0
        self._more = asyncio.Event()
        server.on("/federation/log", self._log)
        server.on("/inbox", answer(202))

    @property
    def taken(self) -> int:
        return sum(len(author.taken) for author in self.authors)

    async def _log(self, seen: Seen) -> web.StreamResponse:
        """An empty log: what a kill lost may come back by no other way."""
        name = seen.request.query["set"]
        page = log.build_page(id=self.server.url(seen.path), set=name, epoch=1, after=0, to=0, next=None, items=[])
        return web.Response(body=page, headers={"Content-Type": ACTIVITY_JSON})

    async def more(self) -> None:
        """Until another one was taken."""
        self._more.clear()
        await self._more.wait()

    async def post(self, client: aiohttp.ClientSession, author: Author, raw: bytes) -> tuple[int, str]:
        """Status and body of one signed POST."""
        self._nonces += 1
        request = author.character.native(post_to(self._inbox, raw), self._clock.now(), nonce=f"n{self._nonces}")
        async with client.post(self._inbox, data=raw, headers=dict(request.headers)) as got:
            return got.status, await got.text()

    async def speak(self, author: Author, until: asyncio.Event) -> None:
        """Say one thing after another until told to stop; what was begun is brought to its end."""
        async with aiohttp.ClientSession() as client:
            while not until.is_set():
                saying = author.next()
                while True:
                    await self.up.wait()
                    try:
                        status, said = await self.post(client, author, saying.raw)
                    except (aiohttp.ClientError, ConnectionError):
                        await asyncio.sleep(0)
                        continue
                    if status == 202:
                        break
                    self.wrong.append(f"{status} {said}")
                author.note(saying)
                self._more.set()
