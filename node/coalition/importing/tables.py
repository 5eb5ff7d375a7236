"""From the bytes of a file, or a text that was pasted, to rows of text; or a sentence that says why not. Pure.

Whatever the bytes: nothing is evaluated, nothing is guessed in silence, and no cell is lost. Here are the limits and
CSV (RFC 4180, and what spreadsheets make of it); workbooks.py reads XLSX.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator
from contextlib import suppress

import msgspec

from node.sentence import Sentence, count, say, words

MOST_BYTES = 5 * 1024 * 1024  # of a file: 5,000 rows with a page of text each
MOST_ROWS = 5_000  # below the headings; a coalition with more has somebody who can use the API
MOST_COLUMNS = 60
MOST_CHARACTERS = 100_000  # of a cell: an item's text

_OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # [MS-CFB] section 2.2: .xls, and .xlsx behind a password
_SAMPLE = 4_096  # characters in which the separator is looked for
_SEPARATORS = (",", ";", "\t")
_SEPARATOR_WORDS = {",": words("commas"), ";": words("semicolons"), "\t": words("tabs")}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ODD = {code: None for code in (*range(32), 127) if code not in (9, 10)}


class Line(msgspec.Struct, frozen=True):
    """One row that says something. number: as a spreadsheet shows it, from 1."""

    number: int
    cells: tuple[str, ...]


class Table(msgspec.Struct, frozen=True):
    """headings: of every column, some may be empty. lines: without those that are blank. said: what was guessed."""

    headings: tuple[str, ...]
    lines: tuple[Line, ...]
    said: tuple[Sentence, ...] = ()


Read = Table | Sentence


def too_large() -> Sentence:
    return say("The file is larger than {most} MiB: divide it into several.", most=MOST_BYTES // 1_048_576)


def too_many_rows() -> Sentence:
    return say("The table has more than {most} rows: divide it into several.", most=MOST_ROWS)


def foreign(data: bytes) -> Sentence | None:
    """What kind of file this is instead of a table, where its first bytes tell."""
    if data.startswith(_OLD_OFFICE):
        return say(
            "This is an old or a password-protected Excel file: save it as “Excel workbook (.xlsx)” without a"
            " password, or as CSV."
        )
    if data.startswith(b"%PDF"):
        return say("This is a PDF. Save the table itself as CSV or as an Excel workbook (.xlsx).")
    return None


def read_csv(data: bytes) -> Read:
    """The rows of a CSV file."""
    decoded = _decoded(data)
    if isinstance(decoded, Sentence):
        return decoded
    text, encoding = decoded
    told, separator = _told(text)
    separator = separator or _guessed(told)
    said = [say("Columns are read as separated by {what}.", what=_SEPARATOR_WORDS[separator])]
    if encoding:
        said.append(
            say(
                "The text is read as {encoding}. If letters with accents look wrong, save the file as UTF-8.",
                encoding=encoding,
            )
        )
    before = 1 if told is not text else 0
    return table(_records(told, separator), tuple(said), before)


def read_text(text: str) -> Read:
    """The rows of a text that was pasted: CSV, or cells copied from a spreadsheet."""
    return read_csv(text.encode("utf-8", "replace"))


def table(records: Iterable[tuple[str, ...] | Sentence], said: tuple[Sentence, ...] = (), before: int = 0) -> Read:
    """The first record that is not blank has the headings. before: how many rows stand above all records."""
    headings: tuple[str, ...] | None = None
    lines: list[Line] = []
    for number, record in enumerate(records, before + 1):
        if isinstance(record, Sentence):
            return record
        cells = tuple(_cell(cell) for cell in record) if record else record
        while cells and not cells[-1]:
            cells = cells[:-1]
        if not cells:
            continue
        if len(cells) > MOST_COLUMNS:
            return say("The table has more than {most} columns.", most=MOST_COLUMNS)
        if any(len(cell) > MOST_CHARACTERS for cell in cells):
            return say("Row {row} has a cell of more than {most} characters.", row=number, most=MOST_CHARACTERS)
        if headings is None:
            headings = cells
            continue
        if len(lines) == MOST_ROWS:
            return too_many_rows()
        lines.append(Line(number, cells))
    if headings is None:
        return say("There is nothing in it.")
    if not lines:
        return say("There is one row alone, its headings: nothing to import stands below.")
    width = max(len(headings), *(len(line.cells) for line in lines))
    wide = tuple(Line(line.number, _filled(line.cells, width)) for line in lines)
    return Table(_filled(headings, width), wide, (count("{number} row.", "{number} rows.", len(lines)), *said))


def safe(cell: str) -> str:
    """A cell as it may be exported: what a spreadsheet would take for a formula is kept text by an apostrophe."""
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _cell(text: str) -> str:
    """Text as a form would have taken it, the apostrophe of `safe` taken off again."""
    if not text.isprintable():
        text = text.replace("\r\n", "\n").replace("\r", "\n").translate(_ODD)
        text = text.encode("utf-8", "replace").decode()  # half a character is none
    text = text.strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_FORMULA) else text


def _filled(cells: tuple[str, ...], width: int) -> tuple[str, ...]:
    return cells + ("",) * (width - len(cells))


def _decoded(data: bytes) -> tuple[str, str] | Sentence:
    """The text, and its encoding where that is a guess."""
    for mark, encoding in ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"),
                           (codecs.BOM_UTF16_BE, "utf-16-be")):  # fmt: skip
        if data.startswith(mark):
            try:
                return data[len(mark) :].decode(encoding), ""
            except UnicodeDecodeError:
                return _no_text()
    sample = data[:_SAMPLE]
    if b"\x00" in sample:
        wide = "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
        try:
            text = data.decode(wide)
        except UnicodeDecodeError:
            return _no_text()
        return (text, "UTF-16") if "\x00" not in text else _no_text()
    for encoding, named in (("utf-8", ""), ("cp1252", "Windows-1252")):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        return (text, named) if "\x00" not in text else _no_text()
    return _no_text()


def _no_text() -> Sentence:
    return say("This is not a table that can be read here. Save it as CSV or as an Excel workbook (.xlsx).")


def _told(text: str) -> tuple[str, str]:
    """What Excel may write into the first row: "sep=;". The text without it, and the separator."""
    first, newline, rest = text.partition("\n")
    said = first.strip()
    if newline and len(said) == 5 and said.lower().startswith("sep=") and said[4] in _SEPARATORS:
        return rest, said[4]
    return (rest, "\t") if newline and first.strip("\r").lower() == "sep=\t" else (text, "")


def _guessed(text: str) -> str:
    """The separator that divides the first rows most evenly: by the columns of which each of them has as many."""
    sample = text[:_SAMPLE]

    def columns(separator: str) -> int:
        rows = [row for row in _sampled(sample, separator) if any(cell.strip() for cell in row)][:20]
        whole = rows[:-1] if len(rows) > 1 and len(text) > _SAMPLE else rows  # the last one may be cut
        widths = sorted(len(row) for row in whole)
        return widths[len(widths) // 2] * 100 + len(whole[0]) if whole else 0

    return max(_SEPARATORS, key=columns)


def _sampled(sample: str, separator: str) -> list[list[str]]:
    rows: list[list[str]] = []
    with suppress(csv.Error):
        rows.extend(csv.reader(_lines(sample), delimiter=separator))
    return rows


def _records(text: str, separator: str) -> Iterator[tuple[str, ...] | Sentence]:
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            record = next(reader, None)
        except csv.Error:
            yield say(
                "In row {row} the quotation marks do not match, or a cell is too long: it begins “{start}”.",
                row=number, start=_beginning(text, number),
            )  # fmt: skip
            return
        if record is None:
            return
        yield tuple(record)


def _beginning(text: str, number: int) -> str:
    """The first words of that row, as far as rows are lines."""
    for at, line in enumerate(_lines(text), 1):
        if at == number:
            return line.strip()[:40]
    return ""


def _lines(text: str) -> Iterator[str]:
    """Lines with their ends, at \\n, \\r\\n and \\r alone: the other breaks that str.splitlines knows end no row."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        yield text[at:end]
        at = end
