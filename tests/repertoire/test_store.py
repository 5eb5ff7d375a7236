"""The repertoire's rows: the facts its rules are given, and what its effects write."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.gate.handler import Carrier
from node.repertoire import reading, rules, store
from node.repertoire.rules import Facts, Recommended
from node.storage.contract import Tx
from protocol import canonical, identifiers
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
    verified,
)
from tests.gate.plans import plans, walks

ITEM = item(HIGH_POINT)
ADAPTED = item(INKSTER, 2, kind="adaptation", adapted_from=(Reference(ITEM.id),), why="Other streets")


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Door]:
    """Both neighbours are held. High Point's actor stands in for one of ours: its rows say so."""
    async with door(tmp_path) as made:
        for who in (HIGH_POINT, INKSTER):
            await made.know(who)
            await made.hold(who.id)
        yield made


async def ours(room: Door) -> None:
    def work(tx: Tx) -> None:
        tx.run("UPDATE actor SET local = 1 WHERE id = :id", id=HIGH_POINT.id)
        tx.run(
            "INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition, created)"
            " VALUES(:id, 1, 'x', 'violence', 'Violence', '', 'public-safety', 'city', '', '', 0)",
            id=HIGH_POINT.id,
        )

    await room.storage.transact(work)


async def test_facts_for_a_new_item(room: Door) -> None:
    command = rules.PublishItem(ITEM, "x")
    assert await room.storage.read(lambda reads: store.load_publish(reads, command)) == Facts()
    await ours(room)
    assert await room.storage.read(lambda reads: store.load_publish(reads, command)) == Facts("public-safety")


async def test_an_id_that_is_taken_is_seen(room: Door) -> None:
    """Ids are new each time; one that is not must not overwrite what is there."""
    await ours(room)
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    facts = await room.storage.read(lambda reads: store.load_publish(reads, rules.PublishItem(ITEM, "x")))
    assert rules.decide_publish(rules.PublishItem(ITEM, "x"), facts, START).reason is Reason.EXISTS
    await room.pushed(HIGH_POINT, delete(HIGH_POINT, ITEM.id, 2))
    facts = await room.storage.read(lambda reads: store.load_publish(reads, rules.PublishItem(ITEM, "x")))
    assert rules.decide_publish(rules.PublishItem(ITEM, "x"), facts, START).reason is Reason.EXISTS


async def test_facts_for_an_edit_are_what_is_held(room: Door) -> None:
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    command = rules.EditItem(ITEM, "x")
    facts = await room.storage.read(lambda reads: store.load_edit(reads, command))
    assert facts.held == ITEM
    assert facts.practice_domain is None  # not ours to edit
    await ours(room)
    facts = await room.storage.read(lambda reads: store.load_edit(reads, command))
    assert facts.practice_domain == "public-safety"
    await room.pushed(HIGH_POINT, delete(HIGH_POINT, ITEM.id, 2))
    facts = await room.storage.read(lambda reads: store.load_edit(reads, command))
    assert facts == Facts(held_deleted=True)


async def test_a_tombstone_of_anothers_does_not_hide_an_item(room: Door) -> None:
    """Two owners may have left a row under one id: the living one is the item."""
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    await room.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO object(id, owner, type, audience, sequence, digest, activity, deleted)"
            " VALUES(:id, 'a', '', 'public', 0, x'00', 'none', 1)",
            id=ITEM.id,
        )
    )
    facts = await room.storage.read(lambda reads: store.load_recommend(reads, rules.Recommend(ITEM.id, "x", "x")))
    assert facts.held == ITEM


async def test_facts_for_an_adaptation(room: Door) -> None:
    command = rules.PublishItem(ADAPTED, "x")
    facts = await room.storage.read(lambda reads: store.load_publish(reads, command))
    assert facts.missing == (ITEM.id,)
    said = create(HIGH_POINT, ITEM)
    await room.pushed(HIGH_POINT, said)
    facts = await room.storage.read(lambda reads: store.load_publish(reads, command))
    (original,) = facts.originals
    assert original.digest == canonical.digest(said["object"])
    assert original.inbox == f"{HIGH_POINT.server.origin}/inbox"
    await ours(room)
    facts = await room.storage.read(lambda reads: store.load_publish(reads, command))
    assert facts.originals[0].inbox is None


async def test_credit_once_given_stays_when_the_original_is_gone(room: Door) -> None:
    credited = item(INKSTER, 2, kind="adaptation", adapted_from=(Reference(ITEM.id, bytes(32)),))
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    await room.pushed(INKSTER, create(INKSTER, credited))
    await room.pushed(HIGH_POINT, delete(HIGH_POINT, ITEM.id, 2))
    facts = await room.storage.read(lambda reads: store.load_edit(reads, rules.EditItem(credited, "x")))
    assert [(one.id, one.digest) for one in facts.originals] == [(ITEM.id, bytes(32))]
    assert facts.missing == ()


async def test_an_adaptation_of_ours_is_wanted_from_anybody(room: Door) -> None:
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    assert not await room.storage.read(lambda reads: store.wanted(reads, verified(create(INKSTER, ADAPTED), INKSTER)))
    await room.storage.transact(lambda tx: tx.run("UPDATE item SET local = 1"))
    assert await room.storage.read(lambda reads: store.wanted(reads, verified(create(INKSTER, ADAPTED), INKSTER)))
    assert not await room.storage.read(
        lambda reads: store.wanted(reads, verified(create(INKSTER, item(INKSTER)), INKSTER))
    )


async def test_a_recommendation_is_noted_once_with_the_time_it_was_said(room: Door) -> None:
    said = activities.announce(activity_id(INKSTER, 3), INKSTER.id, ITEM.id, [identifiers.PUBLIC], START - 5_000)
    message = verified(said, INKSTER)
    for now in (START, START + 1):
        await room.storage.transact(lambda tx, now=now: store.apply(tx, message, (Recommended(ITEM.id),), now))
    assert await room.rows("SELECT * FROM recommendation") == [
        {"object": ITEM.id, "actor": INKSTER.id, "activity": said["id"], "at": START - 5_000}
    ]


async def test_an_item_is_read_whole(room: Door) -> None:
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    await room.pushed(INKSTER, create(INKSTER, ADAPTED))
    await room.pushed(HIGH_POINT, update(HIGH_POINT, edited(ITEM, 10, name="Better"), 2))
    origin = await room.storage.read(lambda reads: reading.read(reads, ITEM.id))
    made = await room.storage.read(lambda reads: reading.read(reads, ADAPTED.id))
    assert origin is not None
    assert made is not None
    assert (origin.title, origin.owner, origin.key, origin.carrier) == (
        "Better",
        HIGH_POINT.id,
        HIGH_POINT.key_id,
        HIGH_POINT.id,
    )
    assert [(link.id, link.title) for link in origin.adaptations] == [(ADAPTED.id, ADAPTED.name)]
    assert [(link.id, link.title, link.held) for link in made.adapted_from] == [(ITEM.id, "Better", True)]
    await room.pushed(HIGH_POINT, delete(HIGH_POINT, ITEM.id, 3))
    gone = await room.storage.read(lambda reads: reading.read(reads, ITEM.id))
    assert gone is not None
    assert (gone.item, gone.title, gone.withdrawn) == (None, "", START)
    assert [link.id for link in gone.adaptations] == [ADAPTED.id]
    made = await room.storage.read(lambda reads: reading.read(reads, ADAPTED.id))
    assert made is not None
    assert made.adapted_from[0].withdrawn


@pytest.mark.parametrize("id", ["", "x", "https://nowhere.example/items/1", "'; DROP TABLE item", "\x00"])
async def test_what_is_not_here_is_nothing(room: Door, id: str) -> None:
    assert await room.storage.read(lambda reads: reading.read(reads, id)) is None


@pytest.mark.parametrize("to", [INKSTER.id, f"{HIGH_POINT.id}/members", identifiers.PUBLIC])
async def test_what_is_not_public_cannot_be_read(room: Door, to: str) -> None:
    """It is held all the same; what is public, read by the same way, shows that there is a way."""
    made = item(HIGH_POINT, 3, to=(to,))
    answer = await room.gate.receive(HIGH_POINT.sign(create(HIGH_POINT, made), START), Carrier(INKSTER.id, "relayed"))
    assert answer.reason is Reason.ACCEPTED
    assert await room.rows("SELECT a.raw IS NOT NULL AS held FROM object o JOIN activity a ON a.id = o.activity"
                           " WHERE o.id = :id", id=made.id) == [{"held": 1}]  # fmt: skip
    read = await room.storage.read(lambda reads: reading.read(reads, made.id))
    assert (read is not None) == (to == identifiers.PUBLIC)


async def test_no_statement_of_the_room_walks_a_table(room: Door) -> None:
    await room.pushed(HIGH_POINT, create(HIGH_POINT, ITEM))
    message = verified(create(INKSTER, ADAPTED), INKSTER)

    def work(tx: Tx) -> None:
        store.load_publish(tx, rules.PublishItem(ADAPTED, "x"))
        store.load_edit(tx, rules.EditItem(ADAPTED, "x"))
        store.load_withdraw(tx, rules.WithdrawItem(ITEM.id, "x"))
        store.load_recommend(tx, rules.Recommend(ITEM.id, HIGH_POINT.id, "x"))
        store.load_announce(tx, message)
        store.load_retraction(tx, message)
        store.wanted(tx, message)
        effects = (rules.Keep(ADAPTED), Recommended(ITEM.id), rules.Withdraw(ITEM.id), rules.Hide(ADAPTED.id),
                   rules.Retracted(ITEM.id, "x"))  # fmt: skip
        store.apply(tx, message, effects, START)
        reading.read(tx, ITEM.id)

    plan = await plans(room.storage, work)
    assert len(plan) > 15
    assert walks(plan) == []
