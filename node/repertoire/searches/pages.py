"""The searches that a member keeps, and the feed of each. Thin.

A feed is for whoever knows its address: a reader of feeds has no session. It says what the public catalog says, and
the name that the member gave it.
"""

from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from node.coalition import store as coalition
from node.coalition.people import links
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire import views
from node.repertoire.catalog import Query
from node.repertoire.search import looking
from node.repertoire.search.following import Search
from node.repertoire.searches import feed, store
from node.repertoire.searches.rules import NAME_CHARACTERS, ForgetSearch, MoveFeed, SaveSearch
from node.sentence import say
from node.storage.contract import Reads
from node.web.forms import Form, read_act, read_form
from node.web.problem import Refused, insist, require_member
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason

_FRESH_FOR = 900  # seconds


class KeptSearch(msgspec.Struct, frozen=True, kw_only=True):
    """One. url: of the catalog, so narrowed; feed: its Atom feed; made: in milliseconds."""

    id: str
    name: str
    made: int
    url: str
    feed: str


class Searches:
    """search: what the feeds are made of."""

    def __init__(self, desk: Desk, search: Search) -> None:
        self._desk = desk
        self._search = search

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me/searches", self.show),
            web.post("/me/searches", self.save),
            web.post("/me/searches/{id}/move", self.move),
            web.post("/me/searches/{id}/delete", self.forget),
            web.get("/feeds/{secret}", self.feed),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form({"query": _canonical(request.query_string)}))

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        kept = await self.of(require_member(request))
        asked = _query(form.value("query"))
        view = {
            "form": form, "searches": kept, "query": form.value("query"), "asked_url": views.catalog_url(asked),
            "most": NAME_CHARACTERS,
        }  # fmt: skip
        return render(request, "searches.html", view, form.status)

    # The acts, for pages and programs

    async def of(self, member: str) -> list[KeptSearch]:
        """A member's."""
        rows = await self._desk.storage.read(lambda reads: store.of_member(reads, member))
        return [
            KeptSearch(
                id=row["id"], name=row["name"], made=row["made"], url=views.catalog_url(_query(row["query"])),
                feed=self._desk.origin.at(f"/feeds/{row['secret']}"),
            )
            for row in rows
        ]  # fmt: skip

    async def keep(self, name: str, query: str, who: Who) -> Outcome:
        """Keep what this query string asks."""
        command = SaveSearch(self._desk.clock.new_id(), who.member, name, _canonical(query), links.secret())
        return await self._desk.gate.perform(command, who)

    async def give_new_address(self, id: str, who: Who) -> Outcome:
        """Whoever has its feed's old address has nothing any more."""
        return await self._desk.gate.perform(MoveFeed(id, who.member, links.secret()), who)

    async def drop(self, id: str, who: Who) -> Outcome:
        """Keep it no longer."""
        return await self._desk.gate.perform(ForgetSearch(id, who.member), who)

    # The pages

    async def save(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        require_member(request)
        name = form.line("name", say("Name"), required=True, most=NAME_CHARACTERS)
        if form.ok:
            outcome = await self.keep(name, form.value("query"), who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/me/searches?said=search-kept")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def move(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        require_member(request)
        insist(await self.give_new_address(request.match_info["id"], who_of(request, form.once)))
        raise web.HTTPSeeOther("/me/searches?said=feed-moved")

    async def forget(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        require_member(request)
        insist(await self.drop(request.match_info["id"], who_of(request, form.once)))
        raise web.HTTPSeeOther("/me/searches?said=search-deleted")

    async def feed(self, request: web.Request) -> web.StreamResponse:
        secret = request.match_info["secret"]

        def work(reads: Reads) -> tuple[Query, feed.Feed] | None:
            row = store.by_secret(reads, secret)
            if row is None:
                return None
            query = _query(row["query"], "newest")
            known = coalition.coalition(reads)
            page = self._desk.origin.at(views.catalog_url(query))
            url = self._desk.origin.at(f"/feeds/{secret}")
            author = known.name if known else str(self._desk.origin)
            return query, feed.Feed(url, page, row["name"], author, row["made"])

        found = await self._desk.storage.read(work)
        if found is None:
            raise Refused(Reason.NOT_FOUND)
        query, said = found
        shown = await looking.look(self._desk.storage, self._search, query, (self._desk.language,))
        body = feed.atom(said, str(self._desk.origin), shown.rows)
        headers = {"Cache-Control": f"private, max-age={_FRESH_FOR}", "X-Robots-Tag": "noindex"}
        return web.Response(body=body, content_type=feed.TYPE, charset="utf-8", headers=headers)


def _query(text: str, sort: str = "") -> Query:
    """What a query string asks, from its first page."""
    given = dict(parse_qsl(text.lstrip("?")))
    given.pop("page", None)
    if sort:
        given["sort"] = sort
    return looking.read(given)[0]


def _canonical(text: str) -> str:
    """As the catalog's own addresses say it; empty if it asks nothing."""
    query = _query(text[:4_000])
    return views.catalog_url(query).partition("?")[2] if query.narrowed else ""
