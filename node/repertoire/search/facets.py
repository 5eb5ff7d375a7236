"""The ways to narrow the catalog, as a page shows them: each value with its count and an address of its own. Pure.

Domains and places are trees: what lies below the chosen one is shown with it. Ranges keep their order; of everything
else the most frequent come first.
"""

from collections.abc import Mapping
from types import MappingProxyType

from babel import Locale

from node import regions
from node.repertoire.catalog import Query
from node.repertoire.search.asking import ADAPTED, FACETS, FRESH
from node.repertoire.views import catalog_url
from node.sentence import words
from node.web import words as codes
from node.web.things import Choice, Facet

SHOWN = 30
_BETWEEN = MappingProxyType({"domain": "/", "place": "-"})  # what parts the steps of a tree's path
TITLES = MappingProxyType(
    {
        "domain": words("Domain"),
        "kind": words("Kind"),
        "place": words("Place"),
        "language": words("Language"),
        "level": words("Level"),
        "origin": words("Origin node"),
        "evidence": words("Evidence"),
        "adapted": words("Adapted"),
        "fresh": words("Last changed"),
    }
)
_RANGES: Mapping[str, tuple[str, ...]] = {"evidence": ("yes", "no"), "adapted": tuple(ADAPTED), "fresh": FRESH}
_NAMES = MappingProxyType(
    {
        ("evidence", "yes"): words("With evidence"),
        ("evidence", "no"): words("Without evidence"),
        ("adapted", "0"): words("Not yet"),
        ("adapted", "1"): words("1 to 4 times"),
        ("adapted", "5"): words("5 to 19 times"),
        ("adapted", "20"): words("20 times or more"),
        ("fresh", "month"): words("In the last month"),
        ("fresh", "year"): words("In the last year"),
        ("fresh", "older"): words("Longer ago"),
    }
)
_SORTS = MappingProxyType(
    {
        "": words("Best match"),
        "newest": words("Newest"),
        "adapted": words("Most adapted"),
        "review": words("Review due"),
    }
)


def facets(query: Query, counts: Mapping[str, Mapping[str, int]], locale: Locale) -> list[Facet]:
    """In the order of FACETS, those that have values."""
    made: list[Facet] = []
    for name in FACETS:
        found = dict(counts.get(name, {}))
        chosen: str = getattr(query, name)
        if chosen and name in counts:
            found.setdefault(chosen, 0)
        if found:
            made.append(_facet(query, name, found, locale))
    return made


def _facet(query: Query, name: str, found: dict[str, int], locale: Locale) -> Facet:
    chosen: str = getattr(query, name)
    choices = tuple(
        Choice(
            label=label(name, value, locale),
            url=catalog_url(query, **{name: value}),
            count=found[value],
            chosen=value == chosen,
            depth=_depth(name, value),
        )
        for value in _shown(name, found, chosen)
    )
    return Facet(TITLES[name], choices, catalog_url(query, **{name: ""}))


def _shown(name: str, found: dict[str, int], chosen: str) -> list[str]:
    if name in _RANGES:
        return [value for value in _RANGES[name] if value in found]
    frequent = sorted(found, key=lambda value: (-found[value], value))
    between = _BETWEEN.get(name)
    if between is None:
        first = frequent[:SHOWN]
        return first if chosen in first or not chosen else [*first, chosen]
    roots = [value for value in frequent if between not in value][:SHOWN]
    opened = chosen or (roots[0] if len(roots) == 1 else "")
    return [one for root in roots for one in _branch(root, frequent, opened, between)]


def _branch(value: str, frequent: list[str], opened: str, between: str) -> list[str]:
    """A value, and what lies below it where it is on the way to the opened one."""
    if opened != value and not opened.startswith(value + between):
        return [value]
    below = [one for one in frequent if one.rpartition(between)[0] == value][:SHOWN]
    return [value, *(deeper for one in below for deeper in _branch(one, frequent, opened, between))]


def _depth(name: str, value: str) -> int:
    between = _BETWEEN.get(name)
    return 0 if between is None else min(len(value.split(between)) - 1, 2)


def label(name: str, value: str, locale: Locale) -> str:
    """What a facet's value is called."""
    if (name, value) in _NAMES:
        return _NAMES[name, value]
    if name == "domain":
        return codes.domain(value)[-1]
    if name == "place":
        region = regions.of_code(value)
        return value if region is None else region.name if "-" in value else regions.country(locale, value)
    if name == "level":
        return codes.LEVELS.get(value, value)
    if name == "kind":
        return codes.kind(value)
    return codes.language(value) if name == "language" else value


def sorts(query: Query) -> list[Choice]:
    """The orders of the list. Without words nothing matches best."""
    usual = query.sort or ("" if query.q else "newest")
    return [
        Choice(name, catalog_url(query, sort=value), 0, value == usual)
        for value, name in _SORTS.items()
        if value or query.q
    ]
