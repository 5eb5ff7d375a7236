"""The addresses: a practice's feed, the catalog as a table, our items as DCAT, robots.txt and the sitemaps.

All of them are for everybody, and the same for everybody: whoever is signed in is shown no more.
"""

import csv
import io
from collections.abc import Iterable, Sequence

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.importing.tables import safe
from node.coalition.practices.home import ours, practice_of
from node.gate.desk import Desk
from node.repertoire import catalog
from node.repertoire.outside import dcat, maps, own
from node.repertoire.search import looking
from node.repertoire.search.following import Search
from node.repertoire.searches import feed
from node.storage.contract import Reads, Row
from protocol.vocabulary.dates import instant

_FRESH = {"Cache-Control": "public, max-age=300"}
ROWS = 1_000  # of a table: whoever wants more narrows what they ask
COLUMNS = (
    "id", "title", "kind", "domain", "language", "practice", "practice_id", "origin", "place", "summary", "published",
    "updated", "review_by", "adapted",
)  # fmt: skip


class OutOfTheHouse:
    """The handlers."""

    def __init__(self, desk: Desk, search: Search) -> None:
        self._desk = desk
        self._search = search

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/practices/{slug}/feed", self.feed),
            web.get("/catalog.csv", self.table),
            web.get("/dcat.jsonld", self.json_ld),
            web.get("/dcat.ttl", self.turtle),
            web.get("/robots.txt", self.robots),
            web.get("/sitemap.xml", self.index),
            web.get("/sitemap-pages.xml", self.pages),
            web.get("/sitemap-items.xml", self.items),
        ]

    async def feed(self, request: web.Request) -> web.StreamResponse:
        """A practice's items, the latest first (Atom, RFC 4287)."""
        actor = practice_of(self._desk, request)

        def work(reads: Reads) -> tuple[Row, list[Row]]:
            row = ours(reads, actor)
            return row, catalog.cards(reads, catalog.Query(practice=actor))[: catalog.PAGE]

        row, cards = await self._desk.storage.read(work)
        home = self._desk.origin.at(f"/practices/{row['slug']}")
        said = feed.Feed(f"{home}/feed", home, row["name"], row["name"], row["created"])
        body = feed.atom(said, str(self._desk.origin), cards)
        return web.Response(body=body, content_type=feed.TYPE, charset="utf-8", headers=_FRESH)

    async def table(self, request: web.Request) -> web.StreamResponse:
        """A view of the catalog as CSV (RFC 4180, UTF-8), sent page by page: the same address as the page's, with .csv.

        A cell that a spreadsheet would reckon with is led by an apostrophe.
        """
        query, _ = looking.read(request.query)
        response = web.StreamResponse(headers={**_FRESH, "Content-Disposition": 'attachment; filename="catalog.csv"'})
        response.content_type, response.charset = "text/csv", "utf-8"
        await response.prepare(request)
        await response.write(_rows([COLUMNS]))
        for number in range(1, ROWS // catalog.PAGE + 1):
            asked = msgspec.structs.replace(query, page=number)
            found = await looking.look(self._desk.storage, self._search, asked, (self._desk.language,))
            await response.write(_rows(map(_cells, found.rows)))
            if number * catalog.PAGE >= found.listed:
                break
        await response.write_eof()
        return response

    async def json_ld(self, request: web.Request) -> web.StreamResponse:
        body = dcat.json_ld(await self._described(request, "/dcat.jsonld"))
        return web.Response(body=body, content_type=dcat.JSON_LD, headers=_FRESH)

    async def turtle(self, request: web.Request) -> web.StreamResponse:
        body = dcat.turtle(await self._described(request, "/dcat.ttl"))
        return web.Response(body=body, content_type=dcat.TURTLE, charset="utf-8", headers=_FRESH)

    async def _described(self, request: web.Request, path: str) -> list[dcat.Node]:
        after, most = _after(request), 100
        items, coalition = await self._desk.storage.read(
            lambda reads: (own.items(reads, after, most), coalition_store.coalition(reads))
        )
        name = coalition.name if coalition else str(self._desk.origin)
        more = self._desk.origin.at(f"{path}?after={items[-1].key}") if len(items) == most else ""
        page = dcat.Page(self._desk.origin.at("/dcat"), name, name, self._desk.me, items, more)
        return dcat.describe(page)

    async def robots(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text=maps.robots(str(self._desk.origin)), headers=_FRESH)

    async def index(self, _request: web.Request) -> web.StreamResponse:
        found = await self._desk.storage.read(lambda reads: own.starts(reads, maps.MOST))
        urls = ["/sitemap-pages.xml", *(f"/sitemap-items.xml?after={after}" for after in found)]
        return _xml(maps.index(self._desk.origin.at(url) for url in urls))

    async def pages(self, _request: web.Request) -> web.StreamResponse:
        rows = await self._desk.storage.read(own.practices)
        found = [("/", 0), ("/catalog", 0), *((f"/practices/{row['slug']}", row["created"]) for row in rows)]
        return _xml(maps.sitemap((self._desk.origin.at(path), changed) for path, changed in found))

    async def items(self, request: web.Request) -> web.StreamResponse:
        after = _after(request)
        rows = await self._desk.storage.read(lambda reads: own.places(reads, after, maps.MOST))
        return _xml(maps.sitemap((row["id"], row["updated"]) for row in rows))


def _after(request: web.Request) -> int:
    text = request.query.get("after", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def _xml(body: bytes) -> web.Response:
    return web.Response(body=body, content_type="application/xml", charset="utf-8", headers=_FRESH)


def _cells(row: Row) -> list[str]:
    return [
        row["id"], row["name"], row["kind"], row["domain"], row["language"], row["practice_name"] or "", row["owner"],
        row["host"], row["place"], row["summary"], instant(row["published"]), instant(row["updated"]),
        row["review_by"] or "", str(row["adapted"]),
    ]  # fmt: skip


def _rows(rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out).writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
