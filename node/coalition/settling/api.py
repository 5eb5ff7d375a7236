"""The coalition's settings over JSON, by the pages' own acts. What a mail server was given is never told."""

from typing import Literal

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.practices.api import Done
from node.coalition.settling import rules, store
from node.coalition.settling.pages import Settings
from node.gate.desk import Desk
from node.storage.contract import Reads
from node.web.api import Route, insist
from node.web.language import LANGUAGES
from node.web.session import who_of
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant
from protocol.vocabulary.place import NOWHERE, Place


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What is settled. checked: when the node last asked for itself, empty for never; unreachable: why not, then."""

    name: str
    place: str
    about: str
    language: str
    cares: tuple[str, ...]
    checked: str
    unreachable: str
    mail_host: str
    mail_sender: str
    passed: tuple[str, ...]
    over: bool


class Introduced(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the coalition is introduced; what is not said stays. Its place is changed on the page."""

    name: str | None = None
    about: str | None = None
    language: str | None = None


class CaresWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Some of the roots of domains."""

    domains: tuple[str, ...]


class StepWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A step to pass over; over: nobody is reminded of any."""

    step: Literal["", "reach", "second", "privacy"] = ""
    over: bool = False


class CheckWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said: send {}."""


class Reached(msgspec.Struct, frozen=True):
    """why: why others cannot reach this node, in a sentence; empty if they can."""

    why: str


class SettingsApi:
    def __init__(self, desk: Desk, settings: Settings) -> None:
        self._desk = desk
        self._settings = settings

    def routes(self) -> list[Route]:
        act = "coalition.settle"
        return [
            Route("GET", "/settings", "What is settled", self.settled, Settled, scope="organise", act=act),
            Route("PATCH", "/settings", "Change how the coalition is introduced", self.introduce, Done, Introduced,
                  scope="organise", act="coalition.describe"),
            Route("PUT", "/settings/cares", "What the coalition cares about", self.care, Done, CaresWish,
                  scope="organise"),
            Route("PUT", "/settings/steps", "Pass over a step of the first run", self.go_on, Done, StepWish,
                  scope="organise", act=act),
            Route("POST", "/settings/reach", "Ask whether others can reach this node", self.check, Reached, CheckWish,
                  scope="organise", act=act),
            Route("DELETE", "/settings/mail", "Forget the mail server", self.forget_mail, Done, scope="organise"),
        ]  # fmt: skip

    async def settled(self, _request: web.Request, _body: None) -> Settled:
        def work(reads: Reads) -> Settled:
            found, coalition = store.settled(reads), coalition_store.coalition(reads)
            if coalition is None:
                raise ProtocolError(Reason.NOT_FOUND)
            return Settled(
                name=coalition.name, place=coalition.place, about=coalition.about, language=coalition.language,
                cares=found.cares.domains, checked=instant(found.reach.checked) if found.reach else "",
                unreachable=found.reach.why if found.reach else "",
                mail_host=found.mailbox.host if found.mailbox else "",
                mail_sender=found.mailbox.sender if found.mailbox else "",
                passed=found.welcome.passed, over=found.welcome.over,
            )  # fmt: skip

        return await self._desk.storage.read(work)

    async def introduce(self, request: web.Request, body: Introduced) -> Done:
        now = await self._desk.storage.read(coalition_store.coalition)
        if now is None:
            raise ProtocolError(Reason.NOT_FOUND)
        if body.language is not None and body.language not in LANGUAGES:
            raise ProtocolError(Reason.INVALID, f"language: {', '.join(LANGUAGES)}.")
        where = now.located if now.located != NOWHERE else Place(name=now.place)
        name, about, language = (
            kept if said is None else said
            for said, kept in ((body.name, now.name), (body.about, now.about), (body.language, now.language))
        )
        insist(await self._settings.describe(name, where, about, language, who_of(request)))
        return Done()

    async def care(self, request: web.Request, body: CaresWish) -> Done:
        insist(await self._settings.settle(rules.Cares(body.domains), who_of(request)))
        return Done()

    async def go_on(self, request: web.Request, body: StepWish) -> Done:
        welcome = await self._desk.storage.read(store.welcome)
        passed = rules.passing(welcome, body.step)
        wish = msgspec.structs.replace(passed, over=passed.over or body.over)
        insist(await self._settings.settle(wish, who_of(request)))
        return Done()

    async def check(self, request: web.Request, _body: CheckWish) -> Reached:
        outcome, why = await self._settings.look(who_of(request))
        insist(outcome)
        return Reached(why)

    async def forget_mail(self, request: web.Request, _body: None) -> Done:
        insist(await self._desk.gate.perform(rules.Forget("mailbox"), who_of(request)))
        return Done()
