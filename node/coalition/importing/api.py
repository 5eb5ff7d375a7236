"""Imports over JSON: the same acts as on the pages. A program sends text, or a file's bytes in base64."""

import binascii

import msgspec
from aiohttp import web

from node.coalition.importing import judging, store
from node.coalition.importing.bringing import Bringing, Looked
from node.coalition.importing.pages import ImportPages
from node.coalition.importing.tables import MOST_BYTES
from node.coalition.importing.wiring import ACT
from node.gate.desk import Desk
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant


class NewImport(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table. kind: members, organisations, practices or items. text: CSV; or base64: a CSV or XLSX file's bytes."""

    kind: str
    name: str = ""
    text: str = ""
    base64: str = ""


class NewColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which column (from 0) is which field; a field that is not named has none."""

    columns: dict[str, int]


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An empty object: the address says it all."""


class RowAnswer(msgspec.Struct, frozen=True):
    """One row. number: as a spreadsheet has it. state: good or waiting, made, same, bad, taken, kept."""

    number: int
    state: str
    reasons: tuple[str, ...] = ()


class ImportAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One import. state: draft, running, done, undoing, undone. numbers: of rows by state.

    rows: those that are not good, a page of them: of a draft as it would be made now.
    """

    id: str
    kind: str
    name: str
    state: str
    made: str
    headings: tuple[str, ...]
    columns: dict[str, int]
    said: tuple[str, ...]
    numbers: dict[str, int]
    rows: tuple[RowAnswer, ...]


class ImportLine(msgspec.Struct, frozen=True):
    id: str
    kind: str
    name: str
    state: str
    made: str


class Imports(msgspec.Struct, frozen=True):
    """A page of all imports, the last first."""

    imports: tuple[ImportLine, ...]
    total: int


class PersonalLink(msgspec.Struct, frozen=True):
    """A link by which this one person can come. It is told this once."""

    name: str
    email: str
    link: str


class PersonalLinks(msgspec.Struct, frozen=True):
    links: tuple[PersonalLink, ...]


class Dropped(msgspec.Struct, frozen=True):
    id: str


class ImportApi:
    """The handlers and their routes."""

    def __init__(self, desk: Desk, bringing: Bringing, pages: ImportPages) -> None:
        self._desk = desk
        self._bringing = bringing
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/imports", "The imports of this node", self.listed, Imports, query={"page": "from 1"},
                  scope="organise", act=ACT),
            Route("POST", "/imports", "Bring a table; nothing is made of it yet", self.begin, ImportAnswer, NewImport,
                  201, scope="organise", act=ACT),
            Route("GET", "/imports/{id}", "One import as it stands", self.show, ImportAnswer, query={"page": "from 1"},
                  scope="organise", act=ACT),
            Route("PATCH", "/imports/{id}", "Say which column is which", self.match, ImportAnswer, NewColumns,
                  scope="organise", act=ACT),
            Route("POST", "/imports/{id}/run", "Make what the table says", self.run, ImportAnswer, Nothing, 202,
                  scope="organise", act=ACT),
            Route("POST", "/imports/{id}/undo", "Take back what was made and not changed since", self.undo,
                  ImportAnswer, Nothing, 202, scope="organise", act=ACT),
            Route("POST", "/imports/{id}/links", "New links for those who have not come", self.links,
                  PersonalLinks, Nothing, scope="organise", act=ACT),
            Route("DELETE", "/imports/{id}", "Forget an import; what it made stays", self.drop, Dropped,
                  scope="organise", act=ACT),
        ]  # fmt: skip

    async def listed(self, request: web.Request, _body: None) -> Imports:
        number = number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: store.listed(reads, number))
        return Imports(
            tuple(ImportLine(row["id"], row["kind"], row["name"], row["state"], instant(row["made"])) for row in rows),
            total,
        )

    async def begin(self, request: web.Request, body: NewImport) -> ImportAnswer:
        if bool(body.text) == bool(body.base64):
            raise ProtocolError(Reason.INVALID, "Give either text or base64.")
        outcome, id = await self._bringing.begin(
            body.kind, body.name, _bytes(body.base64) if body.base64 else body.text, who_of(request)
        )
        insist(outcome)
        return await self._answer(request, id)

    async def show(self, request: web.Request, _body: None) -> ImportAnswer:
        return await self._answer(request, request.match_info["id"])

    async def match(self, request: web.Request, body: NewColumns) -> ImportAnswer:
        id = request.match_info["id"]
        insist(await self._bringing.match(id, body.columns, who_of(request)))
        return await self._answer(request, id)

    async def run(self, request: web.Request, _body: Nothing) -> ImportAnswer:
        id = request.match_info["id"]
        insist(await self._bringing.run(id, who_of(request)))
        return await self._answer(request, id)

    async def undo(self, request: web.Request, _body: Nothing) -> ImportAnswer:
        id = request.match_info["id"]
        insist(await self._bringing.undo(id, who_of(request)))
        return await self._answer(request, id)

    async def links(self, request: web.Request, _body: Nothing) -> PersonalLinks:
        outcome, made = await self._pages.make_links(request.match_info["id"], who_of(request))
        insist(outcome)
        return PersonalLinks(tuple(PersonalLink(*each) for each in made))

    async def drop(self, request: web.Request, _body: None) -> Dropped:
        id = request.match_info["id"]
        insist(await self._bringing.drop(id, who_of(request)))
        return Dropped(id)

    async def _answer(self, request: web.Request, id: str) -> ImportAnswer:
        looked = await self._bringing.look(id)
        if looked is None:
            raise ProtocolError(Reason.NOT_FOUND)
        found = looked.found
        return ImportAnswer(
            id=found.id, kind=found.kind, name=found.name, state=found.state, made=instant(found.made),
            headings=found.headings, columns=dict(found.columns), said=found.said, numbers=_numbers(looked),
            rows=await self._rows(looked, number_of(request.query.get("page"))),
        )  # fmt: skip

    async def _rows(self, looked: Looked, page: int) -> tuple[RowAnswer, ...]:
        if looked.found.state == "draft":
            begin = (page - 1) * store.PAGE
            odd = [one for one in looked.judged if one.state != "good"][begin : begin + store.PAGE]
            return tuple(
                RowAnswer(one.line.number, one.state, judging.reasons(one) or ((one.same,) if one.same else ()))
                for one in odd
            )
        found: list[RowAnswer] = []
        for state in ("bad", "same", "kept"):
            rows = await self._bringing.rows(looked, state, page)
            found += [RowAnswer(number, state, why) for number, _, why, _ in rows]
        return tuple(found)


def _numbers(looked: Looked) -> dict[str, int]:
    if looked.found.state != "draft":
        return dict(looked.numbers)
    return {state: len(looked.waiting(state)) for state in ("good", "bad", "same")}


def _bytes(text: str) -> bytes:
    if len(text) > MOST_BYTES * 4 // 3 + 4:
        raise ProtocolError(Reason.TOO_LARGE)
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise ProtocolError(Reason.INVALID, "This is not base64.") from None
