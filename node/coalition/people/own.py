"""A member's own page: what they are here, where they may be signed in, what is stored of them, and the way out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from aiohttp import web

from node.coalition.passkeys import store as passkeys
from node.coalition.people import commands, links, rules, store
from node.coalition.people.joining import Joining
from node.coalition.people.links import Seal
from node.coalition.permissions import ROLES, SCOPES
from node.coalition.practices import store as practice_store
from node.coalition.profiles import store as profiles
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web import session, words
from node.web.forms import Form, carry_out, read_form
from node.web.language import LANGUAGES
from node.web.problem import Refused, require_member
from node.web.render import render
from node.web.session import session_of, who_of
from protocol.errors import Reason


class NewToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A token for a program."""

    name: str
    scopes: tuple[str, ...]
    days: int = 90


class Details(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the other members see of one, and how pages speak to them."""

    name: str
    email: str = ""
    sector: str = ""
    discipline: str = ""
    help: str = ""
    language: str = ""
    time_zone: str = ""


# What a room above holds of a member: (reads, member) → rows.
Held = Callable[[Reads, str], list[Row]]


class Own:
    """`joining` changes passwords; `seal` names tokens; `held`: what the rooms above hold of a member, by its name.

    `coaching`: how many wait for a member's word that they coach.
    """

    def __init__(
        self, desk: Desk, joining: Joining, seal: Seal, held: Mapping[str, Held], coaching: Callable[[Reads, str], int]
    ) -> None:
        self._desk = desk
        self._joining = joining
        self._seal = seal
        self._held = held
        self._coaching = coaching

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/me", self.show),
            web.post("/me/details", self.details),
            web.post("/me/password", self.password),
            web.post("/me/sessions/{id}/end", self.end_session),
            web.post("/me/tokens", self.make_token_page),
            web.post("/me/tokens/{id}/revoke", self.revoke_token),
            web.post("/me/affiliations", self.affiliate),
            web.post("/me/affiliations/{key}/end", self.end_affiliation),
            web.get("/me/data.json", self.data),
            web.get("/me/leave", self.ask_leave),
            web.post("/me/leave", self.leave),
        ]

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._page(request, Form())

    async def _page(self, request: web.Request, form: Form, token: str = "") -> web.StreamResponse:
        id, now, here = require_member(request), self._desk.clock.now(), session_of(request).id

        def work(reads: Reads) -> dict[str, object]:
            row = store.member(reads, id)
            if row is None:
                raise Refused(Reason.NOT_FOUND)
            return {
                "member": row,
                "roles": store.roles(reads, id),
                "affiliations": store.affiliations(reads, id),
                "sessions": [
                    {"id": each["id"].hex(), "agent": each["agent"], "created": each["created"], "seen": each["seen"],
                     "here": each["id"] == here}
                    for each in session.of_member(reads, id, now)
                ],
                "tokens": store.tokens(reads, id),
                "profile": profiles.profile(reads, id),
                "passkeys": len(passkeys.of_member(reads, id)),
                "asked": practice_store.asked_of(reads, id),
                "coaching": self._coaching(reads, id),
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        row = view["member"]
        known = Form({name: row[name] or "" for name in Details.__struct_fields__})  # type: ignore[index]
        view |= {
            "form": form, "details": form if form.value("what") == "details" else known, "token": token,
            "role_words": ROLES, "scopes": list(SCOPES.items()),
            "sectors": list(rules.SECTORS.items()),
            "speaks": list(LANGUAGES.items()), "zones": words.zone_choices(),
            "today": datetime.fromtimestamp(now / 1000, UTC).date().isoformat(),
        }  # fmt: skip
        return render(request, "me.html", view, form.status)

    async def describe(self, member: str, wish: Details, who: Who) -> Outcome:
        """Change what the others see."""
        given = {name: getattr(wish, name) for name in wish.__struct_fields__}
        return await self._desk.gate.perform(commands.DescribeMember(member=member, **given), who)

    async def details(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        wish = Details(
            name=form.line("name", say("Your name"), required=True),
            email=form.line("email", say("Mail address"), most=254),
            sector=form.choice("sector", say("Sector"), rules.SECTORS, required=False),
            discipline=form.line("discipline", say("Discipline")),
            help=form.text("help", say("Can help with"), most=1_000),
            language=form.choice("language", say("Language"), LANGUAGES, required=False),
            time_zone=form.choice("time_zone", say("Time zone"), words.zones(), required=False),
        )
        if form.ok:
            outcome = await self.describe(member, wish, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/me?said=kept")
            form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def password(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        if form.ok:
            outcome = await self._joining.change_password(
                member, form.value("old"), form.value("new"), session_of(request).id, who_of(request, form.once)
            )
            if outcome.done:
                raise web.HTTPSeeOther("/me?said=new-password")
            form.wrong("old" if outcome.reason is Reason.NOT_ALLOWED else "new", say("Password"), outcome.detail)
        return await self._page(request, form)

    async def end_session(self, request: web.Request) -> web.StreamResponse:
        await carry_out(
            request, self._desk.gate, lambda _: commands.EndSession(require_member(request), _session_id(request))
        )
        raise web.HTTPSeeOther("/me?said=session-ended")

    async def make_token(self, member: str, wish: NewToken, who: Who) -> tuple[Outcome, str]:
        """The outcome, and the token, which is shown this once."""
        if unknown := [scope for scope in wish.scopes if scope not in SCOPES]:
            return Outcome(Reason.INVALID, say("“{scope}” is no scope.", scope=unknown[0][:40])), ""
        text, id = links.token(), self._desk.clock.new_id()
        command = commands.MakeToken(id, self._seal(f"token {text}"), member, wish.name, wish.scopes, wish.days)
        return await self._desk.gate.perform(command, who), text

    async def make_token_page(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        wish = NewToken(
            name=form.line("token_name", say("Name"), required=True, most=100),
            scopes=tuple(scope for scope in SCOPES if form.value(f"scope-{scope}")),
            days=form.number("days", say("Days"), 1, 366),
        )
        if not form.ok:
            return await self._page(request, form)
        outcome, text = await self.make_token(member, wish, who_of(request, form.once))
        if not outcome.done:
            form.wrong("token_name", say("Token"), outcome.detail)
            return await self._page(request, form)
        return await self._page(request, Form(), text)

    async def revoke_token(self, request: web.Request) -> web.StreamResponse:
        id = request.match_info["id"]
        await carry_out(request, self._desk.gate, lambda _: commands.RevokeToken(require_member(request), id))
        raise web.HTTPSeeOther("/me?said=revoked")

    async def affiliate(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        command = commands.Affiliate(
            member, self._desk.clock.new_id(), form.line("organisation", say("Organisation"), required=True),
            form.choice("organisation_sector", say("Sector"), rules.SECTORS, required=False),
            form.line("title", say("What you do there")), form.day("since", say("Since"), required=True) or "",
        )  # fmt: skip
        if form.ok:
            outcome = await self._desk.gate.perform(command, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/me?said=kept")
            form.wrong("organisation", say("Organisation"), outcome.detail)
        return await self._page(request, form)

    async def end_affiliation(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_form(request), require_member(request)
        key = request.match_info["key"]
        until = form.day("until", say("Until"), required=True)
        if not form.ok or until is None or not key.isascii() or not key.isdigit():
            return await self._page(request, form)
        command = commands.EndAffiliation(member, int(key[:15]), until)
        outcome = await self._desk.gate.perform(command, who_of(request, form.once))
        if outcome.done:
            raise web.HTTPSeeOther("/me?said=kept")
        form.wrong("", "", outcome.detail)
        return await self._page(request, form)

    async def everything(self, member: str) -> dict[str, Any]:
        """All that is stored about a member, by what it is."""
        now = self._desk.clock.now()

        def work(reads: Reads) -> dict[str, Any]:
            also = {name: store.plain(held(reads, member)) for name, held in self._held.items()}
            return store.everything(reads, member, now) | also

        return await self._desk.storage.read(work)

    async def data(self, request: web.Request) -> web.StreamResponse:
        """All that is stored about them, to take along."""
        found = await self.everything(require_member(request))
        response = web.Response(body=msgspec.json.format(msgspec.json.encode(found)), content_type="application/json")
        response.headers["Content-Disposition"] = 'attachment; filename="my-data.json"'
        response.headers["Cache-Control"] = "private, no-store"
        return response

    async def ask_leave(self, request: web.Request) -> web.StreamResponse:
        require_member(request)
        view = {
            "heading": say("Leave the coalition"),
            "question": say("Leave, and delete what is stored about you?"),
            "lost": [
                say("Your name, mail address, details, organisations, roles, sessions and tokens are deleted here."),
                say("This cannot be undone: to come back you need a new invitation."),
            ],
            "kept": [
                say("What you published with a practice stays the practice's."),
                say("The record keeps that somebody did what you did, without your name."),
            ],
            "action": "/me/leave", "button": say("Leave and delete"), "cancel_url": "/me", "fields": [],
        }  # fmt: skip
        return render(request, "confirm.html", view)

    async def leave(self, request: web.Request) -> web.StreamResponse:
        new = self._desk.new("activities")
        await carry_out(request, self._desk.gate, lambda _: commands.Leave(require_member(request), new))
        response = web.HTTPSeeOther("/?said=left")
        request.app[session.SESSIONS].take(response)
        raise response


def _session_id(request: web.Request) -> bytes:
    try:
        return bytes.fromhex(request.match_info["id"])
    except ValueError:
        raise Refused(Reason.NOT_FOUND) from None
