"""Drafts, and what is for members alone, over JSON, for programs of members."""

import msgspec
from aiohttp import web

from node.gate.desk import Desk
from node.gate.handler import Who
from node.repertoire.composing import Written
from node.repertoire.kept import store
from node.repertoire.kept.pages import Keeping
from node.repertoire.kept.rules import Audience, Kept
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant


class KeptLine(msgspec.Struct, frozen=True, kw_only=True):
    """One in a list. practice: its name."""

    id: str
    title: str
    audience: Audience
    practice: str
    changed: str


class KeptList(msgspec.Struct, frozen=True):
    """drafts: all of yours; shared: a page of what others may read too."""

    drafts: tuple[KeptLine, ...]
    shared: tuple[KeptLine, ...]
    total: int


class NewKept(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """practice: the slug of one of ours; of what is kept already it stays."""

    item: Written
    audience: Audience
    practice: str = ""


class KeptAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One, whole. practice: an actor's id."""

    id: str
    audience: Audience
    practice: str
    item: Written
    changed: str


class Dropped(msgspec.Struct, frozen=True):
    """It is not kept any more."""

    id: str


class KeptApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk, keeping: Keeping) -> None:
        self._desk = desk
        self._keeping = keeping

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/kept", "Drafts, and what is for members alone", self.listed, KeptList, scope="publish",
                  query={"page": "which page of what is shared, from 1"}),
            Route("POST", "/kept", "Keep an item that is not public", self.keep, KeptAnswer, NewKept, 201,
                  scope="publish"),
            Route("GET", "/kept/{id}", "One that is kept", self.one, KeptAnswer, scope="publish"),
            Route("PUT", "/kept/{id}", "Change it, or who may read it", self.change, KeptAnswer, NewKept,
                  scope="publish"),
            Route("DELETE", "/kept/{id}", "Delete it", self.drop, Dropped, scope="publish"),
        ]  # fmt: skip

    def _who(self, request: web.Request) -> Who:
        who = who_of(request)
        if not who.member:
            raise ProtocolError(Reason.NOT_ALLOWED, say("This is a member's own: use a token that a member made."))
        return who

    async def listed(self, request: web.Request, _body: None) -> KeptList:
        member, number = self._who(request).member, number_of(request.query.get("page"))

        def work(reads: Reads) -> KeptList:
            rows, total = store.shared(reads, member, number)
            return KeptList(tuple(map(_line, store.drafts(reads, member))), tuple(map(_line, rows)), total)

        return await self._desk.storage.read(work)

    async def one(self, request: web.Request, _body: None) -> KeptAnswer:
        return _answer(await self._keeping.one(request.match_info["id"], self._who(request).member))

    async def keep(self, request: web.Request, body: NewKept) -> KeptAnswer:
        return await self._kept(request, body, "")

    async def change(self, request: web.Request, body: NewKept) -> KeptAnswer:
        return await self._kept(request, body, request.match_info["id"])

    async def _kept(self, request: web.Request, body: NewKept, id: str) -> KeptAnswer:
        who, practice = self._who(request), ""
        if not id:
            if not identifiers.is_slug(body.practice):
                raise ProtocolError(Reason.NOT_FOUND, say("There is no such practice on this node."))
            practice = identifiers.practice_actor(self._desk.origin, body.practice)
        said = msgspec.structs.replace(body.item, language=body.item.language or self._desk.language)
        outcome, id = await self._keeping.keep(said, practice, body.audience, who, id)
        insist(outcome)
        return _answer(await self._keeping.one(id, who.member))

    async def drop(self, request: web.Request, _body: None) -> Dropped:
        id = request.match_info["id"]
        insist(await self._keeping.drop(id, self._who(request)))
        return Dropped(id)


def _line(row: Row) -> KeptLine:
    return KeptLine(
        id=row["id"], title=row["title"], audience=row["audience"], practice=row["practice_name"] or "",
        changed=instant(row["changed"]),
    )  # fmt: skip


def _answer(kept: Kept) -> KeptAnswer:
    return KeptAnswer(
        id=kept.id, audience=kept.audience, practice=kept.practice, item=kept.said, changed=instant(kept.changed)
    )  # fmt: skip
