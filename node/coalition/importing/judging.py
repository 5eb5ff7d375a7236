"""Which column is which field, and what each row is: good, one that is here already, or wrong, and why. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec

from node.coalition.importing.kinds import Cell, Field, Kind, Practices, Values
from node.coalition.importing.tables import Line
from node.folding import fold
from node.sentence import Sentence, say

Columns = Mapping[str, int]  # field → column, from 0


class Wrong(msgspec.Struct, frozen=True):
    """column: its heading as the file has it, empty where it is of the row as a whole."""

    column: str
    sentence: Sentence


class Judged(msgspec.Struct, frozen=True):
    """One row. shown: its values for people. same: of which it is a repetition, in words; it is not made again."""

    line: Line
    values: Values
    shown: Values
    wrong: tuple[Wrong, ...] = ()
    same: Sentence | None = None

    @property
    def state(self) -> Literal["good", "bad", "same"]:
        if self.wrong:
            return "bad"
        return "same" if self.same else "good"


def match(fields: Sequence[Field], headings: Sequence[str], names: Callable[[Field], tuple[str, ...]]) -> Columns:
    """Guess: a heading that is one of a field's names, else one that has such a name as its words.

    names: of a field, in whatever language. No column is two fields.
    """
    known = {field.name: {_plain(name) for name in names(field)} | set(field.also) for field in fields}
    plain = [_plain(heading) for heading in headings]
    found: dict[str, int] = {}

    def take(fits: Callable[[str, str], bool]) -> None:
        for field in fields:
            free = [at for at in range(len(plain)) if at not in found.values() and plain[at]]
            at = next((at for at in free if any(fits(plain[at], name) for name in known[field.name])), None)
            if field.name not in found and at is not None:
                found[field.name] = at

    take(lambda heading, name: heading == name)
    take(lambda heading, name: len(name) > 2 and f" {name} " in f" {heading} ")
    return found


def _plain(heading: str) -> str:
    """A heading as it is compared: its letters and digits, folded; "E-mail address:" is "e mail address"."""
    folded = "".join(each if each.isalnum() else " " for each in fold(heading))
    return " ".join(folded.split())


def fault(fields: Sequence[Field], columns: Columns, width: int) -> Sentence | None:
    """Why the table cannot be read by these columns."""
    for field in fields:
        if field.required and field.name not in columns:
            return say("Say which column has “{field}”: every row needs it.", field=field.label)
    if any(not 0 <= at < width for at in columns.values()):
        return say("There is no such column.")
    if len(set(columns.values())) < len(columns):
        return say("One column is chosen for two fields.")
    return None


def values(kind: Kind, columns: Columns, headings: Sequence[str], line: Line, practices: Practices) -> Judged:
    """One row by itself."""
    read: dict[str, str] = {}
    shown: dict[str, str] = {}
    wrong: list[Wrong] = []
    for field in kind.fields:
        at = columns.get(field.name)
        text = line.cells[at] if at is not None else ""
        cell = field.read(text, practices) if text else Cell()
        if field.required and not text:
            cell = Cell(wrong=say("This is needed, and the cell is empty."))
        if cell.wrong is not None:
            wrong.append(Wrong(heading(headings, at), cell.wrong))
        read[field.name] = cell.value
        shown[field.name] = cell.shown or cell.value
    whole = None if wrong else kind.check(read)
    return Judged(line, read, shown, (*wrong, Wrong("", whole)) if whole else tuple(wrong))


def heading(headings: Sequence[str], at: int | None) -> str:
    """What a column is called."""
    if at is None:
        return ""
    return headings[at] or say("Column {letters}", letters=letters(at))


def letters(at: int) -> str:
    """As spreadsheets name a column: 0 is A, 26 is AA."""
    return (letters(at // 26 - 1) if at >= 26 else "") + chr(65 + at % 26)


def judge(
    kind: Kind, columns: Columns, headings: Sequence[str], lines: Sequence[Line], practices: Practices
) -> list[Judged]:
    """Every row, each in the light of those above it."""
    seen: dict[str, int] = {}
    found: list[Judged] = []
    for line in lines:
        one = values(kind, columns, headings, line, practices)
        if not one.wrong:
            keys = kind.same(one.values)
            before = next((seen[key] for key in keys if key in seen), None)
            if before is not None:
                one = msgspec.structs.replace(one, same=say("The same as row {row}.", row=before))
            else:
                seen.update(dict.fromkeys(keys, line.number))
        found.append(one)
    return found


def keys(kind: Kind, judged: Sequence[Judged]) -> frozenset[str]:
    """Of the good rows: by what each would be known if it were here already."""
    return frozenset(key for one in judged if one.state == "good" for key in kind.same(one.values))


def known(kind: Kind, judged: Sequence[Judged], here: frozenset[str]) -> list[Judged]:
    """The same, those that are here already marked."""
    return [
        msgspec.structs.replace(one, same=is_here())
        if one.state == "good" and here.intersection(kind.same(one.values))
        else one
        for one in judged
    ]


def is_here() -> Sentence:
    return say("It is here already.")


def reasons(judged: Judged) -> tuple[Sentence, ...]:
    """What is wrong with the row, each in one sentence that names its column."""
    return tuple(
        say("“{column}”: {what}", column=each.column, what=each.sentence) if each.column else each.sentence
        for each in judged.wrong
    )
