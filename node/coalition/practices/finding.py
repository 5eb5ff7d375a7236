"""Find your place: what there is for somebody, by where they are and by what they care about. For everybody.

Practices of this node, those that it holds of others, and groups that were noted. Nothing of any member.
"""

from typing import Any

from aiohttp import web

from node.coalition import standing
from node.coalition.practices import findable
from node.coalition.practices.groups import KINDS
from node.coalition.practices.home import address
from node.gate.desk import Desk
from node.sentence import Sentence, say, words
from node.storage.contract import Reads, Row
from node.web.language import locale_of
from node.web.pagination import number_of, page_of
from node.web.placing import Found, Placing
from node.web.render import catalogue_of, render
from node.web.session import who_of
from node.web.things import PracticeLine
from node.web.words import DOMAINS
from protocol.errors import RemoteProtocolError
from protocol.vocabulary.place import check_domain

TEXT = 100  # characters of a place that are looked for
FAR: tuple[Sentence, ...] = (
    words("Here"),
    words("Near it"),
    words("In its state or province"),
    words("In its country"),
    words("Of a wider region, or of the world"),
)


class Finding:
    """One page, and the same for programs."""

    def __init__(self, desk: Desk, placing: Placing) -> None:
        self._desk = desk
        self._placing = placing

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/find", self.show)]

    async def place(self, request: web.Request, text: str, chosen: str) -> list[Found]:
        """The places that may be meant, the one that is taken first."""
        found = await self._placing.likely(text, locale_of(catalogue_of(request).code)) if text else []
        return sorted(found, key=lambda one: one.value != chosen)

    async def show(self, request: web.Request) -> web.StreamResponse:
        text, chosen = request.query.get("place", "").strip()[:TEXT], request.query.get("place_id", "")
        domain, number, who = domain_of(request), number_of(request.query.get("page")), who_of(request)
        meant = await self.place(request, text, chosen)
        where = findable.where(meant[0].place) if meant else None
        asked = [("place", text), ("place_id", chosen), ("domain", domain)]

        def work(reads: Reads) -> dict[str, Any]:
            rows, total = findable.found(reads, where, domain, number) if not text or meant else ([], 0)
            return {
                "found": _sections(rows),
                "page": page_of(number, total, "/find", asked, findable.PAGE),
                "tree": findable.domains(reads),
                "may_note": standing.may(reads, who, "group.note"),
                "may_open": standing.may(reads, who, "practice.open"),
            }

        view = await self._desk.storage.read(work)
        view |= {
            "place": text, "taken": meant[0] if meant else None, "others": meant[1:8], "domain": domain,
            "roots": list(DOMAINS.items()),
        }  # fmt: skip
        return render(request, "find.html", view)


def domain_of(request: web.Request) -> str:
    """The domain that is asked for; empty for none, or for what is none."""
    try:
        text = request.query.get("domain", "")
        return check_domain(text) if text else ""
    except RemoteProtocolError:
        return ""


def _sections(rows: list[Row]) -> list[tuple[str, list[tuple[bool, PracticeLine, str]]]]:
    """By how far it is: a heading, and (is a group, line, its kind)."""
    found: list[tuple[str, list[tuple[bool, PracticeLine, str]]]] = []
    for row in rows:
        far: int | None = row["far"]
        heading = say("All of it") if far is None else FAR[far]
        if not found or found[-1][0] != heading:
            found.append((heading, []))
        found[-1][1].append((row["kind"] == "group", line(row), KINDS.get(row["sort"], "")))
    return found


def line(row: Row) -> PracticeLine:
    """One thing that is found, in a list."""
    group = row["kind"] == "group"
    local = {"local": row["kind"] == "ours", "slug": row["slug"], "actor": row["id"]}
    return PracticeLine(
        name=row["name"], url=f"/groups/{row['id']}" if group else address(local), domain=row["domain"],
        level=row["level"], place=row["place"], summary=(row["note"] if group else row["summary"]) or "",
        origin=row["host"] if row["kind"] == "held" else "",
    )  # fmt: skip
