"""What stories of imports are told with: a table of people, and the hands that send and press."""

import csv
import io
import re

import aiohttp

from tests.cluster.kit import Town, settle
from tests.cluster.people import Person
from tests.security.test_members import Place

HEADINGS = ["Name", "E-mail", "Employer", "Job title", "Since", "Sector", "Practice", "Role", "Shoe size"]


def people(*wrong: list[str]) -> list[list[str]]:
    """Twenty-two good rows, and these among them."""
    good = [
        [f"Person {n}", f"p{n}@example.org", f"Agency {n % 3}", "Nurse", "2020-01-31", "public", "", "", "42"]
        for n in range(22)
    ]
    good[3][6:8] = ["Gun violence", "Facilitator"]
    return [HEADINGS, *good[:5], *wrong, *good[5:]]


BAD = (
    ["", "nobody@example.org", "", "", "", "", "", "", ""],
    ["Two Errors", "no address", "", "", "31/1/2020", "", "", "", ""],
    ["=cmd|' /C calc'!A0", "x@example.org", "", "", "", "", "Knitting", "", ""],
)


def as_csv(rows: list[list[str]], separator: str = ",") -> bytes:
    file = io.StringIO()
    csv.writer(file, delimiter=separator).writerows(rows)
    return file.getvalue().encode("cp1252")


async def coordinator(place: Place) -> Person:
    return await place.member("Ana", await place.operator(), role="coordinator")


async def upload(person: Person, kind: str, data: bytes, name: str = "people.csv", token: str | None = None) -> tuple[
    int, str, str
]:  # fmt: skip
    """Send a file by the form: status, text, where it leads."""
    path = f"/imports/new?kind={kind}"
    if token is None:
        found = re.search(r'name="form_token" value="([^"]+)"', (await person.get(path))[1])
        assert found is not None
        token = found[1]
    form = aiohttp.FormData()
    form.add_field("form_token", token)
    form.add_field("file", io.BytesIO(data), filename=name, content_type="text/csv")
    async with person.client.post(path, data=form, allow_redirects=False) as answer:
        return answer.status, await answer.text(), answer.headers.get("Location", "")


async def brought(person: Person, kind: str, data: bytes, name: str = "people.csv") -> str:
    status, text, where = await upload(person, kind, data, name)
    assert status == 303, text
    return where


async def press(person: Person, path: str, act: str) -> None:
    status, text, _ = await person.post(f"{path}/{act}", path)
    assert status == 303, text


async def ended(town: Town, path: str) -> None:
    async def so() -> bool:
        (row,) = await town.rows("SELECT state FROM import_table WHERE id = :id", id=path.rpartition("/")[2])
        return row["state"] in ("done", "undone")

    await settle(so, "the import ends")


async def carried_out(person: Person, path: str) -> str:
    await press(person, path, "run")
    await ended(person.town, path)
    return (await person.get(path))[1]


def plain(text: str) -> str:
    text = text.partition("<main")[2] or text
    return " ".join(re.sub(r"<[^>]+>", " ", text).split())
