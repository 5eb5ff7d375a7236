"""The coalition's rows: what is opened, for whom cursors begin, and what pages read."""

from pathlib import Path
from typing import Any

from node.coalition import connections, operation, store
from node.coalition.pages import keys_of
from node.coalition.rules import FoundCoalition, OpenPractice
from node.federation.following import FollowActor
from node.gate.handler import BY_NODE
from node.storage.contract import Tx
from protocol import identifiers
from protocol.vocabulary import activities
from tests.coalition.test_rules import FOUND, ME, NODE, OPEN, PRACTICE
from tests.gate.kit import HERE, HIGH_POINT, START, Door, activity_id, door
from tests.gate.plans import plans, walks


async def open_all(made: Door) -> None:
    """The coalition and its practice, by the commands, with keys that the signer has."""
    keystore: Any = made.gate._signer
    for command in (FOUND, OPEN):
        keys = keys_of(keystore, command.actor, START)
        fields = {name: getattr(command, name) for name in command.__struct_fields__}
        kind: type[FoundCoalition | OpenPractice] = type(command)
        assert (await made.gate.perform(kind(**{**fields, "keys": keys}), BY_NODE)).done


async def test_what_was_founded_and_opened_is_read(tmp_path: Path) -> None:
    async with door(tmp_path) as made:
        assert await made.storage.read(store.coalition) is None
        await open_all(made)
        coalition = await made.storage.read(store.coalition)
        assert coalition == store.Coalition(ME, "Fort Wayne", "Indiana", "en", START)
        (row,) = await made.storage.read(store.practices)
        assert (row["actor"], row["slug"], row["name"], row["domain"]) == (
            PRACTICE,
            "housing",
            "Housing",
            "housing/shelter",
        )
        assert row["coalition"] == ME
        assert await made.storage.read(lambda reads: store.load_open(reads, OPEN)) == store.Facts(True, True)
        sets = await made.rows("SELECT name, local, seq FROM held_set WHERE audience = 'public' ORDER BY name")
        assert [(row["name"], row["local"]) for row in sets] == [(f"{ME}/outbox", 1), (f"{PRACTICE}/outbox", 1)]
        assert [row["seq"] for row in sets] == [2, 1]  # the coalition's document and its Add; the practice's document


async def test_others_practices_are_known_and_not_listed_as_ours(tmp_path: Path) -> None:
    async with door(tmp_path) as made:
        await open_all(made)
        await made.know(HIGH_POINT)
        await made.hold(HIGH_POINT.id)
        document = HIGH_POINT.document(START + 5, more={"cw:domain": "housing", "cw:level": "city"})
        said = activities.update(activity_id(HIGH_POINT, 1), HIGH_POINT.id, document, START, [identifiers.PUBLIC])
        assert (await made.pushed(HIGH_POINT, said)).reason == "accepted"
        row = await made.storage.read(lambda reads: store.practice(reads, HIGH_POINT.id))
        assert row is not None
        assert (row["local"], row["domain"]) == (0, "housing")
        assert [row["slug"] for row in await made.storage.read(store.practices)] == ["housing"]


async def test_what_a_page_asks_all_day_walks_no_large_table(tmp_path: Path) -> None:
    async with door(tmp_path) as made:
        await open_all(made)
        await made.know(NODE)
        assert (await made.gate.perform(FollowActor(ME, NODE.id, "x", HERE.at("/activities/9")), BY_NODE)).done

        def work(tx: Tx) -> None:
            store.coalition(tx)
            store.practices(tx)
            store.practice(tx, PRACTICE)
            store.load_open(tx, OPEN)
            connections.follows(tx)
            operation.peers(tx)

        plan = await plans(made.storage, work)
        # One row, and the tables that these pages list.
        listed = {"SCAN coalition", "SCAN f", "SCAN p", "SCAN s", "SCAN i"}
        assert [step for _, step in walks(plan) if step not in listed] == []
