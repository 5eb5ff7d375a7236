"""Items that members bring in from where they work, and apply there (features.md, F2): who may note what. Pure.

A member notes it of an organisation that was theirs on that day; when they change it, what was noted stays with the
one of that time.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import msgspec

from node.gate.handler import Decision
from node.sentence import say, words
from protocol.errors import Reason
from protocol.vocabulary.dates import instant, is_day

NOTE_CHARACTERS = 500
_OF_A_DAY = 24 * 3_600_000
KINDS = MappingProxyType({"brought": words("Brought in from"), "applied": words("Applied at")})


class NoteCrossing(msgspec.Struct, frozen=True):
    """Command of a member: this item of a practice of theirs was brought in from an organisation, or applied there.

    day: YYYY-MM-DD. note: one line, such as what was changed.
    """

    id: str
    item: str
    kind: str
    member: str
    organisation: str
    day: str
    note: str = ""


class RemoveCrossing(msgspec.Struct, frozen=True):
    """Command: that was noted by mistake."""

    id: str


class With(msgspec.Struct, frozen=True):
    """An affiliation of the member: from this day, until that one or still."""

    organisation: str
    since: str
    until: str | None = None

    def covers(self, day: str) -> bool:
        return self.since <= day and (self.until is None or day <= self.until)


class Facts(msgspec.Struct, frozen=True):
    """practice: whose the item is, None if it is no item of ours that stands. there: the same was noted before."""

    practice: str | None = None
    affiliations: tuple[With, ...] = ()
    there: bool = False


class Note(msgspec.Struct, frozen=True):
    """The command is what is stored, under the item's practice."""

    practice: str = ""


Plan = Decision[Note]


def _no(reason: Reason, detail: str) -> Plan:
    return Decision(reason, detail=detail)


def decide_note(command: NoteCrossing, facts: Facts, now: int) -> Plan:
    if facts.practice is None:
        return _no(Reason.NOT_FOUND, say("There is no such item of a practice here."))
    if command.kind not in KINDS:
        return _no(Reason.INVALID, say("Say whether it was brought in or applied."))
    if not is_day(command.day):
        return _no(Reason.INVALID, say("Please write the date as year-month-day, such as 2027-03-31."))
    if command.day > instant(now + _OF_A_DAY)[:10]:  # it may be tomorrow already where they are
        return _no(Reason.INVALID, say("This day is still to come."))
    if len(command.note) > NOTE_CHARACTERS:
        return _no(Reason.INVALID, say("The note has more than {most} characters.", most=NOTE_CHARACTERS))
    theirs = [each for each in facts.affiliations if each.organisation == command.organisation]
    if not theirs:
        return _no(Reason.NOT_ALLOWED, say("You note it of an organisation of yours: say first that you are there."))
    if not any(each.covers(command.day) for each in theirs):
        return _no(Reason.INVALID, say("You were not with that organisation on that day."))
    if facts.there:
        return _no(Reason.EXISTS, say("This is noted already."))
    return Decision(Reason.ACCEPTED, (Note(facts.practice),))


def decide_remove(_command: RemoveCrossing, facts: Facts, _now: int) -> Plan:
    if not facts.there:
        return _no(Reason.NOT_FOUND, say("This is not noted, or not any more."))
    return Decision(Reason.ACCEPTED, (Note(),))


class Crossed(msgspec.Struct, frozen=True):
    """One that was noted, as it is reckoned with."""

    item: str
    kind: str
    organisation: str


def crossed(noted: Sequence[Crossed]) -> frozenset[str]:
    """The items that crossed a boundary: applied at another organisation than one they were brought in from."""
    return frozenset(item for items in _ways(noted).values() for item in items)


def linked(noted: Sequence[Crossed]) -> Mapping[tuple[str, str], int]:
    """Which organisation an item came from and at which it was applied, and how many items went that way."""
    return {way: len(items) for way, items in sorted(_ways(noted).items())}


def _ways(noted: Sequence[Crossed]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    brought: dict[str, set[str]] = {}
    for one in noted:
        if one.kind == "brought":
            brought.setdefault(one.item, set()).add(one.organisation)
    for one in noted:
        for origin in brought.get(one.item, ()) if one.kind == "applied" else ():
            if origin != one.organisation:
                found.setdefault((origin, one.organisation), set()).add(one.item)
    return found
