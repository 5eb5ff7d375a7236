"""The coalition's settings: a checklist, and a page for each thing that can be settled.

The first run walks through the same pages in order, and each leads on to the next until the last; nothing else tells
the two apart.
"""

from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from node import mail
from node.coalition import rules as coalition_rules
from node.coalition import store as coalition_store
from node.coalition.people.joining import Joining, NewInvitation
from node.coalition.settling import rules, store
from node.coalition.settling.letters import Letters
from node.coalition.standing import demand
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.mail import Mailbox
from node.sentence import say, words
from node.storage.contract import Reads
from node.web import words as web_words
from node.web.forms import Form, read_act, read_form
from node.web.language import LANGUAGES
from node.web.placing import Placing
from node.web.problem import insist
from node.web.render import catalogue_of, render
from node.web.session import session_of, who_of
from protocol.vocabulary.place import DOMAINS, Place

SECURITIES = {
    "tls": words("TLS from the start (port 465)"),
    "starttls": words("STARTTLS (port 587)"),
    "none": words("None: a server on this machine"),
}


class Settings:
    """reach: asks whether others can reach this node; why not, in a sentence. renamed: told after a change."""

    def __init__(
        self,
        desk: Desk,
        placing: Placing,
        joining: Joining,
        letters: Letters,
        reach: Callable[[], Awaitable[str]],
        renamed: Callable[[], Awaitable[None]],
    ) -> None:
        self._desk = desk
        self._placing = placing
        self._joining = joining
        self._letters = letters
        self._reach = reach
        self._renamed = renamed

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/settings", self.checklist),
            web.get("/settings/next", self.next),
            web.post("/settings/over", self.over),
            web.get("/settings/{step:place|cares|reach|second|privacy}", self.show),
            web.post("/settings/{step:reach|second|privacy}/pass", self.go_on),
            web.post("/settings/place", self.describe_page),
            web.post("/settings/cares", self.care),
            web.post("/settings/reach", self.check),
            web.post("/settings/mail", self.mail_page),
            web.post("/settings/mail/forget", self.forget_mail),
            web.post("/settings/second", self.invite),
        ]

    # The acts, for pages and API alike

    async def settle(self, setting: rules.Setting, who: Who) -> Outcome:
        return await self._desk.gate.perform(rules.Settle(setting), who)

    async def describe(self, name: str, place: Place, about: str, language: str, who: Who) -> Outcome:
        """Change how the coalition is introduced; its actor says so to whoever follows it."""
        command = coalition_rules.DescribeCoalition(
            self._desk.me, name, place, about, language, self._desk.new("activities")
        )
        outcome = await self._desk.gate.perform(command, who)
        if outcome.done:
            await self._renamed()
        return outcome

    async def look(self, who: Who) -> tuple[Outcome, str]:
        """Ask for this node at its own address, and remember the answer."""
        why = await self._reach()
        return await self.settle(rules.Reach(self._desk.clock.now(), why), who), why

    # The checklist

    async def checklist(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "coalition.settle")

        def work(reads: Reads) -> dict[str, object]:
            settled, coalition = store.settled(reads), coalition_store.coalition(reads)
            coordinators = len(store.coordinators(reads))
            done = {
                "place": bool(coalition and coalition.place),
                "cares": bool(settled.cares.domains),
                "reach": settled.reach is not None and not settled.reach.why,
                "second": coordinators > 1,
                "privacy": "privacy" in settled.welcome.passed,
            }
            return {
                "steps": [(step, said, done[step]) for step, said in rules.STEPS.items()],
                "practices": len(coalition_store.practices(reads)),
                "mail": settled.mailbox is not None,
                "welcome": settled.welcome,
                "reach": settled.reach,
            }

        return render(request, "settings.html", await self._desk.storage.read(work))

    async def next(self, request: web.Request) -> web.StreamResponse:
        """To the first step that is still ahead, or to the checklist."""
        await demand(self._desk, request, "coalition.settle")
        step = rules.next_step(await self._desk.storage.read(store.welcome))
        raise web.HTTPSeeOther(f"/settings/{step}" if step else "/settings?said=settled")

    async def over(self, request: web.Request) -> web.StreamResponse:
        """Nobody is reminded any more."""
        form = await read_act(request)
        welcome = await self._desk.storage.read(store.welcome)
        insist(await self.settle(rules.Welcome(welcome.passed, over=True), who_of(request, form.once)))
        raise web.HTTPSeeOther("/")

    async def _lead_on(self, request: web.Request, step: str, once: str = "") -> web.StreamResponse:
        """A step is behind us: to the next one in the first run, else to the checklist."""
        welcome = await self._desk.storage.read(store.welcome)
        ahead = rules.next_step(welcome)
        if once or step not in welcome.passed:
            insist(await self.settle(rules.passing(welcome, step), who_of(request, once)))
        raise web.HTTPSeeOther("/settings/next" if ahead else "/settings?said=kept")

    async def go_on(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        return await self._lead_on(request, request.match_info["step"], form.once)

    # The steps

    async def show(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "coalition.settle")
        return await self._step(request, request.match_info["step"], None)

    async def _step(
        self, request: web.Request, step: str, form: Form | None, **more: object
    ) -> web.StreamResponse:  # fmt: skip
        """A step's page, with what was typed or else with what is settled."""

        def work(reads: Reads) -> tuple[store.Settled, coalition_store.Coalition | None, list[str]]:
            return store.settled(reads), coalition_store.coalition(reads), store.coordinators(reads)

        settled, coalition, coordinators = await self._desk.storage.read(work)
        number, steps = rules.number_of(step)
        view: dict[str, object] = {
            "step": step, "heading": rules.STEPS[step], "number": number, "steps": steps,
            "first_run": bool(rules.next_step(settled.welcome)),
            "form": form or _kept(step, settled, coalition), "speaks": list(LANGUAGES.items()),
            "domains": list(web_words.DOMAINS.items()), "cares": settled.cares.domains, "reach": settled.reach,
            "mailbox": settled.mailbox, "securities": list(SECURITIES.items()), "coordinators": coordinators,
            "link": "", "mailed": "", **more,
        }  # fmt: skip
        return render(request, "settings_step.html", view, form.status if form else 200)

    async def describe_page(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        name = form.line("name", say("Name"), required=True)
        place = await self._placing.read(request, form)
        about = form.text("about", say("What it is about"), most=4_000)
        language = form.choice("language", say("Language"), LANGUAGES)
        if form.ok:
            outcome = await self.describe(name, place, about, language, who_of(request, form.once))
            if outcome.done:
                return await self._lead_on(request, "place")
            form.wrong("", "", outcome.detail)
        return await self._step(request, "place", form)

    async def care(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        chosen = tuple(domain for domain in DOMAINS if form.value(f"d-{domain}"))
        if form.ok:
            insist(await self.settle(rules.Cares(chosen), who_of(request, form.once)))
            return await self._lead_on(request, "cares")
        return await self._step(request, "cares", form, cares=chosen)

    async def check(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        await demand(self._desk, request, "coalition.settle")  # before others are asked anything
        outcome, _ = await self.look(who_of(request, form.once))
        insist(outcome)
        raise web.HTTPSeeOther("/settings/reach?said=checked")

    async def mail_page(self, request: web.Request) -> web.StreamResponse:
        """Keep the mail server if it takes a message to whoever sits here."""
        form = await read_form(request)
        await demand(self._desk, request, "coalition.settle")
        mailbox = Mailbox(
            host=form.line("host", say("Mail server"), required=True, most=253),
            port=form.number("port", say("Port"), 1, 65_535),
            security=form.choice("security", say("Encryption"), SECURITIES) or "tls",  # type: ignore[arg-type]
            sender=form.line("sender", say("From"), required=True, most=254),
            user=form.line("user", say("User name"), most=254),
            password=form.value("password"),
        )
        kept = (await self._desk.storage.read(store.settled)).mailbox
        # What was kept goes to the server that it was kept for, and to no other.
        if kept and not mailbox.password and (kept.host, kept.user) == (mailbox.host, mailbox.user):
            mailbox = msgspec.structs.replace(mailbox, password=kept.password)
        to = form.line("to", say("Send a test to"), required=True, most=254)
        if form.ok and (why := mail.fault(mailbox) or await self._letters.test(mailbox, to, catalogue_of(request))):
            form.wrong("host", say("Mail server"), why)
        if form.ok:
            insist(await self.settle(mailbox, who_of(request, form.once)))
            raise web.HTTPSeeOther("/settings/reach?said=mail-works")
        return await self._step(request, "reach", form)

    async def forget_mail(self, request: web.Request) -> web.StreamResponse:
        form = await read_act(request)
        insist(await self._desk.gate.perform(rules.Forget("mailbox"), who_of(request, form.once)))
        raise web.HTTPSeeOther("/settings/reach?said=kept")

    async def invite(self, request: web.Request) -> web.StreamResponse:
        """A link for the second coordinator, to hand over, and mailed if an address is given."""
        form = await read_form(request)
        to = form.line("email", say("Mail address"), most=254)
        if to and not mail.is_address(to):
            form.wrong("email", say("Mail address"), say("“{address}” is no mail address.", address=to[:60]))
        if not form.ok:
            return await self._step(request, "second", form)
        wish = NewInvitation(role="coordinator", note=form.line("note", say("For whom")))
        outcome, link = await self._joining.invite(wish, who_of(request, form.once))
        insist(outcome)
        why = await self._letters.invite(to, link, session_of(request).name, catalogue_of(request)) if to else ""
        return await self._step(request, "second", Form(), link=link, mailed="" if why else to, why=why)


def _kept(step: str, settled: store.Settled, coalition: coalition_store.Coalition | None) -> Form:
    """What is settled, as the step's form shows it."""
    if step == "place" and coalition is not None:
        return Form({
            "name": coalition.name, "place": coalition.place, "about": coalition.about,
            "language": coalition.language,
        })  # fmt: skip
    if step == "reach":
        box = settled.mailbox
        return Form(
            {"host": box.host, "port": str(box.port), "security": box.security, "sender": box.sender, "user": box.user}
            if box
            else {"port": "465", "security": "tls"}
        )
    return Form()
