"""The one line: its form, and the same for programs."""

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.caring import rules, store
from node.coalition.caring.rules import SayWhy
from node.coalition.practices.home import ours, practice_of
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_form
from node.web.problem import Refused, require_member
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """words: one line, blank to take it back. shown: to the practice's members, else to nobody."""

    words: str
    shown: bool = False


class Caring:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/practices/{slug}/why", self.show), web.post("/practices/{slug}/why", self.say_page)]

    def api(self) -> list[Route]:
        return [
            Route("PUT", "/practices/{slug}/why", "Say why you care about a practice", self.say_api, Why, Why,
                  scope="self"),
        ]  # fmt: skip

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        member, actor = require_member(request), practice_of(self._desk, request)

        def work(reads: Reads) -> dict[str, object]:
            row = ours(reads, actor)
            if not standing.belongs(reads, member, actor):
                raise Refused(Reason.NOT_ALLOWED, say("You do not belong to this practice."))
            said = store.own(reads, member, actor)
            begun = form.begun(
                {"words": said["words"] if said else "", "shown": "yes" if said and said["shown"] else ""}
            )
            home = f"/practices/{row['slug']}"
            return {"form": begun, "name": row["name"], "home_url": home, "why_url": f"{home}/why"}

        return render(request, "why.html", await self._desk.storage.read(work), form.status)

    async def say(self, practice: str, why: Why, who: Who) -> Outcome:
        """Say it, as the member."""
        return await self._desk.gate.perform(SayWhy(who.member, practice, why.words, why.shown), who)

    async def say_page(self, request: web.Request) -> web.StreamResponse:
        form, actor = await read_form(request), practice_of(self._desk, request)
        require_member(request)
        why = Why(form.line("words", say("Why you care"), most=rules.CHARACTERS), form.value("shown") == "yes")
        if form.ok:
            outcome = await self.say(actor, why, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}?said=kept")
            form.wrong("words", say("Why you care"), outcome.detail)
        return await self._page(request, form)

    async def say_api(self, request: web.Request, body: Why) -> Why:
        insist_api(await self.say(practice_of(self._desk, request), body, who_of(request)))
        return body
