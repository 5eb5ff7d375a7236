"""Finding, and noted groups, over JSON: what the pages show and do, for programs."""

import msgspec
from aiohttp import web

from node.coalition.practices import findable, group_rows
from node.coalition.practices.commands import ClaimGroup, ForgetGroup, Group
from node.coalition.practices.finding import TEXT, domain_of, line
from node.coalition.practices.noting import NotedGroup, Noting
from node.gate.desk import Desk
from node.storage.contract import Reads, Row
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.placing import Placing
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant


class FoundLine(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is found. kind: ours, held (of another node), or group (not on the network). far: 0 in that very
    place, 1 near it, 2 in its state, 3 in its country, 4 of the world or a region of it; null where no place was asked.
    """

    id: str
    kind: str
    name: str
    url: str
    domain: str
    level: str
    place: str
    summary: str
    far: int | None


class FoundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of what is found, the nearest first."""

    found: tuple[FoundLine, ...]
    total: int


class GroupAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A noted group. claimed: the id of the practice that it turned out to be, empty until then."""

    id: str
    group: Group
    noted: str
    claimed: str


class GroupsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the noted groups, by name."""

    groups: tuple[GroupAnswer, ...]
    total: int


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """actor: the id of a practice that is known here; empty to take a claim back."""

    actor: str


class Forgotten(msgspec.Struct, frozen=True):
    """It is not found here any more."""

    id: str


class FindingApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk, placing: Placing, noting: Noting) -> None:
        self._desk = desk
        self._placing = placing
        self._noting = noting

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/find", "What there is at a place and in a domain", self.find, FoundAnswer,
                  query={"place_is": "a GeoNames id or an ISO 3166 code", "domain": "a path below one of the roots",
                         "page": "which page, from 1"}),
            Route("GET", "/groups", "Groups that are not on the network", self.groups, GroupsAnswer,
                  query={"page": "which page, from 1"}),
            Route("POST", "/groups", "Note a group", self.note, GroupAnswer, NotedGroup, 201, scope="organise"),
            Route("GET", "/groups/{id}", "A noted group", self.group, GroupAnswer),
            Route("PUT", "/groups/{id}", "What is known of a group now", self.change, GroupAnswer, NotedGroup,
                  scope="organise"),
            Route("POST", "/groups/{id}/claim", "Say which practice a group is", self.claim, GroupAnswer, Claim,
                  scope="organise"),
            Route("DELETE", "/groups/{id}", "Forget a group", self.forget, Forgotten, scope="organise"),
        ]  # fmt: skip

    async def find(self, request: web.Request, _body: None) -> FoundAnswer:
        chosen = request.query.get("place_is", "")[:TEXT]
        place = await self._placing.meant("", chosen) if chosen else None
        where = findable.where(place) if place is not None else None
        domain, number = domain_of(request), number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: findable.found(reads, where, domain, number))
        return FoundAnswer(found=tuple(map(self._line, rows)), total=total)

    def _line(self, row: Row) -> FoundLine:
        said = line(row)
        url = self._desk.origin.at(said.url) if said.url.startswith("/") else said.url
        return FoundLine(
            id=row["id"], kind=row["kind"], name=said.name, url=url, domain=said.domain, level=said.level,
            place=said.place, summary=said.summary, far=row["far"],
        )  # fmt: skip

    async def groups(self, request: web.Request, _body: None) -> GroupsAnswer:
        number = number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: group_rows.groups(reads, number))
        return GroupsAnswer(groups=tuple(map(_answer, rows)), total=total)

    async def group(self, request: web.Request, _body: None) -> GroupAnswer:
        return await self._one(request.match_info["id"])

    async def _one(self, id: str) -> GroupAnswer:
        def work(reads: Reads) -> GroupAnswer:
            row = group_rows.group(reads, id)
            if row is None:
                raise ProtocolError(Reason.NOT_FOUND)
            return _answer(row)

        return await self._desk.storage.read(work)

    async def _group(self, body: NotedGroup) -> Group:
        place = await self._placing.meant(body.place, body.place_is)
        return Group(
            name=body.name, kind=body.kind, domain=body.domain, level=body.level, place=place, url=body.url,
            note=body.note,
        )  # fmt: skip

    async def note(self, request: web.Request, body: NotedGroup) -> GroupAnswer:
        outcome, id = await self._noting.note(await self._group(body), who_of(request))
        insist(outcome)
        return await self._one(id)

    async def change(self, request: web.Request, body: NotedGroup) -> GroupAnswer:
        outcome, id = await self._noting.note(await self._group(body), who_of(request), request.match_info["id"])
        insist(outcome)
        return await self._one(id)

    async def claim(self, request: web.Request, body: Claim) -> GroupAnswer:
        id = request.match_info["id"]
        insist(await self._desk.gate.perform(ClaimGroup(id, body.actor), who_of(request)))
        return await self._one(id)

    async def forget(self, request: web.Request, _body: None) -> Forgotten:
        id = request.match_info["id"]
        insist(await self._desk.gate.perform(ForgetGroup(id), who_of(request)))
        return Forgotten(id)


def _answer(row: Row) -> GroupAnswer:
    return GroupAnswer(
        id=row["id"], group=group_rows.group_of(row), noted=instant(row["at"]), claimed=row["claimed"]
    )  # fmt: skip
