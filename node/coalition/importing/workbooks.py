"""Excel workbooks (XLSX, ECMA-376): the values of one sheet as rows of text, and the making of a template.

A workbook is a zip of XML. It is judged by its directory before anything is unpacked; a part is never read beyond the
size that the directory says. Formulas are never evaluated: the value that was last saved with one is what counts.
"""

import io
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

import openpyxl
from openpyxl.styles import Alignment, Font

from node.coalition.importing import tables
from node.coalition.importing.tables import MOST_BYTES, MOST_COLUMNS, Read
from node.sentence import Sentence, say

UNPACKED = 24 * 1024 * 1024  # bytes of all parts together: a full table of 5,000 rows has a tenth
_PARTS = 400  # files in the zip
_SPARSE = 1_048_576  # rows that a sheet can have; one that names a later row is made to keep us busy
_BLANK: tuple[str, ...] = ()
_ZIP = b"PK\x03\x04"


def read(data: bytes) -> Read:
    """The rows of a file, CSV or XLSX, or why there are none."""
    if len(data) > MOST_BYTES:
        return tables.too_large()
    if not data.strip():
        return say("The file is empty.")
    if data.startswith(_ZIP):
        return _workbook(data)
    return tables.foreign(data) or tables.read_csv(data)


def _workbook(data: bytes) -> Read:
    refusal = _judge(data)
    if refusal is not None:
        return refusal
    try:
        book: Any = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            return _sheet(book)
        finally:
            book.close()
    except Exception:  # the library's errors have no common kind: whatever is wrong inside, it is no workbook
        return _broken()


def _broken() -> Sentence:
    return say("This file is damaged, or no Excel workbook. Open it in a spreadsheet and save it again, or as CSV.")


def _judge(data: bytes) -> Sentence | None:
    """A zip that unpacks to more than a table can be, or has XML that defines its own words, is not touched."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            if len(parts) > _PARTS or sum(part.file_size for part in parts) > UNPACKED:
                return say("This workbook is too large when it is unpacked: save the one table as CSV.")
            if any(part.flag_bits & 1 for part in parts):
                return say("This workbook has a password: save it without one.")
            if "xl/workbook.xml" not in {part.filename for part in parts}:
                return say("This is no Excel workbook. Save the table as CSV or as an Excel workbook (.xlsx).")
            for part in parts:
                with archive.open(part) as opened:
                    if b"<!DOCTYPE" in opened.read(2_048).replace(b"\x00", b""):
                        return _broken()
    except Exception:  # zipfile's errors have no common kind either
        return _broken()
    return None


def _sheet(book: Any) -> Read:
    """The first sheet that is not hidden and says something."""
    sheets: list[Any] = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    answer: Read = say("The workbook has no sheet with a table.")
    for sheet in sheets:
        sheet.reset_dimensions()  # what a sheet says of its own size is not to be trusted
        said = (say("Of {many} sheets, “{name}” is read.", many=len(sheets), name=str(sheet.title)),)
        answer = tables.table(_rows(sheet), said if len(sheets) > 1 else ())
        if isinstance(answer, tables.Table):
            return answer
    return answer


def _rows(sheet: Any) -> Iterator[tuple[str, ...] | Sentence]:
    # One more than may be, so that it is seen that there are more.
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True), 1):
        if number > _SPARSE:
            yield _broken()
            return
        yield _BLANK if row.count(None) == len(row) else tuple(_text(value) for value in row)


def _text(value: object) -> str:
    """A value as a person would type it; dates as year-month-day."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat()
        case _:
            return str(value)


def template(title: str, headings: Sequence[str], examples: Sequence[Sequence[str]]) -> bytes:
    """A workbook with these headings and example rows; every column is text, so that nothing typed is changed."""
    book: Any = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.title = title[:31]
    for row in (headings, *examples):
        sheet.append(list(row))
    for column, heading in enumerate(headings, 1):
        sheet.column_dimensions[sheet.cell(1, column).column_letter].width = min(60, max(16, len(heading) + 4))
        for row in range(1, len(examples) + 2):
            cell = sheet.cell(row, column)
            cell.number_format = "@"
            cell.alignment = Alignment(vertical="top", wrap_text=True)
        sheet.cell(1, column).font = Font(bold=True)
    sheet.freeze_panes = "A2"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
