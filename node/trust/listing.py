"""Lists of what was said, with what each is good for and why: what a steward looks at. A page costs a page."""

import msgspec

from node.sentence import stored
from node.storage.contract import Reads, Row
from node.trust import explaining, rules, store
from node.trust.explaining import Hop
from node.trust.rules import STATES, State

PAGE = 20
_WHERE = {
    "ours": "t.gone = 0 AND (t.home = 1 OR t.issuer IN (SELECT id FROM actor WHERE local = 1))",
    "us": "t.gone = 0 AND t.subject IN (SELECT id FROM actor WHERE local = 1)",
    "all": "t.gone = 0",
    "one": "t.gone = 0 AND t.subject = :subject",
}


class Listed(msgspec.Struct, frozen=True):
    """A statement, or a concern. id: of its object. state: what it is good for now; why: what is wrong with its form.
    soon: it ends within a month."""

    id: str
    kind: str
    hop: Hop
    state: State
    why: str = ""
    soon: bool = False

    @property
    def words(self) -> str:
        """What it is good for, in words."""
        return STATES[self.state]


_SOON = 30 * 86_400_000


def listed(reads: Reads, which: str, page: int, now: int, subject: str = "") -> tuple[list[Listed], int]:
    """One page, the latest first, and how many there are. which: ours, us, all, or one with its subject."""
    where = _WHERE[which]
    named = {"subject": subject} if which == "one" else {}
    total = reads.the(f"SELECT COUNT(*) AS n FROM trust t WHERE {where}", **named)["n"]  # noqa: S608
    rows = reads.all(
        f"SELECT t.key, t.id, t.kind, t.issuer, t.subject, t.starts, t.ends, t.fault FROM trust t WHERE {where}"  # noqa: S608
        " ORDER BY t.said DESC, t.key DESC LIMIT :limit OFFSET :skip",
        **named, limit=PAGE, skip=(page - 1) * PAGE,
    )  # fmt: skip
    return _said(reads, rows, now), total


def one(reads: Reads, id: str, issuer: str, now: int) -> Listed | None:
    """One of them."""
    rows = reads.all(
        "SELECT key, id, kind, issuer, subject, starts, ends, fault FROM trust"
        " WHERE id = :id AND issuer = :issuer AND gone = 0",
        id=id, issuer=issuer,
    )  # fmt: skip
    return next(iter(_said(reads, rows, now)), None)


def _said(reads: Reads, rows: list[Row], now: int) -> list[Listed]:
    hops = explaining.hops_of(reads, [row["key"] for row in rows])
    good: dict[int, State] = {}
    for issuer, subject in dict.fromkeys((row["issuer"], row["subject"]) for row in rows):
        good |= {
            each.key: state for each, state in rules.standing(map(store.stated, store.pair(reads, issuer, subject)))
        }
    return [
        Listed(
            row["id"], row["kind"], hops[row["key"]],
            rules.at(good.get(row["key"], "superseded"), row["starts"], row["ends"], now), stored(row["fault"]),
            now < row["ends"] <= now + _SOON,
        )
        for row in rows
    ]  # fmt: skip


def concerns(reads: Reads, subject: str, now: int) -> list[Listed]:
    """What concerns somebody about this actor, where it stands."""
    rows = reads.all(
        "SELECT key, id, kind, issuer, subject, starts, ends, fault FROM trust WHERE subject = :subject AND gone = 0"
        " AND kind = 'cw:Concern' AND ends > :now ORDER BY said DESC, key DESC LIMIT 50",
        subject=subject, now=now,
    )  # fmt: skip
    return [each for each in _said(reads, rows, now) if each.state == "counts"]


class Voice(msgspec.Struct, frozen=True):
    """Whom a member can speak for. id: an actor of ours, or `member:` and their own id. own: for themselves."""

    id: str
    name: str
    own: bool


def actors_of(reads: Reads, practices: frozenset[str] | None) -> list[Row]:
    """The practices of ours among these (None: all of them), and for None the coalition first."""
    rows = reads.all(
        "SELECT p.actor AS id, p.name FROM practice p JOIN actor a ON a.id = p.actor AND a.state <> 'gone'"
        " WHERE p.local = 1 ORDER BY p.name, p.actor LIMIT 500"
    )
    if practices is not None:
        return [row for row in rows if row["id"] in practices]
    return [*reads.all("SELECT actor AS id, name FROM coalition"), *rows]


def profile_of(reads: Reads, member: str) -> Row | None:
    """A member's published profile: id, name."""
    return reads.one(
        "SELECT f.actor AS id, a.name FROM profile f JOIN actor a ON a.id = f.actor WHERE f.member = :member",
        member=member,
    )


def of_member(reads: Reads, member: str) -> list[Row]:
    """What a member said of whom, at home; for their data."""
    return reads.all(
        "SELECT subject, kind, domain, level, since, grounds, starts, ends FROM trust WHERE issuer = :issuer"
        " AND gone = 0 ORDER BY said",
        issuer=rules.MEMBER + member,
    )
