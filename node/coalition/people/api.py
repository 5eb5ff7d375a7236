"""The members over JSON, as members see each other: what the pages show and do, for programs.

Nothing of a member is answered to a token that is not a member's, neither names nor how many there are.
"""

from typing import Any

import msgspec
from aiohttp import web

from node.coalition import standing
from node.coalition import store as coalition_store
from node.coalition.awaited.pages import Awaited
from node.coalition.awaited.rules import Unawait
from node.coalition.people import commands, store
from node.coalition.people.joining import Joining, NewInvitation
from node.coalition.people.rules import sign_in_name
from node.coalition.permissions import ACTS, ROLES
from node.coalition.practices.api import Done
from node.gate.desk import Desk
from node.storage.contract import Reads, Row
from node.web.api import Route, insist
from node.web.pagination import number_of
from node.web.session import who_of
from protocol import identifiers
from protocol.errors import ProtocolError, Reason
from protocol.vocabulary.dates import instant


class MemberLine(msgspec.Struct, frozen=True, kw_only=True):
    """A member in a list."""

    id: str
    name: str
    sector: str
    discipline: str
    help: str


class MembersAnswer(msgspec.Struct, frozen=True):
    """A page of the active members, by name."""

    members: tuple[MemberLine, ...]
    total: int


class HeldRole(msgspec.Struct, frozen=True, kw_only=True):
    """A role, with its dates. practice: its slug, empty for the coalition as a whole."""

    role: str
    practice: str
    since: str
    until: str | None


class HeldAffiliation(msgspec.Struct, frozen=True, kw_only=True):
    """Where a member works or worked. since, until: days."""

    organisation: str
    sector: str
    title: str
    since: str
    until: str | None


class MemberAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A member, as the others see them."""

    member: MemberLine
    state: str
    joined: str
    roles: tuple[HeldRole, ...]
    affiliations: tuple[HeldAffiliation, ...]


class NewRole(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """practice: the slug of one of ours, empty for the coalition as a whole."""

    role: str
    practice: str = ""


class Lost(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """name: by which the member signs in, or their mail address."""

    name: str


class LinkAnswer(msgspec.Struct, frozen=True):
    """A link to hand over. It is shown this once."""

    link: str


class InvitationLine(msgspec.Struct, frozen=True, kw_only=True):
    """A link by which somebody can still come, without its secret."""

    id: str
    role: str
    practice: str
    note: str
    made: str
    expires: str
    left_uses: int


class Invitations(msgspec.Struct, frozen=True):
    """The latest first."""

    invitations: tuple[InvitationLine, ...]


class PracticeMember(msgspec.Struct, frozen=True, kw_only=True):
    """Who belongs to a practice, and since when."""

    id: str
    name: str
    help: str
    since: str


class PracticeMembers(msgspec.Struct, frozen=True):
    """A page of them, by name."""

    members: tuple[PracticeMember, ...]
    total: int


class ActLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of who may do what. may: the standings of which one is enough; mine: it is among yours."""

    act: str
    words: str
    scope: str
    may: tuple[str, ...]
    mine: bool


class PermissionsAnswer(msgspec.Struct, frozen=True):
    """The one table that the gate asks."""

    acts: tuple[ActLine, ...]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """What was done. member: an id, or operator."""

    at: str
    member: str
    via: str
    act: str
    practice: str
    subject: str


class RecordAnswer(msgspec.Struct, frozen=True):
    """A page of the record, the last first."""

    rows: tuple[Recorded, ...]
    total: int


class MembersApi:
    """The handlers and their routes; the acts are the pages' own."""

    def __init__(self, desk: Desk, joining: Joining, awaited: Awaited) -> None:
        self._desk = desk
        self._joining = joining
        self._awaited = awaited

    def routes(self) -> list[Route]:
        paged = {"page": "which page, from 1"}
        of_role = {"role": "the role", "practice": "the practice's slug; empty for the coalition as a whole"}
        return [
            Route("GET", "/members", "The members", self.members, MembersAnswer, query={"q": "part of a name", **paged},
                  act="member.read"),
            Route("GET", "/members/{id}", "One member", self.member, MemberAnswer, act="member.read"),
            Route("DELETE", "/members/{id}", "Forget somebody who is expected", self.forget, Done, scope="organise"),
            Route("POST", "/members/{id}/suspension", "Suspend a member", self.suspend, Done, scope="organise"),
            Route("DELETE", "/members/{id}/suspension", "Let a member in again", self.readmit, Done, scope="organise"),
            Route("POST", "/members/{id}/recovery", "A link to a new password", self.recover, LinkAnswer, None, 201,
                  scope="organise"),
            Route("POST", "/recoveries", "The same, by the name they sign in by", self.recover_named, LinkAnswer, Lost,
                  201, scope="organise", act="member.recover"),
            Route("POST", "/members/{id}/link", "A new link for somebody who is expected", self.link, LinkAnswer, None,
                  201, scope="organise"),
            Route("POST", "/members/{id}/roles", "Give a role", self.give, Done, NewRole, 201, scope="organise"),
            Route("DELETE", "/members/{id}/roles", "End a role", self.end, Done, query=of_role, scope="organise"),
            Route("GET", "/invitations", "Links by which somebody can still come", self.invitations, Invitations,
                  scope="organise"),
            Route("POST", "/invitations", "Invite somebody", self.invite, LinkAnswer, NewInvitation, 201,
                  scope="organise"),
            Route("DELETE", "/invitations/{id}", "Revoke a link", self.revoke, Done, scope="organise"),
            Route("GET", "/practices/{slug}/members", "Who belongs to a practice", self.of_practice, PracticeMembers,
                  query=paged),
            Route("POST", "/practices/{slug}/members", "Join a practice", self.join, Done, None, 201, scope="self"),
            Route("DELETE", "/practices/{slug}/members", "Leave a practice", self.leave, Done, scope="self"),
            Route("GET", "/permissions", "Who may do what", self.permissions, PermissionsAnswer),
            Route("GET", "/record", "What was done, and by whom", self.record, RecordAnswer, query=paged,
                  scope="operate", act="audit.read"),
        ]  # fmt: skip

    def _practice(self, slug: str) -> str:
        """A practice's actor, '' for none named."""
        if not slug:
            return ""
        if not identifiers.is_slug(slug):
            raise ProtocolError(Reason.NOT_FOUND)
        return identifiers.practice_actor(self._desk.origin, slug)

    def _of(self, request: web.Request) -> str:
        return self._practice(request.match_info["slug"])

    async def _do(self, request: web.Request, command: object) -> Done:
        insist(await self._desk.gate.perform(command, who_of(request)))
        return Done()

    # Reading

    async def members(self, request: web.Request, _body: None) -> MembersAnswer:
        query, number = request.query.get("q", "")[:100], number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: store.members(reads, query, number))
        return MembersAnswer(tuple(map(_line, rows)), total)

    async def member(self, request: web.Request, _body: None) -> MemberAnswer:
        id, who = request.match_info["id"], who_of(request)

        def work(reads: Reads) -> MemberAnswer:
            row = store.member(reads, id)
            if row is None or (row["state"] != "active" and not standing.may(reads, who, "member.suspend")):
                raise ProtocolError(Reason.NOT_FOUND)
            return MemberAnswer(
                member=_line(row), state=row["state"], joined=instant(row["joined"]),
                roles=tuple(map(_role, store.roles(reads, id))),
                affiliations=tuple(
                    HeldAffiliation(
                        organisation=each["name"], sector=each["sector"], title=each["title"], since=each["since"],
                        until=each["until"],
                    )
                    for each in store.affiliations(reads, id)
                ),
            )  # fmt: skip

        return await self._desk.storage.read(work)

    async def of_practice(self, request: web.Request, _body: None) -> PracticeMembers:
        practice, who, number = self._of(request), who_of(request), number_of(request.query.get("page"))

        def work(reads: Reads) -> PracticeMembers:
            if why := standing.refusal(reads, who, "practice.members", practice):
                raise ProtocolError(Reason.NOT_ALLOWED, why)
            row = coalition_store.practice(reads, practice)
            if row is None or not row["local"]:
                raise ProtocolError(Reason.NOT_FOUND)
            people, total = store.of_practice(reads, practice, number)
            return PracticeMembers(
                tuple(
                    PracticeMember(id=each["id"], name=each["name"], help=each["help"], since=instant(each["since"]))
                    for each in people
                ),
                total,
            )

        return await self._desk.storage.read(work)

    async def invitations(self, request: web.Request, _body: None) -> Invitations:
        who, now = who_of(request), self._desk.clock.now()

        def work(reads: Reads) -> list[Row]:
            mine = standing.where(reads, who, "member.invite")
            return [row for row in store.invitations(reads, now) if mine is None or row["practice"] in mine]

        rows = await self._desk.storage.read(work)
        return Invitations(
            tuple(
                InvitationLine(
                    id=row["id"], role=row["role"], practice=row["practice"], note=row["note"],
                    made=instant(row["made"]), expires=instant(row["expires"]), left_uses=row["left_uses"],
                )
                for row in rows
            )
        )  # fmt: skip

    async def permissions(self, request: web.Request, _body: None) -> PermissionsAnswer:
        who = who_of(request)
        mine = await self._desk.storage.read(lambda reads: standing.standings(reads, who, "", who.member))
        return PermissionsAnswer(
            tuple(
                ActLine(
                    act=name, words=act.words, scope=act.scope, may=tuple(sorted(act.may)), mine=bool(act.may & mine)
                )
                for name, act in ACTS.items()
            )
        )  # fmt: skip

    async def record(self, request: web.Request, _body: None) -> RecordAnswer:
        number = number_of(request.query.get("page"))
        rows, total = await self._desk.storage.read(lambda reads: standing.recorded(reads, number))
        return RecordAnswer(
            tuple(
                Recorded(
                    at=instant(row["at"]), member=row["member"], via=row["via"], act=row["act"],
                    practice=row["practice"], subject=row["subject"],
                )
                for row in rows
            ),
            total,
        )  # fmt: skip

    # Acts

    async def suspend(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.Suspend(request.match_info["id"]))

    async def readmit(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.Readmit(request.match_info["id"]))

    async def forget(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, Unawait(request.match_info["id"]))

    async def recover(self, request: web.Request, _body: None) -> LinkAnswer:
        outcome, link = await self._joining.recover(request.match_info["id"], who_of(request))
        insist(outcome)
        return LinkAnswer(link)

    async def recover_named(self, request: web.Request, body: Lost) -> LinkAnswer:
        row = await self._desk.storage.read(lambda reads: store.account(reads, sign_in_name(body.name)))
        outcome, link = await self._joining.recover(row["id"] if row else "", who_of(request))
        insist(outcome)
        return LinkAnswer(link)

    async def link(self, request: web.Request, _body: None) -> LinkAnswer:
        outcome, made = await self._awaited.links([request.match_info["id"]], who_of(request))
        insist(outcome)
        return LinkAnswer(made[0][2])

    async def give(self, request: web.Request, body: NewRole) -> Done:
        if body.role not in ROLES:
            raise ProtocolError(Reason.INVALID)
        return await self._do(
            request, commands.GiveRole(request.match_info["id"], self._practice(body.practice), body.role)
        )

    async def end(self, request: web.Request, _body: None) -> Done:
        asked: Any = request.query
        command = commands.EndRole(
            request.match_info["id"], self._practice(asked.get("practice", "")), asked.get("role", "")
        )
        return await self._do(request, command)

    async def invite(self, request: web.Request, body: NewInvitation) -> LinkAnswer:
        outcome, link = await self._joining.invite(body, who_of(request))
        insist(outcome)
        return LinkAnswer(link)

    async def revoke(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.RevokeInvitation(request.match_info["id"]))

    async def join(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.JoinPractice(who_of(request).member, self._of(request)))

    async def leave(self, request: web.Request, _body: None) -> Done:
        return await self._do(request, commands.LeavePractice(who_of(request).member, self._of(request)))


def _line(row: Row) -> MemberLine:
    return MemberLine(
        id=row["id"], name=row["name"], sector=row["sector"], discipline=row["discipline"], help=row["help"]
    )  # fmt: skip


def _role(row: Row) -> HeldRole:
    return HeldRole(
        role=row["role"], practice=row["slug"] or "", since=instant(row["since"]),
        until=instant(row["until"]) if row["until"] else None,
    )  # fmt: skip
