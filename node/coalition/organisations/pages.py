"""The organisations as members see them: who comes from where, and where those meet."""

from aiohttp import web

from node.coalition import standing
from node.coalition.organisations import store
from node.coalition.organisations.rules import ChangeOrganisation, MergeOrganisations
from node.coalition.people.rules import SECTORS
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads
from node.web.forms import Form, carry_out, read_form
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, require_session
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason


class Organisations:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/organisations", self.listed),
            web.get("/organisations/{id}", self.show),
            web.post("/organisations/{id}", self.change_page),
            web.post("/organisations/{id}/merge", self.merge),
        ]

    async def listed(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        number, query, who = number_of(request.query.get("page")), request.query.get("q", "")[:100], who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            standing.require(reads, who, "member.read")
            rows, total = store.organisations(reads, query, number)
            page = page_of(number, total, "/organisations", [("q", query)], store.PAGE)
            return {"organisations": rows, "q": query, "page": page, "sector_words": SECTORS}

        return render(request, "organisations.html", await self._desk.storage.read(work))

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        return await self._page(request, None)

    async def _page(self, request: web.Request, form: Form | None) -> web.StreamResponse:
        id, who = request.match_info["id"], who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            standing.require(reads, who, "member.read")
            row = store.organisation(reads, id)
            if row is None:
                raise Refused(Reason.NOT_FOUND)
            merges = standing.may(reads, who, "organisation.merge")
            kept = Form({name: row[name] for name in ("name", "sector", "place")})
            return {
                "organisation": row, "people": store.people(reads, id), "practices": store.practices(reads, id),
                "form": form or kept, "sectors": list(SECTORS.items()), "sector_words": SECTORS,
                "others": store.choices(reads, id) if merges else [],
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        return render(request, "organisation.html", view, form.status if form else 200)

    async def change(self, command: ChangeOrganisation, who: Who) -> Outcome:
        return await self._desk.gate.perform(command, who)

    async def change_page(self, request: web.Request) -> web.StreamResponse:
        form, id = await read_form(request), request.match_info["id"]
        command = ChangeOrganisation(
            id,
            form.line("name", say("Name"), required=True),
            form.choice("sector", say("Sector"), SECTORS, required=False),
            form.line("place", say("Place")),
        )
        if form.ok:
            outcome = await self.change(command, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/organisations/{id}?said=kept")
            if outcome.reason in (Reason.NOT_FOUND, Reason.NOT_ALLOWED):
                raise Refused(outcome.reason, outcome.detail)
            form.wrong("name", say("Name"), outcome.detail)
        return await self._page(request, form)

    async def merge(self, request: web.Request) -> web.StreamResponse:
        into: list[str] = []

        def command(form: Form) -> MergeOrganisations:
            into.append(form.value("into"))
            return MergeOrganisations(request.match_info["id"], into[0])

        await carry_out(request, self._desk.gate, command)
        raise web.HTTPSeeOther(f"/organisations/{into[0]}?said=kept")
