"""A member's profile: seen beforehand exactly as others will see it, published, taken back; and its public page."""

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
from aiohttp import web

from node.coalition import store as coalition_store
from node.coalition.pages import Trusted, keys_of
from node.coalition.people import store as people_store
from node.coalition.profiles import rules, store
from node.coalition.profiles.showing import showable
from node.gate.desk import Desk
from node.gate.handler import Outcome, Who
from node.keystore import Keystore
from node.sentence import say
from node.storage.contract import Reads
from node.web.forms import Form, carry_out, read_form
from node.web.language import ENGLISH, Catalogue, catalogues
from node.web.negotiate import wants_activity
from node.web.problem import Refused, require_member
from node.web.render import render
from node.web.session import who_of
from protocol import canonical, identifiers
from protocol.errors import Reason
from protocol.vocabulary.actors import read_actor

Document = Callable[[web.Request], Awaitable[web.StreamResponse]]


class NewProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """handle: the name in its address, which stays. shows: which of discipline, help, organisations, roles."""

    handle: str
    shows: tuple[str, ...] = ()


class Profiles:
    """`document` serves an actor's document to other servers; `trusted` is the line that trust adds."""

    def __init__(self, desk: Desk, keystore: Keystore, document: Document, trusted: Trusted) -> None:
        self._trusted = trusted
        self._desk = desk
        self._keystore = keystore
        self._document = document

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/people/{name}", self.person),
            web.get("/me/profile", self.show),
            web.post("/me/profile", self.change),
            web.post("/me/profile/end", self.end),
        ]

    async def person(self, request: web.Request) -> web.StreamResponse:
        """What everybody sees."""
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        actor, who = self._desk.origin.at(request.path), who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            row = store.shown(reads, actor)
            if row is None:
                known = reads.one("SELECT 1 AS yes FROM actor WHERE id = :actor AND local = 1", actor=actor)
                raise Refused(Reason.GONE if known else Reason.NOT_FOUND)
            summary = read_actor(canonical.read(row["raw"])).summary
            return {
                "name": row["name"], "summary": summary, "handle": row["handle"], "since": row["published"],
                "trusted": self._trusted(reads, who, actor, ""),
            }  # fmt: skip

        view = await self._desk.storage.read(work)
        return render(request, "person.html", {**view, "host": self._desk.origin.authority})

    # A member's own

    async def publish(self, member: str, wish: NewProfile, who: Who) -> Outcome:
        """Show the world what was chosen."""
        if not identifiers.is_slug(wish.handle):
            return Outcome(Reason.INVALID, say("An address has small letters a to z, digits and hyphens, at most 64."))
        actor = identifiers.person_actor(self._desk.origin, wish.handle)
        name, summary, free = await self._desk.storage.read(lambda reads: self._said(reads, member, actor, wish.shows))
        if not free:  # before any key is made
            return Outcome(
                Reason.EXISTS, say("The address “{handle}” is or was in use: choose another.", handle=wish.handle)
            )
        keys = await asyncio.to_thread(keys_of, self._keystore, actor, self._desk.clock.now())
        command = rules.PublishProfile(
            member, actor, wish.handle, self._desk.me, name, summary, wish.shows, keys, self._desk.new("activities")
        )
        return await self._desk.gate.perform(command, who)

    def _said(self, reads: Reads, member: str, actor: str, shows: tuple[str, ...]) -> tuple[str, str, bool]:
        """The name and the text that a profile comes to, and whether its address may be theirs."""
        row, mine = people_store.member(reads, member), store.profile(reads, member)
        texts = showable(reads, member, self._language(reads))
        used = reads.one("SELECT 1 AS yes FROM actor WHERE id = :actor", actor=actor) is not None
        summary = "\n\n".join(texts[each] for each in rules.SHOWABLE if each in shows and each in texts)
        return row["name"] if row else "", summary, not used or (mine is not None and mine["actor"] == actor)

    def _language(self, reads: Reads) -> Catalogue:
        """The coalition's: the profile is one text for all its readers."""
        coalition = coalition_store.coalition(reads)
        return catalogues().get(coalition.language if coalition else "", ENGLISH)

    async def show(self, request: web.Request) -> web.StreamResponse:
        require_member(request)
        return await self._page(request, Form())

    async def _page(
        self, request: web.Request, form: Form, wish: NewProfile | None = None
    ) -> web.StreamResponse:  # fmt: skip
        """What would be shown, of `wish` or else of what is published."""
        member = require_member(request)

        def work(reads: Reads) -> dict[str, object]:
            row, mine = people_store.member(reads, member), store.profile(reads, member)
            if row is None:
                raise Refused(Reason.NOT_FOUND)
            texts = showable(reads, member, self._language(reads))
            kept = msgspec.json.decode(mine["shows"], type=tuple[str, ...]) if mine else ()
            shows = wish.shows if wish is not None else kept
            return {
                "name": row["name"],
                "handle": mine["handle"] if mine else (wish.handle if wish else rules.handle_of(row["name"])),
                "published": mine["published"] if mine else None,
                "choices": [(each, said, texts.get(each, ""), each in shows) for each, said in rules.SHOWABLE.items()],
                "summary": "\n\n".join(texts[each] for each in rules.SHOWABLE if each in shows and each in texts),
                "previewing": wish is not None,
            }

        view = await self._desk.storage.read(work)
        form = form if form.faults else Form({"handle": str(view["handle"])})
        view |= {"form": form, "host": self._desk.origin.authority}
        return render(request, "profile.html", view, form.status)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """Look at it first, or publish it: which of the two is the button's name."""
        form, member = await read_form(request), require_member(request)
        mine = await self._desk.storage.read(lambda reads: store.profile(reads, member))
        handle = mine["handle"] if mine else form.slug("handle", say("Address"))
        wish = NewProfile(handle=handle, shows=tuple(each for each in rules.SHOWABLE if form.value(f"show-{each}")))
        if form.ok and not form.value("preview"):
            outcome = await self.publish(member, wish, who_of(request, form.once))
            if outcome.done:
                raise web.HTTPSeeOther("/me/profile?said=profile-published")
            form.wrong("handle" if outcome.reason is Reason.EXISTS else "", say("Address"), outcome.detail)
        return await self._page(request, form, wish)

    async def end(self, request: web.Request) -> web.StreamResponse:
        member = require_member(request)
        new = self._desk.new("activities")
        await carry_out(request, self._desk.gate, lambda _: rules.TakeBackProfile(member, new))
        raise web.HTTPSeeOther("/me/profile?said=profile-ended")
