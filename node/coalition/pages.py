"""The front door and the practices, for people and, at the same addresses, for other servers."""

import asyncio
from collections.abc import Awaitable, Callable
from types import MappingProxyType

import msgspec
from aiohttp import web

from node.coalition import rules, store
from node.coalition.people import store as people_store
from node.coalition.settling import store as settling_store
from node.coalition.settling.rules import STEPS, Welcome, next_step
from node.coalition.standing import demand, may
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.keystore import Keystore
from node.sentence import say, words
from node.storage.contract import Reads, Row
from node.web.forms import Form, is_plain, read_form
from node.web.negotiate import VARY, wants_activity
from node.web.pagination import number_of, page_of
from node.web.problem import Refused
from node.web.render import render
from node.web.session import session_of, who_of
from node.web.things import Choice, ItemCard, PracticeLine, Ref
from node.web.words import DOMAINS as DOMAIN_WORDS
from node.web.words import LEVELS as LEVEL_WORDS
from protocol import identifiers, limits
from protocol.errors import ProtocolError, Reason
from protocol.keys import HeldKey
from protocol.vocabulary.actors import LEVELS
from protocol.vocabulary.repertoire import DOMAINS, check_domain

Document = Callable[[web.Request], Awaitable[web.StreamResponse]]
# A section of a practice's page that a room above hands in: (reads, practice, page) → (cards, total).
Cards = Callable[[Reads, str, int], tuple[list[ItemCard], int]]
PAGE = 20


class NewPractice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What opens a practice. domain: a path below one of the nine roots; level as in protocol section 6."""

    slug: str
    name: str
    domain: str
    level: str = "city"
    summary: str = ""
    place: str = ""


def keys_of(keystore: Keystore, actor: str, now: int) -> rules.Keys:
    """The public keys of a local actor, which are made if it has none yet."""
    if actor not in keystore.actors():
        keystore.create_actor(actor)
    return rules.Keys(
        HeldKey(keystore.ed25519_id(actor), actor, keystore.ed25519(actor).public, valid_from=now),
        HeldKey(keystore.rsa_id(actor), actor, keystore.rsa(actor).public, valid_from=now),
        keystore.root_public(),
    )


class CoalitionPages:
    """`document` serves an actor's document to other servers; `cards` is the repertoire's section."""

    def __init__(self, desk: Desk, keystore: Keystore, document: Document, cards: Cards) -> None:
        self._desk = desk
        self._keystore = keystore
        self._document = document
        self._cards = cards

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/", self.front),
            web.get("/actor", self.actor),
            web.get("/practices/new", self.new),
            web.post("/practices/new", self.create),
            web.get("/practices/{slug}", self.practice),
        ]

    async def front(self, request: web.Request) -> web.StreamResponse:
        settles = session_of(request).coordinator

        def work(reads: Reads) -> dict[str, object]:
            practices, coalition = store.practices(reads), store.coalition(reads)
            cards, _ = self._cards(reads, "", 1)
            welcome = settling_store.welcome(reads) if settles else Welcome(over=True)
            return {
                "about": coalition.about if coalition else "",
                "next_step": "" if welcome.over else STEPS.get(next_step(welcome), ""),
                "practices": [_line(row) for row in practices],
                "latest": cards[:6],
                "domains": [
                    Choice(DOMAIN_WORDS[domain], f"/catalog?domain={domain}", count, False)
                    for domain, count in _roots(practices)
                ],
                "places": [],
            }

        return render(request, "front.html", await self._desk.storage.read(work))

    async def actor(self, request: web.Request) -> web.StreamResponse:
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        raise web.HTTPSeeOther("/", headers={"Vary": VARY})

    async def practice(self, request: web.Request) -> web.StreamResponse:
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        actor = self._desk.origin.at(request.path)
        number = number_of(request.query.get("page"))
        who = who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            row, coalition = store.practice(reads, actor), store.coalition(reads)
            if row is None or coalition is None or not row["local"]:
                raise Refused(Reason.NOT_FOUND)
            cards, total = self._cards(reads, actor, number)
            return {
                "name": row["name"],
                "summary": row["summary"],
                "domain": row["domain"],
                "level": row["level"],
                "place": row["place"],
                "parents": [Ref(coalition.name, "/")],
                "local": True,
                "address": f"@{row['slug']}@{self._desk.origin.authority}",
                "provenance": None,
                "state": None,
                "cards": cards,
                "page": page_of(number, total, request.path, size=PAGE),
                "publish_url": f"/items/new?practice={row['slug']}" if may(reads, who, "item.publish", actor) else None,
                "edit_url": None,
                "follow_url": None,
                "belonging": _belonging(reads, who, actor, row["slug"]),
            }

        return render(request, "practice.html", await self._desk.storage.read(work))

    # Opening a practice

    async def new(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "practice.open")
        return self._form(request, Form({"level": "city"}))

    def _form(self, request: web.Request, form: Form) -> web.StreamResponse:
        view = {
            "heading": say("Open a practice"),
            "action": "/practices/new",
            "button": say("Open the practice"),
            "cancel_url": "/",
            "form": form,
            "domains": list(DOMAIN_WORDS.items()),
            "levels": list(LEVEL_WORDS.items()),
            "editing": False,
            "host": self._desk.origin.authority,
        }
        return render(request, "practice_form.html", view, form.status)

    async def create(self, request: web.Request) -> web.StreamResponse:
        form = await read_form(request)
        root = form.choice("domain", say("Domain"), DOMAINS)
        part = form.slug("domain_part", say("Narrower"), required=False)
        wish = NewPractice(
            slug=form.slug("slug", say("Address")),
            name=form.line("name", say("Name"), required=True),
            domain=f"{root}/{part}" if part else root,
            level=form.choice("level", say("Level"), LEVELS),
            summary=form.text("summary", say("What it cares about"), most=4_000),
            place=form.line("place", say("Place")),
        )
        if form.ok:
            outcome = await self.open(wish, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther(f"/practices/{wish.slug}?said=practice-opened")
            form.wrong("slug" if outcome.reason is Reason.EXISTS else "", say("Address"), outcome.detail)
        return self._form(request, form)

    async def open(self, wish: NewPractice, who: Who) -> Outcome:
        """As open_practice."""
        return await open_practice(self._desk, self._keystore, wish, who)


async def open_practice(desk: Desk, keystore: Keystore, wish: NewPractice, who: Who) -> Outcome:
    """Make its keys, then found it; keys of a practice that was not founded are used by the next attempt."""
    wrong = _fault(wish)
    if wrong:
        return Outcome(Reason.INVALID, wrong)
    actor = identifiers.practice_actor(desk.origin, wish.slug)
    taken = await desk.storage.read(
        lambda reads: reads.one("SELECT 1 AS yes FROM actor WHERE id = :id", id=actor) is not None
    )
    if taken:
        return Outcome(Reason.EXISTS, say("There is a practice at the address “{slug}” already.", slug=wish.slug))
    # Making an RSA key takes a good part of a second: not on the loop.
    keys = await asyncio.to_thread(keys_of, keystore, actor, desk.clock.now())
    command = rules.OpenPractice(
        desk.me, actor, wish.slug, wish.name, wish.summary, wish.domain, wish.level,
        wish.place, keys, desk.new("activities"), desk.new("activities"),
    )  # fmt: skip
    return await desk.gate.perform(command, who)


def _fault(wish: NewPractice) -> str:
    """What is wrong with it, as one sentence for who wishes it; empty if nothing is."""
    if wish.slug == "new":
        return say("The address “new” is taken by the page that opens practices; choose another.")
    if not identifiers.is_slug(wish.slug):
        return say("An address has small letters a to z, digits and hyphens, at most 64.")
    if not wish.name.strip():
        return say("A practice needs a name.")
    for said, text, most in (
        (words("name"), wish.name, limits.NAME_CHARACTERS),
        (words("place"), wish.place, limits.NAME_CHARACTERS),
        (words("summary"), wish.summary, limits.TEXT_CHARACTERS),
    ):
        if len(text.strip()) > most:
            return say(
                "The {field} has {length} characters; at most {most} fit.",
                field=said,
                length=len(text.strip()),
                most=most,
            )
        if not is_plain(text, line=said != "summary"):
            return say("The {field} has a control character, or a line break where one line is meant.", field=said)
    if wish.level not in LEVELS:
        return say("“{level}” is not a level. Levels are: {levels}.", level=wish.level[:60], levels=", ".join(LEVELS))
    try:
        check_domain(wish.domain)
    except ProtocolError:
        return say(
            "“{domain}” is not a domain. A domain is one of {domains}, or lies below one, such as"
            " public-safety/gun-violence.",
            domain=wish.domain[:60], domains=", ".join(DOMAINS),
        )  # fmt: skip
    return ""


_NO_ACTS = MappingProxyType({"act": "", "leave": "", "members": "", "vacant": ""})


def _belonging(reads: Reads, who: Who, practice: str, slug: str) -> dict[str, str]:
    """For members: what they can do about belonging to it, and who keeps it going; for others nothing of anybody."""
    if not who.member:
        return {}
    path = f"/practices/{slug}"
    if not may(reads, who, "practice.members", practice):
        return {**_NO_ACTS, "act": f"{path}/join"}
    vacant = not people_store.coordinators(reads, practice)
    mine = reads.one(
        "SELECT 1 AS yes FROM role WHERE member = :member AND practice = :practice AND until IS NULL",
        member=who.member, practice=practice,
    )  # fmt: skip
    found = {**_NO_ACTS, "members": f"{path}/members"} | ({"vacant": "yes"} if vacant else {})
    return found | ({"leave": f"{path}/leave"} if mine else {"act": f"{path}/join"})


def _line(row: Row) -> PracticeLine:
    return PracticeLine(
        name=row["name"],
        url=f"/practices/{row['slug']}",
        domain=row["domain"],
        level=row["level"],
        place=row["place"],
        summary=row["summary"],
    )


def _roots(practices: list[Row]) -> list[tuple[str, int]]:
    counts: dict[str, int] = {}
    for row in practices:
        root = row["domain"].partition("/")[0]
        counts[root] = counts.get(root, 0) + 1
    return sorted(counts.items())
