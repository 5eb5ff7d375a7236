"""Replicas agree whatever the order of arrival (protocol section 6, Order; section 8, Root)."""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.storage.contract import Tx
from protocol.errors import Reason
from protocol.vocabulary import activities
from protocol.vocabulary.repertoire import Reference
from tests.gate.kit import (
    HIGH_POINT,
    INKSTER,
    START,
    Door,
    activity_id,
    create,
    delete,
    door,
    edited,
    item,
    update,
)

FIRST = item(HIGH_POINT, 1)
CREDITED = Reference(item(INKSTER).id, bytes(32))
SECOND = item(HIGH_POINT, 2, kind="adaptation", adapted_from=(CREDITED,), why="Our streets are longer.")
# Each with a later one of equal order but another digest, an Update that changes what sorts the catalog, and an end.
STORY = [
    create(HIGH_POINT, FIRST, 1),
    update(HIGH_POINT, edited(FIRST, 10, name="Second thoughts", domain="housing"), 2),
    update(HIGH_POINT, edited(FIRST, 20, name="Third thoughts", kind="story"), 3),
    update(HIGH_POINT, edited(FIRST, 20, name="A twin of the same moment", published=START - 5), 4),
    delete(HIGH_POINT, FIRST.id, 5, START + 30),
    create(HIGH_POINT, SECOND, 6),
    update(HIGH_POINT, edited(SECOND, 10, adapted_from=(), kind="method", why=""), 7),
    create(HIGH_POINT, item(HIGH_POINT, 3), 8),
    delete(HIGH_POINT, item(HIGH_POINT, 4).id, 9),
]
WIRE = [HIGH_POINT.sign(said, START) for said in STORY]
TAKEN = {Reason.ACCEPTED, Reason.SUPERSEDED, Reason.KNOWN}


async def _ready(gate: Door) -> None:
    await gate.know(HIGH_POINT)
    await gate.hold(HIGH_POINT.id)


async def state(gate: Door) -> dict[str, Any]:
    """All that must agree; times of arrival and places in the log may differ."""
    return {
        "objects": await gate.rows(
            "SELECT id, owner, type, audience, sequence, digest, activity, deleted FROM object ORDER BY id, owner"
        ),
        "cards": await gate.rows(
            "SELECT id, owner, name, kind, domain, published, updated, search FROM item WHERE withdrawn IS NULL"
            " ORDER BY id"
        ),
        "lineage": await gate.rows(
            "SELECT d.* FROM adaptation d JOIN item i ON i.id = d.item WHERE i.withdrawn IS NULL ORDER BY 1, 2"
        ),
        "members": await gate.rows("SELECT e.digest, e.activity FROM logged e ORDER BY e.digest"),
        "bytes": await gate.rows("SELECT id, raw FROM activity WHERE raw IS NOT NULL ORDER BY id"),
        "root": await gate.root(),
    }


async def _after(order: list[int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        async with door(Path(folder)) as gate:
            await _ready(gate)
            for index in order:
                answer = await gate.pulled(HIGH_POINT, WIRE[index])
                assert answer.reason in TAKEN, (index, answer)
            return await state(gate)


@pytest.fixture(scope="module")
def agreed() -> dict[str, Any]:
    """What the order in which it was said comes to."""
    return asyncio.run(_after(list(range(len(WIRE)))))


def test_the_story_ends_as_it_should(agreed: dict[str, Any]) -> None:
    assert [card["name"] for card in agreed["cards"]] == ["Call-in 2", "Call-in 3"]
    assert agreed["lineage"] == []
    assert len(agreed["members"]) == agreed["root"][1] == 4
    assert len(agreed["bytes"]) == 4


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, len(WIRE) - 1), max_size=6), st.permutations(range(len(WIRE))))
def test_any_order_and_any_repetition_converges(agreed: dict[str, Any], repeated: list[int], order: list[int]) -> None:
    assert asyncio.run(_after([*repeated, *order])) == agreed


@pytest.fixture
async def gate(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path) as made:
        await _ready(made)
        yield made


async def _clear(gate: Door) -> None:
    def work(tx: Tx) -> None:
        for table in (
            "activity",
            "object",
            "item",
            "entry",
            "adaptation",
            "tree_id",
            "tree_left",
            "tree_node",
            "held_set",
        ):
            tx.run(f"DELETE FROM {table}")

    await gate.storage.transact(work)
    await gate.hold(HIGH_POINT.id)


async def test_every_permutation_of_one_objects_life_converges(gate: Door) -> None:
    outcomes: list[dict[str, Any]] = []
    for order in itertools.permutations((0, 1, 2, 4)):
        for index in order:
            assert (await gate.pulled(HIGH_POINT, WIRE[index])).reason in TAKEN
        outcomes.append(await state(gate))
        await _clear(gate)
    assert len(outcomes) == 24
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert outcomes[0]["cards"] == []
    assert [row["deleted"] for row in outcomes[0]["objects"]] == [1]


async def test_what_is_deleted_stays_deleted(gate: Door) -> None:
    await gate.pulled(HIGH_POINT, WIRE[4])
    for index in (0, 1, 2, 3):
        assert (await gate.pulled(HIGH_POINT, WIRE[index])).reason is Reason.SUPERSEDED
    late = update(HIGH_POINT, edited(FIRST, 3_600_000), 20)
    assert (await gate.pulled(HIGH_POINT, HIGH_POINT.sign(late, START))).reason is Reason.SUPERSEDED
    assert await gate.count("item") == 0
    assert [row["id"] for row in await gate.rows("SELECT id FROM activity WHERE raw IS NOT NULL")] == [
        activity_id(HIGH_POINT, 5)
    ]


async def test_a_superseded_states_bytes_are_erased_and_its_id_stays_bound(gate: Door) -> None:
    await gate.pulled(HIGH_POINT, WIRE[0])
    await gate.pulled(HIGH_POINT, WIRE[1])
    rows = await gate.rows("SELECT id, raw IS NULL AS erased FROM activity ORDER BY id")
    assert [row["erased"] for row in rows] == [1, 0]
    assert (await gate.pulled(HIGH_POINT, WIRE[0])).reason is Reason.KNOWN
    other = {**STORY[0], "published": "2020-01-01T00:00:00Z"}
    assert (await gate.pulled(HIGH_POINT, HIGH_POINT.sign(other, START))).reason is Reason.ID_REUSED


@pytest.mark.parametrize("to", [None, "https://fort-wayne.example/actor"], ids=["says nothing", "says another"])
async def test_a_withdrawal_stands_in_the_set_of_what_it_withdraws(gate: Door, to: str | None) -> None:
    """Other software's Delete may name nobody: it still takes the Create's place, and travels on."""
    await gate.pulled(HIGH_POINT, WIRE[0])
    said = activities.delete(
        activity_id(HIGH_POINT, 5), HIGH_POINT.id, FIRST.id, "Article", START + 30, [to] if to else []
    )
    assert (await gate.pushed(HIGH_POINT, said)).reason is Reason.ACCEPTED
    assert [row["activity"] for row in await gate.rows("SELECT activity FROM logged")] == [said["id"]]
    assert (await gate.rows("SELECT audience, deleted FROM object")) == [{"audience": "public", "deleted": 1}]


async def test_a_state_that_was_said_to_fewer_first_holds(gate: Door) -> None:
    """An update may not widen: of two that disagree the lower one holds, whichever comes first."""
    few = edited(item(HIGH_POINT, 5), 0, to=(f"{HIGH_POINT.id}/members",))
    many = edited(item(HIGH_POINT, 5), 10)
    await gate.pushed(HIGH_POINT, update(HIGH_POINT, many, 11))
    assert (await gate.pushed(HIGH_POINT, create(HIGH_POINT, few, 10))).reason is Reason.ACCEPTED
    assert (await gate.rows("SELECT audience, sequence FROM object")) == [{"audience": "members", "sequence": START}]
    assert await gate.count("item") == 0
