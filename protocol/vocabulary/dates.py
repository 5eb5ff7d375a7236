"""Moments and days as they are written on the wire: RFC 3339, ours in UTC with `Z`.

Reading is tolerant of offsets and fractions; writing has one form. No clock: every time is an argument.
"""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

from protocol.errors import LocalProtocolError, Reason, RemoteProtocolError

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_LAST = 253_402_300_799_999  # the end of the year 9999, the last that RFC 3339 can write
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def instant(milliseconds: int) -> str:
    """A moment as RFC 3339 in UTC; milliseconds are written only where there are any."""
    if not 0 <= milliseconds <= _LAST:
        raise LocalProtocolError(Reason.MALFORMED, "A moment lies between the years 1970 and 9999.")
    text = (_EPOCH + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%S")
    rest = milliseconds % 1000
    return f"{text}.{rest:03d}Z" if rest else f"{text}Z"


@lru_cache(maxsize=256)  # an activity and its object say the same moment two or three times
def read_instant(text: str, field: str) -> int:
    """Milliseconds since 1970 UTC, not below 0; a time without offset is read as UTC. MALFORMED names the field."""
    if _INSTANT.fullmatch(text):
        try:
            moment = datetime.fromisoformat(text)
            aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
            return max(0, (aware - _EPOCH) // _MILLISECOND)
        except ValueError:
            pass
    raise RemoteProtocolError(Reason.MALFORMED, f"{field} is not a date and time (RFC 3339).")


def is_day(text: str) -> bool:
    """Whether this is a calendar day, YYYY-MM-DD."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
