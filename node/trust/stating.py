"""Saying whom we trust, and raising a concern: the form, renewing in one click, taking back; and the same for programs.

A member speaks for themselves, at home or by their published profile; for a practice or the coalition whoever has the
right. What is said to others is signed and stays said: a mistake is put right by saying it anew.
"""

from typing import Any
from urllib.parse import quote

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.standing import demand
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say, words
from node.storage.contract import Reads
from node.trust import listing, rules, store
from node.trust import words as trust_words
from node.trust.listing import Voice
from node.trust.rules import MEMBER, StateOwn, StateTrust, TakeBack, TakeBackOwn
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_act, read_form
from node.web.problem import Refused, insist
from node.web.render import render
from node.web.session import who_of
from node.web.words import DOMAINS
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant, read_instant
from protocol.vocabulary.trust import CONCERN, EVERYTHING, LEVELS, STATEMENT

YEAR = 365 * 86_400_000  # ms; what is proposed, a day less than the most
AUDIENCES = {
    "home": words("At home: every member of our coalition can read it, and it never leaves this node"),
    "public": words("To everyone: signed, sent to those who follow us, and read by whoever wants to"),
}


class NewStatement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """voice: an actor of ours, or blank for the member themselves at home. kind: statement or concern. level: none,
    known, met, worked-together, vouched. until: RFC 3339, at most a year away; blank for a year."""

    subject: str
    domain: str
    voice: str = ""
    kind: str = "statement"
    level: str = ""
    since: str = ""
    grounds: str = ""
    links: tuple[str, ...] = ()
    until: str = ""
    audience: str = "home"


class Stated(msgspec.Struct, frozen=True):
    """What was said: the id of its object."""

    id: str


class Stating:
    """The handlers."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/trust/state", self.show),
            web.post("/trust/state", self.state_page),
            web.post("/trust/renew", self.renew_page),
            web.post("/trust/take-back", self.take_back_page),
        ]

    def api(self) -> list[Route]:
        named = {"id": "the statement's id", "issuer": "who made it"}
        return [
            Route("POST", "/trust/statements", "Say how far you trust somebody, or raise a concern", self.state_api,
                  Stated, NewStatement, 201, scope="connect"),
            Route("POST", "/trust/renewals", "Renew a statement for a year", self.renew_api, Stated, status=201,
                  scope="connect", query=named),
            Route("DELETE", "/trust/statements", "Take a statement back", self.take_back_api, Stated, scope="connect",
                  query=named),
        ]  # fmt: skip

    # Saying

    async def show(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "trust.read")
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form) -> web.StreamResponse:
        id, asked, who = request.query.get("id", ""), request.query.get("for", ""), who_of(request)
        concern = request.query.get("kind") == "concern"
        now = self._desk.clock.now()

        def work(reads: Reads) -> dict[str, Any]:
            subject = store.known(reads, id)
            if subject is None or subject.gone:
                raise Refused(Reason.NOT_FOUND, say("Nobody of this address is known here."))
            voices = voices_of(reads, who)
            begun = form.begun(
                {"voice": voices[0].id if voices else "", "domain": asked, "until": instant(now + YEAR)[:10],
                 "audience": "home", **({} if concern else {"level": "known"})}
            )  # fmt: skip
            return {
                "form": begun, "id": id, "for": asked, "concern": concern, "name": subject.name,
                "voices": [(each.id, each.name) for each in voices], "domains": domains(asked),
                "levels": [(level, trust_words.LEVELS[level]) for level in reversed(LEVELS)],
                "audiences": AUDIENCES, "about_url": about_url(id, asked),
            }  # fmt: skip

        return render(request, "trust_form.html", await self._desk.storage.read(work), form.status)

    async def state_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        await demand(self._desk, request, "trust.read")
        id, who = request.query.get("id", ""), who_of(request, form.once)
        concern = request.query.get("kind") == "concern"
        until = form.day("until", say("Until"), required=True)
        body = NewStatement(
            subject=id, kind="concern" if concern else "statement",
            voice=form.line("voice", say("Who says so"), required=True, most=2_000),
            domain=form.line("domain", say("What for"), required=True),
            level="" if concern else form.choice("level", say("How far"), LEVELS),
            since=form.line("since", say("Since"), most=10),
            grounds=form.text("grounds", say("Grounds"), required=concern, most=rules.GROUNDS),
            links=tuple(form.text("links", say("Links")).split()),
            until=f"{until}T23:59:59Z" if until else "", audience=form.choice("audience", say("For whom"), AUDIENCES),
        )  # fmt: skip
        if form.ok:
            outcome, _ = await self.state(body, who)
            if outcome.done:
                raise web.HTTPSeeOther(f"{about_url(id, body.domain)}&said=trust-said")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def state(self, body: NewStatement, who: Who) -> tuple[Outcome, str]:
        """Say it, as the member or for whom they may speak."""
        now = self._desk.clock.now()
        voice = body.voice or f"{MEMBER}{who.member}"
        public = body.audience == "public"
        profile = None
        if voice == f"{MEMBER}{who.member}" and public:
            profile = await self._desk.storage.read(lambda reads: listing.profile_of(reads, who.member))
            if profile is None:
                why = say("What you say to others goes out in your name: publish a profile first, or say it at home.")
                return Outcome(Reason.INVALID, why), ""
            voice = profile["id"]
        own = voice.startswith(MEMBER) or profile is not None
        if body.audience not in AUDIENCES or body.kind not in ("statement", "concern"):
            return Outcome(Reason.INVALID, say("Please choose one of these.")), ""
        try:
            until = read_instant(body.until, say("Until")) if body.until else now + YEAR
        except ProtocolError as error:
            return Outcome(Reason.INVALID, error.detail), ""
        id = self._desk.origin.at(f"/trust/statements/{self._desk.clock.new_id()}")
        command = (StateOwn if own else StateTrust)(
            kind=CONCERN if body.kind == "concern" else STATEMENT, issuer=voice, subject=body.subject,
            domain=body.domain, level=body.level, since=body.since.strip(), grounds=body.grounds, links=body.links,
            until=until, audience="public" if public else "home", object=id, activity=self._desk.new("activities"),
        )  # fmt: skip
        outcome = await self._desk.gate.perform(command, who)
        return outcome, outcome.said[0].object or id if outcome.said else id

    # Renewing and taking back

    async def renew(self, id: str, issuer: str, who: Who) -> Outcome:
        """The same again, for a year from now."""
        now = self._desk.clock.now()
        found = await self._desk.storage.read(lambda reads: listing.one(reads, id, issuer, now))
        if found is None:
            return Outcome(Reason.NOT_FOUND, say("This is not said any more."))
        hop, own = found.hop, await self._own(issuer)
        command = (StateOwn if own else StateTrust)(
            kind=CONCERN if found.kind == CONCERN else STATEMENT, issuer=issuer, subject=hop.subject.id,
            domain=hop.domain, level=hop.level, since=hop.since, grounds=hop.grounds, links=hop.links, until=now + YEAR,
            audience="home" if hop.home else "public", object=id, activity=self._desk.new("activities"),
        )  # fmt: skip
        return await self._desk.gate.perform(command, who)

    async def take_back(self, id: str, issuer: str, who: Who) -> Outcome:
        """Say it no more."""
        own = await self._own(issuer)
        return await self._desk.gate.perform(
            (TakeBackOwn if own else TakeBack)(id, issuer, self._desk.new("activities")), who
        )

    async def _own(self, issuer: str) -> bool:
        if issuer.startswith(MEMBER):
            return True
        known = await self._desk.storage.read(lambda reads: store.known(reads, issuer))
        return known is not None and known.type == "Person"

    async def renew_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.renew(form.value("id"), form.value("issuer"), who_of(request, form.once)))
        raise web.HTTPSeeOther("/trust?said=trust-renewed")

    async def take_back_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self.take_back(form.value("id"), form.value("issuer"), who_of(request, form.once)))
        raise web.HTTPSeeOther("/trust?said=trust-taken-back")

    # For programs

    async def state_api(self, request: web.Request, body: NewStatement) -> Stated:
        outcome, id = await self.state(body, who_of(request))
        insist_api(outcome)
        return Stated(id)

    async def renew_api(self, request: web.Request, _body: None) -> Stated:
        id = request.query.get("id", "")
        insist_api(await self.renew(id, request.query.get("issuer", ""), who_of(request)))
        return Stated(id)

    async def take_back_api(self, request: web.Request, _body: None) -> Stated:
        id = request.query.get("id", "")
        insist_api(await self.take_back(id, request.query.get("issuer", ""), who_of(request)))
        return Stated(id)


def voices_of(reads: Reads, who: Who) -> list[Voice]:
    """Whom they can speak for: themselves, then the coalition and practices of ours."""
    found = [Voice(f"{MEMBER}{who.member}", say("I myself"), own=True)] if who.member else []
    rows = listing.actors_of(reads, standing.where(reads, who, "trust.state"))
    return [*found, *(Voice(row["id"], row["name"], own=False) for row in rows)]


def domains(asked: str) -> list[tuple[str, str]]:
    """What a statement may be for, in a list: what was asked about first, the broad fields, everything."""
    first = [(asked, trust_words.domain(asked))] if asked and asked not in (*DOMAINS, EVERYTHING) else []
    return [*first, *DOMAINS.items(), (EVERYTHING, trust_words.domain(EVERYTHING))]


def about_url(id: str, domain: str) -> str:
    """The page about an actor, for a domain."""
    return f"/trust/about?id={quote(id, safe='')}&for={quote(domain, safe='')}"
