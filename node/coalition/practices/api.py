"""Practices over JSON: what a page can do, a program can do by the same acts."""

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.practices import store
from node.coalition.practices.commands import DeclinePart, Statement
from node.coalition.practices.describing import Described, Describing
from node.coalition.practices.home import address, ours, practice_of
from node.coalition.practices.opening import NewPractice, Opening
from node.coalition.practices.splitting import NewPart, Question, Splitting, question
from node.gate.desk import Desk
from node.storage.contract import Reads, Row
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.placing import Placing
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant
from protocol.vocabulary.place import Place


class Practice(msgspec.Struct, frozen=True, kw_only=True):
    """A practice of this node. address: what others type to follow it. parent: of what it says it is a part, empty for
    nothing. where: its place with its codes.
    """

    id: str
    slug: str
    name: str
    summary: str
    scope_in: str
    scope_out: str
    domain: str
    level: str
    place: str
    where: Place
    parent: str
    address: str


class Practices(msgspec.Struct, frozen=True):
    """All practices of this node."""

    practices: tuple[Practice, ...]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part, or a parent, of a practice: its id, and where people read of it."""

    id: str
    name: str
    url: str


class PracticePage(msgspec.Struct, frozen=True, kw_only=True):
    """One practice, with what it is a part of, the outermost first, and its parts. coordinated: somebody is."""

    practice: Practice
    parents: tuple[Part, ...]
    parts: tuple[Part, ...]
    coordinated: bool


class PastVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What a practice said from `at` on, and why that changed."""

    at: str
    reason: str
    said: Statement


class History(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a practice's versions, the latest first."""

    versions: tuple[PastVersion, ...]
    total: int


class NewParts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Into what a practice is split: one part, or two."""

    parts: tuple[NewPart, ...]


class Choice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A member's answer about a part: both (join it too), move (join it, leave its parent), or stay."""

    choice: str


class Done(msgspec.Struct, frozen=True):
    """It was done."""

    done: bool = True


class Questions(msgspec.Struct, frozen=True):
    """The parts of what this node follows about which it is asked."""

    questions: tuple[Question, ...]


class PracticeApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(
        self, desk: Desk, placing: Placing, opening: Opening, describing: Describing, splitting: Splitting
    ) -> None:
        self._desk = desk
        self._placing = placing
        self._opening = opening
        self._describing = describing
        self._splitting = splitting

    def routes(self) -> list[Route]:
        slug = "/practices/{slug}"
        return [
            Route("GET", "/practices", "The practices of this node", self.practices, Practices),
            Route("POST", "/practices", "Open a practice", self.open, Practice, NewPractice, 201, scope="organise"),
            Route("GET", slug, "A practice, with its parents and parts", self.practice, PracticePage),
            Route("PATCH", slug, "Change what a practice says of itself", self.describe, Practice, Described,
                  scope="organise"),
            Route("GET", f"{slug}/history", "What a practice said of itself before", self.history, History,
                  query={"page": "which page, from 1"}),
            Route("POST", f"{slug}/parts", "Split a practice", self.split, PracticePage, NewParts, 201,
                  scope="organise"),
            Route("POST", f"{slug}/choice", "Answer, as a member, whether to join this part", self.choose, Done, Choice,
                  scope="self"),
            Route("GET", "/follows/questions", "Which parts of what it follows this node might follow",
                  self.questions, Questions, scope="connect", act="follow.ask"),
            Route("DELETE", "/follows/questions", "Not to follow a part, and not to be asked again", self.decline, Done,
                  query={"child": "the id of the part"}, scope="connect"),
        ]  # fmt: skip

    async def practices(self, _request: web.Request, _body: None) -> Practices:
        rows = await self._desk.storage.read(coalition_store.practices)
        return Practices(tuple(self._practice(row) for row in rows))

    async def open(self, request: web.Request, body: NewPractice) -> Practice:
        insist(await self._opening.open(body, who_of(request)))
        return await self._row(identifiers.practice_actor(self._desk.origin, body.slug))

    async def _row(self, actor: str) -> Practice:
        row = await self._desk.storage.read(lambda reads: coalition_store.practice(reads, actor))
        if row is None:
            raise ProtocolError(Reason.INTERNAL)
        return self._practice(row)

    def _practice(self, row: Row) -> Practice:
        return Practice(
            id=row["actor"], slug=row["slug"], name=row["name"], summary=row["summary"], scope_in=row["scope_in"],
            scope_out=row["scope_out"], domain=row["domain"], level=row["level"], place=row["place"],
            where=store.statement(row).place, parent=row["parent"],
            address=f"@{row['slug']}@{self._desk.origin.authority}",
        )  # fmt: skip

    def _part(self, row: Row) -> Part:
        url = address(row)
        return Part(id=row["actor"], name=row["name"], url=self._desk.origin.at(url) if row["local"] else url)

    async def practice(self, request: web.Request, _body: None) -> PracticePage:
        return await self._page(practice_of(self._desk, request))

    async def _page(self, actor: str) -> PracticePage:
        def work(reads: Reads) -> PracticePage:
            row = ours(reads, actor)
            return PracticePage(
                practice=self._practice(row),
                parents=tuple(map(self._part, store.parents(reads, actor))),
                parts=tuple(map(self._part, store.parts(reads, actor))),
                coordinated=any(each["role"] == "coordinator" for each in store.keepers(reads, actor)),
            )

        return await self._desk.storage.read(work)

    async def describe(self, request: web.Request, body: Described) -> Practice:
        actor = practice_of(self._desk, request)
        said = await self._desk.storage.read(lambda reads: store.statement(ours(reads, actor)))
        place = said.place
        if body.place_is or body.place is not None:
            place = await self._placing.meant(body.place or "", body.place_is)
        given = {name: getattr(body, name) for name in Statement.__struct_fields__ if name != "place"}
        changed = {name: value.strip() for name, value in given.items() if value is not None}
        statement = msgspec.structs.replace(said, place=place, **changed)
        insist(await self._describing.describe(actor, statement, body.reason, 0, who_of(request)))
        return await self._row(actor)

    async def history(self, request: web.Request, _body: None) -> History:
        actor, number = practice_of(self._desk, request), number_of(request.query.get("page"))

        def work(reads: Reads) -> History:
            ours(reads, actor)
            versions, _, total = store.versions(reads, actor, number)
            shown = versions[: store.VERSIONS]
            return History(
                versions=tuple(PastVersion(at=instant(one.at), reason=one.reason, said=one.said) for one in shown),
                total=total,
            )

        return await self._desk.storage.read(work)

    async def split(self, request: web.Request, body: NewParts) -> PracticePage:
        actor = practice_of(self._desk, request)
        insist(await self._splitting.split(actor, body.parts, who_of(request)))
        return await self._page(actor)

    async def choose(self, request: web.Request, body: Choice) -> Done:
        who = who_of(request)
        insist(await self._splitting.answer(who.member, practice_of(self._desk, request), body.choice, who))
        return Done()

    async def questions(self, _request: web.Request, _body: None) -> Questions:
        rows = await self._desk.storage.read(store.questions)
        return Questions(tuple(found for row in rows if (found := question(row)) is not None))

    async def decline(self, request: web.Request, _body: None) -> Done:
        insist(await self._desk.gate.perform(DeclinePart(request.query.get("child", "")), who_of(request)))
        return Done()
