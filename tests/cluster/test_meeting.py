"""Which organisations meet through a practice, and which of them meet the others nowhere else (features.md, F4)."""

from pathlib import Path
from typing import Any

import pytest

from node.coalition.people import store
from tests.cluster.kit import cluster

PEOPLE = (  # id, state, organisation, until, practice, role ended
    ("ana", "active", "Police", None, "guns", None),
    ("bea", "active", "Police", None, "guns", None),
    ("cal", "active", "Hospital", None, "guns", None),
    ("dan", "active", "Hospital", None, "homes", None),
    ("eve", "active", "School", "2020-01-31", "guns", None),
    ("fay", "suspended", "Church", None, "guns", None),
    ("gus", "active", "Bank", None, "guns", 5),
    ("hal", "active", "Police", None, "homes", 5),
)


def fill(tx: Any) -> None:
    for id, state, organisation, until, practice, ended in PEOPLE:
        tx.run("INSERT INTO member(id, name, state, joined) VALUES(:id, :id, :state, 1)", id=id, state=state)
        tx.run(
            "INSERT INTO organisation(id, name, folded, sector, place, made)"
            " VALUES(:name, :name, :name, 'public', '', 1) ON CONFLICT DO NOTHING",
            name=organisation,
        )
        tx.run(
            "INSERT INTO affiliation(member, organisation, title, since, until)"
            " VALUES(:id, :organisation, '', '2019-01-01', :until)",
            id=id, organisation=organisation, until=until,
        )  # fmt: skip
        tx.run(
            "INSERT INTO role(member, practice, role, since, until) VALUES(:id, :practice, 'member', 1, :ended)",
            id=id, practice=practice, ended=ended,
        )  # fmt: skip


@pytest.mark.usefixtures("both_engines")
async def test_organisations_meet_by_their_present_people(tmp_path: Path) -> None:
    async with cluster(tmp_path, "here") as (town,):
        storage = town.running.storage
        await storage.transact(fill)
        rows = await storage.read(lambda reads: store.meeting(reads, "guns"))
    assert [(row["name"], row["people"], row["only"]) for row in rows] == [("Hospital", 1, 0), ("Police", 2, 1)]
