"""What is settled, over JSON: what the pages of the settings show and do, for programs of coordinators."""

import msgspec
from aiohttp import web

from node import mail
from node.coalition import store as coalition_store
from node.coalition.practices.api import Done
from node.coalition.settling import rules, store
from node.coalition.settling.letters import Letters
from node.coalition.settling.pages import Settings
from node.gate.desk import Desk
from node.mail import Mailbox
from node.sentence import say
from node.storage.contract import Reads
from node.web.api import Route, insist
from node.web.language import LANGUAGES
from node.web.placing import Placing
from node.web.render import catalogue_of
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant

_ACT = "coalition.settle"


class Introduced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the coalition is introduced. place_is: a GeoNames id or an ISO 3166 code, by which `place` is found."""

    name: str
    language: str
    place: str = ""
    place_is: str = ""
    about: str = ""


class Cares(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some of the nine roots of domains."""

    domains: tuple[str, ...]


class NewMailbox(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mail server. It is kept once it has taken a message to `to`. security: tls, starttls or none."""

    host: str
    port: int
    sender: str
    to: str
    security: str = "tls"
    user: str = ""
    password: str = ""


class ReachAnswer(msgspec.Struct, frozen=True):
    """Whether the node was reached at its own address, and when it was tried; why: why not, empty if it was."""

    checked: str
    why: str


class SettingsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """passed: the steps that were taken or passed over. mail: the server's name, without its password."""

    introduced: Introduced
    domains: tuple[str, ...]
    mail: str
    reach: ReachAnswer | None
    steps: tuple[str, ...]
    passed: tuple[str, ...]
    over: bool


class SettingsApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk, settings: Settings, letters: Letters, placing: Placing) -> None:
        self._desk = desk
        self._settings = settings
        self._letters = letters
        self._placing = placing

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/settings", "What is settled", self.read, SettingsAnswer, scope="organise", act=_ACT),
            Route("PUT", "/settings/place", "How the coalition is introduced", self.place, Done, Introduced,
                  scope="organise"),
            Route("PUT", "/settings/cares", "What it cares about", self.cares, Done, Cares, scope="organise"),
            Route("POST", "/settings/reach", "Try whether others reach this node", self.reach, ReachAnswer,
                  scope="organise", act=_ACT),
            Route("PUT", "/settings/mail", "Try a mail server, and keep it", self.mail, Done, NewMailbox,
                  scope="organise", act=_ACT),
            Route("DELETE", "/settings/mail", "Forget the mail server", self.forget, Done, scope="organise"),
            Route("POST", "/settings/{step}/pass", "Pass a step over", self.go_on, Done, scope="organise"),
            Route("POST", "/settings/over", "Be reminded of no step any more", self.over, Done, scope="organise"),
        ]  # fmt: skip

    async def read(self, _request: web.Request, _body: None) -> SettingsAnswer:
        def work(reads: Reads) -> SettingsAnswer:
            settled, coalition = store.settled(reads), coalition_store.coalition(reads)
            if coalition is None:
                raise ProtocolError(Reason.NOT_FOUND)
            reach = settled.reach
            return SettingsAnswer(
                introduced=Introduced(
                    name=coalition.name, language=coalition.language, place=coalition.place, about=coalition.about
                ),
                domains=settled.cares.domains,
                mail=settled.mailbox.host if settled.mailbox else "",
                reach=ReachAnswer(instant(reach.checked), reach.why) if reach else None,
                steps=tuple(rules.STEPS),
                passed=settled.welcome.passed,
                over=settled.welcome.over,
            )

        return await self._desk.storage.read(work)

    async def place(self, request: web.Request, body: Introduced) -> Done:
        if body.language not in LANGUAGES:
            raise ProtocolError(Reason.INVALID, say("Languages are: {codes}.", codes=", ".join(LANGUAGES)))
        place = await self._placing.meant(body.place, body.place_is)
        insist(await self._settings.describe(body.name, place, body.about, body.language, who_of(request)))
        return Done()

    async def _settle(self, request: web.Request, setting: rules.Setting) -> Done:
        insist(await self._settings.settle(setting, who_of(request)))
        return Done()

    async def cares(self, request: web.Request, body: Cares) -> Done:
        return await self._settle(request, rules.Cares(body.domains))

    async def reach(self, request: web.Request, _body: None) -> ReachAnswer:
        outcome, why = await self._settings.look(who_of(request))
        insist(outcome)
        return ReachAnswer(instant(self._desk.clock.now()), why)

    async def mail(self, request: web.Request, body: NewMailbox) -> Done:
        said = {name: getattr(body, name) for name in Mailbox.__struct_fields__}
        try:
            mailbox = msgspec.convert(said, Mailbox)
        except msgspec.ValidationError as error:
            raise ProtocolError(Reason.INVALID, str(error)) from None
        why = mail.fault(mailbox) or await self._letters.test(mailbox, body.to, catalogue_of(request))
        if why:
            raise ProtocolError(Reason.INVALID, why)
        return await self._settle(request, mailbox)

    async def forget(self, request: web.Request, _body: None) -> Done:
        insist(await self._desk.gate.perform(rules.Forget("mailbox"), who_of(request)))
        return Done()

    async def go_on(self, request: web.Request, _body: None) -> Done:
        step = request.match_info["step"]
        if step not in rules.STEPS:
            raise ProtocolError(Reason.NOT_FOUND)
        welcome = await self._desk.storage.read(store.welcome)
        return await self._settle(request, rules.passing(welcome, step))

    async def over(self, request: web.Request, _body: None) -> Done:
        welcome = await self._desk.storage.read(store.welcome)
        return await self._settle(request, rules.Welcome(welcome.passed, over=True))
