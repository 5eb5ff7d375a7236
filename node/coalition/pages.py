"""The front door, for people; and the node's own actor, for other servers."""

from collections.abc import Awaitable, Callable

from aiohttp import web

from node.coalition import rules, store
from node.coalition.settling import store as settling_store
from node.coalition.settling.rules import STEPS, Welcome, next_step
from node.gate.desk import Desk
from node.gate.handler import Who
from node.keystore import Keystore
from node.storage.contract import Reads, Row
from node.web.negotiate import VARY, wants_activity
from node.web.render import render
from node.web.session import session_of
from node.web.things import Choice, ItemCard, PracticeLine, Ref
from node.web.words import DOMAINS as DOMAIN_WORDS
from protocol.keys import HeldKey

Document = Callable[[web.Request], Awaitable[web.StreamResponse]]
# A section of a practice's page that a room above hands in: (reads, practice, page) → (cards, total).
Cards = Callable[[Reads, str, int], tuple[list[ItemCard], int]]
# A line of a page about an actor: (reads, who reads, actor, domain) → how we know them, for whoever may read that.
Trusted = Callable[[Reads, Who, str, str], Ref | None]


def keys_of(keystore: Keystore, actor: str, now: int) -> rules.Keys:
    """The public keys of a local actor, which are made if it has none yet."""
    if actor not in keystore.actors():
        keystore.create_actor(actor)
    return rules.Keys(
        HeldKey(keystore.ed25519_id(actor), actor, keystore.ed25519(actor).public, valid_from=now),
        HeldKey(keystore.rsa_id(actor), actor, keystore.rsa(actor).public, valid_from=now),
        keystore.root_public(),
    )


class CoalitionPages:
    """`document` serves an actor's document to other servers; `cards` is the repertoire's section."""

    def __init__(self, desk: Desk, document: Document, cards: Cards) -> None:
        self._desk = desk
        self._document = document
        self._cards = cards

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.front),
            web.get("/actor", self.actor),
        ]

    async def front(self, request: web.Request) -> web.StreamResponse:
        settles = session_of(request).coordinator

        def work(reads: Reads) -> dict[str, object]:
            practices, coalition = store.practices(reads), store.coalition(reads)
            cards, _ = self._cards(reads, "", 1)
            welcome = settling_store.welcome(reads) if settles else Welcome(over=True)
            return {
                "about": coalition.about if coalition else "",
                "next_step": "" if welcome.over else STEPS.get(next_step(welcome), ""),
                "practices": [_line(row) for row in practices],
                "latest": cards[:6],
                "domains": [
                    Choice(DOMAIN_WORDS[domain], f"/catalog?domain={domain}", count, False)
                    for domain, count in _roots(practices)
                ],
                "places": [],
            }

        return render(request, "front.html", await self._desk.storage.read(work))

    async def actor(self, request: web.Request) -> web.StreamResponse:
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        raise web.HTTPSeeOther("/", headers={"Vary": VARY})


def _line(row: Row) -> PracticeLine:
    return PracticeLine(
        name=row["name"],
        url=f"/practices/{row['slug']}",
        domain=row["domain"],
        level=row["level"],
        place=row["place"],
        summary=row["summary"],
    )


def _roots(practices: list[Row]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in practices:
        root = row["domain"].partition("/")[0]
        counts[root] = counts.get(root, 0) + 1
    return sorted(counts.items())
