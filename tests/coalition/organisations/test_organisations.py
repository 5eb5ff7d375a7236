"""Organisations as members keep them: corrected by anybody, merged by a coordinator, seen by members alone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from node.coalition.organisations.rules import (
    ChangeOrganisation,
    Facts,
    MergeOrganisations,
    decide_change,
    decide_merge,
)
from protocol.errors import Reason
from tests.cluster.kit import cluster
from tests.cluster.people import Place


@pytest.mark.parametrize(
    ("command", "facts", "reason"),
    [
        (ChangeOrganisation("o", "Police", "public", ""), Facts(1), Reason.ACCEPTED),
        (ChangeOrganisation("o", "Police", "", ""), Facts(1), Reason.ACCEPTED),
        (ChangeOrganisation("o", "Police", "public", ""), Facts(0), Reason.NOT_FOUND),
        (ChangeOrganisation("o", "  ", "public", ""), Facts(1), Reason.INVALID),
        (ChangeOrganisation("o", "x" * 301, "public", ""), Facts(1), Reason.INVALID),
        (ChangeOrganisation("o", "Police", "secret", ""), Facts(1), Reason.INVALID),
        (ChangeOrganisation("o", "Police", "public", ""), Facts(1, taken=True), Reason.EXISTS),
    ],
)
def test_what_may_be_corrected(command: ChangeOrganisation, facts: Facts, reason: Reason) -> None:
    assert decide_change(command, facts, 0).reason is reason


@pytest.mark.parametrize(
    ("into", "here", "reason"), [("p", 2, Reason.ACCEPTED), ("o", 1, Reason.INVALID), ("p", 1, Reason.NOT_FOUND)]
)
def test_what_may_be_merged(into: str, here: int, reason: Reason) -> None:
    assert decide_merge(MergeOrganisations("o", into), Facts(here), 0).reason is reason


@pytest_asyncio.fixture(loop_scope="function")
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    async with cluster(tmp_path, "here") as (town,):
        await town.open_practice("guns", name="Gun violence")
        made = Place(town)
        yield made
        for person in made.people:
            await person.client.close()


async def id_of(place: Place, name: str) -> str:
    (row,) = await place.town.rows("SELECT id FROM organisation WHERE name = :name", name=name)
    return row["id"]


async def test_two_that_are_the_same_become_one(place: Place) -> None:
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    ben = await place.member("Ben", ana, practice="guns")
    for person, name in ((ana, "High Point Police"), (ben, "H. P. Police Departement")):
        fields = {"organisation": name, "title": "Officer", "sector": "public", "since": "2020-01-01"}
        assert (await person.post("/me/affiliations", "/me", **fields))[0] == 303
    wrong, right = await id_of(place, "H. P. Police Departement"), await id_of(place, "High Point Police")

    # Anybody corrects a name, and hears when another one has it.
    path = f"/organisations/{wrong}"
    fields = {"name": "high  point police", "sector": "public", "place": ""}
    status, text, _ = await ben.post(path, path, **fields)
    assert status == 422
    assert "merge the two" in text
    assert (await ben.post(path, path, **{**fields, "name": "HPPD", "place": "High Point"}))[0] == 303
    # Merging is for coordinators.
    assert (await ben.post(f"{path}/merge", path, into=right))[0] == 403
    status, _, then = await ana.post(f"{path}/merge", path, into=right)
    assert (status, then) == (303, f"/organisations/{right}?said=kept")
    assert (await ana.get(path))[0] == 404
    page = (await ana.get(f"/organisations/{right}"))[1]
    for words in ("Ana", "Ben", "Officer", "Gun violence"):
        assert words in page
    assert "2 members come from there" in (await ana.get("/organisations?q=POLICE"))[1]


async def test_they_are_for_members_alone(place: Place) -> None:
    ana = await place.member("Ana", await place.operator(), role="coordinator")
    assert (await ana.get("/organisations"))[0] == 200
    assert (await (await place.operator()).get("/organisations"))[0] == 403
    assert (await place.somebody().get("/organisations"))[0] == 303
