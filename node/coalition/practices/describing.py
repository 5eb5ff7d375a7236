"""Changing what a practice says of itself, and reading what it said before. The same acts for pages and programs."""

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.practices import differences, store
from node.coalition.practices.commands import DescribePractice, Statement
from node.coalition.practices.home import crumbs, ours, practice_of
from node.coalition.practices.opening import SUMMARY_CHARACTERS, coordinates_fault
from node.coalition.practices.rules import REASON_CHARACTERS
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web import words
from node.web.forms import Form, is_plain, read_form
from node.web.pagination import number_of, page_of
from node.web.placing import Placing
from node.web.problem import Refused
from node.web.render import render
from node.web.session import who_of
from protocol.errors import Reason
from protocol.vocabulary.place import DOMAINS, LEVELS

NARROWER = 200  # characters of the path below a domain's root


class Describing:
    """Handlers, and the act."""

    def __init__(self, desk: Desk, placing: Placing) -> None:
        self._desk = desk
        self._placing = placing

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/practices/{slug}/describe", self.ask),
            web.post("/practices/{slug}/describe", self.change),
            web.get("/practices/{slug}/history", self.history),
        ]

    async def describe(self, practice: str, statement: Statement, reason: str, since: int, who: Who) -> Outcome:
        """It says this of itself from now on, signed and sent to who follows it."""
        wrong = coordinates_fault(statement.domain, statement.level)
        if not wrong and not all(map(is_plain, (statement.summary, statement.scope_in, statement.scope_out, reason))):
            wrong = say("A text has a control character.")
        if not wrong and not is_plain(statement.name, line=True):
            wrong = say("A name stands on one line.")
        if wrong:
            return Outcome(Reason.INVALID, wrong)
        command = DescribePractice(
            practice, statement, reason, since, who.member or standing.OPERATOR, self._desk.new("activities")
        )
        return await self._desk.gate.perform(command, who)

    async def _now(self, practice: str) -> tuple[Row, Statement, int]:
        """Its row, what it says, and the sequence of the document that says so."""

        def work(reads: Reads) -> tuple[Row, Statement, int]:
            row = ours(reads, practice)
            held = reads.the("SELECT sequence FROM actor WHERE id = :id", id=practice)
            return row, store.statement(row), held["sequence"]

        return await self._desk.storage.read(work)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        practice = practice_of(self._desk, request)
        await standing.demand(self._desk, request, "practice.describe", practice)
        row, said, sequence = await self._now(practice)
        root, _, part = said.domain.partition("/")
        texts = {name: getattr(said, name) for name in ("name", "summary", "scope_in", "scope_out", "level")}
        form = Form(
            {**texts, "domain": root, "domain_part": part, "place": said.place.name, "since": str(sequence)}
        )  # fmt: skip
        return self._form(request, form, row)

    def _form(self, request: web.Request, form: Form, row: Row) -> web.StreamResponse:
        view = {
            "form": form,
            "practice": row,
            "domains": list(words.DOMAINS.items()),
            "levels": list(words.LEVELS.items()),
        }
        return render(request, "practice_describe.html", view, form.status)

    async def change(self, request: web.Request) -> web.StreamResponse:
        form, practice = await read_form(request), practice_of(self._desk, request)
        await standing.demand(self._desk, request, "practice.describe", practice)
        row, said, _ = await self._now(practice)
        root = form.choice("domain", say("Domain"), DOMAINS)
        part = form.line("domain_part", say("More precisely"), most=NARROWER)
        place = await self._placing.read(request, form, said.place)
        domain = f"{root}/{part}" if part else root
        statement = Statement(
            name=form.line("name", say("Name"), required=True),
            summary=form.text("summary", say("What it cares about"), most=SUMMARY_CHARACTERS),
            scope_in=form.text("scope_in", say("What belongs to it"), most=SUMMARY_CHARACTERS),
            scope_out=form.text("scope_out", say("What does not"), most=SUMMARY_CHARACTERS),
            domain=domain,
            level=form.choice("level", say("Level"), LEVELS),
            place=place,
        )
        if form.ok and statement == said:
            raise web.HTTPSeeOther(f"/practices/{row['slug']}?said=unchanged")
        if root and coordinates_fault(domain, statement.level or "city"):
            form.wrong(
                "domain_part", say("More precisely"),
                say("Small letters, digits and hyphens; a slash before what is narrower still, such as shelter/youth."),
            )  # fmt: skip
        reason = form.text("reason", say("Why it changes"), required=True, most=REASON_CHARACTERS)
        since = form.value("since")
        if form.ok:
            at = int(since) if since.isascii() and since.isdigit() and len(since) < 19 else 0
            outcome = await self.describe(practice, statement, reason, at, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/practices/{row['slug']}?said=described")
            form.wrong("", "", outcome.detail)
        return self._form(request, form, row)

    async def history(self, request: web.Request) -> web.StreamResponse:
        practice, who = practice_of(self._desk, request), who_of(request)
        number = number_of(request.query.get("page"))

        def work(reads: Reads) -> dict[str, object]:
            row = ours(reads, practice)
            versions, names, total = store.versions(reads, practice, number)
            steps = differences.steps(versions)[: store.VERSIONS]
            named = bool(who.member) and standing.may(reads, who, "member.read")
            return {
                "practice": row,
                "parents": crumbs(reads, row),
                "steps": steps,
                "said": store.statement(row),
                "names": names if named else {},
                "page": page_of(number, total, f"/practices/{row['slug']}/history", size=store.VERSIONS),
            }

        view = await self._desk.storage.read(work)
        if number > 1 and not view["steps"]:
            raise Refused(Reason.NOT_FOUND)
        return render(request, "practice_history.html", view)


class Described(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a program changes of a practice; what it does not name stays. reason: why. place_is: as in NewPractice."""

    reason: str
    name: str | None = None
    summary: str | None = None
    scope_in: str | None = None
    scope_out: str | None = None
    domain: str | None = None
    level: str | None = None
    place: str | None = None
    place_is: str = ""
