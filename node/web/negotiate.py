"""One URL, two readers: people (HTML) and other nodes (activity JSON). Programs have the API, and problems as JSON.

Pure. Implements RFC 9110 section 12.5.1 (the most specific range that matches an offer gives its quality) and the
ActivityPub media types (protocol section 5). Nothing here raises: a header that cannot be read is as no header.
"""

from functools import lru_cache
from types import MappingProxyType

import msgspec

HTML = "text/html"
JSON = "application/json"
PROBLEM = "application/problem+json"
ACTIVITY = "application/activity+json"
LD_JSON = "application/ld+json"
PROFILE = "https://www.w3.org/ns/activitystreams"
VARY = "Accept, Signature, Signature-Input"

_MAX_HEADER = 4_096  # longer is no browser's, and parsing must stay cheap
_OFFERS: tuple[tuple[str, str, str], ...] = (
    ("html", HTML, ""),
    ("html", "application/xhtml+xml", ""),
    ("activity", ACTIVITY, ""),
    ("activity", LD_JSON, PROFILE),
    ("json", JSON, ""),
    ("json", PROBLEM, ""),
)
# Between equals: who names an exact machine type is a machine, since no browser does; `*/*` gets the page.
_NAMED = MappingProxyType({"activity": 2, "json": 1, "html": 0})
_UNNAMED = MappingProxyType({"html": 2, "activity": 1, "json": 0})


class Range(msgspec.Struct, frozen=True):
    """One media range of an Accept header: type in lower case, its profile if any, quality in thousandths."""

    media: str
    profile: str
    quality: int


def _split(text: str, separator: str) -> list[str]:
    """Split outside quoted strings (a profile may hold commas)."""
    parts: list[str] = []
    start, quoted, escaped = 0, False, False
    for position, character in enumerate(text):
        if escaped:
            escaped = False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == separator and not quoted:
            parts.append(text[start:position])
            start = position + 1
    parts.append(text[start:])
    return parts


def _quality(text: str) -> int:
    """Thousandths; what is no qvalue counts as 0, so that a broken wish is never preferred."""
    whole, _, part = text.partition(".")
    if whole not in ("0", "1") or len(part) > 3 or not (part or "0").isascii() or not (part or "0").isdigit():
        return 0
    return min(1_000, int(whole) * 1_000 + int((part or "0").ljust(3, "0")))


def ranges(accept: str) -> tuple[Range, ...]:
    """The ranges of an Accept header in its order; nonsense is left out."""
    found: list[Range] = []
    for element in _split(accept, ","):
        media, *parameters = (part.strip() for part in _split(element, ";"))
        if media.count("/") != 1 or media.startswith("/") or media.endswith("/"):
            continue
        profile, quality = "", 1_000
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip().lower() == "q":
                quality = _quality(value.strip())
                break  # what follows are extensions, not parameters of the type
            if name.strip().lower() == "profile":
                profile = value.strip().strip('"')
        found.append(Range(media.lower(), profile, quality))
    return tuple(found)


def _match(wanted: Range, media: str, profile: str) -> int:
    """How specifically a range matches an offer: 0 not at all, 1 `*/*`, 2 `text/*`, 3 the type, 4 with its profile."""
    if wanted.media == media:
        if not wanted.profile:
            return 3
        return 4 if profile in wanted.profile.split() else 0  # a profile is a list of URIs (RFC 6906)
    if wanted.media == "*/*":
        return 1
    return 2 if wanted.media == media.partition("/")[0] + "/*" else 0


@lru_cache(maxsize=256)
def _parsed(accept: str) -> str:
    wanted = ranges(accept)
    if not wanted:
        return "html"
    best, best_rank = "", (0, False, 0)
    for name, media, profile in _OFFERS:
        specific, quality = 0, 0
        for candidate in wanted:
            match = _match(candidate, media, profile)
            if match > specific:
                specific, quality = match, candidate.quality
        if not quality:
            continue
        named = specific >= 3
        rank = (quality, named, (_NAMED if named else _UNNAMED)[name])
        if not best or rank > best_rank:
            best, best_rank = name, rank
    return best


def reader(accept: str | None) -> str:
    """Who asks: "html", "activity", "json", or "" if none of these is acceptable. No header is `*/*`."""
    if accept is None or not accept.strip() or len(accept) > _MAX_HEADER:
        return "html"
    return _parsed(accept)


def wants_activity(accept: str | None) -> bool:
    """Another node: activity JSON is what this Accept header likes best."""
    return reader(accept) == "activity"


def wants_html(accept: str | None) -> bool:
    """A person: HTML is what this Accept header likes best."""
    return reader(accept) == "html"


def names_html(accept: str | None) -> bool:
    """A browser: it likes HTML best and says so by name. `*/*` alone may be anyone, and reads a problem as JSON."""
    return wants_html(accept) and "html" in (accept or "").lower()
