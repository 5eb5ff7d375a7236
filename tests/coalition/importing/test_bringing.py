"""Who may bring a table, and how: by a form, by a program; and what is no table, or no form of ours."""

import base64
import re

import aiohttp
import pytest

from node.coalition.importing import tables
from node.web.language import LANGUAGES
from tests.coalition.importing.telling import (
    BAD,
    as_csv,
    brought,
    coordinator,
    ended,
    people,
    plain,
    press,
    upload,
)
from tests.security.test_members import Place

pytestmark = pytest.mark.usefixtures("both_engines")


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


@pytest.mark.parametrize("language", LANGUAGES)
async def test_templates_are_imported_as_they_are(place: Place, language: str) -> None:
    """In every language: headings and examples are what is then understood."""
    ana = await coordinator(place)
    asks = {"Accept-Language": language}
    for kind in ("members", "organisations", "practices", "items"):
        for ending in ("csv", "xlsx"):
            async with ana.client.get(f"/imports/templates/{kind}.{ending}", headers=asks) as answer:
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
        table = "Title,Text,Practice,Licence\nA,b,guns,CC0-1.0\n"
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
