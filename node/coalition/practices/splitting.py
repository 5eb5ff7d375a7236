"""Splitting a practice: a coordinator names its parts, and each member is asked, on their own page.

Items and their owners never change: what the practice knows stays with it, and the parts are linked from it.
"""

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.practices.commands import ChooseSplit, DeclinePart, SplitPractice
from node.coalition.practices.home import crumbs, ours, practice_of
from node.coalition.practices.opening import SUMMARY_CHARACTERS, NewPractice, Opening
from node.coalition.practices.rules import MOST_PARTS
from node.coalition.practices.store import statement
from node.coalition.rules import OpenPractice
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.forms import Form, carry_out, read_form
from node.web.problem import Refused, insist
from node.web.render import render
from node.web.session import session_of, who_of
from protocol import canonical
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary import actors

_FIELDS = ("name", "slug", "part", "summary")
_CHOICES = {"both": (True, False), "move": (True, True), "stay": (False, False)}  # joins the part, leaves its parent


class NewPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a practice. narrower: what its domain has below the practice's, such as shelter."""

    slug: str
    name: str
    narrower: str
    summary: str = ""


class Splitting:
    """Handlers, and the acts."""

    def __init__(self, desk: Desk, opening: Opening) -> None:
        self._desk = desk
        self._opening = opening

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/practices/{slug}/split", self.ask),
            web.post("/practices/{slug}/split", self.split_page),
            web.post("/practices/{slug}/choose", self.choose),
            web.post("/connections/part", self.decline),
        ]

    async def split(self, parent: str, parts: tuple[NewPart, ...], who: Who) -> Outcome:
        """Open the parts; whoever belongs to the parent now is asked. The parts are where it is, at its level."""
        refusal = await self._desk.storage.read(lambda reads: standing.refusal(reads, who, "practice.split", parent))
        if refusal:  # before keys are made for what is not opened
            return Outcome(Reason.NOT_ALLOWED, refusal)
        if len(parts) > MOST_PARTS:
            return Outcome(Reason.INVALID, say("Name one part, or two."))
        said = await self._desk.storage.read(lambda reads: statement(ours(reads, parent)))
        commands: list[OpenPractice] = []
        for part in parts:
            wish = NewPractice(
                slug=part.slug, name=part.name, summary=part.summary, level=said.level,
                domain=f"{said.domain}/{part.narrower}", place=said.place.name, parent=parent,
            )  # fmt: skip
            prepared = await self._opening.prepare(wish, said.place)
            if isinstance(prepared, Outcome):
                return prepared
            commands.append(prepared)
        return await self._desk.gate.perform(SplitPractice(parent, tuple(commands)), who)

    async def ask(self, request: web.Request) -> web.StreamResponse:
        practice = practice_of(self._desk, request)
        await standing.demand(self._desk, request, "practice.split", practice)
        return await self._form(request, Form(), practice)

    async def _form(self, request: web.Request, form: Form, practice: str) -> web.StreamResponse:
        def work(reads: Reads) -> dict[str, object]:
            row = ours(reads, practice)
            return {"practice": row, "parents": crumbs(reads, row)}

        view = await self._desk.storage.read(work)
        view |= {"form": form, "host": self._desk.origin.authority}
        return render(request, "practice_split.html", view, form.status)

    async def split_page(self, request: web.Request) -> web.StreamResponse:
        form, practice = await read_form(request), practice_of(self._desk, request)
        await standing.demand(self._desk, request, "practice.split", practice)
        given = [
            letter for letter in ("a", "b")
            if letter == "a" or any(form.value(f"{letter}_{field}").strip() for field in _FIELDS)
        ]  # fmt: skip
        parts = tuple(
            NewPart(
                name=form.line(f"{letter}_name", say("Name"), required=True),
                slug=form.slug(f"{letter}_slug", say("Short name for its address")),
                narrower=form.slug(f"{letter}_part", say("What is narrower about it")),
                summary=form.text(f"{letter}_summary", say("What it cares about"), most=SUMMARY_CHARACTERS),
            )
            for letter in given
        )
        if form.ok:
            outcome = await self.split(practice, parts, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/practices/{request.match_info['slug']}?said=split")
            form.wrong("", "", outcome.detail)
        return await self._form(request, form, practice)

    # Those who are asked

    async def answer(self, member: str, child: str, choice: str, who: Who) -> Outcome:
        """A member's own choice: both, move or stay."""
        if choice not in _CHOICES:
            return Outcome(Reason.INVALID, say("Choose one: both, move or stay."))
        joins, leaves = _CHOICES[choice]
        return await self._desk.gate.perform(ChooseSplit(member, child, joins, leaves), who)

    async def choose(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        if not form.ok:
            raise Refused(Reason.NOT_ALLOWED, " ".join(fault.sentence for fault in form.faults))
        child, member = practice_of(self._desk, request), session_of(request).member
        insist(await self.answer(member, child, form.value("choice"), who_of(request, form.once)))
        raise web.HTTPSeeOther("/me?said=answered")

    async def decline(self, request: web.Request) -> web.StreamResponse:
        """This node does not follow a part of what it follows."""
        await carry_out(request, self._desk.gate, lambda form: DeclinePart(form.value("child")))
        raise web.HTTPSeeOther("/connections?said=declined")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what this node follows, which it might follow too."""

    child: str
    name: str
    summary: str
    parent: str
    parent_name: str
    at: int


def question(row: Row) -> Question | None:
    """What a row asks; None where the part does not say itself that it is one."""
    try:
        actor = actors.read_actor(canonical.read(row["raw"]))
    except ProtocolError:
        return None
    if actor.parent != row["parent"] or actor.type != "Group":
        return None
    return Question(
        child=row["child"], name=actor.name or row["child"], summary=actor.summary, parent=row["parent"],
        parent_name=row["parent_name"] or row["parent"], at=row["at"],
    )  # fmt: skip
