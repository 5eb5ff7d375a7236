"""Whom an actor trusts for what: cw:TrustStatement, and its counterpart cw:Concern (protocol section 6).

Owns their form on the wire in both directions. A statement is by one actor about another, for one domain, with an end;
it names a key of its subject, so that it does not pass to whoever takes the name over. Never judges who may say it,
which of several counts, or what follows from it: that is the trust room's.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import field

from protocol.errors import ProtocolError
from protocol.keys import PublicKey
from protocol.limits import RECIPIENTS
from protocol.vocabulary.dates import instant, is_day, read_instant
from protocol.vocabulary.place import check_domain
from protocol.vocabulary.shapes import Id, Name, Prose, Whole, listed, malformed, mapping, one_id, shaped

STATEMENT = "cw:TrustStatement"
CONCERN = "cw:Concern"
Kind = Literal["cw:TrustStatement", "cw:Concern"]

LEVELS = ("none", "known", "met", "worked-together", "vouched")
EVERYTHING = "*"  # the domain of a statement that holds for all
LONGEST = 366 * 86_400_000  # ms from start to end: trust is renewed, or it lapses

_YEAR = re.compile(r"\d{4}", re.ASCII)


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A statement or a concern, read. start, end: ms. subject_key: multibase of a key in the subject's history.

    grounds: plain text; links: ids of what it rests on. since: a year or a day, from when the two know each other.
    A concern has no level and no key: it says its grounds about a subject.
    """

    id: str
    kind: Kind
    issuer: str
    subject: str
    domain: str
    end: int
    level: str = ""
    subject_key: str = ""
    grounds: str = ""
    links: tuple[str, ...] = ()
    since: str = ""
    start: int = 0
    sequence: int = 0


class _Wire(msgspec.Struct, frozen=True):
    id: Id
    type: str
    issuer: Any = field(default=None, name="attributedTo")
    subject: Any = field(default=None, name="object")
    end: Name | None = field(default=None, name="endTime")
    domain: Any = field(default=None, name="cw:domain")
    key: Name | None = field(default=None, name="cw:subjectKey")
    level: Name | None = field(default=None, name="cw:level")
    grounds: Any = field(default=None, name="cw:grounds")
    since: Name | None = field(default=None, name="cw:since")
    content: Prose | None = None
    start: Name | None = field(default=None, name="startTime")
    published: Name | None = None
    sequence: Whole = field(default=0, name="cw:sequence")


class _GroundsWire(msgspec.Struct, frozen=True):
    content: Prose = ""
    links: Any = field(default=None, name="cw:links")


def covers(domain: str, other: str) -> bool:
    """What is said for `domain` holds for `other`: the same, one below it, or `*` (protocol section 6)."""
    return domain in (EVERYTHING, other) or other.startswith(f"{domain}/")


def wider(domain: str) -> tuple[str, ...]:
    """The domains for which a statement covers this one: itself, its ancestors, `*`."""
    parts = domain.split("/")
    paths = ("/".join(parts[:length]) for length in range(len(parts), 0, -1))
    return (EVERYTHING,) if domain == EVERYTHING else (*paths, EVERYTHING)


def read_statement(value: dict[str, Any]) -> Statement:
    """A cw:TrustStatement or a cw:Concern. RemoteProtocolError MALFORMED says in a sentence what it lacks."""
    wire = shaped(value, _Wire, "A trust statement")
    kind = wire.type
    if kind not in (STATEMENT, CONCERN):
        raise malformed("A trust statement is a cw:TrustStatement or a cw:Concern.")
    issuer, subject = one_id(wire.issuer, "attributedTo"), one_id(wire.subject, "object")
    if issuer is None or subject is None:
        raise malformed("A trust statement names who makes it and whom it is about.")
    if issuer == subject:
        raise malformed("Nobody makes a trust statement about themselves.")
    domain = _domain(wire.domain)
    start, end = read_instant(wire.start or wire.published or "", "startTime"), read_instant(wire.end or "", "endTime")
    if not start < end <= start + LONGEST:
        raise malformed("A trust statement ends after its start, and at most 366 days later.")
    grounds, links = _grounds(wire.grounds)
    if kind == CONCERN:
        return Statement(
            id=wire.id, kind=CONCERN, issuer=issuer, subject=subject, domain=domain, grounds=wire.content or grounds,
            links=links, start=start, end=end, sequence=wire.sequence,
        )  # fmt: skip
    if wire.level not in LEVELS:
        raise malformed("cw:level must be one of " + ", ".join(LEVELS) + ".")
    since = wire.since or ""
    if since and not (_YEAR.fullmatch(since) or is_day(since)):
        raise malformed("cw:since must be a year or a day.")
    return Statement(
        id=wire.id, kind=STATEMENT, issuer=issuer, subject=subject, domain=domain, level=wire.level,
        subject_key=_key(wire.key), grounds=grounds, links=links, since=since, start=start, end=end,
        sequence=wire.sequence,
    )  # fmt: skip


def _domain(value: Any) -> str:
    if not isinstance(value, str):
        raise malformed("A trust statement is for one cw:domain, or for *.")
    return value if value == EVERYTHING else check_domain(value)


def _key(text: str | None) -> str:
    try:
        return PublicKey.from_multibase(text or "").multibase()
    except ProtocolError:
        raise malformed("cw:subjectKey must be a key of its subject, as multibase.") from None


def _grounds(value: Any) -> tuple[str, tuple[str, ...]]:
    """Plain text, or `{content, cw:links}`."""
    members = mapping(value)
    wire = shaped({"content": value} if isinstance(value, str) else members or {}, _GroundsWire, "cw:grounds")
    if value is not None and members is None and not isinstance(value, str):
        raise malformed("cw:grounds must be a text, or an object with content and cw:links.")
    links = [one_id(each, "cw:links") or "" for each in listed(wire.links, "cw:links")]
    return wire.content, tuple(dict.fromkeys(links))


def build_statement(made: Statement, published: int, to: list[str]) -> dict[str, Any]:
    """As an object for Create and Update. published in ms. LocalProtocolError is the caller's, by reading it back."""
    said: dict[str, Any] = {
        "id": made.id,
        "type": made.kind,
        "attributedTo": made.issuer,
        "to": to,
        "published": instant(published),
        "object": made.subject,
        "cw:domain": made.domain,
    }
    links = list(made.links[:RECIPIENTS])
    if made.kind == CONCERN:
        said |= {"content": made.grounds, **({"cw:grounds": {"cw:links": links}} if links else {})}
    else:
        grounds = {**({"content": made.grounds} if made.grounds else {}), **({"cw:links": links} if links else {})}
        said |= {"cw:subjectKey": made.subject_key, "cw:level": made.level}
        said |= {"cw:grounds": grounds} if grounds else {}
        said |= {"cw:since": made.since} if made.since else {}
        said |= {"startTime": instant(made.start)}
    return said | {"endTime": instant(made.end), "cw:sequence": made.sequence}
