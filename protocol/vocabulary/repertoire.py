"""What a practice knows: repertoire items and adaptations, as Article (protocol section 6).

Owns the item's form on the wire in both directions. An item is in one language; its principle is set apart from
the local conditions it worked in, since useful knowledge is not of the cookie-cutter variety. Never judges who may
say it or whether it is new: that is `activities.check_owner` and `states.judge`.
"""

import re
from collections.abc import Sequence
from html import escape, unescape
from typing import Annotated, Any

import msgspec
from msgspec import Meta, field

from protocol.canonical import digest_multibase, read_digest_multibase
from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError
from protocol.identifiers import is_safe_link
from protocol.limits import ID_CHARACTERS, NAME_CHARACTERS
from protocol.vocabulary.adapting import (
    MOST,
    STAGES,
    Coach,
    Earlier,
    Progress,
    Told,
    build,
    build_earlier,
    read_coach,
    read_earlier,
    read_progress,
)
from protocol.vocabulary.context import CW, LD_JSON
from protocol.vocabulary.dates import instant, is_day, read_instant
from protocol.vocabulary.place import DOMAINS, NOWHERE, Place, build_place, check_domain, read_place
from protocol.vocabulary.references import Reference, read_reference, read_references, reference
from protocol.vocabulary.shapes import (
    Id,
    Name,
    Prose,
    Whole,
    bounded,
    first_link,
    listed,
    malformed,
    mapping,
    one_id,
    recipients,
    shaped,
)

__all__ = [
    "DOMAINS",
    "KINDS",
    "STAGES",
    "Attachment",
    "Coach",
    "Earlier",
    "Item",
    "Place",
    "Progress",
    "Reference",
    "build_item",
    "build_lineage",
    "check_domain",
    "is_item",
    "is_language",
    "read_item",
    "read_reference",
    "read_references",
    "reference",
]

KINDS = ("tool", "framework", "method", "story", "lesson", "manual", "reference", "proceedings", "adaptation")
MARKDOWN = "text/markdown"
UNDETERMINED = "und"  # BCP 47: the language of an Article that says none

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,8}", re.ASCII)


class Attachment(msgspec.Struct, frozen=True):
    """A file; `digest` is the SHA-256 of its bytes, by which any holder can serve it."""

    url: str
    media_type: str = ""
    name: str = ""
    digest: bytes | None = None


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A repertoire item. Texts are blank where nothing is said; `kind` is blank for other software's Articles.

    `content` is HTML as it came, to be sanitised where it is shown; `source` is Markdown. `problem`: what it solves;
    `involved`: who must take part; `cost`: in people and money; `measure`: how one knows that it works; `stewards`: who
    keeps it, by role. `published` and `updated`
    are milliseconds; `review_by` is a day (YYYY-MM-DD). From `kept` on: what only an adaptation says, but for
    `credits` (whatever else it owes something to) and `earlier` (its own former states, the oldest first).
    """

    id: str
    attributed_to: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    name: str = ""
    summary: str = ""
    content: str = ""
    source: str = ""
    language: str = UNDETERMINED
    kind: str = ""
    domain: str = ""
    place: Place = NOWHERE
    version: str = ""
    principle: str = ""
    local_conditions: str = ""
    evidence: str = ""
    contact: str = ""
    problem: str = ""
    involved: str = ""
    cost: str = ""
    measure: str = ""
    stewards: str = ""
    license: str = ""
    review_by: str = ""
    published: int = 0
    updated: int = 0
    sequence: int = 0
    url: str | None = None
    attachments: tuple[Attachment, ...] = ()
    adapted_from: tuple[Reference, ...] = ()
    translation_of: Reference | None = None
    kept: str = ""
    changed: str = ""
    why: str = ""
    coach: Coach | None = None
    stage: str = ""
    results: str = ""
    progress: tuple[Progress, ...] = ()
    credits: tuple[Reference, ...] = ()
    earlier: tuple[Earlier, ...] = ()
    type: str = "Article"


class _Wire(msgspec.Struct, frozen=True):
    id: Annotated[str, Meta(min_length=1, max_length=ID_CHARACTERS)]
    attributed_to: Any = field(default=None, name="attributedTo")
    to: Any = None
    cc: Any = None
    name: Name | None = None
    summary: Prose | None = None
    content: str | None = None
    content_map: dict[str, str] | None = field(default=None, name="contentMap")
    source: Any = None
    published: str | None = None
    updated: str | None = None
    url: Any = None
    tag: Any = None
    attachment: Any = None
    sequence: Whole | None = field(default=None, name="cw:sequence")
    kind: Name | None = field(default=None, name="cw:kind")
    domain: Name | None = field(default=None, name="cw:domain")
    place: Any = field(default=None, name="cw:place")
    version: Name | None = field(default=None, name="cw:version")
    principle: Prose | None = field(default=None, name="cw:principle")
    local_conditions: Prose | None = field(default=None, name="cw:localConditions")
    evidence: Prose | None = field(default=None, name="cw:evidence")
    contact: Prose | None = field(default=None, name="cw:contact")
    problem: Prose | None = field(default=None, name="cw:problem")
    involved: Prose | None = field(default=None, name="cw:involved")
    cost: Prose | None = field(default=None, name="cw:cost")
    measure: Prose | None = field(default=None, name="cw:measure")
    stewards: Prose | None = field(default=None, name="cw:stewards")
    license: Name | None = field(default=None, name="cw:license")
    review_by: Name | None = field(default=None, name="cw:reviewBy")
    adapted_from: Any = field(default=None, name="cw:adaptedFrom")
    translation_of: Any = field(default=None, name="cw:translationOf")
    kept: Prose | None = field(default=None, name="cw:kept")
    changed: Prose | None = field(default=None, name="cw:changed")
    why: Prose | None = field(default=None, name="cw:why")
    coach: Any = field(default=None, name="cw:coach")
    stage: Name | None = field(default=None, name="cw:stage")
    results: Prose | None = field(default=None, name="cw:results")
    progress: Any = field(default=None, name="cw:progress")
    credits: Any = field(default=None, name="cw:credits")
    earlier: Any = field(default=None, name="cw:earlier")


# What an item says in a text of its own: by the field of Item and of _Wire, the name on the wire.
_JUDGED = (
    "sequence", "kind", "domain", "place", "adapted_from", "translation_of", "coach", "progress", "credits", "earlier",
)  # fmt: skip
_TEXTS = {
    one.name: one.encode_name
    for one in msgspec.structs.fields(_Wire)
    if one.encode_name.startswith("cw:") and one.name not in _JUDGED
}


class _AttachmentWire(msgspec.Struct, frozen=True):
    url: Id | None = None
    href: Id | None = None
    media_type: Name | None = field(default=None, name="mediaType")
    name: Prose | None = None
    digest: Name | None = field(default=None, name="digestMultibase")


def is_item(kind: Any, type: str) -> bool:
    """Whether an object of this type and `cw:kind` is read as an Item: an Article of a kind known here, or of none."""
    return type == "Article" and (kind is None or kind in KINDS)


def is_language(text: str) -> bool:
    """Whether this has the form of a language tag (BCP 47)."""
    return _LANGUAGE.fullmatch(text) is not None


def _attachments(value: Any) -> tuple[Attachment, ...]:
    found: list[Attachment] = []
    for entry in listed(value, "attachment"):
        members = mapping(entry)
        if members is None or members.get("type") == "PropertyValue":  # a field of a Mastodon profile, no file
            continue
        wire = shaped({**members, "url": first_link(members.get("url"))}, _AttachmentWire, "attachment")
        url = wire.url or wire.href
        if url is not None and is_safe_link(url):
            digest = None if wire.digest is None else read_digest_multibase(wire.digest)
            found.append(Attachment(url, wire.media_type or "", wire.name or "", digest))
    return tuple(found)


def _markdown(source: Any) -> str:
    members = mapping(source)
    if members is None or members.get("mediaType") != MARKDOWN:
        return ""
    text = members.get("content")
    if not isinstance(text, str):
        raise malformed("source's content must be text.")
    return bounded(text, "source")


def _content(wire: _Wire, ours: bool) -> tuple[str, str]:
    """The language and the HTML. Two texts for one language would let two readers see two things: refused."""
    texts = wire.content_map or {}
    if ours and (len(texts) != 1 or wire.content != next(iter(texts.values()))):
        raise malformed("contentMap must hold content under its one language.")
    content, language = wire.content, UNDETERMINED
    for tag, text in texts.items():
        if content is None or text == content:
            content, language = text, tag
            break
    if not is_language(language):
        if ours:
            raise malformed("contentMap's language must be a BCP 47 tag.")
        language = UNDETERMINED
    return language, bounded(content or "", "content")


def read_item(value: dict[str, Any]) -> Item:
    """An Article, ours or other software's. RemoteProtocolError: MALFORMED, TOO_LARGE or PAGE_LIMIT."""
    wire = shaped(value, _Wire, "Article")
    ours = wire.kind is not None
    if ours:
        if wire.kind not in KINDS:
            raise malformed("cw:kind must be one of " + ", ".join(KINDS) + ".")
        if not wire.name or wire.sequence is None:
            raise malformed("A repertoire item has a name and cw:sequence.")
        check_domain(wire.domain or "")
    if wire.review_by and not is_day(wire.review_by):
        raise malformed("cw:reviewBy must be a day, YYYY-MM-DD.")
    if wire.stage and wire.stage not in STAGES:
        raise malformed("cw:stage must be one of " + ", ".join(STAGES) + ".")
    if wire.tag is not None:
        listed(wire.tag, "tag")
    adapted_from = read_references(wire.adapted_from, "cw:adaptedFrom")
    if wire.kind == "adaptation" and not adapted_from:
        raise malformed("An adaptation names in cw:adaptedFrom what it was adapted from.")
    language, content = _content(wire, ours)
    published = 0 if wire.published is None else read_instant(wire.published, "published")
    updated = published if wire.updated is None else read_instant(wire.updated, "updated")
    to, cc = recipients(wire.to, wire.cc)
    return Item(
        id=wire.id,
        attributed_to=one_id(wire.attributed_to, "attributedTo") or "",
        to=to,
        cc=cc,
        name=wire.name or "",
        summary=unescape(wire.summary or ""),
        content=content,
        source="" if wire.source is None else _markdown(wire.source),
        language=language,
        kind=wire.kind or "",
        domain=wire.domain or "" if ours else "",
        place=NOWHERE if wire.place is None else read_place(wire.place),
        published=published,
        updated=updated,
        sequence=updated if wire.sequence is None else wire.sequence,
        url=None if wire.url is None else first_link(wire.url),
        attachments=() if wire.attachment is None else _attachments(wire.attachment),
        adapted_from=adapted_from,
        translation_of=None if wire.translation_of is None else read_reference(wire.translation_of, "cw:translationOf"),
        coach=None if wire.coach is None else read_coach(wire.coach),
        progress=() if wire.progress is None else read_progress(wire.progress),
        credits=read_references(wire.credits, "cw:credits"),
        earlier=() if wire.earlier is None else read_earlier(wire.earlier),
        **{name: text for name in _TEXTS if (text := getattr(wire, name))},
    )


def _links(adapted_from: Sequence[Reference]) -> list[dict[str, Any]]:
    """FEP-e232 object links, so that software without our words still shows the lineage."""
    return [
        {"type": "Link", "mediaType": LD_JSON, "href": one.id, "name": f"RE: {one.id}"[:NAME_CHARACTERS], "rel": _REL}
        for one in adapted_from
    ]


_REL = CW + "adaptedFrom"


def build_item(item: Item) -> dict[str, Any]:
    """An item as an object for Create or Update; blank fields are left out.

    LocalProtocolError if what it says could not be read back: a missing name, an unknown kind, a text over a limit.
    """
    try:
        place = build_place(item.place)
        value: dict[str, Any] = {
            "id": item.id,
            "type": "Article",
            "attributedTo": item.attributed_to,
            "to": list(item.to),
            **({"cc": list(item.cc)} if item.cc else {}),
            "name": item.name,
            **({"summary": escape(item.summary, quote=False)} if item.summary else {}),  # HTML on the wire
            "content": item.content,
            "contentMap": {item.language: item.content},
            **({"source": {"content": item.source, "mediaType": MARKDOWN}} if item.source else {}),
            "published": instant(item.published),
            **({"updated": instant(item.updated)} if item.updated > item.published else {}),
            **({"url": item.url} if item.url else {}),
            "cw:sequence": item.sequence,
            "cw:kind": item.kind,
            "cw:domain": item.domain,
            **({"cw:place": place} if len(place) > 1 else {}),
            **{name: text for field_name, name in _TEXTS.items() if (text := getattr(item, field_name))},
        }
        if item.adapted_from:
            value["cw:adaptedFrom"] = [reference(one.id, one.digest) for one in item.adapted_from]
            value["tag"] = _links(item.adapted_from)
        if item.credits:
            value["cw:credits"] = [reference(one.id, one.digest) for one in item.credits]
        value |= build(Told(item.earlier, item.progress, item.coach))
        if item.translation_of is not None:
            value["cw:translationOf"] = reference(item.translation_of.id, item.translation_of.digest)
        if item.attachments:
            value["attachment"] = [_document(one) for one in item.attachments]
        read_item(value)
    except RemoteProtocolError as error:
        raise LocalProtocolError(Reason.INVALID, error.detail) from None
    return value


def build_lineage(item: Item, digest: bytes) -> dict[str, Any]:
    """What a tombstone of the item, whose last state has this digest, says of its lineage still."""
    last = Earlier(digest, item.updated or item.published, item.version)
    return {
        "published": instant(item.published),
        **(
            {"cw:adaptedFrom": [reference(one.id, one.digest) for one in item.adapted_from]}
            if item.adapted_from
            else {}
        ),
        **(
            {"cw:translationOf": reference(item.translation_of.id, item.translation_of.digest)}
            if item.translation_of
            else {}
        ),
        **({"cw:credits": [reference(one.id, one.digest) for one in item.credits]} if item.credits else {}),
        "cw:earlier": build_earlier((*item.earlier, last)[-MOST:]),
    }


def _document(one: Attachment) -> dict[str, Any]:
    return {
        "type": "Document",
        "url": one.url,
        **({"mediaType": one.media_type} if one.media_type else {}),
        **({"name": one.name} if one.name else {}),
        **({"digestMultibase": digest_multibase(one.digest)} if one.digest is not None else {}),
    }
