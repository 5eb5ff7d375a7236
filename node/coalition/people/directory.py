"""The members as members see each other; who belongs where; who can do what; and the record of what was done."""

from aiohttp import web

from node.coalition import standing
from node.coalition import store as coalition_store
from node.coalition.awaited import store as awaited_store
from node.coalition.caring import store as caring
from node.coalition.people import commands, rules, store
from node.coalition.permissions import ACTS, ROLES, STANDINGS
from node.coalition.seats.pages import all_of, words_of
from node.coalition.seats.rules import KINDS
from node.gate.desk import Desk
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.forms import carry_out
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, require_session
from node.web.render import render
from node.web.session import session_of, who_of
from protocol import identifiers
from protocol.errors import Reason

_VIA = {"page": say("on a page"), "api": say("by a program"), "command line": say("at the command line")}


class Directory:
    """Handlers that show; and the acts of coordinators upon members."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/members", self.show),
            web.get("/members/{id}", self.member),
            web.post("/members/{id}/suspend", self.suspend),
            web.post("/members/{id}/readmit", self.readmit),
            web.post("/members/{id}/roles", self.give),
            web.post("/members/{id}/roles/end", self.end),
            web.post("/practices/{slug}/join", self.join),
            web.post("/practices/{slug}/leave", self.leave),
            web.get("/practices/{slug}/members", self.of_practice),
            web.get("/permissions", self.permissions),
            web.get("/record", self.record),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        number, query, who = number_of(request.query.get("page")), request.query.get("q", "")[:100], who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            standing.require(reads, who, "member.read")
            rows, total = store.members(reads, query, number)
            may_suspend = standing.may(reads, who, "member.suspend")
            may_import = standing.may(reads, who, "import")
            return {
                "members": rows, "q": query,
                "page": page_of(number, total, "/members", [("q", query)], store.PAGE),
                "suspended": store.suspended(reads) if may_suspend else [],
                "expected": awaited_store.expected(reads) if may_import else [],
                "may_import": may_import,
                "may_invite": standing.where(reads, who, "member.invite") != frozenset(),
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        return render(request, "members.html", view | {"sector_words": rules.SECTORS})

    async def member(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        id, who = request.match_info["id"], who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            standing.require(reads, who, "member.read")
            row = store.member(reads, id)
            suspend = standing.may(reads, who, "member.suspend")
            if row is None or (row["state"] != "active" and not suspend):
                raise Refused(Reason.NOT_FOUND)
            mine = standing.where(reads, who, "role.give")
            here = [each for each in store.roles(reads, id) if each["until"] is None]
            belongs = {each["practice"]: each["name"] for each in here if each["practice"]}
            everywhere = mine is None and row["state"] == "active"
            places = [("", say("The coalition as a whole"))] if everywhere else []
            places += [
                (practice, name) for practice, name in belongs.items() if mine is None or practice in mine
            ]  # fmt: skip
            return {
                "member": row, "roles": store.roles(reads, id), "affiliations": store.affiliations(reads, id),
                "noted": awaited_store.awaited(reads, id) if row["state"] == "invited" else None,
                "may_suspend": suspend and id != who.member, "places": places,
                "ends": [each for each in here if mine is None or each["practice"] in mine],
                "may_recover": standing.may(reads, who, "member.recover") and id != who.member,
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        words = {"role_words": ROLES, "role_list": list(ROLES.items()), "sector_words": rules.SECTORS}
        return render(request, "member.html", view | words)

    async def suspend(self, request: web.Request) -> web.StreamResponse:
        await carry_out(request, self._desk.gate, lambda _: commands.Suspend(request.match_info["id"]))
        raise web.HTTPSeeOther("/members?said=suspended")

    async def readmit(self, request: web.Request) -> web.StreamResponse:
        await carry_out(request, self._desk.gate, lambda _: commands.Readmit(request.match_info["id"]))
        raise web.HTTPSeeOther("/members?said=readmitted")

    async def give(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        await carry_out(
            request, self._desk.gate, lambda form: commands.GiveRole(id, form.value("practice"), form.value("role"))
        )
        raise web.HTTPSeeOther(f"/members/{id}?said=kept")

    async def end(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        await carry_out(
            request, self._desk.gate, lambda form: commands.EndRole(id, form.value("practice"), form.value("role"))
        )
        raise web.HTTPSeeOther(f"/members/{id}?said=kept")

    def _practice(self, request: web.Request) -> str:
        slug = request.match_info["slug"]
        if not identifiers.is_slug(slug):
            raise Refused(Reason.NOT_FOUND)
        return identifiers.practice_actor(self._desk.origin, slug)

    async def join(self, request: web.Request) -> web.StreamResponse:
        member = session_of(request).member
        await carry_out(request, self._desk.gate, lambda _: commands.JoinPractice(member, self._practice(request)))
        raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}?said=joined-practice")

    async def leave(self, request: web.Request) -> web.StreamResponse:
        member = session_of(request).member
        await carry_out(request, self._desk.gate, lambda _: commands.LeavePractice(member, self._practice(request)))
        raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}?said=left-practice")

    async def of_practice(self, request: web.Request) -> web.StreamResponse:
        practice = self._practice(request)
        require_session(request)
        who, number = who_of(request), number_of(request.query.get("page"))

        def work(reads: Reads) -> dict[str, object]:
            standing.require(reads, who, "practice.members", practice)
            row = coalition_store.practice(reads, practice)
            if row is None or not row["local"]:
                raise Refused(Reason.NOT_FOUND)
            people, total = store.of_practice(reads, practice, number)
            return {
                "practice": row, "people": people, "why": caring.shown(reads, practice),
                "page": page_of(number, total, request.path, size=store.PAGE),
                "organisations": store.meeting(reads, practice),
                "seats": [(seat, words_of(seat)) for seat in all_of(reads, practice)],
                "may_seat": standing.may(reads, who, "practice.seats", practice),
            }  # fmt: skip

        options = {"seat_kinds": list(KINDS.items()), "sectors": list(rules.SECTORS.items())}
        return render(request, "practice_members.html", await self._desk.storage.read(work) | options)

    async def permissions(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        who = who_of(request)
        mine = await self._desk.storage.read(lambda reads: standing.standings(reads, who, "", who.member))
        return render(request, "permissions.html", {"acts": ACTS, "standings": STANDINGS, "mine": mine})

    async def record(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        who, number = who_of(request), number_of(request.query.get("page"))

        def work(reads: Reads) -> tuple[list[Row], int]:
            standing.require(reads, who, "audit.read")
            return standing.recorded(reads, number)

        rows, total = await self._desk.storage.read(work)
        view = {
            "rows": rows, "acts": ACTS, "via": _VIA, "operator": standing.OPERATOR,
            "page": page_of(number, total, "/record", size=standing.AUDIT_PAGE),
        }  # fmt: skip
        return render(request, "record.html", view)
