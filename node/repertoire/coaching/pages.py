"""Asking somebody to coach an adaptation, on its page; and answering, on the page of whoever is asked."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from node.coalition.standing import require
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.repertoire import views
from node.repertoire.adapting.pages import own, public
from node.repertoire.api import Done, done
from node.repertoire.coaching import rules, store
from node.sentence import say, words
from node.storage.contract import Reads, Row
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_act, read_form
from node.web.problem import insist, require_member, require_session
from node.web.render import render
from node.web.session import who_of
from protocol import identifiers
from protocol.vocabulary.dates import instant

STATES = {"asked": words("asked"), "accepted": words("agreed"), "declined": words("declined")}


class NewCoach(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """coach: the id of a practice or a person that is known here. words: for them alone."""

    coach: str
    words: str = ""


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    yes: bool


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request to coach. state: asked, accepted or declined, as far as it is known here."""

    id: str
    coach: str
    adaptation: str
    practice: str
    words: str
    state: str
    at: str


class RequestsAnswer(msgspec.Struct, frozen=True):
    """What the actors for which one can answer were asked, the latest first."""

    requests: tuple[Asked, ...]


class CoachAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who coaches an adaptation, by their own word as it is held here; null where nobody does, or it is not held."""

    coach: str | None
    name: str
    named: bool


class Kept(msgspec.Struct, frozen=True):
    """What was asked or answered."""

    id: str


class Coaches:
    """`document` serves a coach's word to other servers."""

    def __init__(self, desk: Desk, document: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> None:
        self._desk = desk
        self._document = document

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/items/{id}/coach", self.show),
            web.post("/items/{id}/coach", self.ask_page),
            web.post("/items/{id}/coach/drop", self.drop_page),
            web.get("/coaching", self.asked),
            web.post("/coaching/answer", self.answer_page),
            web.post("/coaching/end", self.end_page),
            web.get("/coachings/{id}", self._document),
        ]

    def api(self) -> list[Route]:
        return [
            Route("POST", "/items/{id}/coach", "Ask somebody to coach an adaptation of ours", self.ask_api, Kept,
                  NewCoach, 201, scope="publish"),
            Route("DELETE", "/items/{id}/coach", "Name its coach no more", self.drop_api, Done, scope="publish"),
            Route("GET", "/coach", "Who coaches an adaptation", self.coach_api, CoachAnswer,
                  query={"id": "the adaptation's id, a URL"}),
            Route("GET", "/coaching", "What you can answer: requests to coach", self.asked_api, RequestsAnswer),
            Route("POST", "/coaching/answer", "Answer a request to coach", self.answer_api, Kept, NewAnswer,
                  query={"id": "the request's id"}, scope="publish"),
            Route("DELETE", "/coaching", "Take back that you coach", self.end_api, Kept,
                  query={"id": "the id of the word that you coach"}, scope="publish"),
        ]  # fmt: skip

    def _id(self, request: web.Request) -> str:
        return self._desk.origin.at(f"/items/{request.match_info['id']}")

    # Asking

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_session(request)
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        id, who = self._id(request), who_of(request)

        def work(reads: Reads) -> dict[str, Any]:
            item = own(reads, id)
            require(reads, who, "item.report", item.attributed_to)
            coach = store.coach_of(reads, item)
            return {
                "title": item.name, "language": item.language, "item_url": views.item_url(id, True),
                "coach": coach.name if coach else "", "named": item.coach is not None,
                "choices": store.may_coach(reads, item),
                "requests": [
                    {"name": row["name"] or row["coach"], "state": STATES[row["state"]], "at": row["at"]}
                    for row in store.requests_of(reads, id)
                ],
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        return render(request, "coach.html", {**view, "form": form}, form.status)

    async def ask_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        body = NewCoach(
            coach=form.line("coach", say("Coach"), required=True, most=2_000),
            words=form.text("words", say("What you ask them with"), most=rules.WORDS),
        )
        if form.ok:
            outcome, _ = await self.ask(self._id(request), body, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"{views.item_url(self._id(request), True)}/coach?said=coach-asked")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def ask(self, item: str, body: NewCoach, who: Who) -> tuple[Outcome, str]:
        id = self._desk.new("activities")
        return await self._desk.gate.perform(rules.AskCoach(item, body.coach, id, body.words), who), id

    async def drop_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.drop(self._id(request), who_of(request, form.once)))
        raise web.HTTPSeeOther(f"{views.item_url(self._id(request), True)}?said=saved")

    async def drop(self, item: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(rules.DropCoach(item, self._desk.new("activities")), who)

    # Being asked

    async def asked(self, request: web.Request) -> web.StreamResponse:
        member = require_member(request)
        rows = await self._desk.storage.read(lambda reads: store.asked(reads, store.answers_for(reads, member)))
        return render(request, "coaching.html", {"requests": [_said(row) for row in rows]})

    async def answer_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        outcome = await self.answer(form.value("request"), form.value("answer") == "yes", who_of(request, form.once))
        insist(outcome)
        raise web.HTTPSeeOther("/coaching?said=coach-answered")

    async def answer(self, id: str, yes: bool, who: Who) -> Outcome:
        made = self._desk.origin.at(f"/coachings/{self._desk.clock.new_id()}")
        return await self._desk.gate.perform(rules.AnswerCoaching(id, yes, made, self._desk.new("activities")), who)

    async def end_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.end(form.value("coaching"), who_of(request, form.once)))
        raise web.HTTPSeeOther("/coaching?said=coach-answered")

    async def end(self, id: str, who: Who) -> Outcome:
        return await self._desk.gate.perform(rules.EndCoaching(id, self._desk.new("activities")), who)

    # For programs

    async def ask_api(self, request: web.Request, body: NewCoach) -> Kept:
        outcome, id = await self.ask(self._id(request), body, who_of(request))
        insist_api(outcome)
        return Kept(id)

    async def drop_api(self, request: web.Request, _body: None) -> Done:
        return done(await self.drop(self._id(request), who_of(request)))

    async def coach_api(self, request: web.Request, _body: None) -> CoachAnswer:
        id = request.query.get("id", "")

        def work(reads: Reads) -> CoachAnswer:
            item = public(reads, id)
            coach = store.coach_of(reads, item)
            return CoachAnswer(
                coach=coach.id if coach else None, name=coach.name if coach else "", named=item.coach is not None
            )

        return await self._desk.storage.read(work)

    async def asked_api(self, request: web.Request, _body: None) -> RequestsAnswer:
        who = who_of(request)
        rows = await self._desk.storage.read(lambda reads: store.asked(reads, store.answers_for(reads, who.member)))
        return RequestsAnswer(
            tuple(
                Asked(id=row["id"], coach=row["coach"], adaptation=row["adaptation"], practice=row["practice"],
                      words=row["words"], state=row["state"], at=instant(row["at"]))
                for row in rows
            )
        )  # fmt: skip

    async def answer_api(self, request: web.Request, body: NewAnswer) -> Kept:
        id = request.query.get("id", "")
        insist_api(await self.answer(id, body.yes, who_of(request)))
        return Kept(id)

    async def end_api(self, request: web.Request, _body: None) -> Kept:
        id = request.query.get("id", "")
        insist_api(await self.end(id, who_of(request)))
        return Kept(id)


def _said(row: Row) -> dict[str, Any]:
    url = views.item_url(row["adaptation"], bool(row["local"]))
    home = row["adaptation"] if identifiers.is_safe_link(row["adaptation"]) else ""
    return {
        "id": row["id"], "words": row["words"], "state": row["state"], "said": STATES[row["state"]], "at": row["at"],
        "practice": row["practice_name"] or row["practice"], "coach": row["coach_name"],
        "title": row["title"] or row["adaptation"], "url": url if row["title"] is not None else home,
        "coaching": row["coaching"] or "",
    }  # fmt: skip
