"""The lineage of an item, as a picture with its table, as CSV, and as JSON: one reading, said in three ways."""

from typing import Any

import msgspec
from aiohttp import web

from node.gate.desk import Desk
from node.repertoire import store, views
from node.repertoire.adapting.crediting import day_of
from node.repertoire.lineage import drawing, parts, tree
from node.repertoire.lineage.links import ADAPTED, TRANSLATED
from node.repertoire.lineage.parts import Gathered, Part
from node.repertoire.lineage.tree import Link, Tree
from node.sentence import Sentence, say, words
from node.storage.contract import Reads
from node.web.api import Route
from node.web.problem import Refused
from node.web.render import render
from node.web.things import Ref
from protocol import identifiers
from protocol.canonical import digest_multibase
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant

TITLE = 44  # characters of a title beside its dot; the whole is in the table, and read out


class LinkAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What an item owes to another. how: adapted, translated or credited. credit: verified, unverified or absent."""

    original: str
    how: str
    digest: str | None
    credit: str


class PartAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One item of the lineage, as its owner signed it; blank where nothing is said."""

    id: str
    owner: str
    kind: str
    title: str
    language: str
    place: str
    version: str
    stage: str
    stage_since: str
    coach: str
    published: str | None
    updated: str | None
    withdrawn: bool
    reason: str
    links: tuple[LinkAnswer, ...]


class LineageAnswer(msgspec.Struct, frozen=True):
    """The family of an item. more: it has more members than are given."""

    item: str
    parts: tuple[PartAnswer, ...]
    more: bool


class LineagePages:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/items/{id}/lineage", self.own),
            web.get("/items/{id}/lineage.csv", self.own_csv),
            web.get("/catalog/item/lineage", self.received),
            web.get("/catalog/item/lineage.csv", self.received_csv),
        ]

    def api(self) -> list[Route]:
        return [
            Route("GET", "/lineage", "What an item came from, and what was made of it", self.read, LineageAnswer,
                  query={"id": "the item's id, a URL"}),
        ]  # fmt: skip

    def _own(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    async def own(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, self._own(request))

    async def received(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, request.query.get("id", ""))

    async def own_csv(self, request: web.Request) -> web.StreamResponse:
        return await self._csv(self._own(request))

    async def received_csv(self, request: web.Request) -> web.StreamResponse:
        return await self._csv(request.query.get("id", ""))

    async def read(self, request: web.Request, _body: None) -> LineageAnswer:
        """For programs."""
        id = request.query.get("id", "")
        found = await self._desk.storage.read(lambda reads: gathered(reads, id))
        if found is None:
            raise ProtocolError(Reason.NOT_FOUND)
        grown = tree.grow(found.parts)
        return LineageAnswer(id, tuple(_answer(part, grown) for part in grown.parts), found.more)

    async def _csv(self, id: str) -> web.StreamResponse:
        found = await self._desk.storage.read(lambda reads: gathered(reads, id))
        if found is None:
            raise Refused(Reason.NOT_FOUND)
        response = web.Response(body=tree.as_csv(tree.grow(found.parts)), content_type="text/csv", charset="utf-8")
        response.headers["Content-Disposition"] = 'attachment; filename="lineage.csv"'
        return response

    async def _page(self, request: web.Request, id: str) -> web.StreamResponse:
        found = await self._desk.storage.read(lambda reads: gathered(reads, id))
        if found is None:
            raise Refused(Reason.NOT_FOUND)
        return render(request, "lineage.html", shown(found, id))


def gathered(reads: Reads, id: str) -> Gathered | None:
    """The family of an item that is held here and for everybody; None if it is not."""
    row = store.state(reads, id)
    if row is None or row["audience"] != "public" or row["raw"] is None:
        return None
    found = parts.gather(reads, id)
    return found if id in found.known else None


HOW = {ADAPTED: words("Adaptation"), TRANSLATED: words("Translation")}


def shown(found: Gathered, id: str) -> dict[str, Any]:
    """The view of the page. Every item has one line in the picture, and one in the table."""
    grown = tree.grow(found.parts)
    picture = drawing.draw(grown)
    by_id = {part.id: part for part in grown.parts}
    names = {part.id: _title(part) for part in grown.parts}
    lines: dict[str, dict[str, Any]] = {}
    for part in grown.parts:
        links = [link for link in grown.links if link.item == part.id]
        lines[part.id] = _line(part, links, found, names, part.id == id)
    here = by_id[id]
    return {
        "title": names[id], "language": here.language, "item_url": views.item_url(id, found.known[id].local),
        "csv_url": views.lineage_url(id, found.known[id].local, ".csv"), "more": found.more, "total": len(grown.parts),
        "width": picture.width, "height": picture.height,
        "ticks": [{"x": tick.x, "day": day_of(tick.at)} for tick in picture.ticks],
        "paths": [
            {"path": line.path, "how": line.link.how, "sure": line.link.credit == "verified"} for line in picture.lines
        ],
        "dots": [
            {"x": dot.x, "y": dot.y, **lines.get(dot.id, _absent(dot.id))} for dot in picture.dots
        ],
        "rows": [lines[part.id] for part in grown.parts],
    }  # fmt: skip


def _title(part: Part) -> str:
    if part.withdrawn:
        return views.WITHDRAWN
    return part.title or say("Without a title")


def _line(part: Part, links: list[Link], found: Gathered, names: dict[str, str], here: bool) -> dict[str, Any]:
    known = found.known[part.id]
    made = [link for link in links if link.how in HOW]
    title = names[part.id]
    return {
        "id": part.id, "title": title, "short": title if len(title) <= TITLE else f"{title[: TITLE - 1]}…",
        "language": part.language, "url": views.item_url(part.id, known.local),
        "practice": Ref(known.owner_name), "place": part.place, "stage": part.stage, "since": part.since,
        "version": part.version, "published": part.published,
        "day": day_of(part.published) if part.published else "", "withdrawn": part.withdrawn, "reason": part.reason,
        "how": made[0].how if made else "", "held": True, "here": here,
        "unsure": any(link.credit == "unverified" for link in links),
        "owes": [_owed(link, names, found) for link in links],
    }  # fmt: skip


def _owed(link: Link, names: dict[str, str], found: Gathered) -> dict[str, Any]:
    known = found.known.get(link.original)
    return {
        "words": _said(link.how), "credit": link.credit,
        "of": Ref(names[link.original], views.item_url(link.original, known.local)) if known
        else Ref(_elsewhere(link.original)),
    }  # fmt: skip


def _said(how: str) -> Sentence:
    if how == ADAPTED:
        return say("Adapted from")
    return say("Translated from") if how == TRANSLATED else say("Credits")


def _elsewhere(id: str) -> Sentence:
    try:
        host = identifiers.host_of(id)
    except ProtocolError:
        return say("An item that is not held here")
    return say("An item of {host} that is not held here", host=host)


def _absent(id: str) -> dict[str, Any]:
    title = _elsewhere(id)
    return {
        "id": id, "title": title, "short": title, "language": "", "url": None, "practice": None, "place": "",
        "stage": "", "since": "", "version": "", "published": 0, "day": "", "withdrawn": False, "how": "",
        "held": False, "here": False, "unsure": False,
    }  # fmt: skip


def _answer(part: Part, grown: Tree) -> PartAnswer:
    return PartAnswer(
        id=part.id, owner=part.owner, kind=part.kind, title=part.title, language=part.language, place=part.place,
        version=part.version, stage=part.stage, stage_since=part.since, coach=part.coach,
        published=instant(part.published) if part.published else None,
        updated=instant(part.updated) if part.updated else None, withdrawn=part.withdrawn, reason=part.reason,
        links=tuple(
            LinkAnswer(
                original=link.original, how=link.how, credit=link.credit,
                digest=digest_multibase(link.digest) if link.digest else None,
            )
            for link in grown.links
            if link.item == part.id
        ),
    )  # fmt: skip
