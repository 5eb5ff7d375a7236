"""Where an item was brought in from and applied: on its page for the practice's members, in a form, and as a report."""

from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.standing import demand, may, require
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire import views
from node.repertoire.crossings import rules, store
from node.sentence import Sentence, count, say
from node.storage.contract import Reads, Row
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_act, read_form
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, insist, require_member, require_session
from node.web.render import render
from node.web.session import session_of, who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason

SEES = "practice.members"  # whoever may see who belongs may see what they carry


class NewCrossing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """kind: brought or applied. organisation: the name of one of yours. day: YYYY-MM-DD."""

    kind: str
    organisation: str
    day: str
    note: str = ""


class CrossingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One that was noted. member: empty for somebody who has left."""

    id: str
    kind: str
    organisation: str
    member: str
    day: str
    note: str


class CrossingsAnswer(msgspec.Struct, frozen=True):
    """What is noted of an item; crossed: it was applied at another organisation than it was brought in from."""

    item: str
    crossed: bool
    crossings: tuple[CrossingAnswer, ...]


class Removed(msgspec.Struct, frozen=True):
    id: str


def section(reads: Reads, who: Who, item: str, practice: str) -> dict[str, Any] | None:
    """For an item's page: what is noted of it; None for who may not see it."""
    if not may(reads, who, SEES, practice):
        return None
    rows = store.of_item(reads, item)
    return {
        "rows": [_said(row) for row in rows], "summary": _summary(rows),
        "more": f"{views.item_url(item, True)}/crossings" if may(reads, who, "item.cross", practice) else None,
        "all": f"{views.practice_ref(practice, None, True).url}/crossings",
    }  # fmt: skip


def _summary(rows: list[Row]) -> tuple[Sentence, ...]:
    applied = sum(1 for row in rows if row["kind"] == "applied")
    places = len({row["organisation"] for row in rows})
    if not rows:
        return ()
    return (
        count("{number} application", "{number} applications", applied),
        count("{number} organisation", "{number} organisations", places),
    )


def _said(row: Row) -> dict[str, Any]:
    """One as it is read. An organisation that the member is with no more is the one of that time."""
    brought = row["kind"] == "brought"
    organisation = row["organisation_name"] or say("an organisation")
    name = row["name"] or say("somebody who has left")
    if brought:
        words = say("Brought in from {organisation} by {name}", organisation=organisation, name=name)
    else:
        words = say("Applied at {organisation} by {name}", organisation=organisation, name=name)
    return {
        "id": row["id"], "words": words, "day": row["day"], "note": row["note"], "member": row["member"],
        "then": bool(row["name"]) and not row["still"], "title": row["title"] or "",
        "url": views.item_url(row["item"], True),
    }  # fmt: skip


class Crossings:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/items/{id}/crossings", self.show),
            web.post("/items/{id}/crossings", self.note_page),
            web.post("/crossings/{id}/remove", self.remove_page),
            web.get("/practices/{slug}/crossings", self.of_practice),
        ]

    def api(self) -> list[Route]:
        return [
            Route("GET", "/items/{id}/crossings", "Where an item was brought in from and applied", self.read,
                  CrossingsAnswer),
            Route("POST", "/items/{id}/crossings", "Note that an item was brought in or applied", self.note_api,
                  CrossingsAnswer, NewCrossing, 201, scope="publish"),
            Route("DELETE", "/crossings/{id}", "Remove what was noted by mistake", self.remove_api, Removed,
                  scope="publish"),
        ]  # fmt: skip

    def _item(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        item, who, today = self._item(request), who_of(request), self._today()

        def work(reads: Reads) -> dict[str, Any]:
            practice = store.practice_of(reads, item)
            if practice is None:
                raise Refused(Reason.NOT_FOUND)
            require(reads, who, "item.cross", practice)
            row = reads.the("SELECT name FROM item WHERE id = :id", id=item)
            mine = [(each["id"], each["name"]) for each in store.theirs(reads, who.member)]
            return {
                "title": row["name"], "rows": [_said(each) for each in store.of_item(reads, item)],
                "mine": list(dict.fromkeys(mine)), "item_url": views.item_url(item, True),
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        view |= {"form": form, "kinds": list(rules.KINDS.items()), "today": today}
        return render(request, "crossings.html", view, form.status)

    def _today(self) -> str:
        return datetime.fromtimestamp(self._desk.clock.now() / 1000, UTC).date().isoformat()

    async def note_page(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        command = rules.NoteCrossing(
            self._desk.clock.new_id(), self._item(request), form.choice("kind", say("What happened"), rules.KINDS),
            member, form.line("organisation", say("Organisation"), required=True),
            form.day("day", say("Day"), required=True) or "",
            form.line("note", say("In one line"), most=rules.NOTE_CHARACTERS),
        )  # fmt: skip
        if form.ok:
            outcome = await self._desk.gate.perform(command, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"{views.item_url(command.item, True)}?said=noted")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def remove_page(self, request: web.Request) -> web.StreamResponse:
        form, id = await read_act(request), request.match_info["id"]
        row = await self._desk.storage.read(lambda reads: store.noted(reads, id))
        insist(await self._desk.gate.perform(rules.RemoveCrossing(id), who_of(request, form.once)))
        raise web.HTTPSeeOther(f"{views.item_url(row['item'], True) if row else '/'}?said=kept")

    async def of_practice(self, request: web.Request) -> web.StreamResponse:
        """What crossed between organisations by this practice, for its members."""
        slug, number, who = request.match_info["slug"], number_of(request.query.get("page")), who_of(request)
        if not identifiers.is_slug(slug):
            raise Refused(Reason.NOT_FOUND)
        practice = identifiers.practice_actor(self._desk.origin, slug)
        await demand(self._desk, request, SEES, practice)

        def work(reads: Reads) -> dict[str, Any]:
            require(reads, who, SEES, practice)
            row = coalition_store.practice(reads, practice)
            if row is None or not row["local"]:
                raise Refused(Reason.NOT_FOUND)
            rows, total = store.of_practice(reads, practice, number)
            all_of_it = store.reckoned(reads, practice)
            return {
                "practice": row, "rows": [_said(each) for each in rows],
                "page": page_of(number, total, request.path, size=store.PAGE),
                "links": [(origin, other, many) for (origin, other), many in rules.linked(all_of_it).items()],
                "crossed": len(rules.crossed(all_of_it)), "items": store.items(reads, practice),
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        return render(request, "practice_crossings.html", {**view, "mine": session_of(request).member})

    # For programs

    async def note(self, item: str, body: NewCrossing, who: Who) -> Outcome:
        """As `body`, of an organisation by its name."""
        mine = await self._desk.storage.read(lambda reads: store.theirs(reads, who.member))
        organisation = next((row["id"] for row in mine if row["name"] == body.organisation), "")
        command = rules.NoteCrossing(
            self._desk.clock.new_id(), item, body.kind, who.member, organisation, body.day, body.note
        )
        return await self._desk.gate.perform(command, who)

    async def read(self, request: web.Request, _body: None) -> CrossingsAnswer:
        item, who = self._item(request), who_of(request)

        def work(reads: Reads) -> list[Row]:
            practice = store.practice_of(reads, item)
            if practice is None or not may(reads, who, SEES, practice):
                raise ProtocolError(Reason.NOT_FOUND)
            return store.of_item(reads, item)

        rows = await self._desk.storage.read(work)
        reckoned = tuple(rules.Crossed(row["item"], row["kind"], row["organisation"]) for row in rows)
        return CrossingsAnswer(
            item,
            bool(rules.crossed(reckoned)),
            tuple(
                CrossingAnswer(id=row["id"], kind=row["kind"], organisation=row["organisation_name"] or "",
                               member=row["name"] or "", day=row["day"], note=row["note"])
                for row in rows
            ),
        )  # fmt: skip

    async def note_api(self, request: web.Request, body: NewCrossing) -> CrossingsAnswer:
        insist_api(await self.note(self._item(request), body, who_of(request)))
        return await self.read(request, None)

    async def remove_api(self, request: web.Request, _body: None) -> Removed:
        id = request.match_info["id"]
        insist_api(await self._desk.gate.perform(rules.RemoveCrossing(id), who_of(request)))
        return Removed(id)
