"""What a table can be made into: its columns, and what is asked of a row. Pure.

A room describes its noun as a `Kind` and hands it in (app.py), so that this room imports nothing of the rooms above.
Every cell is read by the reader of its field; what is wrong is said of a row and a column, in words.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import msgspec

from node.folding import fold
from node.gate.handler import Outcome, Who
from node.mail import is_address
from node.sentence import Sentence, say
from node.storage.contract import Reads
from node.web.forms import is_plain
from node.web.language import catalogues
from protocol import identifiers, limits
from protocol.vocabulary.dates import is_day

Values = Mapping[str, str]  # of one row, by field; a blank is ""
_WORD = re.compile(r"[^\w]+")


class Cell(msgspec.Struct, frozen=True):
    """What a cell says, or what is wrong with it. shown: the same for people, where its value is a code."""

    value: str = ""
    shown: str = ""
    wrong: Sentence | None = None


class Practices(msgspec.Struct, frozen=True):
    """The practices of this node as a table may name them: by folded name and by slug. A name of two leads to ''."""

    actors: Mapping[str, str] = MappingProxyType({})


Reader = Callable[[str, Practices], Cell]


class Field(msgspec.Struct, frozen=True):
    """One column. also: headings, folded, by which it is known too, in English and Spanish. example: for templates."""

    name: str
    label: Sentence
    read: Reader
    also: tuple[str, ...] = ()
    required: bool = False
    example: str = ""


class Kind(msgspec.Struct, frozen=True):
    """One noun.

    check: what is wrong of a row though no cell is. same: what makes two rows one. here: those of these keys that are
    here already. subject: the id of what a row becomes. make: carry one out. was: what take compares with what is then.
    take: take it back if it is as it was made. named: subjects → their names, as far as they are here. path: of the
    page that shows a subject, '' where there is none.
    """

    name: str
    title: Sentence
    about: Sentence
    fields: tuple[Field, ...]
    check: Callable[[Values], Sentence | None]
    same: Callable[[Values], tuple[str, ...]]
    here: Callable[[Reads, frozenset[str]], frozenset[str]]
    subject: Callable[[str, Values], str]
    make: Callable[["Wish", Who], Awaitable[Outcome]]
    was: Callable[[Values], str]
    take: Callable[[str, str, Who], Awaitable[Outcome]]
    named: Callable[[Reads, tuple[str, ...]], Mapping[str, str]]
    path: Callable[[str], str]


class Wish(msgspec.Struct, frozen=True):
    """One row to carry out. id: a new one of this node, the same whenever this row is tried again."""

    id: str
    subject: str
    values: Values


def by_name(kinds: tuple[Kind, ...]) -> Mapping[str, Kind]:
    return MappingProxyType({kind.name: kind for kind in kinds})


# Readers of cells


def line(most: int = limits.NAME_CHARACTERS) -> Reader:
    """Text on one line."""

    def read(text: str, _practices: Practices) -> Cell:
        return _fitting(" ".join(text.split()), most)

    return read


def prose(most: int = limits.TEXT_CHARACTERS) -> Reader:
    """Text of several lines."""

    def read(text: str, _practices: Practices) -> Cell:
        return _fitting(text, most)

    return read


def _fitting(text: str, most: int) -> Cell:
    if len(text) > most:
        return Cell(wrong=say("This has {length} characters; at most {most} fit.", length=len(text), most=most))
    if not is_plain(text):
        return Cell(wrong=say("This has a control character."))
    return Cell(text)


def mail(text: str, _practices: Practices) -> Cell:
    """A mail address, as mail programs may write it: small letters, without mailto: or brackets."""
    address = text.strip("<> ").removeprefix("mailto:").lower()
    if len(address) > 254 or not is_address(address):
        return Cell(wrong=say("“{address}” is no mail address.", address=text[:60]))
    return Cell(address)


def day(text: str, _practices: Practices) -> Cell:
    """A day as year-month-day. Others are ambiguous (is 3/4 in March or in April?), so they are asked for again."""
    found = text.replace("/", "-").replace(".", "-")
    if len(found) == 4 and found.isascii() and found.isdigit():
        found = f"{found}-01-01"
    if not is_day(found):
        return Cell(
            wrong=say("“{day}” is no day as it is asked for: year-month-day, such as 2027-03-31.", day=text[:40])
        )
    return Cell(found)


def slug(text: str, _practices: Practices) -> Cell:
    if not identifiers.is_slug(text):
        return Cell(
            wrong=say("“{slug}” is no address: small letters a to z, digits and hyphens inside.", slug=text[:60])
        )
    return Cell(text)


def one_of(options: Mapping[str, Sentence], also: Mapping[str, str] = MappingProxyType({})) -> Reader:
    """A code, or its word in any of the languages. also: folded words → code."""
    known = {fold(code): code for code in options} | in_any_language(options) | dict(also)

    def read(text: str, _practices: Practices) -> Cell:
        code = known.get(fold(text))
        if code is None:
            listed = ", ".join(str(said) for said in options.values())
            return Cell(wrong=say("“{text}” is none of these: {listed}.", text=text[:60], listed=listed))
        return Cell(code, options[code])

    return read


def in_any_language(options: Mapping[str, Sentence]) -> dict[str, str]:
    """The folded words of every language → code."""
    return {
        fold(catalogue.say(said)): code for catalogue in catalogues().values() for code, said in options.items()
    }  # fmt: skip


def practice(text: str, practices: Practices) -> Cell:
    """One of our practices, by its name or its address."""
    actor = practices.actors.get(fold(text).rpartition("/")[2] if "/" in text else fold(text))
    if actor:
        return Cell(actor, text)
    if actor == "":
        return Cell(wrong=say("Two practices are called “{name}”: write the address of one.", name=text[:60]))
    return Cell(wrong=say("There is no practice “{name}” here. Open it first, or correct its name.", name=text[:60]))


def practices_by_name(rows: list[tuple[str, str, str]]) -> Practices:
    """Of (actor, slug, name)."""
    actors: dict[str, str] = {}
    for actor, _slug, name in rows:
        folded = fold(name)
        actors[folded] = "" if folded in actors else actor
    return Practices({**actors, **{fold(each): actor for actor, each, _ in rows}})


def slugged(text: str) -> str:
    """An address made of a name: "Gun Violence (city)" is gun-violence-city."""
    return _WORD.sub("-", fold(text)).replace("_", "-").strip("-").encode("ascii", "ignore").decode()[:64].strip("-")
