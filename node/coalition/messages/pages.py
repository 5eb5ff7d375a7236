"""Messages, for people and programs: reading, writing, answering, blocking, reporting; and asking for help."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from aiohttp import web

from node.coalition.messages import rules, store
from node.coalition.messages.rules import MEMBER, Act, Write
from node.coalition.standing import demand, may
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say, words
from node.storage.contract import Reads, Row
from node.web.api import Route
from node.web.api import insist as insist_api
from node.web.forms import Form, read_act, read_form
from node.web.pagination import number_of, page_of
from node.web.problem import Refused, insist, require_member
from node.web.render import render
from node.web.session import who_of
from node.web.things import Ref
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant

Titled = Callable[[Reads, str], Ref | None]  # what a message is about, as far as it is known here
SAID = {"block": "message-blocked", "unblock": "kept", "report": "message-reported", "close": "message-closed",
        "delete": "message-deleted"}  # fmt: skip


class NewMessage(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """to: an actor's id, or `member:` and a member's id. voice: an actor in whose name you may write; blank: as
    yourself at home. answers: the id of a message that you got. about: an item's id."""

    to: str
    words: str
    voice: str = ""
    about: str = ""
    answers: str = ""
    help: bool = False


class MessageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A message that you wrote or got. author, recipient: an actor's id, or `member:` and a member's."""

    id: str
    thread: str
    author: str
    recipient: str
    about: str
    words: str
    at: str
    help: bool
    closed: bool


class MessagesAnswer(msgspec.Struct, frozen=True):
    """The latest of each thread, the latest first; or, of one thread, all in order."""

    total: int
    messages: tuple[MessageAnswer, ...]


class Told(msgspec.Struct, frozen=True):
    """What was written or done: the message's id."""

    id: str


class WhatToDo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """what: block, unblock, report, close or delete."""

    what: str


class Helper(msgspec.Struct, frozen=True):
    """Somebody who says that they can help with something."""

    id: str
    name: str
    help: str


class HelpersAnswer(msgspec.Struct, frozen=True):
    helpers: tuple[Helper, ...]


class Messages:
    """`titled`: what a message is about, which a room above knows."""

    def __init__(self, desk: Desk, titled: Titled) -> None:
        self._desk = desk
        self._titled = titled

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/messages", self.show),
            web.get("/messages/new", self.new),
            web.post("/messages/new", self.write_page),
            web.get("/messages/thread", self.thread),
            web.post("/messages/act", self.act_page),
            web.get("/messages/help", self.help),
            web.post("/messages/help", self.ask_page),
            web.get("/messages/reported", self.reported),
        ]

    def api(self) -> list[Route]:
        return [
            Route("GET", "/messages", "What you wrote and got", self.read_api, MessagesAnswer, scope="self",
                  query={"thread": "of one thread, all", "page": "from 1"}),
            Route("POST", "/messages", "Write to somebody", self.write_api, Told, NewMessage, 201, scope="self"),
            Route("POST", "/messages/acts", "Block, report, close or delete", self.act_api, Told, WhatToDo,
                  scope="self", query={"id": "the message's id"}),
            Route("GET", "/messages/helpers", "Who can help with something", self.helpers_api, HelpersAnswer,
                  scope="self", act="member.read", query={"words": "with what", "practice": "only who belongs there"}),
        ]  # fmt: skip

    # Reading

    async def show(self, request: web.Request) -> web.StreamResponse:
        member, number, who = require_member(request), number_of(request.query.get("page")), who_of(request)

        def work(reads: Reads) -> dict[str, Any]:
            rows, total = store.threads(reads, member, number)
            return {
                "threads": [self._shown(reads, row, member) for row in rows],
                "page": page_of(number, total, "/messages", size=store.PAGE),
                "reported_url": "/messages/reported" if may(reads, who, "message.reported") else "",
                "blocks": [{"owner": row["owner"], "blocked": row["blocked"], "name": row["name"] or row["blocked"]}
                           for row in store.blocks(reads, member)],
            }  # fmt: skip

        return render(request, "messages.html", await self._desk.storage.read(work))

    async def thread(self, request: web.Request) -> web.StreamResponse:
        return await self._thread(request, Form())

    async def _thread(self, request: web.Request, form: Form) -> web.StreamResponse:
        member, id = require_member(request), request.query.get("id", "")

        def work(reads: Reads) -> dict[str, Any]:
            rows = store.thread(reads, member, id)
            if not rows:
                raise Refused(Reason.NOT_FOUND)
            last = next((row for row in reversed(rows) if row["writer"] != member), rows[-1])
            theirs = last["writer"] != member
            return {
                "messages": [self._shown(reads, row, member) for row in rows], "id": id, "form": form,
                "answers": last["id"], "to": last["author"] if theirs else last["recipient"],
                "voices": _voices(reads, member, last["author"] if theirs else last["recipient"]),
                "voice": last["recipient"] if theirs else last["author"],
            }  # fmt: skip

        return render(request, "message.html", await self._desk.storage.read(work), form.status)

    def _shown(self, reads: Reads, row: Row, member: str) -> dict[str, Any]:
        mine = row["writer"] == member
        return {
            "id": row["id"], "url": f"/messages/thread?id={quote(row['thread'], safe='')}", "said": row["said"],
            "who": row["author_name"] or row["writer_name"] or row["author"],
            "writer": row["writer_name"] if row["author_name"] else "",
            "whom": row["recipient_name"] or row["member_name"] or row["recipient"], "mine": mine, "at": row["at"],
            "help": bool(row["help"]), "closed": row["closed"], "reported": row["reported"],
            "away": not row["author_local"] and not row["writer"],
            "about": self._titled(reads, row["about"]) if row["about"] else None,
        }  # fmt: skip

    async def reported(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "message.reported")
        rows = await self._desk.storage.read(
            lambda reads: [self._shown(reads, row, "") for row in store.reported(reads)]
        )
        return render(request, "messages_reported.html", {"messages": rows})

    # Writing

    async def new(self, request: web.Request) -> web.StreamResponse:
        return await self._form(request, Form())

    async def _form(self, request: web.Request, form: Form) -> web.StreamResponse:
        member, to, about = require_member(request), request.query.get("to", ""), request.query.get("about", "")

        def work(reads: Reads) -> dict[str, Any]:
            somebody = store.addressee(reads, to)
            if somebody is None or not somebody.there:
                raise Refused(Reason.NOT_FOUND, say("Nobody of this address can be written to from here."))
            return {
                "form": form, "to": to, "name": store.name_of(reads, to), "voices": _voices(reads, member, to),
                "away": somebody.inbox is not None, "about": self._titled(reads, about) if about else None,
                "query": urlencode({"to": to, **({"about": about} if about else {})}),
            }  # fmt: skip

        return render(request, "message_form.html", await self._desk.storage.read(work), form.status)

    async def write_page(self, request: web.Request) -> web.StreamResponse:
        """Write to somebody; or, with `answers`, answer from the thread's page."""
        form, member = await read_form(request), require_member(request)
        answers, to = form.value("answers"), form.value("to") or request.query.get("to", "")
        body = NewMessage(
            to=to, voice=form.line("voice", say("In whose name"), most=2_000), answers=answers,
            words=form.text("words", say("What you write"), required=True, most=rules.WORDS),
            about=request.query.get("about", ""),
        )  # fmt: skip
        if form.ok:
            outcome, id = await self.write(body, member, who_of(request, form.once))
            if outcome.done:
                thread = form.value("thread") or id
                raise web.HTTPSeeOther(f"/messages/thread?id={quote(thread, safe='')}&said=message-sent")
            form.wrong("", "", outcome.detail)
        if answers:
            request = request.clone(rel_url=request.rel_url.with_query(id=form.value("thread")))
            return await self._thread(request, form)
        return await self._form(request, form)

    async def write(self, body: NewMessage, member: str, who: Who) -> tuple[Outcome, str]:
        """Write it, as the member."""
        id = self._desk.origin.at(f"/messages/{self._desk.clock.new_id()}")
        command = Write(
            id=id, activity=self._desk.new("activities"), member=member, voice=body.voice or MEMBER + member,
            to=body.to, words=body.words, about=body.about, answers=body.answers, help=body.help,
        )  # fmt: skip
        return await self._desk.gate.perform(command, who), id

    async def act_page(self, request: web.Request) -> web.StreamResponse:
        form, member = await read_act(request), require_member(request)
        what = form.value("what")
        insist(await self._desk.gate.perform(Act(form.value("id"), member, what), who_of(request, form.once)))
        raise web.HTTPSeeOther(f"/messages?said={SAID.get(what, 'kept')}")

    # Asking for help

    async def help(self, request: web.Request) -> web.StreamResponse:
        return await self._help(request, Form())

    async def _help(self, request: web.Request, form: Form) -> web.StreamResponse:
        member = require_member(request)
        asked = form.value("words") or request.query.get("words", "")[:500]
        practice = form.value("practice") or request.query.get("practice", "")

        def work(reads: Reads) -> dict[str, Any]:
            found = store.helpers(reads, member, asked, practice) if asked.strip() else []
            return {
                "form": form, "words": asked, "practice": practice, "helpers": found, "asked": bool(asked.strip()),
                "practices": [(row["id"], row["name"]) for row in store.voices(reads, member) if row["rank"] == 1],
            }  # fmt: skip

        return render(request, "message_help.html", await self._desk.storage.read(work), form.status)

    async def ask_page(self, request: web.Request) -> web.StreamResponse:
        """Send what is needed to those whom they chose, to each by themselves."""
        form, member = await read_form(request), require_member(request)
        text = form.text("words", say("What you need"), required=True, most=rules.WORDS)
        listed = await self._desk.storage.read(lambda reads: store.helpers(reads, member, text, form.value("practice")))
        chosen = [row["id"] for row in listed if form.value(f"to-{row['id']}")]
        if form.ok and not chosen:
            form.wrong("", "", say("Choose at least one person."))
        who = who_of(request, form.once)
        for number, id in enumerate(chosen if form.ok else ()):
            body = NewMessage(to=MEMBER + id, words=text, help=True)
            # One form is one wish; each of its messages is one of its own.
            once = msgspec.structs.replace(who, once=f"{who.once}.{number}" if who.once else "")
            outcome, _ = await self.write(body, member, once)
            if not outcome.done:
                form.wrong("", "", outcome.detail)
                break
        if form.ok:
            raise web.HTTPSeeOther("/messages?said=help-asked")
        return await self._help(request, form)

    # For programs

    async def read_api(self, request: web.Request, _body: None) -> MessagesAnswer:
        member, id, number = who_of(request).member, request.query.get("thread", ""), request.query.get("page")

        def work(reads: Reads) -> MessagesAnswer:
            if id:
                rows = store.thread(reads, member, id)
                if not rows:
                    raise ProtocolError(Reason.NOT_FOUND)
                return MessagesAnswer(len(rows), tuple(map(_answer, rows)))
            rows, total = store.threads(reads, member, number_of(number))
            return MessagesAnswer(total, tuple(map(_answer, rows)))

        return await self._desk.storage.read(work)

    async def write_api(self, request: web.Request, body: NewMessage) -> Told:
        who = who_of(request)
        outcome, id = await self.write(body, who.member, who)
        insist_api(outcome)
        return Told(id)

    async def act_api(self, request: web.Request, body: WhatToDo) -> Told:
        who, id = who_of(request), request.query.get("id", "")
        insist_api(await self._desk.gate.perform(Act(id, who.member, body.what), who))
        return Told(id)

    async def helpers_api(self, request: web.Request, _body: None) -> HelpersAnswer:
        member, asked = who_of(request).member, request.query.get("words", "")[:500]
        rows = await self._desk.storage.read(
            lambda reads: store.helpers(reads, member, asked, request.query.get("practice", ""))
        )
        return HelpersAnswer(tuple(Helper(row["id"], row["name"], row["help"]) for row in rows))


def _voices(reads: Reads, member: str, to: str) -> list[tuple[str, str]]:
    """In whose name they can write to somebody: as themselves where it stays at home."""
    somebody = store.addressee(reads, to)
    home = somebody is not None and somebody.inbox is None
    own = [(MEMBER + member, words("I myself"))] if home else []
    return [*own, *((row["id"], row["name"]) for row in store.voices(reads, member))]


def _answer(row: Row) -> MessageAnswer:
    return MessageAnswer(
        id=row["id"], thread=row["thread"], author=row["author"], recipient=row["recipient"], about=row["about"],
        words=row["said"], at=instant(row["at"]), help=bool(row["help"]), closed=row["closed"] is not None,
    )  # fmt: skip
