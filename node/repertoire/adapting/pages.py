"""How an adaptation goes: what is told of it day by day, what of that came back to the original, and credit for it."""

from typing import Any

import msgspec
from aiohttp import web

from node.coalition.standing import require
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire import store as items
from node.repertoire import views
from node.repertoire.adapting import rules, store
from node.repertoire.adapting.crediting import day_of
from node.repertoire.api import Done, done
from node.sentence import say
from node.storage.contract import Reads
from node.web.api import Route
from node.web.forms import Form, read_form
from node.web.problem import Refused, require_session
from node.web.render import render
from node.web.session import who_of
from node.web.things import Ref
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.adapting import Progress
from protocol.vocabulary.repertoire import Item


class NewProgress(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """on: YYYY-MM-DD. what: considering, visited, adapting, running, stopped, result or lesson."""

    on: str
    what: str
    text: str = ""


class NewCredits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """credits: ids of what was made of the item, all that its next version credits. version: for people."""

    credits: tuple[str, ...]
    version: str = ""


class Returning(msgspec.Struct, frozen=True):
    """A result or a lesson of something that was made of the item."""

    adaptation: str
    practice: str
    practice_name: str
    on: str
    what: str
    text: str
    credited: bool


class ReturnedAnswer(msgspec.Struct, frozen=True):
    """What came back to an item, the latest first."""

    item: str
    returned: tuple[Returning, ...]


def course(item: Item) -> list[dict[str, Any]]:
    """What is told of an adaptation, by day; number: its place among what was told."""
    told = [
        {"number": number, "on": one.on, "what": one.what, "words": rules.WHAT[one.what], "text": one.text}
        for number, one in enumerate(item.progress, 1)
    ]
    return sorted(told, key=lambda one: (one["on"], one["number"]))


def came_back(reads: Reads, id: str, item: Item) -> list[dict[str, Any]]:
    """For an item's page: results and lessons, the latest first."""
    owed = {one.id for one in item.credits}
    return [
        {
            "on": told.on, "words": rules.WHAT[told.what], "text": told.text, "language": one.item.language,
            "of": Ref(one.item.name, views.item_url(one.item.id, one.local)),
            "practice": views.practice_ref(one.item.attributed_to, one.owner_name, one.local),
            "credited": one.item.id in owed,
        }
        for one, told in store.told(store.returned(reads, id))
    ]  # fmt: skip


class Adapting:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/items/{id}/progress", self.show),
            web.post("/items/{id}/progress", self.post_page),
            web.post("/items/{id}/progress/{number}/strike", self.strike_page),
            web.get("/items/{id}/credit", self.show_credit),
            web.post("/items/{id}/credit", self.credit_page),
        ]

    def api(self) -> list[Route]:
        return [
            Route("POST", "/items/{id}/progress", "Tell what happened to an adaptation of ours", self.post_api, Done,
                  NewProgress, 201, scope="publish"),
            Route("DELETE", "/items/{id}/progress/{number}", "Take back what was told of it, by its place from 1",
                  self.strike_api, Done, scope="publish"),
            Route("PUT", "/items/{id}/credits", "Credit in an item of ours what was made of it", self.credit_api, Done,
                  NewCredits, scope="publish"),
            Route("GET", "/returned", "Results and lessons that came back to an item", self.returned, ReturnedAnswer,
                  query={"id": "the item's id, a URL"}),
        ]  # fmt: skip

    def _id(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    # What happened

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        return await self._page(request, Form({"on": day_of(self._desk.clock.now())}))

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        id, who = self._id(request), who_of(request)

        def work(reads: Reads) -> Item:
            item = own(reads, id)
            if item.kind != "adaptation":
                raise Refused(Reason.NOT_FOUND)
            require(reads, who, "item.report", item.attributed_to)
            return item

        item = await self._desk.storage.read(work)
        view = {
            "title": item.name, "language": item.language, "item_url": views.item_url(id, True),
            "form": form, "whats": list(rules.WHAT.items()), "course": course(item),
        }  # fmt: skip
        return render(request, "progress.html", view, form.status)

    async def post_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        body = NewProgress(
            on=form.day("on", say("Day"), required=True) or "",
            what=form.choice("what", say("What happened"), rules.WHAT),
            text=form.text("text", say("In a few sentences"), most=rules.TEXT),
        )
        if form.ok:
            outcome = await self.post(self._id(request), body, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"{views.item_url(self._id(request), True)}?said=told")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def post(self, id: str, body: NewProgress, who: Who) -> Outcome:
        told = Progress(body.on, body.what, body.text.strip())
        return await self._desk.gate.perform(rules.PostProgress(id, self._desk.new("activities"), told), who)

    async def strike_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        told = Progress(form.value("on"), form.value("what"), form.value("text"))
        if form.ok:
            id, number = self._id(request), request.match_info["number"]
            outcome = await self.strike(id, number, told, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"{views.item_url(id, True)}/progress?said=saved")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def strike(self, id: str, number: str, told: Progress | None, who: Who) -> Outcome:
        """told: what stands at that place, None: whatever stands there now."""
        at = int(number) if number.isascii() and number.isdecimal() and len(number) < 4 else 0
        if told is None:
            item = await self._desk.storage.read(lambda reads: own(reads, id))
            told = item.progress[at - 1] if 0 < at <= len(item.progress) else Progress("", "")
        # A form sends line breaks as two characters.
        told = msgspec.structs.replace(told, text=told.text.replace("\r\n", "\n"))
        return await self._desk.gate.perform(rules.StrikeProgress(id, self._desk.new("activities"), at, told), who)

    # What came back, and credit for it

    async def show_credit(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        return await self._credit_page(request, Form(), None)

    async def _credit_page(self, request: web.Request, form: Form, chosen: frozenset[str] | None) -> web.StreamResponse:
        id, who = self._id(request), who_of(request)

        def work(reads: Reads) -> tuple[Item, list[store.Returned]]:
            item = own(reads, id)
            require(reads, who, "item.credit", item.attributed_to)
            return item, store.returned(reads, id)

        item, found = await self._desk.storage.read(work)
        owed = frozenset(one.id for one in item.credits) if chosen is None else chosen
        view = {
            "title": item.name, "language": item.language, "version": item.version,
            "item_url": views.item_url(id, True), "form": form,
            "rows": [
                {
                    "id": one.item.id, "title": one.item.name, "language": one.item.language,
                    "url": views.item_url(one.item.id, one.local), "on": one.item.id in owed,
                    "practice": views.practice_ref(one.item.attributed_to, one.owner_name, one.local),
                    "place": one.item.place.name, "changed": one.item.changed,
                    "told": [each for each in course(one.item) if each["what"] in ("result", "lesson")],
                }
                for one in found
            ],
        }  # fmt: skip
        return render(request, "credit.html", view, form.status)

    async def credit_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        ticked = (form.value(f"credit-{number}") for number in range(store.MOST))
        chosen = tuple(dict.fromkeys(id for id in ticked if id))
        body = NewCredits(credits=chosen, version=form.line("version", say("Version"), most=rules.VERSION))
        if form.ok:
            outcome = await self.credit(self._id(request), body, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"{views.item_url(self._id(request), True)}?said=credited")
            form.wrong("", "", outcome.detail)
        return await self._credit_page(request, form, frozenset(chosen))

    async def credit(self, id: str, body: NewCredits, who: Who) -> Outcome:
        command = rules.CreditIn(id, self._desk.new("activities"), body.credits, body.version)
        return await self._desk.gate.perform(command, who)

    # For programs

    async def post_api(self, request: web.Request, body: NewProgress) -> Done:
        return done(await self.post(self._id(request), body, who_of(request)))

    async def strike_api(self, request: web.Request, _body: None) -> Done:
        return done(await self.strike(self._id(request), request.match_info["number"], None, who_of(request)))

    async def credit_api(self, request: web.Request, body: NewCredits) -> Done:
        return done(await self.credit(self._id(request), body, who_of(request)))

    async def returned(self, request: web.Request, _body: None) -> ReturnedAnswer:
        id = request.query.get("id", "")

        def work(reads: Reads) -> tuple[Item, list[store.Returned]]:
            return public(reads, id), store.returned(reads, id)

        item, found = await self._desk.storage.read(work)
        owed = {one.id for one in item.credits}
        return ReturnedAnswer(
            id,
            tuple(
                Returning(one.item.id, one.item.attributed_to, one.owner_name, told.on, told.what, told.text,
                          one.item.id in owed)
                for one, told in store.told(found)
            ),
        )  # fmt: skip


def public(reads: Reads, id: str) -> Item:
    """An item that is held here and for everybody. ProtocolError NOT_FOUND or GONE."""
    row = items.state(reads, id)
    if row is None or row["audience"] != "public" or row["raw"] is None:
        raise ProtocolError(Reason.NOT_FOUND)
    if row["deleted"]:
        raise ProtocolError(Reason.GONE)
    item = items.item_of(row["raw"])
    if item is None:
        raise ProtocolError(Reason.NOT_FOUND)
    return item


def own(reads: Reads, id: str) -> Item:
    """An item of ours. Refused as `public`."""
    try:
        return public(reads, id)
    except ProtocolError as error:
        raise Refused(error.reason, error.detail) from None
