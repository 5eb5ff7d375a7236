"""Which column is which, what a cell says, and what is said of a wrong one: tables."""

from typing import Any

import pytest

from node.coalition.importing import judging, kinds, nouns
from node.coalition.importing.bringing import names
from node.coalition.importing.kinds import Practices, Reader, practices_by_name
from node.coalition.importing.tables import Line, safe
from node.coalition.people.rules import SECTORS
from node.web.words import LEVELS

DESK: Any = None  # nothing is carried out here
MEMBERS, ORGANISATIONS, PRACTICES = nouns.members(DESK), nouns.organisations(DESK), nouns.practices(DESK, DESK)
OURS = practices_by_name(
    [("a/guns", "guns", "Gun violence"), ("a/one", "one", "Housing"), ("a/two", "two", "housing ")]
)  # fmt: skip


@pytest.mark.parametrize(
    ("headings", "columns"),
    [
        (["Name", "E-mail", "Employer"], {"name": 0, "email": 1, "organisation": 2}),
        (["Nombre", "Correo electrónico", "Organización"], {"name": 0, "email": 1, "organisation": 2}),
        (["NOMBRE COMPLETO:", "¿Cargo?", "Desde"], {"name": 0, "title": 1, "since": 2}),
        (["Your e-mail address", "Member name"], {"email": 0, "name": 1}),
        (["Organisation", "Name of organisation"], {"organisation": 0, "name": 1}),
        (["Name", "Name"], {"name": 0}),  # no column is two fields, and no field two columns
        (["", "Renamed", "x"], {}),
        ([], {}),
    ],
)
def test_columns_are_guessed(headings: list[str], columns: dict[str, int]) -> None:
    assert judging.match(MEMBERS.fields, headings, names) == columns


SECTOR, LEVEL = kinds.one_of(SECTORS), kinds.one_of(LEVELS)


@pytest.mark.parametrize(
    ("reader", "text", "value"),
    [
        (kinds.line(), "two  words\nhere", "two words here"),
        (kinds.line(5), "123456", None),
        (kinds.prose(), "two\n\nlines", "two\n\nlines"),
        (kinds.mail, "<Ada@Example.org>", "ada@example.org"),
        (kinds.mail, "mailto:ada@example.org", "ada@example.org"),
        (kinds.mail, "ada@example", None),
        (kinds.mail, "a@b.org\nBcc: x@y.org", None),
        (kinds.day, "2024-05-31", "2024-05-31"),
        (kinds.day, "2024/05/31", "2024-05-31"),
        (kinds.day, "2024", "2024-01-01"),
        (kinds.day, "31/05/2024", None),  # 3/4 is in March and in April
        (kinds.day, "2023-02-29", None),
        (kinds.slug, "gun-violence", "gun-violence"),
        (kinds.slug, "Gun violence", None),
        (SECTOR, "Public sector", "public"),
        (SECTOR, "sector público", "public"),
        (SECTOR, "PRIVATE", "private"),
        (SECTOR, "secret", None),
        (LEVEL, "City and its region", "city"),
        (kinds.practice, "gun  VIOLENCE", "a/guns"),
        (kinds.practice, "guns", "a/guns"),
        (kinds.practice, "https://here.example/practices/guns", "a/guns"),
        (kinds.practice, "Housing", None),  # two are called so
        (kinds.practice, "two", "a/two"),
        (kinds.practice, "Knitting", None),
        (nouns.domain, "housing", "housing"),
        (nouns.domain, "Public safety > Gun violence", "public-safety/gun-violence"),
        (nouns.domain, "Seguridad pública / Violencia armada", "public-safety/violencia-armada"),
        (nouns.domain, "Knitting", None),
    ],
)
def test_what_a_cell_says(reader: Reader, text: str, value: str | None) -> None:
    cell = reader(text, OURS)
    assert (cell.value, cell.wrong is None) == (value or "", value is not None)


def test_rows_in_the_light_of_those_above() -> None:
    rows = [("City Hospital", "public"), ("CITY  hospital", ""), ("", ""), ("Brakes", "secret"), ("Chassis", "")]
    lines = [Line(number, cells) for number, cells in enumerate(rows, 2)]
    judged = judging.judge(ORGANISATIONS, {"name": 0, "sector": 1}, ["Name", ""], lines, Practices())
    assert [one.state for one in judged] == ["good", "same", "bad", "bad", "good"]
    assert judged[1].same == "The same as row 2."
    assert judging.reasons(judged[3])[0].startswith("“Column B”: “secret” is none of these: ")
    assert judging.keys(ORGANISATIONS, judged) == {"city hospital", "chassis"}
    here = judging.known(ORGANISATIONS, judged, frozenset({"chassis"}))
    assert [one.state for one in here] == ["good", "same", "bad", "bad", "same"]


@pytest.mark.parametrize(
    ("columns", "fine"),
    [({"name": 0}, True), ({}, False), ({"name": 2}, False), ({"name": -1}, False), ({"name": 0, "place": 0}, False)],
)
def test_columns_that_can_be_read_by(columns: dict[str, int], fine: bool) -> None:
    assert (judging.fault(ORGANISATIONS.fields, columns, 2) is None) == fine


@pytest.mark.parametrize(("at", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (52, "BA")])
def test_columns_are_called_as_in_a_spreadsheet(at: int, letters: str) -> None:
    assert judging.letters(at) == letters


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Gun Violence (city)", "gun-violence-city"),
        ("Niñez y salud", "ninez-y-salud"),
        ("¡!", ""),
        ("a" * 70, "a" * 64),
    ],
)
def test_an_address_of_a_name(name: str, slug: str) -> None:
    assert kinds.slugged(name) == slug


@pytest.mark.parametrize("cell", ["=1+1", "+1 260", "-5", "@here", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert safe(cell) == f"'{cell}"
