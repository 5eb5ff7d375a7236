"""Any bytes give rows or a sentence, never an exception; and what a spreadsheet saved is read as it was."""

import csv
import io
import zipfile
from datetime import date

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.coalition.importing import tables, workbooks
from node.coalition.importing.tables import Line, Table
from node.sentence import Sentence

# What no cell keeps: control characters and half characters, and space around it.
WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12).map(str.strip).filter(bool)
CELLS = WORDS.filter(lambda text: not text.startswith(("=", "+", "-", "@", "'")))
ROWS = st.integers(2, 5).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=2, max_size=8)
)


WORKBOOK = workbooks.template(
    "People", ["Name", "Mail"], [["Ada", "ada@example.org"]]
)  # once: it says when it was made


def read(data: bytes) -> Table:
    found = workbooks.read(data)
    assert isinstance(found, Table), found
    return found


def refused(data: bytes) -> str:
    found = workbooks.read(data)
    assert isinstance(found, Sentence)
    return found


def written(rows: list[list[str]], separator: str) -> str:
    file = io.StringIO()
    csv.writer(file, delimiter=separator, quoting=csv.QUOTE_ALL).writerows(rows)
    return file.getvalue()


@given(st.binary(max_size=2_000))
def test_any_bytes_are_rows_or_a_sentence(data: bytes) -> None:
    assert isinstance(workbooks.read(data), Table | Sentence)


@given(st.text(max_size=500), st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]))
def test_any_text_is_rows_or_a_sentence(text: str, encoding: str) -> None:
    assert isinstance(workbooks.read(text.encode(encoding, "replace")), Table | Sentence)


@settings(max_examples=60)
@given(st.data())
def test_a_damaged_workbook_is_rows_or_a_sentence(data: st.DataObject) -> None:
    whole = bytearray(WORKBOOK)
    for _ in range(data.draw(st.integers(1, 20))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(whole)))
    assert isinstance(workbooks.read(bytes(whole[:cut])), Table | Sentence)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_a_workbook_with_any_sheet_is_rows_or_a_sentence(inside: bytes) -> None:
    assert isinstance(workbooks.read(with_sheet(inside)), Table | Sentence)


def with_sheet(inside: bytes) -> bytes:
    """A workbook whose one sheet has these bytes."""
    made = io.BytesIO()
    whole = zipfile.ZipFile(io.BytesIO(WORKBOOK))
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in whole.namelist():
            archive.writestr(part, inside if part.endswith("sheet1.xml") else whole.read(part))
    return made.getvalue()


@settings(max_examples=60)
@given(
    ROWS,
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-le"]),
)
def test_csv_is_read_as_it_was_written(rows: list[list[str]], separator: str, encoding: str) -> None:
    if encoding == "utf-16-le":  # without its mark it is known by the zeros of plain letters
        rows = [["Name", "Organisation"], *rows]
    if not any(len(row) == len(rows[0]) and row != rows[0] for row in rows):
        rows = [*rows, ["x"] * len(rows[0])]
    if not any(cut in cell for row in rows for cell in row for cut in ",;\t"):
        found = read(written(rows, separator).encode(encoding))
        width = max(len(row) for row in rows)
        expected = [tuple(row) + ("",) * (width - len(row)) for row in rows]
        assert [found.headings, *(line.cells for line in found.lines)] == expected


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=20).map(str.strip))
def test_what_is_exported_is_text_and_comes_back_as_it_was(cell: str) -> None:
    kept = tables.safe(cell)
    assert not kept.startswith(("=", "+", "-", "@", "\t", "\r"))
    again = read(written([["Cell", "More"], [kept, "x"]], ",").encode()).lines[0].cells[0]
    assert again == (cell[1:] if cell[:1] == "'" and cell[1:2] in ("=", "+", "-", "@") and cell[1:2] else cell)


@pytest.mark.parametrize(
    ("data", "headings", "lines", "said"),
    [
        (b"Name,Mail\nAda,a@b.org\n", ("Name", "Mail"), ((2, "Ada"),), "commas"),
        (b"Name;Mail\r\nAda;a@b.org\r\n", ("Name", "Mail"), ((2, "Ada"),), "semicolons"),
        (b"Name\tMail\rAda\ta@b.org\r", ("Name", "Mail"), ((2, "Ada"),), "tabs"),
        (b"sep=;\nName;Mail\nAda, B.;x\n", ("Name", "Mail"), ((3, "Ada, B."),), "semicolons"),
        ("Name;Straße\nBjörn;x".encode("cp1252"), ("Name", "Straße"), ((2, "Björn"),), "Windows-1252"),
        ("Name;Straße\nBjörn;x".encode(), ("Name", "Straße"), ((2, "Björn"),), "semicolons"),
        (b"\n\nName,Mail\n,,\nAda,x\n", ("Name", "Mail"), ((5, "Ada"),), "1 row."),
        (b'Name,Text\n"Ada","two\nlines"\nBen,x\n', ("Name", "Text"), ((2, "Ada"), (3, "Ben")), "2 rows."),
        (b"Name,Mail\nAda,x,more\n", ("Name", "Mail", ""), ((2, "Ada"),), "commas"),
        (b"Amount;Name\n1,5;Ada\n2,5;Ben\n", ("Amount", "Name"), ((2, "1,5"), (3, "2,5")), "semicolons"),
        (b"Name\nAda\n", ("Name",), ((2, "Ada"),), "1 row."),
        (b"Name,Mail\nA\x0bd\x1ca,x\n", ("Name", "Mail"), ((2, "Ada"),), "commas"),
    ],
)
def test_what_spreadsheets_save(
    data: bytes, headings: tuple[str, ...], lines: tuple[tuple[int, str], ...], said: str
) -> None:
    found = read(data)
    assert found.headings == headings
    assert tuple((line.number, line.cells[0]) for line in found.lines) == lines
    assert any(said in sentence for sentence in found.said)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"   \n", "empty"),
        (b",,\n;;\n", "one row alone"),
        (b"Name,Mail\n", "one row alone"),
        (b'Name,Mail\n"Ada,x\nBen,y\n', "row 2"),
        (b"Name\n" + b"x" * 100_001, "Row 2"),
        (b"Name\n" + b"x" * 140_000, "row 2"),
        (b"Name,Mail\n" + b"A,x\n" * 5_001, "5,000 rows"),
        (b"," * 70 + b"x\n", "60 columns"),
        (b"x" * (tables.MOST_BYTES + 1), "larger than 5 MiB"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 100, "old or a password"),
        (b"%PDF-1.7", "PDF"),
        (b"ab\x00\x00\x00\x00" * 50, "not a table"),
        (b"PK\x03\x04 and nothing else", "damaged"),
        (b"\x81\x8d,\x8f\n", "not a table"),
    ],
)
def test_what_is_no_table_is_said(data: bytes, why: str) -> None:
    assert why in refused(data)


def test_a_workbook_is_read_as_text() -> None:
    book = openpyxl.Workbook()
    hidden = book.active
    assert hidden is not None
    hidden.sheet_state = "hidden"
    hidden.append(["secret"])
    sheet = book.create_sheet("People")
    sheet.append(["Name", "Since", "Number", "Calculated", "Ready"])
    sheet["A3"], sheet["B3"], sheet["C3"], sheet["D3"], sheet["E3"] = "Ada", "x", 12.0, "=1+1", True
    sheet["B3"] = date(2024, 5, 31)
    file = io.BytesIO()
    book.save(file)
    found = read(file.getvalue())
    assert found.headings == ("Name", "Since", "Number", "Calculated", "Ready")
    # A formula that no spreadsheet has calculated has no value, and none is made up.
    assert found.lines == (Line(3, ("Ada", "2024-05-31", "12", "", "yes")),)


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = with_sheet(b"<x>" + b" " * (workbooks.UNPACKED + 1))
    assert len(bomb) < 100_000
    assert "too large when it is unpacked" in refused(bomb)


def test_words_of_its_own_are_refused() -> None:
    laughs = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'
    assert "damaged" in refused(with_sheet(laughs))
    assert "damaged" in refused(with_sheet(laughs.decode().encode("utf-16")))


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><dimension ref="A1:XFD1048576"/>'


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ('<row r="999999999"><c r="A999999999" t="inlineStr"><is><t>x</t></is></c></row>', "damaged"),
        ('<row r="1"><c r="XFD1" t="inlineStr"><is><t>x</t></is></c></row>', "nothing in it"),
    ],
)
def test_a_sheet_that_lies_about_its_size_keeps_nobody_busy(rows: str, why: str) -> None:
    assert why in refused(with_sheet(f"{SHEET}<sheetData>{rows}</sheetData></worksheet>".encode()))


def test_a_template_is_text_and_read_again() -> None:
    made = workbooks.template("Members and more than thirty-one letters", ["Name", "Phone"], [["Ada", "+1 260 5"]])
    assert read(made).lines[0].cells == ("Ada", "+1 260 5")
