"""Tables become what they say, over HTTP on a real node: seen before anything is made, row by row, and undone."""

import base64
import csv
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from node.coalition.importing import tables, workbooks
from node.coalition.importing.carrying import LEASE
from node.coalition.importing.tables import Table
from node.storage.contract import Tx
from tests.cluster.kit import Town, cluster, settle
from tests.cluster.people import Person, link_in
from tests.security.test_members import Place

pytestmark = pytest.mark.usefixtures("both_engines")

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


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        await town.open_practice("guns", name="Gun violence")
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


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


async def test_twenty_five_rows_of_which_three_are_bad(place: Place) -> None:
    ana = await coordinator(place)
    path = await brought(ana, "members", as_csv(people(*BAD), ";"))
    text = plain((await ana.get(path))[1])
    assert "22 rows can be imported. 3 have errors." in text
    assert "Columns are read as separated by semicolons" in text
    assert "Not read: Shoe size." in text
    assert "Row 7 : nobody@example.org “Name”: This is needed, and the cell is empty." in text
    assert "“E-mail”: “no address” is no mail address." in text
    assert "“31/1/2020” is no day" in text
    assert "There is no practice “Knitting” here" in text
    assert await place.town.rows("SELECT id FROM member WHERE state = 'invited'") == []  # nothing was made yet
    text = plain(await carried_out(ana, path))
    assert "22 rows were imported." in text
    assert "3 have errors, and were left out." in text
    assert "22 people are expected and have not come yet." in text
    # The bad rows come back as a table with the reasons, safe to open, and good to import once corrected.
    async with ana.client.get(f"{path}/bad-rows.csv") as answer:
        assert answer.headers["Content-Disposition"] == 'attachment; filename="bad-rows.csv"'
        assert "no-store" in answer.headers["Cache-Control"]
        data = await answer.read()
    assert b"\n'=cmd" in data
    table = workbooks.read(data)
    assert isinstance(table, Table)
    assert table.headings == (*HEADINGS, "Row", "What is wrong")
    assert [line.cells[:2] for line in table.lines] == [(row[0], row[1]) for row in BAD]
    assert [line.cells[-2] for line in table.lines] == ["7", "8", "9"]
    assert "no mail address" in table.lines[1].cells[-1]
    # Once more: they are here already, and are not here twice.
    again = await brought(ana, "members", as_csv(people()))
    assert "0 rows can be imported. 22 are here already." in plain((await ana.get(again))[1])


async def test_nobody_is_a_member_before_they_come(place: Place) -> None:
    ana = await coordinator(place)
    ben = await place.member("Ben", ana)
    path = await brought(ana, "members", as_csv(people()))
    await carried_out(ana, path)
    assert "Person 3" not in (await ben.get("/members"))[1]
    assert "Person 3" in (await ana.get("/members"))[1]
    assert "2 members, by name." in plain((await ana.get("/members"))[1])
    (row,) = await place.town.rows("SELECT id FROM member WHERE name = 'Person 3'")
    assert (await ben.get(f"/members/{row['id']}"))[0] == 404
    assert "Gun violence" in (await ana.get(f"/members/{row['id']}"))[1]
    assert await place.town.rows("SELECT 1 AS yes FROM role WHERE member = :id", id=row["id"]) == []
    # Links for all, in a file; each comes by theirs, and is then what was noted, which the link showed them.
    status, text, _ = await ana.post(f"{path}/links", path)
    assert status == 200
    links = {row[0]: row[2] for row in csv.reader(io.StringIO(text.lstrip("﻿")))}
    link = links["Person 3"].removeprefix(place.town.origin)
    three = place.somebody()
    shown = plain((await three.get(link))[1])
    assert "You belong to Gun violence. Your role there: Facilitator." in shown
    assert "You are with Agency 0, Nurse, since 31 January 2020" in shown
    status, _ = await three.join(link, "Person Three", email="p3@example.org", sign_in="three")
    assert status == 303
    me = plain((await three.get("/me"))[1])
    assert all(said in me for said in ("Person Three", "Gun violence", "Facilitator", "Agency 0"))
    assert "Person Three" in (await ben.get("/members"))[1]
    # The link is used up, and a second file ends the links of the first.
    assert (await place.somebody().get(link))[0] in (404, 410)
    await ana.post(f"{path}/links", path)
    assert (await place.somebody().get(links["Person 4"].removeprefix(place.town.origin)))[0] == 404
    # One link by itself, from the list of members.
    (four,) = await place.town.rows("SELECT id FROM member WHERE name = 'Person 4'")
    status, text, _ = await ana.post(f"/members/{four['id']}/link", "/members")
    assert status == 200
    assert "p4@example.org" in (await place.somebody().get(link_in(text)))[1]


async def test_undo_takes_back_what_nobody_changed(place: Place) -> None:
    ana = await coordinator(place)
    path = await brought(ana, "members", as_csv(people()))
    await carried_out(ana, path)
    _, text, _ = await ana.post(f"{path}/links", path)
    link = next(row[2] for row in csv.reader(io.StringIO(text)) if row[0] == "Person 1")
    assert (await place.somebody().join(link.removeprefix(place.town.origin), "Person 1", sign_in="one"))[0] == 303
    assert (await ana.get(f"{path}/undo"))[0] == 200
    await press(ana, path, "undo")
    await ended(place.town, path)
    text = plain((await ana.get(path))[1])
    assert "21 were taken back. 1 stays as it is." in text
    assert "Person 1 They came by their own act, so they leave by their own act." in text
    assert [row["name"] for row in await place.town.rows("SELECT name FROM member ORDER BY name")] == [
        "Ana",
        "Person 1",
    ]
    assert await place.town.rows("SELECT 1 AS yes FROM awaited") == []
    status, _, _ = await ana.post(f"{path}/undo", "/imports/new?kind=members")
    assert status >= 400  # once


async def test_organisations_practices_and_items(place: Place) -> None:
    ana = await coordinator(place)
    town = place.town
    await ana.post("/me/affiliations", "/me", organisation="City Hospital", since="2020-01-31", title="")
    rows = [["Organización", "Tipo", "Ciudad"], ["city hospital", "público", ""], ["Brakes Ltd", "privado", "Essex"],
            ["Chassis Ltd", "privado", ""]]  # fmt: skip
    path = await brought(ana, "organisations", as_csv(rows))
    assert "2 rows can be imported. 1 is here already." in plain((await ana.get(path))[1])
    await carried_out(ana, path)
    await ana.post("/me/affiliations", "/me", organisation="Chassis Ltd", since="2021-01-31", title="")
    await press(ana, path, "undo")
    await ended(town, path)
    assert "Chassis Ltd Members are from there, so it stays." in plain((await ana.get(path))[1])
    assert [row["name"] for row in await town.rows("SELECT name FROM organisation ORDER BY name")] == [
        "Chassis Ltd", "City Hospital",
    ]  # fmt: skip

    rows = [["Name", "Domain", "Level"], ["Housing first", "Housing", "Ciudad"], ["Gun violence", "housing", ""],
            ["Guns", "Public safety > Gun violence", ""]]  # fmt: skip
    path = await brought(ana, "practices", as_csv(rows))
    assert "2 rows can be imported. 1 is here already." in plain((await ana.get(path))[1])
    await carried_out(ana, path)
    assert (await ana.get("/practices/housing-first"))[0] == 200
    assert (await ana.get("/practices/gun-violence"))[0] == 200

    rows = [["Title", "Text", "Practice", "Kind", "Review by"],
            ["First hour", "Who calls *whom*.", "guns", "Método", ""],
            ["Second hour", "And then.", "housing-first", "lesson", "2027-03-31"],
            ["Second hour", "Twice.", "Housing first", "", ""], ["Third", "x", "guns", "adaptation", ""]]  # fmt: skip
    path = await brought(ana, "items", as_csv(rows))
    text = plain((await ana.get(path))[1])
    assert "2 rows can be imported. 1 has an error. 1 is here already." in text
    assert "Row 4 : Second hour The same as row 3." in text
    await carried_out(ana, path)
    assert await town.titles() == ["First hour", "Second hour"] or await town.titles() == ["Second hour", "First hour"]
    (first,) = await town.rows("SELECT id FROM item WHERE name = 'First hour'")
    await town.edit(first["id"], title="The first hour")
    await press(ana, path, "undo")
    await ended(town, path)
    assert "The first hour It was edited since, so it stays." in plain((await ana.get(path))[1])
    assert await town.titles() == ["The first hour"]


async def test_an_import_is_taken_up_again_where_it_ended(place: Place) -> None:
    """The process ends between a row and the note of it: the row is there once, and the count is right."""
    ana = await coordinator(place)
    path = await brought(ana, "members", as_csv(people()))
    id, town = path.rpartition("/")[2], place.town
    await carried_out(ana, path)

    def forget(tx: Tx) -> None:
        tx.run(
            "UPDATE import_table SET state = 'running', ended = NULL, held_until = :until WHERE id = :id",
            id=id,
            until=town.clock.now() + LEASE,
        )

    rows = await town.rows("SELECT number, subject FROM import_row WHERE import = :id", id=id)
    cells = {line.number: line.cells for line in workbooks.read(as_csv(people())).lines}  # type: ignore[union-attr]

    def work(tx: Tx) -> None:
        forget(tx)
        for row in rows[5:]:
            tx.run(
                "UPDATE import_row SET state = 'waiting', subject = '', cells = :cells WHERE import = :id"
                " AND number = :n",
                id=id, n=row["number"], cells=msgspec.json.encode(cells[row["number"]]).decode(),
            )  # fmt: skip
        tx.run("DELETE FROM wish WHERE once LIKE '%' || :last", last=f" {rows[-1]['number']}")
        tx.run("DELETE FROM awaited WHERE member = :id", id=rows[-1]["subject"])
        tx.run("DELETE FROM member WHERE id = :id", id=rows[-1]["subject"])

    await town.running.storage.transact(work)
    await town.stop()
    await town.start()
    if town.running.storage.shared:  # another process may hold it: until its lease lapses
        town.clock.advance(LEASE)
    await ended(town, path)
    found = await town.rows("SELECT state, COUNT(*) AS n FROM import_row WHERE import = :id GROUP BY state", id=id)
    assert {row["state"]: row["n"] for row in found} == {"made": 22}
    again = await town.rows("SELECT number, subject FROM import_row WHERE import = :id", id=id)
    assert {row["number"]: row["subject"] for row in again} == {row["number"]: row["subject"] for row in rows}
    assert len(await town.rows("SELECT id FROM member WHERE state = 'invited'")) == 22


async def test_who_may_not_import_sends_nothing(place: Place) -> None:
    ana = await coordinator(place)
    ben = await place.member("Ben", ana)
    token = re.search(r'name="form_token" value="([^"]+)"', (await ben.get("/me"))[1])
    assert token is not None
    assert (await upload(ben, "members", as_csv(people()), token=token[1]))[0] == 403
    assert (await upload(place.somebody(), "members", as_csv(people()), token="x"))[0] in (303, 403)
    assert (await upload(await place.operator(), "members", as_csv(people()), token="x"))[0] == 403
    # A stale token, or none: the file is not kept, and the page says what to do.
    status, text, _ = await upload(ana, "members", as_csv(people()), token="x")
    assert (status, "send the file once more" in text) == (422, True)
    assert await place.town.rows("SELECT id FROM import_table") == []
    path = await brought(ana, "members", as_csv(people(*BAD)))
    for address in (path, f"{path}/bad-rows.csv", "/imports", "/imports/new", "/imports/templates/members.csv"):
        assert (await ben.get(address))[0] == 403
        assert (await place.somebody().get(address))[0] in (303, 403)


async def test_another_sites_form_and_what_is_no_form(place: Place) -> None:
    ana = await coordinator(place)
    where = "/imports/new?kind=members"
    evil = {"Origin": "https://evil.example"}
    form = aiohttp.FormData()
    form.add_field("file", as_csv(people()), filename="x.csv")
    async with ana.client.post(where, data=form, headers=evil) as answer:
        assert answer.status == 403
    junk = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (
        b"",
        b"--x",
        b"--x\r\n\r\nabc",
        b"\x00" * 500,
        b"--x\r\nContent-Disposition: form-data\r\n\r\n\r\n--x--",
    ):
        async with ana.client.post(where, data=body, headers=junk) as answer:
            assert answer.status in (400, 422), body
    async with ana.client.post(where, data=b"x", headers={"Content-Type": "multipart/form-data"}) as answer:
        assert answer.status == 400
    status, text, _ = await upload(ana, "members", b"x" * (tables.MOST_BYTES + 1))
    assert (status, "larger than 5 MiB" in text) == (422, True)
    status, text, _ = await upload(ana, "members", b"PK\x03\x04 nothing")
    assert (status, "damaged" in text) == (422, True)
    status, text, _ = await upload(ana, "members", b"")
    assert (status, "choose a file" in text) == (422, True)
    status, text, _ = await ana.post(where, where, text='Name\n"Ada')
    assert (status, "&#34;Ada</textarea>" in text, "In row 2" in text) == (422, True, True)
    assert await place.town.rows("SELECT id FROM import_table") == []


async def test_columns_are_chosen_where_none_is_guessed(place: Place) -> None:
    ana = await coordinator(place)
    status, _, path = await ana.post("/imports/new?kind=members", "/imports/new?kind=members", text="A\tB\nAda\tx")
    assert status == 303
    assert "Say which column has “Name”" in (await ana.get(path))[1]
    assert (await ana.post(f"{path}/run", path))[0] >= 400
    status, text, _ = await ana.post(f"{path}/columns", path, name="0", email="0")
    assert (status, "One column is chosen for two fields." in text) == (422, True)
    status, _, where = await ana.post(f"{path}/columns", path, name="0", discipline="1")
    assert (status, where) == (303, path)
    assert "1 row can be imported." in plain((await ana.get(path))[1])
    await press(ana, path, "drop")
    assert await place.town.rows("SELECT 1 AS yes FROM import_row") == []


async def test_templates_are_imported_as_they_are(place: Place) -> None:
    ana = await coordinator(place)
    for kind in ("members", "organisations", "practices", "items"):
        for ending in ("csv", "xlsx"):
            async with ana.client.get(f"/imports/templates/{kind}.{ending}") as answer:
                assert answer.status == 200
                data = await answer.read()
            path = await brought(ana, kind, data, f"{kind}.{ending}")
            assert "1 row can be imported." in plain((await ana.get(path))[1]), kind
            await press(ana, path, "drop")
    assert (await ana.get("/imports/templates/members.exe"))[0] == 404


async def test_a_program_imports_too(place: Place) -> None:
    ana = await coordinator(place)
    fields = {"token_name": "importer", "scope-organise": "yes", "days": "3"}
    _, text, _ = await ana.post("/me/tokens", "/me", **fields)
    found = re.search(r"cwm1_[\w-]+", text.replace("<wbr>", ""))
    assert found is not None
    town, bearer = place.town, {"Authorization": f"Bearer {found[0]}"}
    async with aiohttp.ClientSession(town.origin, headers=bearer) as program:
        sent = base64.b64encode(as_csv(people(*BAD))).decode()
        async with program.post("/api/v1/imports", json={"kind": "members", "base64": sent}) as answer:
            assert answer.status == 201
            draft = await answer.json()
        assert draft["numbers"] == {"good": 22, "bad": 3, "same": 0}
        assert [row["number"] for row in draft["rows"]] == [7, 8, 9]
        path = f"/api/v1/imports/{draft['id']}"
        async with program.patch(path, json={"columns": {"name": 0, "email": 1}}) as answer:
            assert (await answer.json())["numbers"] == {"good": 23, "bad": 2, "same": 0}
        async with program.post(f"{path}/run", json={}) as answer:
            assert answer.status == 202
        await ended(town, path)
        async with program.get(path) as answer:
            assert (await answer.json())["numbers"] == {"made": 23, "bad": 2}
        async with program.post(f"{path}/links", json={}) as answer:
            assert len((await answer.json())["links"]) == 23
        # A token that is not good for publishing publishes nothing by a table either.
        table = "Title,Text,Practice\nA,b,guns\n"
        async with program.post("/api/v1/imports", json={"kind": "items", "text": table}) as answer:
            other = f"/api/v1/imports/{(await answer.json())['id']}"
        await (await program.post(f"{other}/run", json={})).read()
        await ended(town, other)
        async with program.get(other) as answer:
            rows = (await answer.json())["rows"]
        assert [(row["state"], "This token is not good" in row["reasons"][0]) for row in rows] == [("bad", True)]
        async with program.delete(other) as answer:
            assert answer.status == 200
    assert await town.titles() == []
