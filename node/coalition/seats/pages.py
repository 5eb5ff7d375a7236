"""Seats on the page of a practice's members, which shows them; and the same for programs. Only members see any."""

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.people.rules import SECTORS
from node.coalition.seats import store
from node.coalition.seats.rules import DeclareSeat, RemoveSeat
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.storage.contract import Reads
from node.web.api import Route
from node.web.api import insist as insist_so
from node.web.forms import Form, read_form
from node.web.problem import Refused, insist
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A seat. kind: organisation, discipline or sector. taken: somebody like this belongs to the practice now."""

    id: str
    kind: str
    name: str
    taken: bool


class SeatsAnswer(msgspec.Struct, frozen=True):
    """As they were declared."""

    seats: tuple[Seat, ...]


class NewSeat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """kind: organisation, discipline or sector; name: of it."""

    kind: str
    name: str


class Seats:
    """Handlers, and the acts."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/practices/{slug}/seats", self.declare_page),
            web.post("/practices/{slug}/seats/{id}/remove", self.remove_page),
        ]

    def api(self) -> list[Route]:
        seats = "/practices/{slug}/seats"
        return [
            Route("GET", seats, "Who should be in a practice, and who is", self.listed, SeatsAnswer),
            Route("POST", seats, "Say who should be in it", self.declared, SeatsAnswer, NewSeat, 201, scope="organise"),
            Route("DELETE", f"{seats}/{{id}}", "Remove a seat", self.removed, SeatsAnswer, scope="organise"),
        ]

    async def declare(self, practice: str, kind: str, name: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(DeclareSeat(self._desk.clock.new_id(), practice, kind, name), who)

    async def remove(self, practice: str, id: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(RemoveSeat(id, practice), who)

    def _practice(self, request: web.Request) -> str:
        slug = request.match_info["slug"]
        if not identifiers.is_slug(slug):
            raise Refused(Reason.NOT_FOUND)
        return identifiers.practice_actor(self._desk.origin, slug)

    async def declare_page(self, request: web.Request) -> web.StreamResponse:
        form: Form = await read_form(request)
        if not form.ok:
            raise Refused(Reason.NOT_ALLOWED, form.faults[0].sentence)
        kind = form.value("kind")
        name = form.value("sector") if kind == "sector" else form.value("name")
        insist(await self.declare(self._practice(request), kind, name, who_of(request, form.once)))
        raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}/members?said=kept")

    async def remove_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        if not form.ok:
            raise Refused(Reason.NOT_ALLOWED, form.faults[0].sentence)
        insist(await self.remove(self._practice(request), request.match_info["id"], who_of(request, form.once)))
        raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}/members?said=kept")

    # For programs

    async def listed(self, request: web.Request, _body: None) -> SeatsAnswer:
        practice, who = self._practice(request), who_of(request)

        def work(reads: Reads) -> SeatsAnswer:
            if why := standing.refusal(reads, who, "practice.members", practice):
                raise ProtocolError(Reason.NOT_ALLOWED, why)
            return SeatsAnswer(tuple(all_of(reads, practice)))

        return await self._desk.storage.read(work)

    async def declared(self, request: web.Request, body: NewSeat) -> SeatsAnswer:
        practice = self._practice(request)
        insist_so(await self.declare(practice, body.kind, body.name, who_of(request)))
        return SeatsAnswer(tuple(await self._desk.storage.read(lambda reads: all_of(reads, practice))))

    async def removed(self, request: web.Request, _body: None) -> SeatsAnswer:
        practice = self._practice(request)
        insist_so(await self.remove(practice, request.match_info["id"], who_of(request)))
        return SeatsAnswer(tuple(await self._desk.storage.read(lambda reads: all_of(reads, practice))))


def all_of(reads: Reads, practice: str) -> list[Seat]:
    """A practice's seats; a sector is named by its code."""
    return [
        Seat(id=row["id"], kind=row["kind"], name=row["name"], taken=bool(row["taken"]))
        for row in store.seats(reads, practice)
    ]


def words_of(seat: Seat) -> str:
    """What a seat is for, as people call it."""
    return SECTORS.get(seat.name, seat.name) if seat.kind == "sector" else seat.name
