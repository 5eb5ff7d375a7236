"""Opening a practice, also as a part of another. Its keys are made first: a part of a second each, off the loop."""

import asyncio

import msgspec
from aiohttp import web

from node.coalition import rules, standing
from node.coalition import store as coalition_store
from node.coalition.pages import keys_of
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.keystore import Keystore
from node.sentence import say
from node.storage.contract import Reads
from node.web import words
from node.web.forms import Form, is_plain, read_form
from node.web.placing import Placing
from node.web.render import render
from node.web.session import who_of
from protocol import identifiers, limits
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.place import DOMAINS, LEVELS, Place, check_domain

SUMMARY_CHARACTERS = 4_000  # of what is typed on a page: a statement that is longer is not read


class NewPractice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens a practice. domain: a path below one of the nine roots; level as in protocol section 6.

    place_is: its GeoNames id or ISO 3166 code, empty where it has only its name. parent: the id of the practice of
    which it is a part, empty for none.
    """

    slug: str
    name: str
    domain: str
    level: str = "city"
    summary: str = ""
    place: str = ""
    place_is: str = ""
    parent: str = ""


class Opening:
    """The form, and the act for pages and programs."""

    def __init__(self, desk: Desk, keystore: Keystore, placing: Placing) -> None:
        self._desk = desk
        self._keystore = keystore
        self._placing = placing

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/practices/new", self.new), web.post("/practices/new", self.create)]

    async def new(self, request: web.Request) -> web.StreamResponse:
        await standing.demand(self._desk, request, "practice.open")
        parent = request.query.get("parent", "")
        slug = identifiers.practice_actor(self._desk.origin, parent) if identifiers.is_slug(parent) else ""
        return await self._form(request, Form({"level": "city", "parent": slug}))

    async def _form(self, request: web.Request, form: Form) -> web.StreamResponse:
        view = {
            "heading": say("Open a practice"),
            "action": "/practices/new",
            "button": say("Open the practice"),
            "cancel_url": "/",
            "form": form,
            "domains": list(words.DOMAINS.items()),
            "levels": list(words.LEVELS.items()),
            "parents": await self._desk.storage.read(_known),
            "host": self._desk.origin.authority,
        }
        return render(request, "practice_form.html", view, form.status)

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        root = form.choice("domain", say("Domain"), DOMAINS)
        part = form.slug("domain_part", say("More precisely"), required=False)
        place = await self._placing.read(request, form)
        wish = NewPractice(
            slug=form.slug("slug", say("Short name for its address")),
            name=form.line("name", say("Name"), required=True),
            domain=f"{root}/{part}" if part else root,
            level=form.choice("level", say("Level"), LEVELS),
            summary=form.text("summary", say("What it cares about"), most=SUMMARY_CHARACTERS),
            place=place.name,
            parent=form.line("parent", say("A part of"), most=limits.ID_CHARACTERS),
        )
        if form.ok:
            outcome = await self.open(wish, who_of(request, form.once), place)
            if outcome.done:
                raise web.HTTPSeeOther(f"/practices/{wish.slug}?said=practice-opened")
            taken = outcome.reason is Reason.EXISTS
            form.wrong("slug" if taken else "", say("Short name for its address"), outcome.detail)
        return await self._form(request, form)

    async def open(self, wish: NewPractice, who: Who, place: Place | None = None) -> Outcome:
        """Make its keys, then found it. place: as it was chosen, where it was."""
        prepared = await self.prepare(wish, place)
        return prepared if isinstance(prepared, Outcome) else await self._desk.gate.perform(prepared, who)

    async def prepare(self, wish: NewPractice, place: Place | None = None) -> rules.OpenPractice | Outcome:
        """The command; or why there can be none. Keys of what is not founded then are used by the next attempt."""
        wrong = fault(wish)
        if wrong:
            return Outcome(Reason.INVALID, wrong)
        try:
            where = await self._placing.meant(wish.place, wish.place_is) if place is None else place
        except ProtocolError as error:
            return Outcome(error.reason, error.detail)
        actor = identifiers.practice_actor(self._desk.origin, wish.slug)
        taken = await self._desk.storage.read(
            lambda reads: reads.one("SELECT 1 AS yes FROM actor WHERE id = :id", id=actor) is not None
        )
        if taken:
            return Outcome(
                Reason.EXISTS, say("There is a practice at the address “{slug}” already.", slug=wish.slug)
            )  # fmt: skip
        keys = await asyncio.to_thread(keys_of, self._keystore, actor, self._desk.clock.now())
        return rules.OpenPractice(
            self._desk.me, actor, wish.slug, wish.name, wish.summary, wish.domain, wish.level, where, keys,
            self._desk.new("activities"), self._desk.new("activities"), wish.parent, self._desk.new("activities"),
        )  # fmt: skip


def _known(reads: Reads) -> list[tuple[str, str]]:
    """Of what a practice may be a part: ours, and those held here."""
    return [(row["actor"], row["name"]) for row in coalition_store.practices(reads)]


def fault(wish: NewPractice) -> str:
    """What is wrong with it, as one sentence for who wishes it; empty if nothing is."""
    if wish.slug == "new":
        return say("The address “new” is taken by the page that opens practices; choose another.")
    if not identifiers.is_slug(wish.slug):
        return say("An address has small letters a to z, digits and hyphens, at most 64.")
    if not wish.name.strip():
        return say("A practice needs a name.")
    for said, text, most, line in (
        (say("name"), wish.name, limits.NAME_CHARACTERS, True),
        (say("place"), wish.place, limits.NAME_CHARACTERS, True),
        (say("summary"), wish.summary, limits.TEXT_CHARACTERS, False),
    ):
        if len(text.strip()) > most:
            return say(
                "The {field} has {length} characters; at most {most} fit.",
                field=said, length=len(text.strip()), most=most,
            )  # fmt: skip
        if not is_plain(text, line=line):
            return say("The {field} has a control character, or a line break where one line is meant.", field=said)
    return coordinates_fault(wish.domain, wish.level)


def coordinates_fault(domain: str, level: str) -> str:
    """What is wrong with a domain or a level that a program named, in a sentence; empty if nothing is."""
    if level not in LEVELS:
        return say("“{level}” is not a level. Levels are: {levels}.", level=level[:60], levels=", ".join(LEVELS))
    try:
        check_domain(domain)
    except ProtocolError:
        return say(
            "“{domain}” is not a domain. A domain is one of {domains}, or lies below one, such as"
            " public-safety/gun-violence.",
            domain=domain[:60], domains=", ".join(DOMAINS),
        )  # fmt: skip
    return ""
