"""A practice says anew what it is about, and is split: members choose, and followers on other nodes are asked."""

from pathlib import Path
from typing import Any

import pytest

from node.coalition import rules
from node.coalition.practices.commands import ChooseSplit
from node.gate.handler import Who
from node.storage.contract import Tx
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.test_following import accepted

pytestmark = pytest.mark.usefixtures("both_engines")


async def held(town: Town, practice: str) -> dict[str, Any]:
    """A practice's row as it stands in a town; empty if there is none."""
    rows = await town.rows("SELECT * FROM practice WHERE actor = :actor", actor=practice)
    return {name: rows[0][name] for name in rows[0].keys()} if rows else {}  # noqa: SIM118 (a Row is no mapping)


async def questions(town: Town) -> list[str]:
    return [one["child"] for one in (await town.api("GET", "/follows/questions"))["questions"]]


async def split(town: Town, *words: str, slug: str = "gun-violence") -> list[str]:
    """The new parts' ids."""
    parts = [{"slug": word, "name": word, "narrower": word, "summary": f"About {word}."} for word in words]
    await town.api("POST", f"/practices/{slug}/parts", json={"parts": parts})
    return [town.practice(word) for word in words]


async def test_what_a_practice_says_anew_reaches_who_follows_it(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice(summary="Guns.", place="High Point")
        await fort_wayne.follow(practice)
        await settle(lambda: held(fort_wayne, practice), "the practice is held")
        said = {
            "name": "Safe streets", "summary": "Fewer shot & fewer in prison.", "scope_in": "Shootings.",
            "scope_out": "Burglary.", "level": "state", "domain": "public-safety", "place": "North Carolina",
            "place_is": "US-NC", "reason": "The state asked us.",
        }  # fmt: skip
        await high_point.api("PATCH", "/practices/gun-violence", json=said)

        async def came() -> bool:
            return (await held(fort_wayne, practice))["name"] == "Safe streets"

        await settle(came, "the new statement")
        ours, theirs = await held(high_point, practice), await held(fort_wayne, practice)
        fields = ("name", "summary", "scope_in", "scope_out", "level", "domain", "place", "located")
        assert {name: ours[name] for name in fields} == {name: theirs[name] for name in fields}
        assert theirs["summary"] == "Fewer shot & fewer in prison."
        await agree(practice, high_point, fort_wayne)

        history = await high_point.api("GET", "/practices/gun-violence/history")
        assert [(one["reason"], one["said"]["summary"]) for one in history["versions"]] == [
            ("The state asked us.", "Fewer shot & fewer in prison."), ("", "Guns."),
        ]  # fmt: skip
        status, page = await high_point.page("/practices/gun-violence/history")
        assert status == 200
        assert "The state asked us." in page
        assert "Guns" in page


async def test_a_follower_of_a_practice_is_asked_about_its_part(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "inkster") as (high_point, fort_wayne, inkster):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await inkster.follow(high_point.actor)
        await accepted(fort_wayne, practice)
        await accepted(inkster, high_point.actor)
        markets, prisons = await split(high_point, "drug-markets", "reentry")

        async def asked() -> bool:
            return set(await questions(fort_wayne)) == {markets, prisons}

        await settle(asked, "the follower of the practice is asked about both")
        assert await held(fort_wayne, markets) == {}  # nothing is followed before somebody says so
        # Yes follows; no is remembered.
        await fort_wayne.follow(markets)
        await fort_wayne.api("DELETE", "/follows/questions", params={"child": prisons})
        item = await high_point.publish("Call-ins at corners", slug="drug-markets")
        await settle(lambda: fort_wayne.item(item), "an item of the part")
        assert await questions(fort_wayne) == []
        assert await fort_wayne.follow_state(prisons) == ""
        await fort_wayne.api("DELETE", "/follows/questions", expect=404, params={"child": prisons})

        # Who follows the whole node follows its parts as every practice, and is not asked.
        await settle(lambda: inkster.item(item), "an item of the part, by the node's follow")
        assert await questions(inkster) == []
        for town in (fort_wayne, inkster):
            assert (await held(town, markets))["parent"] == practice
        for owner in (practice, markets):
            await agree(owner, high_point, fort_wayne, inkster)

        # The page of the parent names its parts, and theirs names it.
        shown = await high_point.api("GET", "/practices/gun-violence")
        assert {part["id"] for part in shown["parts"]} == {markets, prisons}
        below = await high_point.api("GET", "/practices/drug-markets")
        assert [parent["id"] for parent in below["parents"]] == [practice]
        assert below["practice"]["domain"] == "public-safety/gun-violence/drug-markets"


async def test_who_begins_to_follow_later_is_asked_too(tmp_path: Path) -> None:
    """Also when the practice has said itself anew since: its document then stands behind its part in the log."""
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        (part,) = await split(high_point, "reentry")
        await high_point.api("PATCH", "/practices/gun-violence", json={"summary": "Anew.", "reason": "It was time."})
        await fort_wayne.follow(practice)

        async def asked() -> bool:
            return await questions(fort_wayne) == [part]

        await settle(asked, "the new follower is asked")


async def test_a_part_that_does_not_say_so_itself_is_not_asked_about(tmp_path: Path) -> None:
    """A practice puts a stranger among its parts."""
    async with cluster(tmp_path, "high-point", "fort-wayne", "inkster") as (high_point, fort_wayne, inkster):
        practice, stranger = await high_point.open_practice(), await inkster.open_practice("strangers")
        await fort_wayne.follow(practice)
        await accepted(fort_wayne, practice)

        def lie(tx: Tx) -> None:
            """As a node would say it that does not keep the rules."""
            id, now = f"{high_point.origin}/activities/{high_point.clock.new_id()}", high_point.clock.now()
            high_point.running.gate._say(tx, rules._add(id, practice, stranger, now), now)

        await high_point.running.storage.transact(lie)
        high_point.running._stir()

        async def known() -> bool:
            rows = await fort_wayne.rows("SELECT 1 AS yes FROM part WHERE child = :child", child=stranger)
            return bool(rows) and bool(await fort_wayne.rows("SELECT 1 FROM actor WHERE id = :id", id=stranger))

        await settle(known, "the claim and the stranger's document are there")
        assert await questions(fort_wayne) == []


async def test_each_member_chooses_for_themselves(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point") as (town,):
        practice = await town.open_practice()

        def people(tx: Tx) -> None:
            for id in ("ana", "ben", "cleo", "dora"):
                tx.run("INSERT INTO member(id, name, state, joined) VALUES(:id, :id, 'active', 1)", id=id)
                if id != "dora":
                    tx.run(
                        "INSERT INTO role(member, practice, role, since) VALUES(:id, :practice, 'member', 1)",
                        id=id, practice=practice,
                    )  # fmt: skip

        await town.running.storage.transact(people)
        (part,) = await split(town, "reentry")

        async def belonging() -> set[tuple[str, str]]:
            rows = await town.rows("SELECT member, practice FROM role WHERE until IS NULL")
            return {(row["member"], row["practice"].rpartition("/")[2]) for row in rows}

        here = {("ana", "gun-violence"), ("ben", "gun-violence"), ("cleo", "gun-violence")}
        assert await belonging() == here  # nobody was moved
        for member, joins, leaves in (("ana", True, False), ("ben", True, True), ("cleo", False, False)):
            outcome = await town.running.gate.perform(ChooseSplit(member, part, joins, leaves), Who(member=member))
            assert outcome.done, outcome
        after = {("ana", "gun-violence"), ("ana", "reentry"), ("ben", "reentry"), ("cleo", "gun-violence")}
        assert await belonging() == after
        for member, whom in (("cleo", "cleo"), ("dora", "dora"), ("dora", "cleo")):  # answered, not asked, for another
            outcome = await town.running.gate.perform(ChooseSplit(whom, part, True, False), Who(member=member))
            assert not outcome.done
        assert await belonging() == after
