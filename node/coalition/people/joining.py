"""Links that let somebody in: making them, joining by them, and a new way in for who has lost theirs. And signing in.

A link works without mail: it is shown once, to be handed over.
"""

from typing import Any

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition import store as coalition_store
from node.coalition.awaited import store as awaited_store
from node.coalition.awaited.rules import Come
from node.coalition.people import commands, links, passwords, rules, store
from node.coalition.people.links import Seal
from node.coalition.people.passwords import Passwords
from node.coalition.permissions import ROLES
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads
from node.web import words
from node.web.forms import Form, carry_out, read_act, read_form
from node.web.language import LANGUAGES
from node.web.problem import Refused, insist
from node.web.render import render
from node.web.session import SESSIONS, who_of
from node.web.signin import entered
from protocol import identifiers
from protocol.errors import Reason


class NewInvitation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to let in. practice: the slug of one of ours, empty for the coalition as a whole."""

    role: str = "member"
    practice: str = ""
    days: int = 14
    uses: int = 1
    note: str = ""


class Joining:
    """`seal` names secrets."""

    def __init__(self, desk: Desk, seal: Seal) -> None:
        self._desk = desk
        self._seal = seal
        self._passwords = Passwords()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/members/invite", self.ask),
            web.post("/members/invite", self.invite_page),
            web.post("/members/invite/{id}/revoke", self.revoke),
            web.post("/members/{id}/recover", self.recover_page),
            web.get("/join/{secret}", self.show),
            web.post("/join/{secret}", self.join),
        ]

    # Signing in

    async def enter(self, request: web.Request, form: Form) -> str | None:
        """signin.Enter: the member's id, or what is wrong in the form. Nothing tells whether an account exists."""
        name = rules.sign_in_name(form.line("name", say("Sign-in name or mail address"), required=True))
        password = form.value("password")
        if not form.ok:
            return None
        counters = (passwords.of_account(name), passwords.of_place(request))
        clock, storage = self._desk.clock, self._desk.storage
        wait = await passwords.wait_of(storage, clock, *counters)
        if wait:
            form.wrong("password", say("Password"), passwords.too_many(wait))
            return None
        row = await storage.read(lambda reads: store.account(reads, name))
        if await self._passwords.check(row["password"] if row else None, password) and row is not None:
            return row["id"]
        await passwords.failed(storage, clock, *counters)
        form.wrong("password", say("Password"), say("This name and this password do not belong together."))
        return None

    # Making links

    async def invite(self, wish: NewInvitation, who: Who) -> tuple[Outcome, str]:
        """The outcome, and the link, which is shown this once."""
        practice = identifiers.practice_actor(self._desk.origin, wish.practice) if wish.practice else ""
        if wish.practice and not identifiers.is_slug(wish.practice):
            return Outcome(Reason.NOT_FOUND, say("There is no such practice on this node.")), ""
        secret = links.secret()
        command = commands.MakeInvitation(
            self._desk.clock.new_id(), self._sealed(secret), practice, wish.role, wish.note, wish.days, wish.uses,
            who.member,
        )  # fmt: skip
        return await self._desk.gate.perform(command, who), self._link(secret)

    async def recover(self, member: str, who: Who) -> tuple[Outcome, str]:
        """A link by which this member, and nobody else, gets a new password; good for a day, once."""
        secret = links.secret()
        command = commands.MakeRecovery(self._desk.clock.new_id(), self._sealed(secret), member, who.member)
        return await self._desk.gate.perform(command, who), self._link(secret)

    def _sealed(self, secret: str) -> bytes:
        return self._seal(f"link {secret}")

    def _link(self, secret: str) -> str:
        return self._desk.origin.at(f"/join/{secret}")

    async def ask(self, request: web.Request) -> web.StreamResponse:
        slug = request.query.get("practice", "")
        practice = identifiers.practice_actor(self._desk.origin, slug) if identifiers.is_slug(slug) else ""
        await standing.demand(self._desk, request, "member.invite", practice)
        return await self._invite_form(request, Form({"practice": slug, "days": "14", "uses": "1", "role": "member"}))

    async def _invite_form(
        self, request: web.Request, form: Form, link: str = ""
    ) -> web.StreamResponse:  # fmt: skip
        who, now = who_of(request), self._desk.clock.now()

        def work(reads: Reads) -> dict[str, object]:
            mine = standing.where(reads, who, "member.invite")
            every = coalition_store.practices(reads)
            return {
                "practices": [(row["slug"], row["name"]) for row in every if mine is None or row["actor"] in mine],
                "everywhere": mine is None,
                "invitations": [
                    row for row in store.invitations(reads, now) if mine is None or row["practice"] in mine
                ],
            }

        view = await self._desk.storage.read(work)
        view |= {"form": form, "roles": list(ROLES.items()), "role_words": ROLES, "link": link}
        return render(request, "invite.html", view, form.status)

    async def invite_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        wish = NewInvitation(
            role=form.choice("role", say("Role"), ROLES),
            practice=form.line("practice", say("Practice")),
            days=form.number("days", say("Days"), 1, rules.MOST_DAYS),
            uses=form.number("uses", say("People"), 1, rules.MOST_USES),
            note=form.line("note", say("For whom")),
        )
        if not form.ok:
            return await self._invite_form(request, form)
        outcome, link = await self.invite(wish, who_of(request, form.once))
        if not outcome.done:
            form.wrong("", "", outcome.detail)
            return await self._invite_form(request, form)
        return await self._invite_form(request, Form({"days": "14", "uses": "1", "role": "member"}), link)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        await carry_out(request, self._desk.gate, lambda _: commands.RevokeInvitation(request.match_info["id"]))
        raise web.HTTPSeeOther("/members/invite?said=revoked")

    async def recover_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        outcome, link = await self.recover(request.match_info["id"], who_of(request, form.once))
        insist(outcome)
        return render(request, "link.html", {"link": link, "name": "", "days": 0})

    # Using them

    async def show(self, request: web.Request) -> web.StreamResponse:
        return await self._join_form(request, Form({"time_zone": ""}))

    async def _join_form(self, request: web.Request, form: Form) -> web.StreamResponse:
        sealed, now = self._sealed(request.match_info["secret"]), self._desk.clock.now()

        def work(reads: Reads) -> dict[str, object]:
            invited = store.invited(reads, sealed)
            why = rules.open_invitation(invited, now)
            if invited is None or why:
                raise Refused(Reason.GONE if invited else Reason.NOT_FOUND, why)
            practice = coalition_store.practice(reads, invited.practice) if invited.practice else None
            member = store.member(reads, invited.member) if invited.member else None
            noted = awaited_store.awaited(reads, invited.member) if invited.member else None
            return {
                "role": ROLES.get(invited.role, ""),
                "practice": practice["name"] if practice else "",
                "recovering": member is not None and member["state"] != "invited",
                "expected": member,
                "noted": noted,
                "role_words": ROLES,
                "name": member["name"] if member else "",
                "sign_in": member["sign_in"] if member else "",
                "expires": invited.expires,
            }

        view = await self._desk.storage.read(work)
        expected: Any = view["expected"]
        if expected is not None and not form.value("sign_in"):
            form = form.begun({name: str(expected[name] or "") for name in ("name", "sign_in", "email")})
        return join_page(request, form, view)

    async def join(self, request: web.Request) -> web.StreamResponse:
        """The secret in the address is the right; whoever has it has no session yet."""
        form = await read_form(request, signed_in=False)
        sealed = self._sealed(request.match_info["secret"])
        invited = await self._desk.storage.read(lambda reads: store.invited(reads, sealed))
        expected = invited.member if invited is not None else ""
        if expected and not await self._is_awaited(expected):
            return await self._take_password(request, form, sealed, expected)
        newcomer = await self.newcomer(form)
        if newcomer is not None:
            if expected:
                newcomer = msgspec.structs.replace(newcomer, member=expected)
            act = Come if expected else commands.Join
            outcome = await self._desk.gate.perform(act(sealed, **msgspec.structs.asdict(newcomer)), Who())
            if outcome.done:
                return await self.enter_as(request, newcomer.member, "/me?said=joined")
            wrong_newcomer(form, outcome)
        return await self._join_form(request, form)

    async def newcomer(self, form: Form) -> commands.Begin | None:
        """Whoever the form describes, as the first coordinator or any other; None if something in it is wrong."""
        name = form.line("name", say("Your name"), required=True)
        sign_in = rules.sign_in_name(form.line("sign_in", say("Sign-in name"), required=True, most=40))
        email = form.line("email", say("Mail address"), most=254)
        self._judge_password(form, name, sign_in, email)
        language = form.choice("language", say("Language"), LANGUAGES, required=False)
        zone = form.choice("time_zone", say("Time zone"), words.zones(), required=False)
        if not form.ok:
            return None
        hashed = await self._passwords.hash(form.value("password"))
        return commands.Begin(self._desk.clock.new_id(), name, sign_in, email, hashed, language, zone)

    async def _is_awaited(self, member: str) -> bool:
        row = await self._desk.storage.read(lambda reads: store.member(reads, member))
        return row is not None and row["state"] == "invited"

    async def _take_password(
        self, request: web.Request, form: Form, sealed: bytes, member: str
    ) -> web.StreamResponse:  # fmt: skip
        self._judge_password(form)
        if form.ok:
            hashed = await self._passwords.hash(form.value("password"))
            outcome = await self._desk.gate.perform(commands.Recover(sealed, hashed), Who())
            if outcome.done:
                return await self.enter_as(request, member, "/me?said=new-password")
            form.wrong("", "", outcome.detail)
        return await self._join_form(request, form)

    async def enter_as(self, request: web.Request, member: str, then: str) -> web.StreamResponse:
        """Whoever has just shown a link's secret is signed in, and led on."""
        value = await request.app[SESSIONS].open(member, request.headers.get("User-Agent", ""))
        raise await entered(request, value, then)

    def _judge_password(self, form: Form, *known: str) -> None:
        if why := rules.password_fault(form.value("password"), *known):
            form.wrong("password", say("Password"), why)

    async def is_password(self, member: str, form: Form) -> bool:
        """Whether the form's `password` is this member's, who is signed in; what is wrong stands in the form."""
        why = await self._not_theirs(member, form.value("password"))
        if why:
            form.wrong("password", say("Password"), why)
        return not why

    async def _not_theirs(self, member: str, password: str) -> str:
        """Why this is not taken as the password of a member who is signed in; empty if it is. Guesses are slowed down:
        who finds a browser or a program's token must not find the password by them."""
        own, clock, storage = passwords.of_own(member), self._desk.clock, self._desk.storage
        if wait := await passwords.wait_of(storage, clock, own):
            return passwords.too_many(wait)
        row = await storage.read(lambda reads: reads.one("SELECT password FROM member WHERE id = :id", id=member))
        if await self._passwords.check(row["password"] if row else None, password):
            return ""
        await passwords.failed(storage, clock, own)
        return say("That is not your present password.")

    async def change_password(self, member: str, old: str, new: str, but: bytes, who: Who) -> Outcome:
        """A member's own change, who shows the old one."""
        if why := await self._not_theirs(member, old):
            return Outcome(Reason.NOT_ALLOWED, why)
        if why := rules.password_fault(new):
            return Outcome(Reason.INVALID, why)
        command = commands.ChangePassword(member, await self._passwords.hash(new), but)
        return await self._desk.gate.perform(command, who)


def join_page(request: web.Request, form: Form, view: dict[str, object]) -> web.StreamResponse:
    """The form that makes somebody a member."""
    choices = {"zones": words.zone_choices(), "speaks": list(LANGUAGES.items())}
    return render(
        request, "join.html", {"noted": None, **view, **choices, "form": form, "action": request.path}, form.status
    )


def wrong_newcomer(form: Form, outcome: Outcome) -> None:
    """Why they could not come, in their form."""
    form.wrong("sign_in" if outcome.reason is Reason.EXISTS else "", say("Sign-in name"), outcome.detail)
