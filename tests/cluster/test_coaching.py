"""A coach on another node is asked in private, agrees in public, is named then and not before, and can take it back."""

from pathlib import Path
from typing import Any

import pytest

from node.gate.handler import Outcome, Who
from node.repertoire.coaching.rules import AnswerCoaching, EndCoaching
from node.storage.contract import Tx
from tests.cluster.kit import Town, cluster, settle
from tests.cluster.test_lineage import adapt

pytestmark = pytest.mark.usefixtures("both_engines")

CHIEF = Who(member="chief")


async def has_a_coordinator(town: Town) -> None:
    def work(tx: Tx) -> None:
        tx.run("INSERT INTO member(id, name, state, joined) VALUES('chief', 'Chief', 'active', 1)")
        tx.run("INSERT INTO role(member, practice, role, since) VALUES('chief', '', 'coordinator', 1)")

    await town.running.storage.transact(work)


async def requests(town: Town) -> list[dict[str, Any]]:
    return await town.rows("SELECT id, practice, coach, adaptation, words, state FROM coaching_request ORDER BY at, id")


async def answer(town: Town, request: str, *, yes: bool) -> Outcome:
    word = town.running.origin.at(f"/coachings/{town.clock.new_id()}")
    said = town.running.origin.at(f"/activities/{town.clock.new_id()}")
    return await town.running.gate.perform(AnswerCoaching(request, yes, word, said), CHIEF)


async def coached(town: Town, made: str) -> tuple[str, bool]:
    """The name of the coach whom the town shows, and whether the adaptation names any."""
    answer = await town.api("GET", "/coach", params={"id": made})
    return answer["name"], answer["named"]


async def test_a_coach_is_named_by_their_own_word_alone(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "inkster") as (high_point, fort_wayne, inkster):
        await has_a_coordinator(high_point)
        practice = await high_point.open_practice()
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        await inkster.follow(fort_wayne.practice())  # and not High Point
        method = await high_point.publish("Call-in meetings")
        made = await adapt(fort_wayne, method, "Call-ins with the mayor", stage="adapting")
        await settle(lambda: inkster.item(made))
        asked = {"coach": practice, "words": "Two calls before our first call-in?"}
        await fort_wayne.api("POST", f"/items/{made.rpartition('/')[2]}/coach", json=asked)

        [request] = await settle(lambda: requests(high_point), "the request is at High Point")
        assert (request["practice"], request["coach"], request["adaptation"], request["state"]) == (
            fort_wayne.practice(), practice, made, "asked",
        )  # fmt: skip
        assert request["words"] == "Two calls before our first call-in?"
        assert await requests(inkster) == []
        for town in (high_point, fort_wayne, inkster):
            assert await coached(town, made) == ("", False)
            assert "cw:coach" not in (await town.item(made))["activity"]["object"]

        assert (await answer(high_point, request["id"], yes=True)).done
        assert not (await answer(high_point, request["id"], yes=True)).done  # once

        async def named() -> bool:
            return {await coached(town, made) for town in (high_point, fort_wayne, inkster)} == {
                ("gun-violence in high-point", True)
            }

        await settle(named, "all three show the coach, also where the word had to be fetched")
        status, page = await inkster.page(f"/catalog/item?id={made}", Accept="text/html")
        assert (status, "Coached by gun-violence in high-point" in page) == (200, True)
        await fort_wayne.edit(made, title="Call-ins with the mayor, once more")
        assert (await coached(fort_wayne, made))[1]  # an edit keeps it

        [word] = await high_point.rows("SELECT id FROM coaching")
        said = high_point.running.origin.at(f"/activities/{high_point.clock.new_id()}")
        assert (await high_point.running.gate.perform(EndCoaching(word["id"], said), CHIEF)).done

        async def gone() -> bool:
            return {await coached(town, made) for town in (fort_wayne, inkster)} == {("", False)}

        await settle(gone, "nobody is named any more")


async def test_a_no_is_told_to_nobody(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        await has_a_coordinator(high_point)
        practice = await high_point.open_practice()
        await fort_wayne.open_practice()
        await fort_wayne.follow(practice)
        method = await high_point.publish("Call-in meetings")
        made = await adapt(fort_wayne, method, "Call-ins with the mayor")
        path = f"/items/{made.rpartition('/')[2]}/coach"
        await fort_wayne.api("POST", path, json={"coach": practice})
        again = await fort_wayne.api("POST", path, 422, json={"coach": practice})
        assert again["detail"] == "They were asked already, and have not answered yet."
        [request] = await settle(lambda: requests(high_point))
        before = await high_point.entries(practice)

        assert (await answer(high_point, request["id"], yes=False)).done
        await high_point.rest()
        assert [one["state"] for one in await requests(high_point)] == ["declined"]
        assert await high_point.entries(practice) == before
        assert [one["state"] for one in await requests(fort_wayne)] == ["asked"]
        assert await coached(fort_wayne, made) == ("", False)


async def test_a_coach_at_home_needs_no_message(tmp_path: Path) -> None:
    async with cluster(tmp_path, "high-point") as (high_point,):
        await has_a_coordinator(high_point)
        await high_point.open_practice()
        other = await high_point.open_practice("reentry")
        method = await high_point.publish("Call-in meetings", "reentry")
        made = await high_point.publish("Call-ins again", kind="adaptation", adapted_from=[method])
        await high_point.api("POST", f"/items/{made.rpartition('/')[2]}/coach", json={"coach": other})
        [request] = await requests(high_point)
        assert (await answer(high_point, request["id"], yes=True)).done
        assert await coached(high_point, made) == ("reentry in high-point", True)
        await high_point.api("DELETE", f"/items/{made.rpartition('/')[2]}/coach")
        assert await coached(high_point, made) == ("", False)
