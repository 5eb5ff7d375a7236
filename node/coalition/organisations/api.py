"""Organisations over JSON, for members: the pages' own acts."""

import msgspec
from aiohttp import web

from node.coalition.organisations import store
from node.coalition.organisations.rules import ChangeOrganisation, MergeOrganisations
from node.coalition.practices.api import Done
from node.gate.desk import Desk
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of


class OrganisationLine(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation, and how many active members come from it."""

    id: str
    name: str
    sector: str
    place: str
    people: int


class OrganisationList(msgspec.Struct, frozen=True):
    """A page of organisations by name. total: on all pages."""

    organisations: tuple[OrganisationLine, ...]
    total: int


class Changed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an organisation is called from now on."""

    name: str
    sector: str = ""
    place: str = ""


class Same(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The id of the other one, which stays."""

    into: str


class OrganisationsApi:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[Route]:
        one = "/organisations/{id}"
        return [
            Route("GET", "/organisations", "The organisations that members come from", self.listed, OrganisationList,
                  query={"q": "part of a name", "page": "which page, from 1"}, act="member.read"),
            Route("PUT", one, "Change an organisation", self.change, Done, Changed, scope="organise"),
            Route("POST", f"{one}/merge", "Make one of two that are the same", self.merge, Done, Same,
                  scope="organise"),
        ]  # fmt: skip

    async def listed(self, request: web.Request, _body: None) -> OrganisationList:
        query, number = request.query.get("q", "")[:100], number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: store.organisations(reads, query, number))
        lines = (
            OrganisationLine(
                id=row["id"], name=row["name"], sector=row["sector"], place=row["place"], people=row["people"]
            )
            for row in rows
        )
        return OrganisationList(tuple(lines), total)

    async def change(self, request: web.Request, body: Changed) -> Done:
        command = ChangeOrganisation(request.match_info["id"], body.name, body.sector, body.place)
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    async def merge(self, request: web.Request, body: Same) -> Done:
        command = MergeOrganisations(request.match_info["id"], body.into)
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()
