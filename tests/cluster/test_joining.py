"""Many come at the same moment: by one link, as the first, under one name. On PostgreSQL through two doors at once."""

import asyncio
from collections import Counter
from pathlib import Path

import pytest

from node import app
from node.coalition.settling.first import first_path
from tests.cluster.kit import Town, cluster
from tests.cluster.people import WORDS, Person, Place

pytestmark = pytest.mark.usefixtures("both_engines")
CROWD = 6


class Doors:
    """A node, and where its database is shared, a second process of it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.place = Place(town)
        self.second: app.Node | None = None

    async def open(self) -> None:
        if self.town.running.storage.shared:
            self.second = await app.build(self.town.directory, self.town.settings, self.town.clock)
            await self.second.serve("127.0.0.1:0")

    async def close(self) -> None:
        for person in self.place.people:
            await person.client.close()
        if self.second is not None:
            await self.second.stop()

    def crowd(self) -> list[Person]:
        """Everybody in a browser of their own, half of them at the other door."""
        people = [self.place.somebody() for _ in range(CROWD)]
        if self.second is not None:
            for person in people[::2]:
                person.door = f"http://{self.second.listening}"
        return people


async def all_at_once(people: list[Person], link: str, names: list[str]) -> Counter[int]:
    coming = [
        person.post(link, name=name, sign_in=name.lower(), password=WORDS)
        for person, name in zip(people, names, strict=True)
    ]
    return Counter([status for status, *_ in await asyncio.gather(*coming)])


async def members(town: Town) -> int:
    (row,) = await town.rows("SELECT COUNT(*) AS n FROM member")
    return row["n"]


@pytest.fixture
def names() -> list[str]:
    return [f"Guest{number}" for number in range(CROWD)]


async def test_as_many_come_by_a_link_as_it_is_for(tmp_path: Path, names: list[str]) -> None:
    async with cluster(tmp_path, "here") as (town,):
        doors = Doors(town)
        await doors.open()
        try:
            operator = await doors.place.operator()
            link = await operator.invite(uses="2")
            assert await all_at_once(doors.crowd(), link, names) == {303: 2, 410: CROWD - 2}
            assert await members(town) == 2
        finally:
            await doors.close()


async def test_one_is_the_first(tmp_path: Path, names: list[str]) -> None:
    async with cluster(tmp_path, "here") as (town,):
        doors = Doors(town)
        await doors.open()
        try:
            link = f"{first_path(town.running.keystore.seal)}/you"
            came = await all_at_once(doors.crowd(), link, names)
            assert came[303] == 1
            assert await members(town) == 1
            rows = await town.rows("SELECT role FROM role WHERE practice = ''")
            assert [row["role"] for row in rows] == ["coordinator"]
        finally:
            await doors.close()


async def test_a_name_is_one_persons(tmp_path: Path) -> None:
    async with cluster(tmp_path, "here") as (town,):
        doors = Doors(town)
        await doors.open()
        try:
            operator = await doors.place.operator()
            link = await operator.invite(uses="9")
            assert await all_at_once(doors.crowd(), link, ["Ana"] * CROWD) == {303: 1, 422: CROWD - 1}
            assert await members(town) == 1
        finally:
            await doors.close()
