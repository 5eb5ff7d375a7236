"""What was said before and what is said now, word by word, so that a reader sees the change. Pure."""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from node.coalition.practices.commands import Statement
from node.coalition.practices.rules import Version
from node.sentence import Sentence, words
from node.web.differences import Piece, pieces, went_and_came

FIELDS = {
    "name": words("Name"),
    "summary": words("What it cares about"),
    "scope_in": words("What belongs to it"),
    "scope_out": words("What does not"),
    "domain": words("Domain"),
    "level": words("Level"),
    "place": words("Place"),
}


class Change(msgspec.Struct, frozen=True):
    """What became of one field. code: its name; domain and level are compared whole, and shown in words."""

    code: str
    field: Sentence
    pieces: tuple[Piece, ...]


class Step(msgspec.Struct, frozen=True):
    """One version, and how it differs from the one before it."""

    version: Version
    changes: tuple[Change, ...]


def changes(before: Statement, after: Statement) -> Iterator[Change]:
    """The fields that are not what they were."""
    for code, field in FIELDS.items():
        old, new = _text(before, code), _text(after, code)
        if old != new:
            whole = code in ("domain", "level", "place")
            yield Change(code, field, went_and_came(old, new) if whole else pieces(old, new))


def _text(statement: Statement, code: str) -> str:
    value = getattr(statement, code)
    return value if isinstance(value, str) else value.name


def steps(versions: list[Version]) -> list[Step]:
    """versions: the latest first. Of the last one given, nothing is known of what was before it: it has no changes."""
    found = [Step(new, tuple(changes(old.said, new.said))) for new, old in pairwise(versions)]
    return [*found, *(Step(version, ()) for version in versions[-1:])]
