"""A message from one actor to one other: a Note that nobody else reads (ActivityPub section 5.6 without the public).

Owns its form on the wire in both directions. Ours is plain text; what other software writes as HTML is read as text by
whoever shows it. It may answer another (`inReplyTo`) and be about a thing (`cw:about`, its id).
"""

from html import escape
from typing import Any

import msgspec
from msgspec import field

from protocol.limits import ID_CHARACTERS
from protocol.vocabulary.dates import instant, read_instant
from protocol.vocabulary.shapes import Id, Name, Whole, bounded, malformed, mapping, one_id, shaped

NOTE = "Note"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """content: HTML as it came, or ours escaped; source: plain text, blank if it has none. published: ms."""

    id: str
    author: str
    to: str
    content: str
    source: str = ""
    answers: str = ""
    about: str = ""
    published: int = 0
    sequence: int = 0


class _Wire(msgspec.Struct, frozen=True):
    id: Id
    author: Any = field(default=None, name="attributedTo")
    to: Any = None
    content: str = ""
    source: Any = None
    answers: Any = field(default=None, name="inReplyTo")
    about: Any = field(default=None, name="cw:about")
    published: Name | None = None
    sequence: Whole = field(default=0, name="cw:sequence")


def read_message(value: dict[str, Any]) -> Message:
    """A Note to one actor. RemoteProtocolError MALFORMED or TOO_LARGE in a sentence."""
    wire = shaped(value, _Wire, "A message")
    author, to = one_id(wire.author, "attributedTo"), one_id(wire.to, "to")
    if author is None or to is None:
        raise malformed("A message is of one actor, to one other.")
    source = mapping(wire.source) or {}
    plain: Any = source.get("content", "") if source.get("mediaType") == "text/plain" else ""
    if not isinstance(plain, str):
        raise malformed("source must hold text.")
    return Message(
        id=wire.id, author=author, to=to, content=bounded(wire.content, "content"), source=bounded(plain, "source"),
        answers=one_id(wire.answers, "inReplyTo") or "", about=(one_id(wire.about, "cw:about") or "")[:ID_CHARACTERS],
        published=read_instant(wire.published, "published") if wire.published else 0, sequence=wire.sequence,
    )  # fmt: skip


def build_message(made: Message) -> dict[str, Any]:
    """As an object for Create. `source` is the text; `content` is made of it."""
    paragraphs = "".join(f"<p>{escape(part)}</p>" for part in made.source.split("\n\n") if part.strip())
    return {
        "id": made.id,
        "type": NOTE,
        "attributedTo": made.author,
        "to": [made.to],
        "published": instant(made.published),
        "content": paragraphs.replace("\n", "<br>"),
        "source": {"content": made.source, "mediaType": "text/plain"},
        **({"inReplyTo": made.answers} if made.answers else {}),
        **({"cw:about": made.about} if made.about else {}),
        "cw:sequence": made.sequence,
    }
