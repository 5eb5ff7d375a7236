"""The pages of groups that are not on the network, and the acts, for programs too."""

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.practices import group_rows, groups
from node.coalition.practices.commands import ClaimGroup, ForgetGroup, Group, NoteGroup
from node.coalition.practices.describing import NARROWER
from node.coalition.practices.opening import coordinates_fault
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web import words
from node.web.forms import Form, carry_out, is_plain, read_form
from node.web.pagination import number_of, page_of
from node.web.placing import Placing
from node.web.problem import Refused
from node.web.render import render
from node.web.session import who_of
from protocol import limits
from protocol.errors import Reason
from protocol.vocabulary.place import DOMAINS, LEVELS, NOWHERE


class Noting:
    """Handlers, and the acts."""

    def __init__(self, desk: Desk, placing: Placing) -> None:
        self._desk = desk
        self._placing = placing

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/groups", self.show),
            web.get("/groups/new", self.new),
            web.post("/groups/new", self.create),
            web.get("/groups/{id}", self.one),
            web.get("/groups/{id}/edit", self.ask),
            web.post("/groups/{id}/edit", self.change),
            web.post("/groups/{id}/claim", self.claim),
            web.get("/groups/{id}/forget", self.ask_forget),
            web.post("/groups/{id}/forget", self.forget),
        ]

    async def note(self, group: Group, who: Who, id: str = "") -> tuple[Outcome, str]:
        """Note a group, or, by its id, what is known of it now; and its id."""
        wrong = coordinates_fault(group.domain, group.level)
        if not is_plain(group.name, line=True) or not is_plain(group.note):
            wrong = say("A text has a control character.")
        if wrong:
            return Outcome(Reason.INVALID, wrong), id
        command = NoteGroup(id or self._desk.clock.new_id(), group, who.member, new=not id)
        return await self._desk.gate.perform(command, who), command.id

    async def show(self, request: web.Request) -> web.StreamResponse:
        number, who = number_of(request.query.get("page")), who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            rows, total = group_rows.groups(reads, number)
            return {
                "groups": rows,
                "page": page_of(number, total, "/groups", size=group_rows.PAGE),
                "may_note": standing.may(reads, who, "group.note"),
            }

        return render(request, "groups.html", await self._desk.storage.read(work) | {"kinds": groups.KINDS})

    async def _row(self, request: web.Request) -> Row:
        row = await self._desk.storage.read(lambda reads: group_rows.group(reads, request.match_info["id"]))
        if row is None:
            raise Refused(Reason.NOT_FOUND)
        return row

    async def one(self, request: web.Request) -> web.StreamResponse:
        row, who = await self._row(request), who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            may = standing.may(reads, who, "group.note")
            known = reads.one("SELECT name, local, slug FROM practice WHERE actor = :actor", actor=row["claimed"])
            return {"may_note": may, "claimants": group_rows.claimants(reads) if may else [], "claimed": known}

        view = await self._desk.storage.read(work)
        view |= {"group": row, "place": group_rows.group_of(row).place.name, "kinds": groups.KINDS}
        return render(request, "group.html", view)

    def _form(self, request: web.Request, form: Form, row: Row | None) -> web.StreamResponse:
        view = {
            "form": form,
            "group": row,
            "kinds": list(groups.KINDS.items()),
            "domains": list(words.DOMAINS.items()),
            "levels": list(words.LEVELS.items()),
        }
        return render(request, "group_form.html", view, form.status)

    async def new(self, request: web.Request) -> web.StreamResponse:
        await standing.demand(self._desk, request, "group.note")
        return self._form(request, Form({"level": "city", "kind": "coalition"}), None)

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        await standing.demand(self._desk, request, "group.note")
        return await self._kept(request, form, None)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        await standing.demand(self._desk, request, "group.note")
        row = await self._row(request)
        root, _, part = row["domain"].partition("/")
        said = {name: row[name] for name in ("name", "kind", "level", "url", "note")}
        said |= {"domain": root, "domain_part": part, "place": group_rows.group_of(row).place.name}
        return self._form(request, Form(said), row)

    async def change(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        await standing.demand(self._desk, request, "group.note")
        return await self._kept(request, form, await self._row(request))

    async def _kept(self, request: web.Request, form: Form, row: Row | None) -> web.StreamResponse:
        root, part = form.choice("domain", say("Domain"), DOMAINS), form.line("domain_part", say("More precisely"),
                                                                              most=NARROWER)  # fmt: skip
        group = Group(
            name=form.line("name", say("Name"), required=True),
            kind=form.choice("kind", say("Kind of group"), groups.KINDS),
            domain=f"{root}/{part}" if part else root,
            level=form.choice("level", say("Level"), LEVELS),
            place=await self._placing.read(request, form, group_rows.group_of(row).place if row else NOWHERE),
            url=form.line("url", say("Web address"), most=limits.ID_CHARACTERS),
            note=form.text("note", say("Note"), most=groups.NOTE_CHARACTERS),
        )
        if form.ok:
            outcome, id = await self.note(group, who_of(request, form.once), row["id"] if row else "")
            if outcome.done:
                raise web.HTTPSeeOther(f"/groups/{id}?said=kept")
            form.wrong("", "", outcome.detail)
        return self._form(request, form, row)

    async def claim(self, request: web.Request) -> web.StreamResponse:
        """It is that practice; or, of none, it is not on the network after all."""
        id = request.match_info["id"]
        await carry_out(request, self._desk.gate, lambda form: ClaimGroup(id, form.value("actor")))
        raise web.HTTPSeeOther(f"/groups/{id}?said=kept")

    async def ask_forget(self, request: web.Request) -> web.StreamResponse:
        await standing.demand(self._desk, request, "group.note")
        row = await self._row(request)
        view = {
            "heading": say("Forget a group"),
            "question": say("Forget what is noted of {name}?", name=row["name"]),
            "lost": [say("It is not found here any more.")],
            "kept": [],
            "action": f"/groups/{row['id']}/forget",
            "button": say("Forget it"),
            "cancel_url": f"/groups/{row['id']}",
            "fields": [],
        }
        return render(request, "confirm.html", view)

    async def forget(self, request: web.Request) -> web.StreamResponse:
        await carry_out(request, self._desk.gate, lambda _: ForgetGroup(request.match_info["id"]))
        raise web.HTTPSeeOther("/groups?said=group-forgotten")


class NotedGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group that is not on the network, as a program notes it. place_is: as in NewPractice."""

    name: str
    kind: str
    domain: str
    level: str = "city"
    place: str = ""
    place_is: str = ""
    url: str = ""
    note: str = ""
