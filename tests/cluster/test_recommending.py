"""A broker's recommendation carries the original, byte for byte: whoever gets it holds its owner's own proof."""

from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from node.gate.handler import BY_NODE
from node.repertoire import rules
from protocol import limits
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.network import Road, answered, asks

pytestmark = pytest.mark.usefixtures("both_engines")


async def recommend(town: Town, item: str) -> None:
    """As the broker's desk does it."""
    node = town.running
    command = rules.Recommend(item, node.actor, node.origin.at(f"/activities/{town.clock.new_id()}"))
    outcome = await node.gate.perform(command, BY_NODE)
    assert outcome.done, outcome


async def test_a_recommended_item_is_held_with_its_owners_proof(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "broker", "toledo") as (high_point, broker, toledo):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        await broker.follow(practice)
        await toledo.follow(broker.origin)
        await settle(lambda: broker.item(item))
        await settle_follow(toledo, broker.origin)

        await recommend(broker, item)
        held = await settle(lambda: toledo.item(item), "the recommended item")
        assert held["activity"] == (await high_point.item(item))["activity"]
        assert held["proof"]["signer"] == practice
        assert held["proof"]["key"] == f"{practice}#ed25519-1"
        assert held["proof"]["carrier"] == broker.actor
        status, page = await toledo.page(f"/catalog/item?{urlencode({'id': item})}")
        assert (status, "broker" in page) == (200, True)
        assert (await toledo.api("GET", "/follows"))["follows"][0]["target"] == broker.actor
        assert not await high_point.rows("SELECT actor FROM follower WHERE host = :host", host=toledo.origin[7:])
        await agree(broker.actor, broker, toledo)


async def settle_follow(town: Town, target: str) -> None:
    async def yes() -> bool:
        return await town.follow_state(target) == "accepted"

    await settle(yes)
    await town.rest()


async def test_who_follows_the_broker_later_gets_its_recommendations_too(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "broker", "toledo") as (high_point, broker, toledo):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        await broker.follow(practice)
        await settle(lambda: broker.item(item))
        await recommend(broker, item)
        await toledo.follow(broker.origin)
        await settle(lambda: toledo.item(item), "it comes with the backfill")
        await agree(broker.actor, broker, toledo)


async def test_what_becomes_of_a_recommended_item_reaches_all_who_hold_it(tmp_path: Path) -> None:
    names = ("high-point", "broker", "toledo", "dayton")
    async with cluster(tmp_path, *names) as (high_point, broker, toledo, dayton):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        await broker.follow(practice)
        await toledo.follow(broker.origin)
        await settle(lambda: broker.item(item))
        await settle_follow(toledo, broker.origin)
        await recommend(broker, item)
        await settle(lambda: toledo.item(item))

        await high_point.edit(item, title="Call-ins, second edition")

        async def edited() -> bool:
            return (await toledo.item(item))["title"] == "Call-ins, second edition"

        await settle(edited, "the edit came by the broker")
        await high_point.withdraw(item)

        async def gone(town: Town = toledo) -> bool:
            held = await town.item(item)
            return held is not None and held["state"] == "withdrawn"

        await settle(gone, "and so did the withdrawal")
        assert await toledo.titles() == []
        await dayton.follow(broker.origin)  # whoever comes later is not given what was withdrawn
        await settle(lambda: gone(dayton), "Dayton has the tombstone")
        assert await dayton.titles() == []
        await agree(broker.actor, broker, toledo, dayton)
        for town in (high_point, broker, toledo, dayton):  # nor is the text left inside an earlier recommendation
            kept = await town.rows("SELECT id, raw FROM activity WHERE raw IS NOT NULL")
            assert [row["id"] for row in kept if b"How we do" in row["raw"]] == [], town.name


async def test_a_recommendation_waits_for_an_owner_whose_key_cannot_be_had(tmp_path: Path) -> None:
    towns = cluster(tmp_path, "high-point", "broker", "toledo", roads=("high-point",))
    async with towns as (high_point, broker, toledo):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        await broker.follow(practice)
        await toledo.follow(broker.origin)
        await settle(lambda: broker.item(item))
        await settle_follow(toledo, broker.origin)

        road: Road = high_point.road
        road.rule = answered(asks("/practices/"), 503)
        await recommend(broker, item)

        async def asked() -> bool:
            under_way = toledo.clock.now() + limits.LEASE
            return bool(await toledo.rows("SELECT url FROM need WHERE attempts > 0 AND due <> :at", at=under_way))

        await settle(asked, "Toledo could not check the proof, and remembers to ask")
        assert await toledo.item(item) is None
        road.rule = None
        [due] = await toledo.rows("SELECT due FROM need")
        toledo.clock.advance(due["due"] - toledo.clock.now())
        held = await settle(lambda: toledo.item(item), "then it could")
        assert held["proof"]["signer"] == practice


async def test_the_page_of_an_item_recommends_it(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "broker", "toledo") as (high_point, broker, toledo):
        practice = await high_point.open_practice()
        item = await high_point.publish("Call-in meetings")
        await broker.follow(practice)
        await toledo.follow(broker.origin)
        await settle(lambda: broker.item(item))
        await settle_follow(toledo, broker.origin)

        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(broker.origin, headers={"Origin": broker.origin}, cookie_jar=jar) as browser:
            token = broker.running.keystore.mint_token(broker.clock.now(), "browser")
            async with browser.post("/sign-in", data={"token": token}) as answer:
                assert answer.status == 200
            path = f"/catalog/item?{urlencode({'id': item})}"
            async with browser.get(path) as answer:
                page = await answer.text()
            form_token = page.partition('name="form_token" value="')[2].partition('"')[0]
            there = f"/catalog/recommend?{urlencode({'id': item})}"
            async with browser.post(there, data={"form_token": form_token}, allow_redirects=False) as answer:
                assert answer.status == 303, await answer.text()
        await settle(lambda: toledo.item(item), "the recommended item")
