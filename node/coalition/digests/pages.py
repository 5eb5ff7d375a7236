"""Wishing for a digest, on one's own page; and ending it from the mail itself, by one click and without signing in."""

import msgspec
from aiohttp import web

from node.coalition.digests import store
from node.coalition.digests.rules import EndDigest, SetDigest
from node.coalition.digests.sending import Digesting
from node.coalition.people import links
from node.gate.desk import Desk
from node.gate.handler import BY_NODE, Outcome, Who
from node.sentence import say, words
from node.storage.contract import Reads
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_form
from node.web.problem import Refused, insist, require_member
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason
from protocol.vocabulary.dates import instant

EVERY = {"": words("Never"), "day": words("Each morning"), "week": words("Each Monday morning")}


class DigestWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """every: day, week, or blank for never."""

    every: str


class DigestAnswer(msgspec.Struct, frozen=True):
    """due: of the next one, RFC 3339; null if there is none."""

    every: str
    due: str | None


class Digests:
    def __init__(self, desk: Desk, digesting: Digesting) -> None:
        self._desk = desk
        self._digesting = digesting

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me/digest", self.show),
            web.post("/me/digest", self.set_page),
            web.get("/digest/{secret}", self.ask_end),
            web.post("/digest/{secret}", self.end),
        ]

    def api(self) -> list[Route]:
        return [
            Route("GET", "/me/digest", "Whether you get a digest by mail", self.read_api, DigestAnswer, scope="self"),
            Route("PUT", "/me/digest", "Get a digest by mail, or none", self.set_api, DigestAnswer, DigestWish,
                  scope="self"),
        ]  # fmt: skip

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        member = require_member(request)

        def work(reads: Reads) -> dict[str, object]:
            row = store.of_member(reads, member)
            facts = store.load_set(reads, SetDigest(member, "", ""))
            begun = form.begun({"every": row["every"] if row else ""})
            return {"form": begun, "due": row["due"] if row else None, "every": list(EVERY.items()), "mail": facts.mail}

        return render(request, "digest.html", await self._desk.storage.read(work), form.status)

    async def set(self, member: str, every: str, who: Who) -> Outcome:
        """Wish for it."""
        outcome = await self._desk.gate.perform(SetDigest(member, every, links.token()), who)
        self._digesting.wake()
        return outcome

    async def set_page(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        every = form.choice("every", say("How often"), EVERY, required=False)
        if form.ok:
            outcome = await self.set(member, every, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/me/digest?said=kept")
            form.wrong("every", say("How often"), outcome.detail)
        return await self._page(request, form)

    async def ask_end(self, request: web.Request) -> web.StreamResponse:
        """What a person sees who opens the link; the mail program of another posts to it at once (RFC 8058)."""
        secret = request.match_info["secret"]
        if await self._desk.storage.read(lambda reads: store.by_secret(reads, secret)) is None:
            raise Refused(Reason.GONE, say("These mails have ended already."))
        return render(request, "digest_end.html", {"end_url": f"/digest/{secret}"})

    async def end(self, request: web.Request) -> web.StreamResponse:
        """Whoever has the secret may end it, with no cookie and from anywhere: it can do nothing else."""
        outcome = await self._desk.gate.perform(EndDigest(request.match_info["secret"]), BY_NODE)
        if outcome.reason is Reason.NOT_FOUND:
            raise Refused(Reason.GONE, say("These mails have ended already."))
        insist(outcome)
        return render(request, "digest_end.html", {"end_url": ""})

    # For programs

    async def read_api(self, request: web.Request, _body: None) -> DigestAnswer:
        member = who_of(request).member
        row = await self._desk.storage.read(lambda reads: store.of_member(reads, member))
        return DigestAnswer(row["every"], instant(row["due"])) if row else DigestAnswer("", None)

    async def set_api(self, request: web.Request, body: DigestWish) -> DigestAnswer:
        who = who_of(request)
        insist_api(await self.set(who.member, body.every, who))
        return await self.read_api(request, None)
