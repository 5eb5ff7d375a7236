"""Which language a reader reads, and every sentence said in it.

The words of pages are English in the source (node/sentence.py, templates) and stand in other languages in
locale/<code>/LC_MESSAGES/commonweave.po, read once at start. Chosen by: what a member has set, what this browser was
told in the footer (a cookie), what it asks for (RFC 9110 section 12.5.4), what the coalition speaks, English.
"""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec
from aiohttp import web
from babel import Locale
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from node.sentence import Sentence

LANGUAGES = MappingProxyType({"en": "English", "es": "Español"})  # each named in itself; each has a catalogue
COOKIE = "language"
COOKIE_LIFETIME = 365 * 24 * 3600  # seconds
_FOLDER = Path(__file__).parent / "locale"
_ACCEPTED = 500  # characters of an Accept-Language header that are read


class Catalogue(msgspec.Struct, frozen=True):
    """The words of one language: (message, plural or "") → its forms, and which form a number takes."""

    code: str
    messages: Mapping[tuple[str, str], tuple[str, ...]]

    def words(self, one: str, many: str = "", number: int = 0) -> str:
        """A message in this language; in English if it is not there."""
        forms = self.messages.get((one, many))
        plural = number != 1  # English's rule, and Spanish's for the numbers that are counted here
        if forms is None:
            return many if many and plural else one
        return forms[-1] if many and plural else forms[0]

    def say(self, text: str) -> str:
        """A sentence in this language. Other text is found if it stands in the catalogue as a whole."""
        if isinstance(text, Sentence):
            return text.again(self.words, self.spoken)
        return self.words(text) if text else text

    def spoken(self, value: Any) -> str:
        """A value as this language writes it."""
        if isinstance(value, int) and not isinstance(value, bool):
            return format_decimal(value, locale=self.code)
        return str(value)


ENGLISH = Catalogue("en", MappingProxyType({}))


@lru_cache(maxsize=1)
def catalogues() -> Mapping[str, Catalogue]:
    """Every language's, by code."""
    return MappingProxyType({code: ENGLISH if code == "en" else _read(code) for code in LANGUAGES})


def _read(code: str) -> Catalogue:
    with (_FOLDER / code / "LC_MESSAGES" / "commonweave.po").open("rb") as file:
        found = read_po(file, locale=code)
    messages: dict[tuple[str, str], tuple[str, ...]] = {}
    for message in found:
        ids: Any = message.id
        one, many = (ids, "") if isinstance(ids, str) else ids
        said: Any = message.string
        forms = (said,) if isinstance(said, str) else tuple(said)
        if one and all(forms) and not message.fuzzy:
            messages[one, many] = forms
    return Catalogue(code, messages)


@lru_cache(maxsize=1_024)
def preferred(accepted: str) -> str:
    """The language of ours that an Accept-Language header likes best; empty if it names none."""
    best, quality = "", 0.0
    for element in accepted[:_ACCEPTED].split(","):
        tag, _, parameter = element.partition(";")
        code = tag.strip().lower().partition("-")[0]
        name, _, value = parameter.strip().partition("=")
        try:
            liked = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            continue
        if code in LANGUAGES and quality < liked <= 1:
            best, quality = code, liked
    return best


def choose(request: web.Request, own: str, usual: str) -> Catalogue:
    """The reader's. own: what a member has set; usual: what the coalition speaks."""
    for code in (
        own,
        request.cookies.get(COOKIE, ""),
        preferred(request.headers.get("Accept-Language", "")),
        usual.partition("-")[0],
    ):
        if code in LANGUAGES:
            return catalogues()[code]
    return ENGLISH


def liked(page: str, accepted: str) -> tuple[str, ...]:
    """A reader's languages, the best liked first: that of the page, then those of an Accept-Language header, by their
    order there. Of any language, ours or not: items are in all of them."""
    named = [part.partition(";")[0].strip().lower() for part in accepted[:_ACCEPTED].split(",")]
    return tuple(dict.fromkeys([page, *(code for code in named if code and code != "*")]))


@lru_cache(maxsize=64)
def locale_of(code: str) -> Locale:
    """Babel's, for dates and numbers. English dates are day first: the pages' readers are not in one country."""
    return Locale.parse("en_GB" if code == "en" else code)
