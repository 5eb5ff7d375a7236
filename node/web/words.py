"""The words people read for the codes that machines use: domains, levels, kinds, languages, dates and spans.

Pure. An unknown code is shown as it is, never dropped and never guessed. The only place where a time becomes words.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from types import MappingProxyType
from typing import Literal
from zoneinfo import ZoneInfo, available_timezones

from babel.dates import format_date, format_time, format_timedelta, get_timezone_name

from node.sentence import say, words
from node.web.language import locale_of

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

DOMAINS = MappingProxyType(
    {
        "education": words("Education"),
        "economic-development": words("Economic development"),
        "health": words("Health"),
        "housing": words("Housing"),
        "public-safety": words("Public safety"),
        "infrastructure": words("Infrastructure"),
        "culture": words("Culture"),
        "recreation": words("Recreation"),
        "environment": words("Environment"),
    }
)
LEVELS = MappingProxyType(
    {
        "neighbourhood": words("Neighbourhood"),
        "city": words("City and its region"),
        "state": words("State"),
        "nation": words("Nation"),
        "region": words("World region"),
        "world": words("World"),
    }
)
KINDS = MappingProxyType(
    {
        "tool": words("Tool"),
        "framework": words("Framework"),
        "method": words("Method"),
        "story": words("Story"),
        "lesson": words("Lesson"),
        "manual": words("Manual"),
        "reference": words("Reference"),
        "proceedings": words("Proceedings"),
        "adaptation": words("Adaptation"),
    }
)
STAGES = MappingProxyType(
    {
        "considering": words("Considering"),
        "visited": words("Visited"),
        "adapting": words("Adapting"),
        "running": words("Running"),
        "stopped": words("Stopped"),
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
        "CC-BY-4.0": words("Others may use and change it, naming you (CC BY 4.0)"),
        "CC-BY-SA-4.0": words("The same, and what they make of it stays as free (CC BY-SA 4.0)"),
        "CC0-1.0": words("Anyone may do anything with it (CC0 1.0)"),
        "all-rights-reserved": words("Reading only: ask us first"),
    }
)
# What a page says once after an act, by the key in `?said=`; an unknown key says nothing.
SAID = MappingProxyType(
    {
        "published": words("Published and signed. It is on its way to everyone who follows you."),
        "saved": words("Saved and signed. Those who hold the earlier version will receive this one."),
        "told": words("Told and signed. It is on its way to those whom this was adapted from."),
        "coach-asked": words("Asked. They are named here as soon as they agree, and not before."),
        "coach-answered": words("Kept. Whoever asked is told only of a yes."),
        "credited": words("Credited and signed. Those who are credited are being told."),
        "unchanged": words("Nothing was changed, so nothing was sent."),
        "noted": words("Noted. The practice’s members see it."),
        "import-dropped": words("The table is forgotten."),
        "forgotten": words("Forgotten: nothing of them is stored any more."),
        "withdrawn": words("Withdrawn. Everyone who holds it is being told."),
        "message-sent": words("Sent. What they answer is shown here."),
        "message-blocked": words("Blocked: what they write does not come here any more."),
        "message-reported": words("Shown to the coordinators."),
        "message-closed": words("Closed. Thank whoever helped you."),
        "message-deleted": words("Deleted here."),
        "help-asked": words("Asked. Each of them got it by themselves; what they answer is shown here."),
        "trust-said": words("Said. What follows from it holds from now on."),
        "trust-renewed": words("Renewed for a year."),
        "trust-taken-back": words("It is said no more."),
        "followed": words("Asked. They have to accept; their items appear here as soon as they do."),
        "asked-again": words("Asked again."),
        "unfollowed": words("You no longer follow them. What you already hold stays readable."),
        "removed": words("They no longer receive what you publish."),
        "recommended": words("Recommended to everyone who follows you."),
        "practice-opened": words("The practice is open. Publish its first item next."),
        "checked": words("The check has run."),
        "search-kept": words("Kept."),
        "search-deleted": words("Deleted, with its feed."),
        "feed-moved": words("The feed has another address now; the one it had leads nowhere any more."),
        "kept-item": words("Kept. It is not public, and has not left this node."),
        "kept-deleted": words("Deleted here. It was never sent anywhere."),
        "passkey-added": words("Added. From now on it signs you in."),
        "passkey-removed": words("Removed: it signs nobody in any more."),
        "settled": words("That was everything. You find it here again whenever something changes."),
        "profile-published": words("Published. Everybody can see your profile now."),
        "profile-ended": words("Taken back. Nobody sees anything of you any more."),
        "mail-works": words("The test was sent: mail works."),
        "confirmed": words("Confirmed."),
        "key-good": words("Their key is good again: their messages are taken, and yours are on their way to them."),
        "key-still": words("What they show still needs a person: compare the fingerprints, or ask again later."),
        "key-away": words("They could not be reached, so nothing was changed. Ask again later."),
        "joined": words("Welcome. You are a member, and signed in."),
        "new-password": words("Your new password holds. Every other session has ended."),
        "kept": words("Kept."),
        "revoked": words("Revoked: it opens nothing any more."),
        "session-ended": words("That session has ended."),
        "suspended": words("Suspended. Their sessions and tokens have ended."),
        "readmitted": words("They can sign in again."),
        "joined-practice": words("You belong to this practice now."),
        "left-practice": words("You do not belong to this practice any more."),
        "described": words("Changed and signed. It is on its way to everyone who follows this practice."),
        "split": words("Its parts are open. Each member is asked on their own page."),
        "answered": words("Kept. You can change your mind on the practices' own pages."),
        "group-forgotten": words("Forgotten: it is not found here any more."),
        "declined": words("You are not asked about it again. You can still follow it by its address."),
        "left": words("You have left, and what was stored about you is deleted."),
        "signed-in": words("You are signed in."),
        "signed-out": words("You are signed out on this device."),
    }
)

_Span = Literal["year", "month", "week", "day", "hour", "minute"]
_SPANS: tuple[tuple[int, _Span], ...] = (
    *((365 * DAY, "year"), (30 * DAY, "month"), (7 * DAY, "week")),
    *((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute")),
)


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


@lru_cache(maxsize=1)
def zones() -> frozenset[str]:
    """The time zones there are, by their IANA names."""
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def zone_choices() -> tuple[tuple[str, str], ...]:
    """The same for a form's list, in order: value and name."""
    return tuple((zone, zone) for zone in sorted(zones()))


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name) if name in zones() else UTC


def _zone_said(at: datetime, zone: str, language: str) -> str:
    return get_timezone_name(at, width="short", locale=locale_of(language)) if zone in zones() else "UTC"


def day(ms: int, language: str = "en", zone: str = "") -> tuple[str, str]:
    """(machine form, words) of a moment's day, its zone said: ("2026-05-03T10:00:00Z", "3 May 2026 (UTC)")."""
    at = _instant(ms)
    if at is None:
        return "", say("an impossible date")
    local = at.astimezone(_zone(zone))
    said = format_date(local, "long", locale=locale_of(language))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{said} ({_zone_said(local, zone, language)})"


def moment(ms: int, language: str = "en", zone: str = "") -> tuple[str, str]:
    """(machine form, words) of a moment: ("2026-05-03T10:00:00Z", "3 May 2026, 10:00 UTC")."""
    at = _instant(ms)
    if at is None:
        return "", say("an impossible date")
    local = at.astimezone(_zone(zone))
    said = format_date(local, "long", locale=locale_of(language))
    time = format_time(local, "HH:mm", locale=locale_of(language))
    return at.strftime("%Y-%m-%dT%H:%M:%SZ"), f"{said}, {time} {_zone_said(local, zone, language)}"


def calendar_day(text: str, language: str = "en") -> tuple[str, str]:
    """(machine form, words) of a date that has no zone, such as a review date; what is no date stays as written."""
    try:
        at = date.fromisoformat(text)
    except ValueError:
        return "", text
    return at.isoformat(), format_date(at, "long", locale=locale_of(language))


def relative(ms: int, now: int, language: str = "en") -> str:
    """How long ago or ahead, in one unit: "3 days ago", "in 2 hours", "just now"."""
    apart = abs(now - ms)
    for span, name in _SPANS:
        if apart >= span:
            back = timedelta(milliseconds=-(apart // span * span) if ms < now else apart // span * span)
            return format_timedelta(
                back, granularity=name, threshold=1e9, add_direction=True, locale=locale_of(language)
            )  # fmt: skip
    return say("just now") if ms <= now else say("in a moment")
