"""What members wish, and what is wished of them: the commands that the rules beside this decide. Structs alone."""

import msgspec


class MakeInvitation(msgspec.Struct, frozen=True):
    """Command: whoever has this secret may join, as this, until then, so many. seal: of the secret."""

    id: str
    seal: bytes
    practice: str
    role: str
    note: str
    days: int
    uses: int
    made_by: str


class RevokeInvitation(msgspec.Struct, frozen=True):
    """Command: nobody may come by it any more."""

    id: str


class MakeRecovery(msgspec.Struct, frozen=True):
    """Command: whoever has this secret may give this member a new password, within a day."""

    id: str
    seal: bytes
    member: str
    made_by: str


class Join(msgspec.Struct, frozen=True):
    """Command of whoever holds an invitation's secret: to be a member from now on. password: its hash."""

    seal: bytes
    member: str
    name: str
    sign_in: str
    email: str
    password: str
    language: str
    time_zone: str


class Begin(msgspec.Struct, frozen=True):
    """Command of whoever holds the machine's first link: to be the first coordinator. password: its hash."""

    member: str
    name: str
    sign_in: str
    email: str
    password: str
    language: str
    time_zone: str


class Recover(msgspec.Struct, frozen=True):
    """Command of whoever holds a recovery's secret. password: the new one's hash. It ends every session and token."""

    seal: bytes
    password: str


class DescribeMember(msgspec.Struct, frozen=True):
    """Command of a member: what the others see of them, and how pages speak to them."""

    member: str
    name: str
    email: str
    sector: str
    discipline: str
    help: str
    language: str
    time_zone: str


class ChangePassword(msgspec.Struct, frozen=True):
    """Command of a member who has just shown the old one. It ends every other session. but: the present one."""

    member: str
    password: str
    but: bytes


class EndSession(msgspec.Struct, frozen=True):
    member: str
    session: bytes


class MakeToken(msgspec.Struct, frozen=True):
    """Command of a member: a token for a program, good for these scopes until then."""

    id: str
    seal: bytes
    member: str
    name: str
    scopes: tuple[str, ...]
    days: int


class RevokeToken(msgspec.Struct, frozen=True):
    member: str
    id: str


class Suspend(msgspec.Struct, frozen=True):
    """Command: they may not come in until they are let in again; sessions and tokens end at once."""

    member: str


class Readmit(msgspec.Struct, frozen=True):
    member: str


class Leave(msgspec.Struct, frozen=True):
    """Command of a member: they go, and what is stored of them goes with them. activity: the id of what says so, if
    they have a profile."""

    member: str
    activity: str


class GiveRole(msgspec.Struct, frozen=True):
    """Command: from now on they are this too, in a practice, or with '' in the coalition as a whole."""

    member: str
    practice: str
    role: str


class EndRole(msgspec.Struct, frozen=True):
    member: str
    practice: str
    role: str


class JoinPractice(msgspec.Struct, frozen=True):
    """Command of a member: to belong to a practice."""

    member: str
    practice: str


class LeavePractice(msgspec.Struct, frozen=True):
    """Command of a member: every role they have there ends."""

    member: str
    practice: str


class Affiliate(msgspec.Struct, frozen=True):
    """Command of a member: they are with an organisation since a day (YYYY-MM-DD). id: of one that is not here yet."""

    member: str
    id: str
    organisation: str
    sector: str
    title: str
    since: str


class EndAffiliation(msgspec.Struct, frozen=True):
    """Command of a member: until this day (YYYY-MM-DD). Whatever they belong to stays."""

    member: str
    key: int
    until: str
