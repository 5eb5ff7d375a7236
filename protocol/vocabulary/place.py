"""Where something is: a GeoNames id, a name, coordinates, and the ISO 3166 codes it lies within.

Also the two other coordinates that every practice has, domain and level, since actors and items share all three
(mission, Words). Coordinates are text: our documents carry no floats (protocol section 3).
"""

import re
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import field

from protocol.errors import Reason, RemoteProtocolError
from protocol.identifiers import is_slug
from protocol.limits import NAME_CHARACTERS
from protocol.vocabulary.shapes import Name, listed, malformed, mapping, shaped

DOMAINS = (
    "education",
    "economic-development",
    "health",
    "housing",
    "public-safety",
    "infrastructure",
    "culture",
    "recreation",
    "environment",
)
LEVELS = ("neighbourhood", "city", "state", "nation", "region", "world")

_WITHIN = 16  # a country, its subdivision, and what straddles a few
_DEPTH = 8
_GEONAMES = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_ISO_3166 = re.compile(r"[A-Z]{2}(?:-[A-Z0-9]{1,3})?", re.ASCII)
_COORDINATES = re.compile(r"-?\d{1,2}(?:\.\d{1,7})?,-?\d{1,3}(?:\.\d{1,7})?", re.ASCII)


class Place(msgspec.Struct, frozen=True):
    """A place; every part may be blank. `coordinates` is "latitude,longitude" in degrees (WGS 84)."""

    name: str = ""
    geonames: str = ""
    coordinates: str = ""
    within: tuple[str, ...] = ()


NOWHERE = Place()


class _Wire(msgspec.Struct, frozen=True):
    name: Name | None = None
    geonames: Name | int | None = field(default=None, name="cw:geonames")
    coordinates: Name | None = field(default=None, name="cw:coordinates")
    within: Any = field(default=None, name="cw:within")


@lru_cache(maxsize=1024)
def check_domain(text: str) -> str:
    """A path of slugs that starts at one of the nine roots. RemoteProtocolError MALFORMED otherwise."""
    parts = text.split("/", _DEPTH)
    if len(text) > NAME_CHARACTERS or parts[0] not in DOMAINS or not all(is_slug(part) for part in parts):
        raise malformed("cw:domain must be a path of slugs below one of the nine roots.")
    return text


def check_level(text: str) -> str:
    """One of the six levels. RemoteProtocolError MALFORMED otherwise."""
    if text not in LEVELS:
        raise malformed("cw:level must be one of " + ", ".join(LEVELS) + ".")
    return text


@lru_cache(maxsize=1024)  # a practice's items are mostly of its own place
def check_place(place: Place) -> Place:
    """A place whose parts have their forms. RemoteProtocolError MALFORMED names the part that has not."""
    if len(place.name) > NAME_CHARACTERS:
        raise malformed(f"cw:place's name has more than {NAME_CHARACTERS} characters.")
    if place.geonames and not _GEONAMES.fullmatch(place.geonames):
        raise malformed("cw:geonames must be a GeoNames id.")
    if place.coordinates:
        if not _COORDINATES.fullmatch(place.coordinates):
            raise malformed('cw:coordinates must be "latitude,longitude" in degrees.')
        latitude, _, longitude = place.coordinates.partition(",")
        if abs(float(latitude)) > 90 or abs(float(longitude)) > 180:
            raise malformed("cw:coordinates lie outside the Earth's.")
    if len(place.within) > _WITHIN:
        raise RemoteProtocolError(Reason.PAGE_LIMIT, f"cw:within has more than {_WITHIN} entries.")
    if not all(_ISO_3166.fullmatch(code) for code in place.within):
        raise malformed("cw:within must hold ISO 3166 codes.")
    return place


def read_place(value: Any) -> Place:
    """`cw:place`; blank if absent. A bare string is a name."""
    if value is None:
        return NOWHERE
    members = mapping(value)
    if members is None:
        if not isinstance(value, str):
            raise malformed("cw:place must be an object.")
        return check_place(Place(value))
    wire = shaped(members, _Wire, "cw:place")
    within = listed(wire.within, "cw:within", _WITHIN)
    if not all(isinstance(code, str) for code in within):
        raise malformed("cw:within must hold ISO 3166 codes.")
    geonames = "" if wire.geonames is None else str(wire.geonames)
    return check_place(Place(wire.name or "", geonames, wire.coordinates or "", tuple(within)))


def build_place(place: Place) -> dict[str, Any]:
    """`cw:place`, blank parts left out. RemoteProtocolError as check_place: it was typed by a person."""
    check_place(place)
    value: dict[str, Any] = {"type": "Place"}
    if place.name:
        value["name"] = place.name
    if place.geonames:
        value["cw:geonames"] = place.geonames
    if place.coordinates:
        value["cw:coordinates"] = place.coordinates
    if place.within:
        value["cw:within"] = list(place.within)
    return value
