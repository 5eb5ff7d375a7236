"""Countries and their first-level parts by name and by ISO 3166 code, for whoever types a state or a nation.

Countries from Babel, which knows them in many languages; their parts from pycountry's file of ISO 3166-2, as they are
called there.
"""

from functools import lru_cache
from importlib.resources import files
from typing import Any

import msgspec
from babel import Locale

from node.folding import fold
from protocol.vocabulary.place import Place

_LANGUAGES = ("en", "es")  # in which a country is found by its name: those that pages speak
SHOWN = 4


class _Part(msgspec.Struct, frozen=True):
    code: str
    name: str


class _Parts(msgspec.Struct, frozen=True):
    parts: tuple[_Part, ...] = msgspec.field(name="3166-2")


class Region(msgspec.Struct, frozen=True):
    """A country (US) or a part of one (US-NC)."""

    code: str
    name: str

    @property
    def place(self) -> Place:
        """As the wire has it: it lies within itself."""
        country = self.code[:2]
        return Place(self.name, within=(country,) if self.code == country else (country, self.code))

    def label(self, locale: Locale) -> str:
        """Its name with what it lies within, in the reader's language."""
        if "-" not in self.code:
            return country(locale, self.code)
        return f"{self.name}, {country(locale, self.code[:2])}"


def country(locale: Locale, code: str) -> str:
    """A country's name in a language; its code where there is none."""
    names: Any = locale.territories  # which Babel does not type
    return str(names.get(code, code))


@lru_cache(maxsize=1)
def _known() -> tuple[dict[str, Region], tuple[tuple[str, str], ...]]:
    """By code; and (folded name, code) in order."""
    raw = (files("pycountry") / "databases" / "iso3166-2.json").read_bytes()
    parts = msgspec.json.decode(raw, type=_Parts).parts
    countries = {part.code[:2] for part in parts}
    english = Locale("en")
    found = {code: Region(code, country(english, code)) for code in countries}
    found |= {part.code: Region(part.code, part.name) for part in parts}
    names = {(fold(region.name), region.code) for region in found.values()}
    for language in _LANGUAGES[1:]:
        names |= {(fold(country(Locale(language), code)), code) for code in countries}
    return found, tuple(sorted(names))


def load() -> None:
    """Read the file, if nobody has: some 20 ms, for a thread."""
    _known()


def of_code(code: str) -> Region | None:
    return _known()[0].get(code)


def matching(text: str, most: int = SHOWN) -> list[Region]:
    """Those whose name begins so: a whole name first, a country before parts."""
    wanted = fold(text.partition(",")[0])
    if len(wanted) < 2:
        return []
    found, names = _known()
    hits = {code: name != wanted for name, code in reversed(names) if name.startswith(wanted)}
    return [found[code] for code in sorted(hits, key=lambda code: (hits[code], len(code) > 2, code))][:most]


def named(text: str, locale: Locale) -> list[Region]:
    """Those of exactly this name, or with this label."""
    name, wanted = fold(text.partition(",")[0]), fold(text)
    found, names = _known()
    codes = dict.fromkeys(code for known, code in names if known == name)
    whole = "," not in text
    return [found[code] for code in sorted(codes, key=len) if whole or fold(found[code].label(locale)) == wanted]
