"""What somebody is at this node, from its rows; and the record of what was done. Serves the gate (Permissions).

The record names acts and what they were done to, never what was said or typed.
"""

from aiohttp import web

from node.coalition import permissions
from node.gate.desk import Desk
from node.gate.handler import Who
from node.storage.contract import Reads, Row, Storage, Tx
from node.web.problem import Refused, SignInNeeded
from node.web.session import Reader, session_of, who_of
from protocol.errors import Reason

OPERATOR = "operator"  # in the record, for whoever holds the machine's token
AUDIT_PAGE = 50

_OPEN = "SELECT r.practice, r.role FROM member m LEFT JOIN role r ON r.member = m.id AND r.until IS NULL"


def standings(reads: Reads, who: Who, practice: str, about: str = "") -> frozenset[str]:
    """As permissions.standings, from the open roles of an active member. practice: an actor id, '' for none."""
    return _standings(who, _roles(reads, who, practice) if who.member else [], practice, about)


def _roles(reads: Reads, who: Who, practice: str | None) -> list[Row]:
    """The open roles of an active member in the coalition and in this practice, None: in all; one row without any."""
    if practice is None:
        return reads.all(f"{_OPEN} WHERE m.id = :member AND m.state = 'active'", member=who.member)
    return reads.all(
        f"{_OPEN} AND r.practice IN ('', :practice) WHERE m.id = :member AND m.state = 'active'",
        member=who.member, practice=practice,
    )  # fmt: skip


def _standings(who: Who, rows: list[Row], practice: str, about: str = "") -> frozenset[str]:
    return permissions.standings(
        frozenset(row["role"] for row in rows if row["practice"] == ""),
        frozenset(row["role"] for row in rows if practice and row["practice"] == practice),
        member=bool(rows), operator=who.operator, itself=bool(who.member) and who.member == about,
    )  # fmt: skip


def where(reads: Reads, who: Who, act: str) -> frozenset[str] | None:
    """The practices in which they may do it, by what they are there; None: they may everywhere."""
    rows = _roles(reads, who, None) if who.member else []
    if not permissions.refusal(act, _standings(who, rows, ""), who.scopes):
        return None
    practices = frozenset(row["practice"] for row in rows if row["practice"])
    return frozenset(
        practice for practice in practices
        if not permissions.refusal(act, _standings(who, rows, practice), who.scopes)
    )  # fmt: skip


def refusal(reads: Reads, who: Who, act: str, practice: str = "", about: str = "") -> str:
    """Why they may not, in a sentence; empty if they may."""
    return permissions.refusal(act, standings(reads, who, practice, about), who.scopes)


def may(reads: Reads, who: Who, act: str, practice: str = "", about: str = "") -> bool:
    """For pages: is this act to be offered? The gate judges again when it is done."""
    return not refusal(reads, who, act, practice, about)


def require(reads: Reads, who: Who, act: str, practice: str = "", about: str = "") -> None:
    """For pages that only show: Refused with the sentence if they may not look."""
    if why := refusal(reads, who, act, practice, about):
        raise Refused(Reason.NOT_ALLOWED, why)


def belongs(reads: Reads, member: str, practice: str) -> bool:
    """They have a role in that practice."""
    row = reads.one(
        "SELECT 1 AS yes FROM role WHERE member = :member AND practice = :practice AND until IS NULL LIMIT 1",
        member=member, practice=practice,
    )  # fmt: skip
    return row is not None


async def demand(desk: Desk, request: web.Request, act: str, practice: str = "", about: str = "") -> None:
    """Before a page with a form: who is not signed in is led to sign in; who may not is told so."""
    who = who_of(request)
    if not session_of(request).signed_in and who == Who():
        raise SignInNeeded
    await desk.storage.read(lambda reads: require(reads, who, act, practice, about))


async def judge(storage: Storage, who: Who, act: str) -> str:
    """For routes that only show: why not, in a sentence; empty if they may."""
    return await storage.read(lambda reads: refusal(reads, who, act))


def reader(reads: Reads, member: str) -> Reader | None:
    """An active member, as every page needs them."""
    row = reads.one(
        "SELECT m.name, m.language, m.time_zone, r.role FROM member m LEFT JOIN role r ON r.member = m.id"
        " AND r.practice = '' AND r.role = 'coordinator' AND r.until IS NULL"
        " WHERE m.id = :member AND m.state = 'active'",
        member=member,
    )
    if row is None:
        return None
    return Reader(member, row["name"], row["language"], row["time_zone"], row["role"] is not None)


class Standing:
    """The gate's `Permissions`."""

    def refusal(self, reads: Reads, who: Who, act: str, practice: str, about: str) -> str:
        return refusal(reads, who, act, practice, about)

    def record(self, tx: Tx, who: Who, act: str, practice: str, subject: str, now: int) -> None:
        tx.run(
            "INSERT INTO audit(at, member, via, act, practice, subject)"
            " VALUES(:now, :member, :via, :act, :practice, :subject)",
            now=now, member=_doer(who, subject), via=who.via, act=act, practice=practice, subject=subject,
        )  # fmt: skip


def _doer(who: Who, subject: str) -> str:
    """In the record: a member's id; of who is none yet, what they become."""
    return who.member or (OPERATOR if who.operator else subject)


def recorded(reads: Reads, page: int) -> tuple[list[Row], int]:
    """A page of the record, the last first, and how many there are in all."""
    rows = reads.all(
        "SELECT a.at, a.member, a.via, a.act, a.practice, a.subject, m.name FROM audit a"
        " LEFT JOIN member m ON m.id = a.member ORDER BY a.key DESC LIMIT :limit OFFSET :offset",
        limit=AUDIT_PAGE, offset=(page - 1) * AUDIT_PAGE,
    )  # fmt: skip
    return rows, reads.the("SELECT COUNT(*) AS n FROM audit")["n"]
