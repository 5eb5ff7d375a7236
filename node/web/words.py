"""The words people read for the codes that machines use: domains, levels, kinds, languages, dates and spans.

Pure. An unknown code is shown as it is, never dropped and never guessed. The only place where a time becomes words.
"""

from datetime import UTC, date, datetime
from types import MappingProxyType

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

DOMAINS = MappingProxyType(
    {
        "education": "Education",
        "economic-development": "Economic development",
        "health": "Health",
        "housing": "Housing",
        "public-safety": "Public safety",
        "infrastructure": "Infrastructure",
        "culture": "Culture",
        "recreation": "Recreation",
        "environment": "Environment",
    }
)
LEVELS = MappingProxyType(
    {
        "neighbourhood": "Neighbourhood",
        "city": "City and its region",
        "state": "State",
        "nation": "Nation",
        "region": "World region",
        "world": "World",
    }
)
KINDS = MappingProxyType(
    {
        "tool": "Tool",
        "framework": "Framework",
        "method": "Method",
        "story": "Story",
        "lesson": "Lesson",
        "manual": "Manual",
        "reference": "Reference",
        "proceedings": "Proceedings",
        "adaptation": "Adaptation",
    }
)
STAGES = MappingProxyType(
    {
        "considering": "Considering",
        "visited": "Visited",
        "adapting": "Adapting",
        "running": "Running",
        "stopped": "Stopped",
    }
)
# A language is named in itself: who needs it can read it.
LANGUAGES = MappingProxyType(
    {
        "ar": "العربية",
        "bn": "বাংলা",
        "de": "Deutsch",
        "en": "English",
        "es": "Español",
        "fa": "فارسی",
        "fr": "Français",
        "ha": "Hausa",
        "he": "עברית",
        "hi": "हिन्दी",
        "ht": "Kreyòl ayisyen",
        "id": "Bahasa Indonesia",
        "it": "Italiano",
        "ja": "日本語",
        "km": "ភាសាខ្មែរ",
        "ko": "한국어",
        "nl": "Nederlands",
        "pl": "Polski",
        "pt": "Português",
        "ru": "Русский",
        "so": "Soomaali",
        "sw": "Kiswahili",
        "ta": "தமிழ்",
        "tl": "Tagalog",
        "tr": "Türkçe",
        "uk": "Українська",
        "ur": "اردو",
        "vi": "Tiếng Việt",
        "yo": "Yorùbá",
        "zh": "中文",
    }
)
LICENSES = MappingProxyType(
    {
        "CC-BY-4.0": "Others may use and change it, naming you (CC BY 4.0)",
        "CC-BY-SA-4.0": "The same, and what they make of it stays as free (CC BY-SA 4.0)",
        "CC0-1.0": "Anyone may do anything with it (CC0 1.0)",
        "all-rights-reserved": "Reading only: ask us first",
    }
)
# What a page says once after an act, by the key in `?said=`; an unknown key says nothing.
SAID = MappingProxyType(
    {
        "published": "Published and signed. It is on its way to everyone who follows you.",
        "saved": "Saved and signed. Those who hold the earlier version will receive this one.",
        "unchanged": "Nothing was changed, so nothing was sent.",
        "withdrawn": "Withdrawn. Everyone who holds it is being told.",
        "followed": "Asked. They have to accept; their items appear here as soon as they do.",
        "asked-again": "Asked again.",
        "unfollowed": "You no longer follow them. What you already hold stays readable.",
        "removed": "They no longer receive what you publish.",
        "recommended": "Recommended to everyone who follows you.",
        "practice-opened": "The practice is open. Publish its first item next.",
        "checked": "The check has run.",
        "confirmed": "Confirmed.",
        "key-good": "Their key is good again: their messages are taken, and yours are on their way to them.",
        "key-still": "What they show still needs a person: compare the fingerprints with them, or ask again later.",
        "key-away": "They could not be reached, so nothing was changed. Ask again later.",
        "signed-in": "You are signed in.",
        "signed-out": "You are signed out on this device.",
    }
)

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
_SPANS = ((365 * DAY, "year"), (30 * DAY, "month"), (7 * DAY, "week"), (DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"))


def _slug(text: str) -> str:
    words = text.replace("-", " ").replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def domain(path: str) -> tuple[str, ...]:
    """A domain path in words, root first: ("Public safety", "Gun violence")."""
    return tuple(DOMAINS.get(part) or _slug(part) for part in path.split("/") if part)


def level(code: str) -> str:
    return LEVELS.get(code) or _slug(code)


def kind(code: str) -> str:
    return KINDS.get(code) or _slug(code)


def stage(code: str) -> str:
    return STAGES.get(code) or _slug(code)


def license_words(code: str) -> str:
    return LICENSES.get(code) or code


def language(code: str) -> str:
    """A language named in itself; a region is kept ("Español (MX)"); an unknown code stays a code."""
    base, _, region = code.partition("-")
    name = LANGUAGES.get(base.lower())
    if name is None:
        return code
    return f"{name} ({region})" if region else name


def count(number: int, one: str, many: str = "") -> str:
    """ "1 item", "2 items", "1,204 items"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _instant(ms: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(ms / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # a peer may claim any year


def day(ms: int) -> tuple[str, str]:
    """(machine form, words) of a moment's day, its zone said: ("2026-05-03T10:00:00Z", "3 May 2026 (UTC)")."""
    at = _instant(ms)
    if at is None:
        return "", "an impossible date"
    return at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{at.day} {_MONTHS[at.month - 1]} {at.year} (UTC)"


def moment(ms: int) -> tuple[str, str]:
    """(machine form, words) of a moment: ("2026-05-03T10:00:00Z", "3 May 2026, 10:00 UTC")."""
    at = _instant(ms)
    if at is None:
        return "", "an impossible date"
    return at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{at.day} {_MONTHS[at.month - 1]} {at.year}, {at:%H:%M} UTC"


def calendar_day(text: str) -> tuple[str, str]:
    """(machine form, words) of a date that has no zone, such as a review date; what is no date stays as written."""
    try:
        at = date.fromisoformat(text)
    except ValueError:
        return "", text
    return at.isoformat(), f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def relative(ms: int, now: int) -> str:
    """How long ago or ahead, in one unit: "3 days ago", "in 2 hours", "just now"."""
    apart = abs(now - ms)
    for span, name in _SPANS:
        if apart >= span:
            words = count(apart // span, name)
            return f"{words} ago" if ms < now else f"in {words}"
    return "just now" if ms <= now else "in a moment"
