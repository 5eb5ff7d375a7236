"""Tables become what they say, over HTTP on a real node: seen before anything is made, row by row, and undone."""

import csv
import io

import msgspec
import pytest

from node.coalition.importing import workbooks
from node.coalition.importing.carrying import LEASE
from node.coalition.importing.rules import DRAFT_LIFETIME, KEPT
from node.coalition.importing.tables import Table
from node.storage.contract import Tx
from tests.cluster.kit import settle
from tests.cluster.people import link_in
from tests.coalition.importing.telling import (
    BAD,
    HEADINGS,
    as_csv,
    brought,
    carried_out,
    coordinator,
    ended,
    people,
    plain,
    press,
)
from tests.security.test_members import Place

pytestmark = pytest.mark.usefixtures("both_engines")


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

    rows = [["Title", "Text", "Practice", "Kind", "Review by", "Licence"],
            ["First hour", "Who calls *whom*.", "guns", "Método", "", "CC0-1.0"],
            ["Second hour", "And then.", "housing-first", "lesson", "2027-03-31", "CC0-1.0"],
            ["Second hour", "Twice.", "Housing first", "", "", "CC0-1.0"],
            ["Third", "x", "guns", "adaptation", "", "CC0-1.0"]]  # fmt: skip
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


async def test_a_table_that_nobody_carries_out_is_forgotten(place: Place) -> None:
    ana = await coordinator(place)
    await brought(ana, "members", as_csv(people()))
    place.town.clock.advance(DRAFT_LIFETIME - 1)
    done = await brought(ana, "organisations", b"Name\nBrakes Ltd\n")
    await carried_out(ana, done)
    assert len(await place.town.rows("SELECT id FROM import_table")) == 2

    async def left() -> int:
        return len(await place.town.rows("SELECT id FROM import_table"))

    async def one() -> bool:
        return await left() == 1

    async def none() -> bool:
        return await left() == 0

    place.town.clock.advance(1)
    await settle(one, "the draft is forgotten")
    place.town.clock.advance(KEPT)
    await settle(none, "the import is forgotten")
    assert await place.town.rows("SELECT 1 AS yes FROM import_row") == []
    assert len(await place.town.rows("SELECT 1 AS yes FROM organisation")) == 1  # what it made stays
