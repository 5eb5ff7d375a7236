"""A practice's home: the same page at every level. For people; and, at the same address, for other servers.

To the public it says whether somebody coordinates, and never who or how many; names are for who may see its members.
"""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from node.coalition import standing
from node.coalition import store as coalition_store
from node.coalition.pages import Cards, Document, Trusted
from node.coalition.permissions import ROLES
from node.coalition.practices import store
from node.coalition.standing import may
from node.gate.desk import Desk
from node.gate.handler import Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.negotiate import wants_activity
from node.web.pagination import number_of, page_of
from node.web.problem import Refused
from node.web.render import render
from node.web.session import who_of
from node.web.things import PracticeLine, Ref
from protocol import identifiers
from protocol.errors import Reason

PAGE = 20


def practice_of(desk: Desk, request: web.Request) -> str:
    """The actor whose slug stands in the address; Refused if it can be none."""
    slug = request.match_info["slug"]
    if not identifiers.is_slug(slug):
        raise Refused(Reason.NOT_FOUND)
    return identifiers.practice_actor(desk.origin, slug)


def ours(reads: Reads, actor: str) -> Row:
    """The row of one of our practices; Refused if it is none."""
    row = coalition_store.practice(reads, actor)
    if row is None or not row["local"]:
        raise Refused(Reason.NOT_FOUND)
    return row


def crumbs(reads: Reads, practice: Row) -> list[Ref]:
    """The coalition, and of what it is a part."""
    coalition = coalition_store.coalition(reads)
    first = Ref(coalition.name if coalition else "", "/")
    return [first, *(Ref(row["name"], address(row)) for row in store.parents(reads, practice["actor"]))]


def address(row: Row | Mapping[str, Any]) -> str:
    """Where people read of a practice: here if it is ours, else at its home."""
    return f"/practices/{row['slug']}" if row["local"] else row["actor"]


def line(row: Row) -> PracticeLine:
    """In a list."""
    return PracticeLine(
        name=row["name"], url=address(row), domain=row["domain"], level=row["level"], place=row["place"],
        summary=row["summary"], origin="" if row["local"] else row["host"],
    )  # fmt: skip


class Home:
    """`document` serves an actor's document to other servers; `cards` and `trusted` are sections of rooms above."""

    def __init__(self, desk: Desk, document: Document, cards: Cards, trusted: Trusted) -> None:
        self._desk = desk
        self._document = document
        self._cards = cards
        self._trusted = trusted

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/practices/{slug}", self.show)]

    async def show(self, request: web.Request) -> web.StreamResponse:
        if wants_activity(request.headers.get("Accept")):
            return await self._document(request)
        actor, number, who = practice_of(self._desk, request), number_of(request.query.get("page")), who_of(request)

        def work(reads: Reads) -> dict[str, object]:
            row = ours(reads, actor)
            cards, total = self._cards(reads, actor, number)
            path = f"/practices/{row['slug']}"
            return {
                "name": row["name"],
                "summary": row["summary"],
                "scope_in": row["scope_in"],
                "scope_out": row["scope_out"],
                "domain": row["domain"],
                "level": row["level"],
                "place": row["place"],
                "parents": crumbs(reads, row),
                "parts": [line(part) for part in store.parts(reads, actor)],
                "local": True,
                "address": f"@{row['slug']}@{self._desk.origin.authority}",
                "provenance": None,
                "state": None,
                "cards": cards,
                "page": page_of(number, total, path, size=PAGE),
                "history_url": f"{path}/history",
                "follow_url": None,
                "feed_url": f"{path}/feed",
                "trusted": self._trusted(reads, who, actor, row["domain"]),
                **_acts(reads, who, actor, row["slug"]),
            }

        return render(request, "practice.html", await self._desk.storage.read(work) | {"role_words": ROLES})


def _acts(reads: Reads, who: Who, practice: str, slug: str) -> Mapping[str, Any]:
    """What the reader may do with it, who keeps it going as far as they may know, and whether they belong."""
    path = f"/practices/{slug}"
    keepers = store.keepers(reads, practice)
    coordinators = [row for row in keepers if row["role"] == "coordinator"]
    member, sees = bool(who.member), may(reads, who, "practice.members", practice)
    mends = may(reads, who, "role.give", practice)
    warning = ""
    if not coordinators:
        warning = say("Nobody coordinates this practice now.")
    elif mends and len(coordinators) == 1:
        warning = say("One person alone coordinates it: were they to leave, nobody would. Find a second one.")
    return {
        "publish_url": f"/items/new?practice={slug}" if may(reads, who, "item.publish", practice) else None,
        "edit_url": f"{path}/describe" if may(reads, who, "practice.describe", practice) else None,
        "split_url": f"{path}/split" if may(reads, who, "practice.split", practice) else None,
        "coordinated": bool(coordinators),
        "keepers": keepers if member and sees else [],
        "warning": warning,
        "mend_url": f"{path}/members" if member and mends and sees and warning else None,
        "belonging": _belonging(reads, who, practice, path, sees=sees) if member else {},
    }


def _belonging(reads: Reads, who: Who, practice: str, path: str, *, sees: bool) -> dict[str, str]:
    """What a member of the coalition can do about belonging to it."""
    belongs = standing.belongs(reads, who.member, practice)
    return {
        "members": f"{path}/members" if sees else "",
        "leave": f"{path}/leave" if belongs else "",
        "why": f"{path}/why" if belongs else "",
        "act": "" if belongs else f"{path}/join",
    }
