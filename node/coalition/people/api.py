"""Members over JSON, as members see each other, and the acts of coordinators upon them: the pages' own.

Nothing here answers who may not look, not even by a count or by which of two refusals it is.
"""

from typing import Literal

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition.people import commands, store
from node.coalition.people.joining import Joining, NewInvitation
from node.coalition.people.rules import sign_in_name
from node.coalition.permissions import ACTS, STANDINGS
from node.coalition.practices.api import Done
from node.coalition.practices.home import practice_of
from node.gate.desk import Desk
from node.gate.handler import Who
from node.sentence import say
from node.storage.contract import Reads, Row
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant

_PAGE = {"page": "which page, from 1"}


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A role, in a practice by its slug, or with an empty one in the coalition. until: empty while they have it."""

    practice: str
    role: str
    since: str
    until: str


class MemberLine(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the list has them."""

    id: str
    name: str
    help: str


class Members(msgspec.Struct, frozen=True):
    """A page of members by name. total: how many there are on all pages."""

    members: tuple[MemberLine, ...]
    total: int


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member as other members see them."""

    id: str
    name: str
    email: str
    sector: str
    discipline: str
    help: str
    state: str
    joined: str
    roles: tuple[Role, ...]


class State(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """suspended: they may not come in; active: they may again."""

    state: Literal["active", "suspended"]


class RoleWish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role to give. practice: a slug, empty for the coalition as a whole."""

    role: str
    practice: str = ""


class Lost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who has lost their way in: by id, or else by the name or mail address that they sign in by."""

    member: str = ""
    name: str = ""


class Nothing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Nothing needs to be said: send {}."""


class Link(msgspec.Struct, frozen=True):
    """A link to hand over; it is shown this once."""

    link: str


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation by which somebody can still come, without its secret. practice: by name."""

    id: str
    practice: str
    role: str
    note: str
    expires: str
    left: int


class Invitations(msgspec.Struct, frozen=True):
    """The invitations that are open."""

    invitations: tuple[Invitation, ...]


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """An act, in words, what scope a token needs for it, and which standings are enough."""

    act: str
    words: str
    scope: str
    may: tuple[str, ...]


class Permissions(msgspec.Struct, frozen=True):
    """Who can do what."""

    acts: tuple[Permission, ...]


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. member: an id, empty for the operator and the node; subject: what it was done to."""

    at: str
    member: str
    via: str
    act: str
    practice: str
    subject: str


class Record(msgspec.Struct, frozen=True):
    """A page of the record, the last first."""

    deeds: tuple[Deed, ...]
    total: int


class MembersApi:
    def __init__(self, desk: Desk, joining: Joining) -> None:
        self._desk = desk
        self._joining = joining

    def routes(self) -> list[Route]:
        one, here = "/members/{id}", "/practices/{slug}"
        return [
            Route("GET", "/members", "The members, as members see them", self.listed, Members,
                  query={"q": "part of a name", **_PAGE}, act="member.read"),
            Route("GET", one, "A member", self.member, Member, act="member.read"),
            Route("PUT", f"{one}/state", "Suspend a member, or let them in again", self.state, Done, State,
                  scope="organise"),
            Route("POST", f"{one}/roles", "Give a role", self.give, Done, RoleWish, scope="organise"),
            Route("DELETE", f"{one}/roles", "End a role", self.end, Done, scope="organise",
                  query={"role": "which", "practice": "the slug; empty for the coalition as a whole"}),
            Route("POST", "/recoveries", "Make a link to a new password", self.recover, Link, Lost, 201,
                  scope="organise", act="member.recover"),
            Route("GET", "/invitations", "The open invitations", self.invitations, Invitations, scope="organise"),
            Route("POST", "/invitations", "Invite somebody", self.invite, Link, NewInvitation, 201, scope="organise"),
            Route("DELETE", "/invitations/{id}", "Revoke an invitation", self.revoke, Done, scope="organise"),
            Route("GET", f"{here}/members", "Who belongs to a practice", self.of_practice, Members, query=_PAGE),
            Route("PUT", f"{here}/membership", "Join a practice", self.join, Done, Nothing, scope="self"),
            Route("DELETE", f"{here}/membership", "Leave a practice", self.leave, Done, scope="self"),
            Route("GET", "/permissions", "Who can do what", self.permissions, Permissions),
            Route("GET", "/record", "What was done, and by whom", self.record, Record, query=_PAGE, scope="operate",
                  act="audit.read"),
        ]  # fmt: skip

    def _actor(self, slug: str) -> str:
        """The practice of a slug; '' for the coalition as a whole."""
        if slug and not identifiers.is_slug(slug):
            raise ProtocolError(Reason.NOT_FOUND, say("There is no such practice on this node."))
        return identifiers.practice_actor(self._desk.origin, slug) if slug else ""

    async def _perform(self, request: web.Request, command: object) -> Done:
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    async def listed(self, request: web.Request, _body: None) -> Members:
        query, number = request.query.get("q", "")[:100], number_of(request.query.get("page"))
        return _members(*await self._desk.storage.read(lambda reads: store.members(reads, query, number)))

    async def of_practice(self, request: web.Request, _body: None) -> Members:
        practice, who, number = practice_of(self._desk, request), who_of(request), number_of(request.query.get("page"))

        def work(reads: Reads) -> Members:
            _allow(reads, who, "practice.members", practice)
            return _members(*store.of_practice(reads, practice, number))

        return await self._desk.storage.read(work)

    async def member(self, request: web.Request, _body: None) -> Member:
        id, who = request.match_info["id"], who_of(request)

        def work(reads: Reads) -> Member:
            row = store.member(reads, id)
            if row is None or (row["state"] != "active" and not standing.may(reads, who, "member.suspend")):
                raise ProtocolError(Reason.NOT_FOUND)
            return member_of(row, store.roles(reads, id))

        return await self._desk.storage.read(work)

    async def state(self, request: web.Request, body: State) -> Done:
        act = commands.Suspend if body.state == "suspended" else commands.Readmit
        return await self._perform(request, act(request.match_info["id"]))

    async def give(self, request: web.Request, body: RoleWish) -> Done:
        return await self._perform(
            request, commands.GiveRole(request.match_info["id"], self._actor(body.practice), body.role)
        )

    async def end(self, request: web.Request, _body: None) -> Done:
        practice = self._actor(request.query.get("practice", ""))
        return await self._perform(
            request, commands.EndRole(request.match_info["id"], practice, request.query.get("role", ""))
        )

    async def recover(self, request: web.Request, body: Lost) -> Link:
        member, name = body.member, sign_in_name(body.name)
        if name:
            row = await self._desk.storage.read(lambda reads: store.account(reads, name))
            member = row["id"] if row else ""
        outcome, link = await self._joining.recover(member, who_of(request))
        insist(outcome)
        return Link(link)

    async def invitations(self, request: web.Request, _body: None) -> Invitations:
        who, now = who_of(request), self._desk.clock.now()

        def work(reads: Reads) -> Invitations:
            mine = standing.where(reads, who, "member.invite")
            if mine is not None and not mine:
                _allow(reads, who, "member.invite", "")
            return Invitations(
                tuple(
                    Invitation(
                        id=row["id"], practice=row["practice_name"] or "", role=row["role"], note=row["note"],
                        expires=instant(row["expires"]), left=row["left_uses"],
                    )
                    for row in store.invitations(reads, now)
                    if mine is None or row["practice"] in mine
                )
            )  # fmt: skip

        return await self._desk.storage.read(work)

    async def invite(self, request: web.Request, body: NewInvitation) -> Link:
        outcome, link = await self._joining.invite(body, who_of(request))
        insist(outcome)
        return Link(link)

    async def revoke(self, request: web.Request, _body: None) -> Done:
        return await self._perform(request, commands.RevokeInvitation(request.match_info["id"]))

    async def join(self, request: web.Request, _body: Nothing) -> Done:
        return await self._perform(
            request, commands.JoinPractice(who_of(request).member, practice_of(self._desk, request))
        )

    async def leave(self, request: web.Request, _body: None) -> Done:
        return await self._perform(
            request, commands.LeavePractice(who_of(request).member, practice_of(self._desk, request))
        )

    async def permissions(self, _request: web.Request, _body: None) -> Permissions:
        return Permissions(
            tuple(
                Permission(act=name, words=act.words, scope=act.scope, may=tuple(x for x in STANDINGS if x in act.may))
                for name, act in ACTS.items()
            )
        )

    async def record(self, request: web.Request, _body: None) -> Record:
        number = number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: standing.recorded(reads, number))
        return Record(
            tuple(
                Deed(
                    at=instant(row["at"]), member=row["member"] or "", via=row["via"], act=row["act"],
                    practice=row["practice"] or "", subject=row["subject"] or "",
                )
                for row in rows
            ),
            total,
        )  # fmt: skip


def _allow(reads: Reads, who: Who, act: str, practice: str) -> None:
    if why := standing.refusal(reads, who, act, practice):
        raise ProtocolError(Reason.NOT_ALLOWED, why)


def _members(rows: list[Row], total: int) -> Members:
    return Members(tuple(MemberLine(id=row["id"], name=row["name"], help=row["help"]) for row in rows), total)


def member_of(row: Row, roles: list[Row]) -> Member:
    """One member, as those see them who may."""
    return Member(
        id=row["id"], name=row["name"], email=row["email"] or "", sector=row["sector"], discipline=row["discipline"],
        help=row["help"], state=row["state"], joined=instant(row["joined"]) if row["joined"] else "",
        roles=tuple(
            Role(
                practice=each["slug"] or "", role=each["role"], since=instant(each["since"]),
                until=instant(each["until"]) if each["until"] else "",
            )
            for each in roles
        ),
    )  # fmt: skip
