"""People write to the people behind an item: from node to node, to nobody else, and as long as they want it."""

from pathlib import Path
from typing import Any

import pytest

from node.coalition.messages import rules, store
from node.coalition.messages.rules import Act, Write
from node.gate.handler import Outcome, Who
from node.storage.contract import Tx
from tests.cluster.kit import Town, cluster, settle

pytestmark = pytest.mark.usefixtures("both_engines")


async def people(town: Town, practice: str) -> None:
    """vera coordinates the practice, bo belongs to it, nel to none."""

    def work(tx: Tx) -> None:
        for name in ("vera", "bo", "nel"):
            tx.run("INSERT INTO member(id, name, state, joined) VALUES(:name, :name, 'active', 1)", name=name)
        for name, role in (("vera", "coordinator"), ("bo", "member")):
            tx.run(
                "INSERT INTO role(member, practice, role, since) VALUES(:name, :practice, :role, 1)",
                name=name, practice=practice, role=role,
            )  # fmt: skip

    await town.running.storage.transact(work)


async def write(town: Town, member: str, to: str, words: str, **more: Any) -> Outcome:
    id = f"{town.origin}/messages/{town.clock.new_id()}"
    fields: dict[str, Any] = {"voice": f"member:{member}", **more}
    command = Write(id=id, activity=f"{town.origin}/activities/{town.clock.new_id()}", member=member, to=to,
                    words=words, **fields)  # fmt: skip
    return await town.running.gate.perform(command, Who(member=member))


async def act(town: Town, member: str, id: str, what: str) -> Outcome:
    return await town.running.gate.perform(Act(id, member, what), Who(member=member))


async def reads(town: Town, member: str) -> list[str]:
    """What a member sees in their threads, the latest first."""
    rows, _ = await town.running.storage.read(lambda reads: store.threads(reads, member, 1))
    return [row["said"] for row in rows]


async def test_a_question_reaches_the_keepers_and_the_answer_whoever_asked(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "high-point") as (inkster, high_point):
        theirs, ours = await high_point.open_practice(), await inkster.open_practice()
        await people(inkster, ours)
        await people(high_point, theirs)
        await inkster.follow(theirs)
        item = await high_point.publish("Call-in meetings")
        await settle(lambda: inkster.item(item))
        before = await inkster.entries(ours)

        # In no name of their own nothing leaves; in a practice's to which one belongs it does.
        assert "goes out in a name" in (await write(inkster, "bo", theirs, "Who sat at the table?")).detail
        assert not (await write(inkster, "nel", theirs, "Hello", voice=ours)).done
        assert (await write(inkster, "bo", theirs, "Who sat at the table?", voice=ours, about=item)).done
        await settle(lambda: reads(high_point, "vera"), "vera reads it")
        assert await reads(high_point, "vera") == ["Who sat at the table?"]
        for member in ("bo", "nel"):
            assert await reads(high_point, member) == []
        assert await inkster.entries(ours) == before  # it stands in no set

        [row] = await high_point.rows("SELECT id, about FROM message")
        assert row["about"] == item
        assert (await write(high_point, "vera", ours, "Two mothers.", voice=theirs, answers=row["id"])).done

        async def answered() -> bool:
            return await reads(inkster, "bo") == ["Two mothers."]

        await settle(answered, "bo, who asked in the practice's name, reads the answer")
        assert await reads(inkster, "vera") == ["Two mothers."]  # who keeps that practice going
        assert await reads(inkster, "nel") == []
        # Nobody else gets a word of it, by any address.
        for town in (inkster, high_point):
            for each in await town.rows("SELECT id FROM message"):
                for path in (each["id"].removeprefix(town.origin), f"/federation/object?id={each['id']}"):
                    if path.startswith("/"):
                        assert (await town.page(path, Accept="application/activity+json"))[0] in (401, 404)
                        assert (await (high_point if town is inkster else inkster).ask(town.origin + path))[0] == 404


async def test_who_is_blocked_is_refused_and_can_be_let_in_again(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "high-point") as (inkster, high_point):
        theirs, ours = await high_point.open_practice(), await inkster.open_practice()
        await people(inkster, ours)
        await people(high_point, theirs)
        await inkster.follow(theirs)
        await settle(lambda: inkster.rows("SELECT 1 AS yes FROM actor WHERE id = :id", id=theirs))
        assert (await write(inkster, "bo", theirs, "Buy this.", voice=ours)).done
        [row] = await settle(lambda: high_point.rows("SELECT id, author FROM message"))
        assert not (await act(high_point, "nel", row["id"], "block")).done  # not hers
        for what in ("block", "report"):
            assert (await act(high_point, "vera", row["id"], what)).done
        shown = await high_point.running.storage.read(store.reported)
        assert [each["said"] for each in shown] == ["Buy this."]
        assert (await write(inkster, "bo", theirs, "Buy more.", voice=ours)).done
        await inkster.rest()
        assert len(await high_point.rows("SELECT id FROM message")) == 1
        assert (await act(high_point, "vera", row["author"], "unblock")).done
        assert (await write(inkster, "bo", theirs, "Sorry.", voice=ours)).done
        await settle(lambda: high_point.rows("SELECT id FROM message WHERE said = 'Sorry.'"))
        assert (await act(high_point, "vera", row["id"], "delete")).done
        kept = await high_point.rows("SELECT raw FROM activity WHERE object = :id", id=row["id"])
        assert [each["raw"] for each in kept] == [None]


async def test_a_flood_ends(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster") as (inkster,):
        await people(inkster, await inkster.open_practice())
        for number in range(rules.A_DAY):
            assert (await write(inkster, "bo", "member:nel", f"{number}")).done
        assert "tomorrow" in (await write(inkster, "bo", "member:nel", "more")).detail
        inkster.clock.advance(rules.DAY + 1)
        assert (await write(inkster, "bo", "member:nel", "more")).done
