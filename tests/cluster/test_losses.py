"""The network loses what it was given, or says "taken" when it was not; the log tells, and a pull mends it."""

from pathlib import Path

import pytest

from node.federation.catchup import LOOK_EVERY
from node.storage import sets
from node.storage.contract import Entry, Tx
from protocol import limits
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.network import answered, carries, is_push

pytestmark = pytest.mark.usefixtures("both_engines")


async def followed(high_point: Town, fort_wayne: Town) -> str:
    """The practice, once its first item has come the whole way."""
    practice = await high_point.open_practice()
    await fort_wayne.follow(practice)
    before = await high_point.publish("Before")
    await settle(lambda: fort_wayne.item(before))
    await high_point.rest()
    return practice


async def test_the_next_push_reveals_a_lost_one_and_a_pull_mends_it(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        fort_wayne.road.rule = answered(carries("The lost one"), 202)  # acknowledged, and never passed on
        lost = await high_point.publish("The lost one")
        await high_point.rest()
        assert await fort_wayne.item(lost) is None
        assert (await high_point.api("GET", "/health"))["owed"] == 0  # High Point believes that it arrived

        found = await high_point.publish("The next one")
        await settle(lambda: fort_wayne.item(lost), "the gap is pulled")
        assert await fort_wayne.item(found)
        assert len([seen for seen in fort_wayne.road.pushes() if b"The lost one" in seen.body]) == 1
        await agree(practice, high_point, fort_wayne)


async def test_the_hourly_look_finds_a_lost_message_when_nothing_follows_it(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        fort_wayne.road.rule = answered(carries("The lost one"), 202)
        lost = await high_point.publish("The lost one")
        await high_point.rest()
        await fort_wayne.rest()
        assert await fort_wayne.item(lost) is None

        fort_wayne.clock.advance(LOOK_EVERY)
        await settle(lambda: fort_wayne.item(lost), "the hourly look found it")
        await agree(practice, high_point, fort_wayne)


async def test_what_vanished_here_is_found_though_no_number_is_missing(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        vanished = await high_point.publish("It will vanish")
        await settle(lambda: fort_wayne.item(vanished))
        await high_point.rest()
        await fort_wayne.rest()

        def vanish(tx: Tx) -> None:
            key = tx.the("SELECT key FROM activity WHERE object = :id", id=vanished)["key"]
            tx.run("DELETE FROM entry WHERE activity = :key", key=key)
            tx.run("DELETE FROM activity WHERE key = :key", key=key)
            tx.run("DELETE FROM item WHERE id = :id", id=vanished)
            tx.run("DELETE FROM object WHERE id = :id", id=vanished)
            held = sets.held(tx, f"{practice}/outbox")
            assert held is not None
            for table in ("tree_id", "tree_node", "tree_left"):  # which is made anew of what there is
                tx.run(f"DELETE FROM {table} WHERE set_key = :key", key=held.key)
            tx.run("UPDATE held_set SET total = total - 1, folded = 0 WHERE key = :key", key=held.key)

        await fort_wayne.running.storage.transact(vanish)
        assert await fort_wayne.item(vanished) is None
        fort_wayne.clock.advance(LOOK_EVERY)
        await settle(lambda: fort_wayne.item(vanished), "their head has another root")
        await agree(practice, high_point, fort_wayne)
        await fort_wayne.rest()
        assert (await fort_wayne.api("GET", "/health"))["amiss"] == []


async def test_what_they_never_said_is_told_to_the_steward(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        await high_point.rest()
        await fort_wayne.rest()
        await fort_wayne.running.storage.transact(
            lambda tx: tx.append(Entry(f"{practice}/outbox", None, b"never said".ljust(32)))
        )
        fort_wayne.clock.advance(LOOK_EVERY)

        async def told() -> bool:
            found = await fort_wayne.api("GET", "/health")
            return any("is not what they say they have published" in one for one in found["amiss"])

        await settle(told, "pulling all of it again does not mend that")


async def test_a_lost_withdrawal_and_a_lost_edit_are_mended_too(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        edited, withdrawn = await high_point.publish("To be edited"), await high_point.publish("To be withdrawn")
        await settle(lambda: fort_wayne.item(withdrawn))
        fort_wayne.road.rule = answered(lambda seen: b'"Update"' in seen.body or b'"Delete"' in seen.body, 202)
        await high_point.edit(edited, title="Edited, then lost")
        await high_point.withdraw(withdrawn)
        await high_point.rest()
        assert await fort_wayne.titles() == ["Before", "To be edited", "To be withdrawn"]

        await high_point.publish("The next one")

        async def mended() -> bool:
            return await fort_wayne.titles() == ["Before", "Edited, then lost", "The next one"]

        await settle(mended, "the edit and the withdrawal are pulled")
        await agree(practice, high_point, fort_wayne)


async def test_a_server_that_fails_a_while_is_tried_again(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await followed(high_point, fort_wayne)
        fort_wayne.road.rule = answered(carries("Hard to deliver"), 500, times=2)
        item = await high_point.publish("Hard to deliver")
        for _ in range(2):
            due = await high_point.rest()
            assert due is not None
            assert await fort_wayne.item(item) is None
            high_point.clock.advance(due - high_point.clock.now())
        await settle(lambda: fort_wayne.item(item), "the third attempt arrived")
        await agree(practice, high_point, fort_wayne)


async def test_a_lost_accept_is_mended_by_the_weekly_follow(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-ins")
        fort_wayne.road.rule = answered(carries('"type":"Accept"'), 202, times=1)
        await fort_wayne.follow(practice)
        await fort_wayne.rest()
        await high_point.rest()
        assert await fort_wayne.follow_state(practice) == "waiting"

        fort_wayne.clock.advance(limits.FOLLOW_REPEAT)
        await settle(lambda: fort_wayne.item(item), "the second Accept came, and then the backfill")
        assert await fort_wayne.follow_state(practice) == "accepted"


async def test_what_overtakes_the_accept_is_taken_and_its_sender_goes_on(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", roads=("fort-wayne",)) as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        accept = carries('"type":"Accept"')
        fort_wayne.road.rule = answered(accept, 500, times=2)
        await fort_wayne.follow(practice)
        await fort_wayne.rest()

        async def failed() -> int:
            due = await high_point.rest()
            assert due is not None
            return due - high_point.clock.now()

        high_point.clock.advance(await failed())
        wait = await failed()
        early = await high_point.publish("Before the Accept")
        high_point.clock.advance(wait)  # after two failures it begins with another inbox
        await settle(lambda: fort_wayne.item(early))
        await high_point.rest()
        pushes = [(accept(seen), status) for seen, status in fort_wayne.road.answers if is_push(seen)]
        assert pushes == [(True, 500), (True, 500), (False, 202), (True, 202)]

        later = await high_point.publish("After the Accept")
        await settle(lambda: fort_wayne.item(later), "the subscription goes on")
        await agree(practice, high_point, fort_wayne)
