"""What was said before and what is said now, word by word, so that a reader sees the change. Pure."""

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal

import msgspec

from node.coalition.practices.commands import Statement
from node.coalition.practices.rules import Version
from node.sentence import Sentence, words

MOST = 1_500  # words of the two together: comparing takes the square of that; what is longer is shown whole
_WORD = re.compile(r"\s*\S+|\s+$")
FIELDS = {
    "name": words("Name"),
    "summary": words("What it cares about"),
    "scope_in": words("What belongs to it"),
    "scope_out": words("What does not"),
    "domain": words("Domain"),
    "level": words("Level"),
    "place": words("Place"),
}


class Piece(msgspec.Struct, frozen=True):
    """A run of words that stayed, came or went."""

    kind: Literal["stayed", "came", "went"]
    text: str


class Change(msgspec.Struct, frozen=True):
    """What became of one field. code: its name; domain and level are compared whole, and shown in words."""

    code: str
    field: Sentence
    pieces: tuple[Piece, ...]


class Step(msgspec.Struct, frozen=True):
    """One version, and how it differs from the one before it."""

    version: Version
    changes: tuple[Change, ...]


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """How one text became the other."""
    if before == after:
        return (Piece("stayed", after),) if after else ()
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MOST:
        return _went_and_came(before, after)
    found: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("stayed", "".join(new[c:d])))
        else:
            found += _went_and_came("".join(old[a:b]), "".join(new[c:d]))
    return tuple(found)


def _went_and_came(before: str, after: str) -> tuple[Piece, ...]:
    both: tuple[Piece, ...] = (Piece("went", before), Piece("came", after))
    return tuple(piece for piece in both if piece.text)


def changes(before: Statement, after: Statement) -> Iterator[Change]:
    """The fields that are not what they were."""
    for code, field in FIELDS.items():
        old, new = _text(before, code), _text(after, code)
        if old != new:
            whole = code in ("domain", "level", "place")
            yield Change(code, field, _went_and_came(old, new) if whole else pieces(old, new))


def _text(statement: Statement, code: str) -> str:
    value = getattr(statement, code)
    return value if isinstance(value, str) else value.name


def steps(versions: list[Version]) -> list[Step]:
    """versions: the latest first. Of the last one given, nothing is known of what was before it: it has no changes."""
    found = [Step(new, tuple(changes(old.said, new.said))) for new, old in pairwise(versions)]
    return [*found, *(Step(version, ()) for version in versions[-1:])]
