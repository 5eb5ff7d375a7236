"""Organisations over JSON, for programs of members."""

import msgspec
from aiohttp import web

from node.coalition.organisations import store
from node.coalition.organisations.rules import ChangeOrganisation, MergeOrganisations
from node.coalition.practices.api import Done
from node.gate.desk import Desk
from node.storage.contract import Reads
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason


class OrganisationLine(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation in a list. people: active members who come from there now."""

    id: str
    name: str
    sector: str
    place: str
    people: int


class OrganisationsAnswer(msgspec.Struct, frozen=True):
    """A page of them, by name."""

    organisations: tuple[OrganisationLine, ...]
    total: int


class FromThere(msgspec.Struct, frozen=True, kw_only=True):
    """A member who is or was there. since, until: days."""

    id: str
    name: str
    title: str
    since: str
    until: str | None


class OrganisationAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """practices: the names of those in which its people meet others now."""

    id: str
    name: str
    sector: str
    place: str
    people: tuple[FromThere, ...]
    practices: tuple[str, ...]


class Corrected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What it is called, and where it is."""

    name: str
    sector: str = ""
    place: str = ""


class Into(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """into: the id of the organisation that it is the same as, and which stays."""

    into: str


class OrganisationsApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/organisations", "The organisations of the members", self.listed, OrganisationsAnswer,
                  query={"q": "part of a name", "page": "which page, from 1"}, act="member.read"),
            Route("GET", "/organisations/{id}", "One organisation", self.one, OrganisationAnswer, act="member.read"),
            Route("PUT", "/organisations/{id}", "Correct what is known of it", self.correct, Done, Corrected,
                  scope="organise"),
            Route("POST", "/organisations/{id}/merge", "Say that it is the same as another", self.merge, Done, Into,
                  scope="organise"),
        ]  # fmt: skip

    async def listed(self, request: web.Request, _body: None) -> OrganisationsAnswer:
        query, number = request.query.get("q", "")[:100], number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: store.organisations(reads, query, number))
        return OrganisationsAnswer(
            tuple(
                OrganisationLine(
                    id=row["id"], name=row["name"], sector=row["sector"], place=row["place"], people=row["people"]
                )
                for row in rows
            ),
            total,
        )  # fmt: skip

    async def one(self, request: web.Request, _body: None) -> OrganisationAnswer:
        id = request.match_info["id"]

        def work(reads: Reads) -> OrganisationAnswer:
            row = store.organisation(reads, id)
            if row is None:
                raise ProtocolError(Reason.NOT_FOUND)
            return OrganisationAnswer(
                id=id, name=row["name"], sector=row["sector"], place=row["place"],
                people=tuple(
                    FromThere(
                        id=each["id"], name=each["name"], title=each["title"], since=each["since"], until=each["until"]
                    )
                    for each in store.people(reads, id)
                ),
                practices=tuple(each["name"] for each in store.practices(reads, id)),
            )  # fmt: skip

        return await self._desk.storage.read(work)

    async def correct(self, request: web.Request, body: Corrected) -> Done:
        command = ChangeOrganisation(request.match_info["id"], body.name, body.sector, body.place)
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    async def merge(self, request: web.Request, body: Into) -> Done:
        insist(await self._desk.gate.perform(MergeOrganisations(request.match_info["id"], body.into), who_of(request)))
        return Done()
