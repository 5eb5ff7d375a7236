"""Why we can trust somebody, in words and as a picture; and all that was said, with what it is good for.

For members of the coalition alone: some of it was said at home. Programs of members get the same from the API.
"""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.standing import demand
from node.gate.desk import Desk
from node.gate.handler import Who
from node.sentence import Sentence, say, words
from node.storage.contract import Reads
from node.trust import drawing, explaining, listing, stating, store
from node.trust import words as trust_words
from node.trust.explaining import Asked, Hop, Way
from node.trust.listing import Listed
from node.trust.memory import Memory
from node.web.api import Route
from node.web.pagination import number_of, page_of
from node.web.problem import Refused
from node.web.render import render
from node.web.session import session_of, who_of
from node.web.things import Ref
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant
from protocol.vocabulary.trust import EVERYTHING, STATEMENT

# What an actor did with others, as it is recorded: (other, their name, what).
Together = Callable[[Reads, str], list[tuple[str, str, Sentence]]]
SHOWS = {"ours": words("What we say"), "us": words("What is said of us"), "all": words("Everything")}


class HopAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a way. words: it as a sentence. home: it was said at this node, and never left it."""

    issuer: str
    subject: str
    level: str
    domain: str
    since: str
    grounds: str
    links: tuple[str, ...]
    start: str
    end: str
    home: bool
    weakest: bool
    words: str


class WaysAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Why you can trust an actor for a domain. words: the best way as a sentence. ways: from us to them, the best
    first. instead: to their coalition, where there is no way to them. No numbers: a way is its own reason."""

    subject: str
    domain: str
    words: str
    ways: tuple[tuple[HopAnswer, ...], ...]
    instead: tuple[tuple[HopAnswer, ...], ...]
    vetoed: bool


class ListedAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A statement or concern. state: counts, early, lapsed, superseded, ended, none, malformed, unknown, key, left.
    why: the same in words."""

    id: str
    kind: str
    state: str
    why: str
    said: HopAnswer


class StatementsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One page of at most 20, the latest first."""

    total: int
    statements: tuple[ListedAnswer, ...]


class TrustPages:
    """`document` serves a statement to other servers, at its id. `together`: what an actor did with others, which a
    room above knows."""

    def __init__(
        self,
        desk: Desk,
        memory: Memory,
        document: Callable[[web.Request], Awaitable[web.StreamResponse]],
        together: Together,
    ) -> None:
        self._together = together
        self._desk = desk
        self._memory = memory
        self._document = document

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/trust", self.overview),
            web.get("/trust/about", self.about),
            web.get("/trust/statements/{id}", self._document),
        ]

    def api(self) -> list[Route]:
        return [
            Route("GET", "/trust/ways", "Why you can trust an actor", self.ways_api, WaysAnswer, act="trust.read",
                  query={"id": "the actor's id", "domain": "what for; blank for everything"}),
            Route("GET", "/trust/statements", "What was said of whom, and what it is good for", self.statements_api,
                  StatementsAnswer, act="trust.read",
                  query={"show": "ours, us or all", "page": "from 1", "of": "an actor's id: what is said of them"}),
        ]  # fmt: skip

    # In the pages of other rooms

    def line(self, reads: Reads, who: Who, subject: str, domain: str) -> Ref | None:
        """For the page of a practice, a person or an item: the best way in words, for members alone."""
        if not who.member or not standing.may(reads, who, "trust.read"):
            return None
        found = explaining.explain(reads, self._memory, Asked(subject, domain), self._desk.clock.now())
        return Ref(self._words(found), stating.about_url(subject, domain))

    def _words(self, found: explaining.Explanation) -> str:
        if found.subject.startswith(self._desk.origin.at("/")) and not found.ways and found.veto is None:
            return words("One of us.")
        return trust_words.line(found)

    # Pages

    async def about(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "trust.read")
        id, domain, who = request.query.get("id", ""), request.query.get("for", "") or EVERYTHING, who_of(request)
        number, now, memory = number_of(request.query.get("page")), self._desk.clock.now(), self._memory

        def work(reads: Reads) -> dict[str, Any]:
            subject = store.known(reads, id)
            if subject is None:
                raise Refused(Reason.NOT_FOUND, say("Nobody of this address is known here."))
            asked = Asked(id, domain)
            found = explaining.explain(reads, memory, asked, now, explaining.WAYS)
            lacking = not found.ways and found.veto is None
            introducers = explaining.introducers(reads, memory, asked, now) if lacking else []
            said, total = listing.listed(reads, "one", number, now, id)
            concerns = _heeded(reads, memory, listing.concerns(reads, id, now), domain, now)
            home = id if subject.inbox else "/" + id.split("/", 3)[3]
            return {
                "name": subject.name, "home": home, "local": subject.inbox is None, "gone": subject.gone,
                "line": self._words(found), "domain": domain, "id": id,
                "domains": stating.domains("" if domain == EVERYTHING else domain),
                "ways": [way_shown(way) for way in found.ways], "instead": [way_shown(way) for way in found.instead],
                "vetoed": found.veto is not None,
                "introducers": [{"who": _ref(way[-1].subject.id, way[-1], domain), "way": trust_words.way(way)}
                                for way in introducers],
                "concerns": [one_shown(each) for each in concerns], "statements": [one_shown(each) for each in said],
                "page": page_of(number, total, "/trust/about", [("id", id), ("for", domain)], listing.PAGE),
                "voices": bool(stating.voices_of(reads, who)),
                "together": [{"words": said, "who": Ref(name, stating.about_url(other, domain))}
                             for other, name, said in self._together(reads, id)],
            }  # fmt: skip

        return render(request, "trust_about.html", await self._desk.storage.read(work))

    async def overview(self, request: web.Request) -> web.StreamResponse:
        await demand(self._desk, request, "trust.read")
        show, number = request.query.get("show", "ours"), number_of(request.query.get("page"))
        show = show if show in SHOWS else "ours"
        now, who = self._desk.clock.now(), who_of(request)

        def work(reads: Reads) -> dict[str, Any]:
            found, total = listing.listed(reads, show, number, now)
            voices = {voice.id for voice in stating.voices_of(reads, who)}
            profile = listing.profile_of(reads, session_of(request).member)
            mine = voices | ({str(profile["id"])} if profile else set[str]())
            return {
                "rows": [one_shown(each) | {"mine": each.hop.issuer.id in mine} for each in found],
                "show": show, "shows": SHOWS,
                "page": page_of(number, total, "/trust", [("show", show)] if show != "ours" else [], listing.PAGE),
            }  # fmt: skip

        return render(request, "trust.html", await self._desk.storage.read(work))

    # For programs

    async def ways_api(self, request: web.Request, _body: None) -> WaysAnswer:
        id, domain, now = request.query.get("id", ""), request.query.get("domain", ""), self._desk.clock.now()

        def work(reads: Reads) -> WaysAnswer:
            if store.known(reads, id) is None:
                raise ProtocolError(Reason.NOT_FOUND)
            found = explaining.explain(reads, self._memory, Asked(id, domain), now, explaining.WAYS)
            return WaysAnswer(
                subject=id, domain=found.domain, words=self._words(found),
                ways=tuple(tuple(map(_hop_answer, way)) for way in found.ways),
                instead=tuple(tuple(map(_hop_answer, way)) for way in found.instead), vetoed=found.veto is not None,
            )  # fmt: skip

        return await self._desk.storage.read(work)

    async def statements_api(self, request: web.Request, _body: None) -> StatementsAnswer:
        of, number, now = request.query.get("of", ""), number_of(request.query.get("page")), self._desk.clock.now()
        show = "one" if of else request.query.get("show", "all")
        if show not in (*SHOWS, "one"):
            raise ProtocolError(Reason.INVALID, "show is ours, us or all.")
        found, total = await self._desk.storage.read(lambda reads: listing.listed(reads, show, number, now, of))
        return StatementsAnswer(total=total, statements=tuple(map(_listed_answer, found)))


def _heeded(reads: Reads, memory: Memory, concerns: list[Listed], domain: str, now: int) -> list[Listed]:
    """A concern is shown to those who trust its author, and goes no further (science of trust: it never propagates)."""
    if not concerns:
        return []
    with memory.at(reads, now) as reading:
        return [
            each for each in concerns
            if each.hop.issuer.ours or reading.ways(each.hop.issuer.id, domain) or reading.ways(each.hop.issuer.id, "")
        ]  # fmt: skip


def _ref(id: str, hop: Hop, domain: str) -> Ref:
    return Ref(trust_words.party(hop.subject), stating.about_url(id, domain))


def way_shown(way: Way) -> dict[str, Any]:
    """A way for its picture and its table."""
    picture = drawing.draw(way)
    names = [trust_words.party(way[0].issuer), *(trust_words.party(hop.subject) for hop in way)]
    return {
        "words": trust_words.way(way),
        "picture": picture,
        "boxes": [{"y": box.y, "name": names[box.number]} for box in picture.boxes],
        "arrows": [
            {"top": arrow.top, "bottom": arrow.bottom, "weakest": arrow.weakest,
             "how": trust_words.how(hop.level, hop.since), "what": trust_words.narrow(hop.domain)}
            for arrow, hop in zip(picture.arrows, way, strict=True)
        ],
        "hops": [_told(hop) for hop in way],
    }  # fmt: skip


def _told(hop: Hop) -> dict[str, Any]:
    return {
        "who": Ref(trust_words.party(hop.issuer), _about(hop.issuer.id)),
        "whom": Ref(trust_words.party(hop.subject), _about(hop.subject.id)),
        "how": trust_words.how(hop.level, hop.since) if hop.level else "", "what": trust_words.domain(hop.domain),
        "grounds": hop.grounds, "links": hop.links, "start": hop.start, "end": hop.end, "home": hop.home,
        "weakest": hop.weakest,
    }  # fmt: skip


def _about(id: str) -> str | None:
    return stating.about_url(id, "") if not id.startswith("member:") else None


def one_shown(each: Listed) -> dict[str, Any]:
    return _told(each.hop) | {
        "sentence": _sentence(each), "id": each.id, "issuer": each.hop.issuer.id, "state": each.state,
        "state_words": each.words, "why": each.why, "soon": each.soon,
    }  # fmt: skip


def _sentence(each: Listed) -> str:
    hop = each.hop
    named = {"who": trust_words.party(hop.issuer), "whom": trust_words.party(hop.subject)}
    if each.state == "malformed":
        return say("{who} about {whom}", **named)
    if each.kind != STATEMENT:
        return say("{who} has a concern about {whom}, for {what}", **named, what=trust_words.domain(hop.domain))
    return trust_words.hop(hop)


def _hop_answer(hop: Hop) -> HopAnswer:
    return HopAnswer(
        issuer=hop.issuer.id, subject=hop.subject.id, level=hop.level, domain=hop.domain, since=hop.since,
        grounds=hop.grounds, links=hop.links, start=instant(hop.start), end=instant(hop.end), home=hop.home,
        weakest=hop.weakest, words=trust_words.hop(hop),
    )  # fmt: skip


def _listed_answer(each: Listed) -> ListedAnswer:
    return ListedAnswer(
        id=each.id, kind=each.kind, state=each.state, why=each.why or each.words, said=_hop_answer(each.hop)
    )
