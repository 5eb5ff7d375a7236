"""When a digest is due, and who may change that. Pure.

Nobody gets one who did not ask for it. It comes in the morning of the member's own time zone, weekly ones on Mondays;
and it is ended by one click from the mail itself (RFC 8058).
"""

from datetime import UTC, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from node.gate.handler import Decision
from node.sentence import say
from protocol.errors import Reason

MORNING = 7  # o'clock
Every = Literal["", "day", "week"]


class SetDigest(msgspec.Struct, frozen=True):
    """Command: a member wants one each day or week, or none (''). secret: names the wish in its mails."""

    member: str
    every: str
    secret: str


class EndDigest(msgspec.Struct, frozen=True):
    """Command: whoever has the link of a mail wants no more of them."""

    secret: str


class Facts(msgspec.Struct, frozen=True):
    """there: an active member, or the wish that is ended. mail: they have an address, and the coalition a server."""

    there: bool = False
    mail: bool = False
    zone: str = ""


class Keep(msgspec.Struct, frozen=True):
    wish: SetDigest
    due: int


class Drop(msgspec.Struct, frozen=True):
    """member or secret: whichever is known."""

    member: str = ""
    secret: str = ""


Effect = Keep | Drop


def decide_set(command: SetDigest, facts: Facts, now: int) -> Decision[Effect]:
    if not facts.there:
        return Decision(Reason.NOT_FOUND)
    if command.every not in ("", "day", "week"):
        return Decision(Reason.INVALID, detail=say("Please choose one of these."))
    if not command.every:
        return Decision(Reason.ACCEPTED, (Drop(command.member),))
    if not facts.mail:
        why = say("It needs your mail address above, and a mail server that a coordinator sets up in the settings.")
        return Decision(Reason.INVALID, detail=why)
    return Decision(Reason.ACCEPTED, (Keep(command, next_due(now, command.every, facts.zone)),))


def decide_end(command: EndDigest, facts: Facts, _now: int) -> Decision[Effect]:
    if not facts.there:
        return Decision(Reason.NOT_FOUND)
    return Decision(Reason.ACCEPTED, (Drop(secret=command.secret),))


def next_due(now: int, every: str, zone: str) -> int:
    """The next morning after now (ms) in a time zone by its IANA name, UTC if it has none; weekly, of a Monday."""
    where = ZoneInfo(zone) if zone else UTC
    here = datetime.fromtimestamp(now / 1_000, UTC).astimezone(where)
    morning = here.replace(hour=MORNING, minute=0, second=0, microsecond=0)
    days = (7 - here.weekday()) % 7 if every == "week" else 0
    # By the calendar, so that it is seven o'clock on either side of a change of the clocks.
    found = morning + timedelta(days=days)
    if found <= here:
        found += timedelta(days=7 if every == "week" else 1)
    return int(found.timestamp() * 1_000)
