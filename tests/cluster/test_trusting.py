"""Trust over several nodes: what is said arrives, is passed on once, and does what it says for as long as it holds."""

from pathlib import Path

import pytest

from node.gate.handler import Answer, Carrier, Draft
from protocol.errors import Reason
from protocol.identifiers import PUBLIC
from protocol.keys import SigningKey
from protocol.vocabulary import activities
from protocol.vocabulary.trust import STATEMENT, Statement, build_statement
from tests.cluster.kit import Town, cluster, settle
from tests.cluster.test_recommending import settle_follow
from tests.cluster.trusting import SAFETY, YEAR, line, say, standings, states, take_back, way

pytestmark = pytest.mark.usefixtures("both_engines")


async def follow(town: Town, other: Town) -> None:
    await town.follow(other.origin)
    await settle_follow(town, other.origin)


async def test_a_way_leads_over_one_who_is_trusted(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "fort-wayne", "high-point") as (inkster, fort_wayne, high_point):
        practice = await high_point.open_practice()
        await follow(fort_wayne, high_point)
        await follow(inkster, fort_wayne)
        assert (await say(fort_wayne, practice, since="2019", grounds="We ran call-ins together.")).done
        assert (await say(inkster, fort_wayne.actor, "worked-together")).done

        async def there() -> bool:
            return await way(inkster, practice) == [(inkster.actor, "worked-together"), (fort_wayne.actor, "vouched")]

        await settle(there, "inkster reaches the practice")
        assert await line(inkster, practice) == (
            "2 steps away: fort-wayne (worked together) vouches for gun-violence in high-point for Public safety"
        )
        # Scope: what is said for public safety holds below it, and not for housing, nor for everything.
        assert await way(inkster, practice, f"{SAFETY}/gun-violence")
        assert await way(inkster, practice, "housing") == []
        assert await way(inkster, practice, "*") == []
        # And it ends by itself, with no job run.
        inkster.clock.advance(YEAR)
        assert await way(inkster, practice) == []
        assert await standings(inkster, practice) == {fort_wayne.actor: "lapsed"}


async def test_what_is_announced_is_not_announced_again(tmp_path: Path) -> None:
    """Two steps out: toledo hears from inkster what fort-wayne says, and dayton, beyond toledo, does not."""
    names = ("high-point", "fort-wayne", "inkster", "toledo", "dayton")
    async with cluster(tmp_path, *names) as (high_point, fort_wayne, inkster, toledo, dayton):
        await follow(fort_wayne, high_point)
        await follow(inkster, fort_wayne)
        await follow(toledo, inkster)
        await follow(dayton, toledo)
        assert (await say(fort_wayne, high_point.actor)).done

        async def heard() -> bool:
            return await standings(toledo, high_point.actor) == {fort_wayne.actor: "counts"}

        await settle(heard, "toledo hears of it through inkster")
        for town in (inkster, toledo, dayton):
            await town.rest()
        assert await states(dayton, high_point.actor) == []
        # What is taken back is taken back wherever it went.
        [statement] = await fort_wayne.rows("SELECT id FROM trust WHERE gone = 0")
        assert (await take_back(fort_wayne, statement["id"])).done

        async def gone() -> bool:
            return await states(toledo, high_point.actor) == [] == await states(inkster, high_point.actor)

        await settle(gone, "it is gone everywhere")


async def test_none_ends_what_was_said_before_and_below(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "fort-wayne", "high-point") as (inkster, fort_wayne, high_point):
        practice = await high_point.open_practice()
        await follow(fort_wayne, high_point)
        await follow(inkster, fort_wayne)
        assert (await say(inkster, fort_wayne.actor, domain="*")).done
        assert (await say(fort_wayne, practice, domain=f"{SAFETY}/gun-violence")).done
        assert (await say(fort_wayne, practice, domain="housing")).done
        await settle(lambda: way(inkster, practice, f"{SAFETY}/gun-violence"))
        await settle(lambda: way(inkster, practice, "housing"))
        fort_wayne.clock.advance(1)
        assert (await say(fort_wayne, practice, "none")).done

        async def ended() -> bool:
            return await way(inkster, practice, f"{SAFETY}/gun-violence") == []

        await settle(ended)
        assert await way(inkster, practice, "housing")
        assert await states(inkster, practice) == [
            (fort_wayne.actor, "none", "none"), (fort_wayne.actor, "vouched", "counts"),
            (fort_wayne.actor, "vouched", "ended"),
        ]  # fmt: skip


async def test_what_one_says_at_home_leads_and_never_leaves(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "high-point") as (inkster, high_point):
        await follow(inkster, high_point)
        await follow(high_point, inkster)
        before = await inkster.entries(inkster.actor)
        assert (await say(inkster, high_point.actor, audience="home")).done
        assert await way(inkster, high_point.actor) == [(inkster.actor, "vouched")]
        inkster.clock.advance(1)
        assert (await say(inkster, high_point.actor, "none", audience="home")).done
        assert "is not to be trusted" in await line(inkster, high_point.actor)
        for town in (inkster, high_point):
            await town.rest()
        assert await inkster.entries(inkster.actor) == before
        assert await high_point.rows("SELECT id FROM trust") == []


async def refused(town: Town) -> list[tuple[str, str]]:
    """What the town's steward sees as refused: what was brought, and why."""
    return [(each.object, each.reason) for each in town.running.gate.refusals.latest()]


async def replay(town: Town, raw: bytes) -> Answer:
    """A mirror brings bytes of others."""
    return await town.running.gate.receive(raw, Carrier("https://mirror.example/actor", "pulled"))


async def test_what_has_no_effect_stands_on_the_stewards_page_with_its_reason(tmp_path: Path) -> None:
    async with cluster(tmp_path, "inkster", "fort-wayne", "high-point") as (inkster, fort_wayne, high_point):
        practice = await high_point.open_practice()
        await follow(fort_wayne, high_point)
        await follow(inkster, fort_wayne)
        await follow(inkster, high_point)
        first = (await say(fort_wayne, practice)).said[0]
        assert (await say(inkster, fort_wayne.actor)).done
        await settle(lambda: way(inkster, practice))
        fort_wayne.clock.advance(1)
        assert (await say(fort_wayne, practice, "met")).done

        async def changed() -> bool:
            return await way(inkster, practice) == [(inkster.actor, "vouched"), (fort_wayne.actor, "met")]

        await settle(changed)
        # A lower order from a mirror, and one that was changed on its way.
        assert (await replay(inkster, first.raw)).reason is Reason.KNOWN
        forged = first.raw.replace(b'"vouched"', b'"known"')
        assert (await replay(inkster, forged)).reason is Reason.BAD_PROOF
        assert ("", Reason.BAD_PROOF) in await refused(inkster)
        assert await way(inkster, practice) == [(inkster.actor, "vouched"), (fort_wayne.actor, "met")]
        # Of a key that its subject never had: signed and kept, and worth nothing.
        other = SigningKey.generate_ed25519().public.multibase()
        document = build_statement(
            Statement(
                id=f"{fort_wayne.origin}/trust/statements/other", kind=STATEMENT, issuer=fort_wayne.actor,
                subject=practice, domain="housing", level="vouched", subject_key=other, start=fort_wayne.clock.now(),
                end=fort_wayne.clock.now() + YEAR, sequence=fort_wayne.clock.now(),
            ),
            fort_wayne.clock.now(), [PUBLIC],
        )  # fmt: skip
        for number, said in enumerate((document, document | {"id": f"{document['id']}-2", "cw:domain": ["a", "b"]})):
            activity = f"{fort_wayne.origin}/activities/odd-{number}"
            draft = Draft(fort_wayne.actor, activities.create(activity, fort_wayne.actor, said, fort_wayne.clock.now()))
            await fort_wayne.running.storage.transact(
                lambda tx, draft=draft: fort_wayne.running.gate._say(tx, draft, fort_wayne.clock.now())
            )
            fort_wayne.running._stir()

        async def there() -> bool:
            return {"key", "malformed"} <= {state for _, _, state in await states(inkster, practice)}

        await settle(there, "both are there, with their reasons")
        assert await way(inkster, practice, "housing") == []
