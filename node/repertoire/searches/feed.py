"""Items as an Atom feed (RFC 4287). Pure. Of an item it says what its card says, and where it is read."""

import re
from collections.abc import Iterable
from xml.etree import ElementTree

import msgspec

from node.repertoire.views import item_url
from node.storage.contract import Row
from protocol.vocabulary.dates import instant

TYPE = "application/atom+xml"
_ATOM = "http://www.w3.org/2005/Atom"
_UNSAID = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # what XML 1.0 has no place for


class Feed(msgspec.Struct, frozen=True):
    """url: where it is; page: the same for people. since: ms, when it began, for while it is empty."""

    url: str
    page: str
    title: str
    author: str
    since: int


def atom(feed: Feed, origin: str, rows: Iterable[Row]) -> bytes:
    """The document. rows: cards, the latest first."""
    listed = list(rows)
    root = ElementTree.Element("feed", {"xmlns": _ATOM})
    _text(root, "id", feed.url)
    _text(root, "title", feed.title)
    _text(root, "updated", instant(max((row["updated"] for row in listed), default=feed.since)))
    _text(ElementTree.SubElement(root, "author"), "name", feed.author)
    ElementTree.SubElement(root, "link", {"rel": "self", "type": TYPE, "href": feed.url})
    ElementTree.SubElement(root, "link", {"rel": "alternate", "type": "text/html", "href": feed.page})
    for row in listed:
        _entry(ElementTree.SubElement(root, "entry"), origin, row)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


def _entry(entry: ElementTree.Element, origin: str, row: Row) -> None:
    _text(entry, "id", row["id"])
    _text(entry, "title", row["name"] or row["id"])
    _text(entry, "published", instant(row["published"]))
    _text(entry, "updated", instant(row["updated"]))
    _text(ElementTree.SubElement(entry, "author"), "name", row["practice_name"] or row["owner"])
    page = origin + item_url(row["id"], bool(row["local"]))
    ElementTree.SubElement(entry, "link", {"rel": "alternate", "type": "text/html", "href": page})
    if row["summary"]:
        _text(entry, "summary", row["summary"])
    for term in (row["kind"], row["domain"]):
        if term:
            ElementTree.SubElement(entry, "category", {"term": _said(term)})


def _text(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = _said(text)


def _said(text: str) -> str:
    return _UNSAID.sub("\ufffd", text)
