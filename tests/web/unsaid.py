"""Finds what a page says without a translator having seen it, in a language whose every message stands in ⟦ ⟧.

Letters outside the brackets may only come from the data of the story: names, titles, addresses. Dates are Babel's.
"""

import html
import re
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Any

import msgspec

from node.web import words
from node.web.forms import Form
from node.web.language import Catalogue
from tests.translations import messages

_SPOKEN = ("title", "aria-label", "placeholder", "alt", "content")  # attributes that a person hears or reads
_LETTER = re.compile(r"[^\W\d_]")
# What stands in no language: addresses, handles, fingerprints, versions.
_NOBODYS = re.compile(r"\S*[@/\d]\S*|http:|\b[0-9a-f]{4}\b|\b(UTC|Commonweave)\b")
_SILENT = frozenset({"time", "style", "script"})
_OURS = (*words.LANGUAGES.values(), "English", *words.zones())


def bracketed() -> Catalogue:
    """The language: every message of the source, in brackets."""
    made: dict[tuple[str, str], tuple[str, ...]] = {}
    for message in messages():
        one, many = (message, "") if isinstance(message, str) else message
        made[one, many] = (f"⟦{one}⟧", f"⟦{many}⟧") if many else (f"⟦{one}⟧",)
    return Catalogue("en", made)


def strings(value: Any) -> Iterable[str]:
    """Every text in a view."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, msgspec.Struct):
        yield from strings([getattr(value, name) for name in value.__struct_fields__])
    elif isinstance(value, Form):
        yield from strings(vars(value))
    elif isinstance(value, dict):
        yield from strings([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for each in value:
            yield from strings(each)


def _flat(text: str) -> str:
    return " ".join(html.unescape(text).split())


class _Page(HTMLParser):
    """What stands outside the brackets, in the order of the page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.outside: list[str] = []
        self._depth = 0
        self._silent = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in _SILENT
        given = {name: value or "" for name, value in attrs}
        button = tag == "input" and given.get("type") in ("submit", "button")
        for name, value in given.items():
            if (name in _SPOKEN and tag != "meta") or (name == "value" and button):
                self._take(value, attribute=True)

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in _SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self._take(data)

    def _take(self, text: str, *, attribute: bool = False) -> None:
        depth, kept = 0 if attribute else self._depth, ""
        for character in text:
            depth += character == "⟦"
            if not depth:
                kept += character
            elif character == "⟧":
                depth -= 1
                kept += "\n"
        self.outside += [part for part in map(_flat, kept.split("\n\n")) if part]
        if not attribute:
            self._depth = depth


def unsaid(page: str, data: Iterable[str]) -> list[str]:
    """The words of the page that are nobody's: not in brackets, and not of the data."""
    known = [*{_flat(re.sub(r"<[^>]*>", " ", text)) for text in data}, *_OURS]
    known += [words._slug(part) for text in known if " " not in text for part in text.split("/")]
    held = "\n".join(known)
    names = sorted((text for text in known if _LETTER.search(text)), key=len, reverse=True)
    found: list[str] = []
    for part in _Page(page).outside:
        if part in held:
            continue
        rest = part
        for name in names:
            rest = rest.replace(name, "")
        if _LETTER.search(_NOBODYS.sub("", rest)):
            found.append(part)
    return found
