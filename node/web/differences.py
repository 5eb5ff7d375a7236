"""How one text became another, word by word, so that a reader sees the change. Pure."""

import re
from difflib import SequenceMatcher
from typing import Literal

import msgspec

MOST = 1_500  # words of the two together: comparing takes the square of that; what is longer is compared by lines
_WORD = re.compile(r"\s*\S+|\s+$")
_LINE = re.compile(r"[^\n]*\n+|[^\n]+$")


class Piece(msgspec.Struct, frozen=True):
    """A run of words that stayed, came or went."""

    kind: Literal["stayed", "came", "went"]
    text: str


def pieces(before: str, after: str) -> tuple[Piece, ...]:
    """How one text became the other."""
    if before == after:
        return (Piece("stayed", after),) if after else ()
    old, new = _WORD.findall(before), _WORD.findall(after)
    if len(old) + len(new) > MOST:
        old, new = _LINE.findall(before), _LINE.findall(after)
    if len(old) + len(new) > MOST:
        return went_and_came(before, after)
    found: list[Piece] = []
    for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind == "equal":
            found.append(Piece("stayed", "".join(new[c:d])))
        else:
            found += went_and_came("".join(old[a:b]), "".join(new[c:d]))
    return tuple(found)


def went_and_came(before: str, after: str) -> tuple[Piece, ...]:
    """The one whole, then the other whole."""
    both: tuple[Piece, ...] = (Piece("went", before), Piece("came", after))
    return tuple(piece for piece in both if piece.text)
