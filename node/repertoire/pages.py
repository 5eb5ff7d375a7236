"""The catalog and the item, for people. Thin: parse, read, render; programs get the same data from the API."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import zip_longest
from typing import Any
from urllib.parse import quote, urlencode

from aiohttp import web

from node import regions
from node.coalition.pages import Trusted
from node.coalition.standing import may
from node.gate.desk import Desk
from node.gate.handler import Who
from node.repertoire import catalog, reading, rules, versions, views
from node.repertoire.adapting import pages as adapting
from node.repertoire.coaching import store as coaching
from node.repertoire.crossings import pages as crossings
from node.repertoire.search import facets, looking
from node.repertoire.search.following import Search
from node.sentence import say
from node.storage.contract import Reads, Row
from node.trust.memory import Memory
from node.web.forms import carry_out
from node.web.language import liked, locale_of
from node.web.negotiate import wants_activity
from node.web.pagination import number_of, page_of
from node.web.problem import Refused
from node.web.render import catalogue_of, render
from node.web.session import session_of, who_of
from node.web.things import Acts, ItemCard, PageOf, Ref
from protocol import identifiers
from protocol.errors import Reason
from protocol.keys import PublicKey
from protocol.vocabulary.dates import instant

_SHOWN = (
    "kind", "domain", "language", "version", "summary", "license", "content", "problem", "principle",
    "local_conditions", "involved", "cost", "measure", "evidence", "contact", "stewards", "kept", "changed", "why",
    "stage", "results",
)  # fmt: skip


class RepertoirePages:
    """`document` serves an item to other servers, at the address it shares with the page. `trusted`: the line
    that trust adds to an item's page."""

    def __init__(
        self,
        desk: Desk,
        document: Callable[[web.Request], Awaitable[web.StreamResponse]],
        search: Search,
        memory: Memory,
        trusted: Trusted,
    ) -> None:
        self._desk = desk
        self._search = search
        self._memory = memory
        self._trusted = trusted
        self._document = document

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/catalog", self.catalog),
            web.get("/catalog/item", self.received),
            web.get("/catalog/versions", self.versions),
            web.get("/items/{id}", self.item),
            web.get("/items/{id}/versions", self.versions),
            web.post("/catalog/recommend", self.recommend),
        ]

    def cards(self, reads: Reads, practice: str, number: int) -> tuple[list[ItemCard], int]:
        """One page of a practice's items and how many there are, for the practice's own page."""
        query = catalog.Query(practice=practice, page=number)
        rows = catalog.cards(reads, query)
        return [views.card(row) for row in rows[: catalog.PAGE]], catalog.total(reads, query)

    async def catalog(self, request: web.Request) -> web.StreamResponse:
        query, _ = looking.read(request.query)
        tongue = catalogue_of(request).code
        tongues = liked(tongue, request.headers.get("Accept-Language", ""))
        trust = looking.Trusting(self._memory, self._desk.clock.now()) if session_of(request).member else None
        spoken = (*tongues, self._desk.language)
        found = await looking.look(self._desk.storage, self._search, query, spoken, trust)
        await asyncio.to_thread(regions.load)
        shown: list[tuple[str, str]] = [("q", query.q), *views.kept(query)]
        page: PageOf = page_of(query.page, found.listed, "/catalog", shown, catalog.PAGE)
        view: dict[str, object] = {
            "q": query.q,
            "kept": views.kept(query),
            "total": found.total,
            "facets": facets.facets(query, found.counts, locale_of(tongue)),
            "sorts": facets.sorts(query) if found.indexed else [],
            "cards": [views.card(row, known) for row, known in zip_longest(found.rows, found.known)],
            "page": page,
            "note": looking.note(found, query),
            "narrowed": query.narrowed,
            "clear_url": "/catalog",
            "keep_url": views.keep_url(query) if query.narrowed and session_of(request).member else "",
            "table_url": views.catalog_url(query).replace("/catalog", "/catalog.csv", 1),
            "words_url": views.catalog_url(catalog.Query(q=query.q)),
        }
        return render(request, "catalog.html", view)

    async def item(self, request: web.Request) -> web.StreamResponse:
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        return await self._show(request, self._desk.origin.at(request.path))

    async def received(self, request: web.Request) -> web.StreamResponse:
        """An item of another node, as this one holds it."""
        return await self._show(request, request.query.get("id", ""))

    async def _show(self, request: web.Request, id: str) -> web.StreamResponse:
        seen_as = request.query.get("as", "")[:300] if session_of(request).member else ""
        who = Who() if seen_as else who_of(request)

        def work(reads: Reads) -> tuple[Any, ...]:
            held = reading.read(reads, id)
            if held is None:
                raise Refused(Reason.NOT_FOUND)
            row = reads.one("SELECT public FROM actor_key WHERE id = :id", id=held.key) if held.key else None
            return (
                held,
                PublicKey("ed25519", row["public"]).fingerprint() if row else "",
                _acts(reads, who, held),
                (crossings.section(reads, who, held.id, held.owner) if held.local and who.member else None),
                adapting.came_back(reads, held.id, held.item) if held.item else [],
                coach.name if held.item and (coach := coaching.coach_of(reads, held.item)) else "",
                self._trusted(reads, who, held.owner, held.item.domain if held.item else ""),
            )

        held, fingerprint, acts, carried, back, coach, trusted = await self._desk.storage.read(work)
        origin = views.provenance(held, fingerprint)
        practice = views.practice_ref(held.owner, held.owner_name, held.local)
        made = [views.lineage(link) for link in held.adaptations]
        if held.item is None or held.withdrawn is not None:
            gone = {
                "practice": practice, "reason": held.reason, "withdrawn": held.withdrawn or held.at,
                "published": held.published, "provenance": origin, "address": held.id, "adaptations": made,
                "lineage_url": views.lineage_url(held.id, held.local),
            }  # fmt: skip
            return render(request, "tombstone.html", gone, 410 if held.local else 200)
        item = held.item
        spoken = liked(catalogue_of(request).code, request.headers.get("Accept-Language", ""))
        today = self._desk.clock.now()
        view = {name: getattr(item, name) for name in _SHOWN} | {
            "title": item.name or say("Without a title"), "practice": practice, "place": item.place.name,
            "review_by": item.review_by or None, "review_lapsed": _lapsed(item.review_by, today),
            "published": item.published or held.at, "updated": item.updated or item.published or held.at,
            "languages": views.languages(held.tongues, held.id, spoken),
            "versions_url": views.versions_url(held.id, held.local),
            "lineage_url": views.lineage_url(held.id, held.local), "coach": coach,
            "provenance": origin, "local": held.local,
            "adapted_from": [views.lineage(link) for link in held.adapted_from],
            "adaptations": made, "course": adapting.course(item), "came_back": back,
            "recommended_by": [Ref(name) for _, name in held.recommended_by],
            "acts": acts,
            "seen_as": "", "readers": [], "here_plain": request.path,
            "crossings": carried,
            "attachments": [
                Ref(file.name or file.url, file.url) for file in item.attachments if identifiers.is_safe_link(file.url)
            ],
            "address": held.id, "trusted": trusted,
            "write_url": f"/messages/new?{urlencode({'to': held.owner, 'about': held.id})}" if who.member else "",
        }  # fmt: skip
        if seen_as:
            asker = who_of(request)
            view |= await self._desk.storage.read(lambda reads: _seen(reads, asker, seen_as))
        return render(request, "item.html", view)

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """What it said when. Of another node's item only when, and the digests by which credits name its states."""
        own = request.match_info.get("id", "")
        id = self._desk.origin.at(f"/items/{own}") if own else request.query.get("id", "")
        number = number_of(request.query.get("page"))

        def work(reads: Reads) -> dict[str, object]:
            held = reading.read(reads, id)
            if held is None or held.item is None or held.local != bool(own):
                raise Refused(Reason.NOT_FOUND)
            found, total = versions.states(reads, id, number)
            asked = [] if own else [("id", id)]
            return {
                "title": held.item.name or say("Without a title"),
                "language": held.item.language,
                "item_url": views.item_url(id, held.local),
                "local": held.local,
                "steps": versions.steps(found)[: versions.PAGE],
                "page": page_of(number, total, request.path, asked, versions.PAGE),
            }

        return render(request, "item_versions.html", await self._desk.storage.read(work))

    async def recommend(self, request: web.Request) -> web.StreamResponse:
        id = request.query.get("id", "")
        await carry_out(
            request, self._desk.gate, lambda _: rules.Recommend(id, self._desk.me, self._desk.new("activities"))
        )
        raise web.HTTPSeeOther(f"/catalog/item?id={quote(id, safe='')}&said=recommended")


def _seen(reads: Reads, who: Who, host: str) -> dict[str, object]:
    """As whom the page is shown: anybody, or a node that follows us; and who else that might be, for whoever may see
    who follows. All of these see the same: what is public."""
    rows: list[Row] = []
    if may(reads, who, "follow.ask"):
        rows = reads.all(
            "SELECT f.host, MIN(a.name) AS name FROM follower f LEFT JOIN actor a ON a.id = f.actor"
            " GROUP BY f.host ORDER BY f.host LIMIT 100"
        )
    readers = [{"host": row["host"], "name": row["name"] or row["host"]} for row in rows]
    name = next((reader["name"] for reader in readers if reader["host"] == host), say("everybody"))
    return {"seen_as": name, "readers": readers}


def _acts(reads: Reads, who: Who, held: reading.Held) -> Acts:
    """What is offered to whoever looks."""
    if not (who.member or who.operator):
        return Acts()
    adapt, translate = (f"/items/new?{act}={quote(held.id, safe='')}" for act in ("adapts", "translates"))
    if not held.local:
        recommend = f"/catalog/recommend?id={quote(held.id, safe='')}"
        return Acts(adapt, None, None, recommend if may(reads, who, "item.recommend") else None, translate)
    path = views.item_url(held.id, True)
    adaptation = held.item is not None and held.item.kind == "adaptation"
    return Acts(
        adapt,
        f"{path}/edit" if may(reads, who, "item.edit", held.owner) else None,
        f"{path}/withdraw" if may(reads, who, "item.withdraw", held.owner) else None,
        translate_url=translate,
        coach_url=f"{path}/coach" if adaptation and may(reads, who, "item.report", held.owner) else None,
        report_url=f"{path}/progress" if adaptation and may(reads, who, "item.report", held.owner) else None,
        credit_url=f"{path}/credit" if may(reads, who, "item.credit", held.owner) else None,
    )


def _lapsed(day: str, now: int) -> bool:
    return bool(day) and day < instant(now)[:10]
