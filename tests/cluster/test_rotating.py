"""A node whose keys give way to the next ones: its followers go on, and so does whoever meets it later."""

from pathlib import Path

import pytest

from node import app, verification
from node.coalition import rotation
from protocol import canonical, limits
from tests.cluster.kit import Town, agree, cluster, settle
from tests.cluster.test_recommending import settle_follow


async def rotate(town: Town, *, compromised: bool) -> int:
    """What the command does, while the node stands still."""
    await town.stop()
    town.clock.advance(limits.SECOND)
    node = await app.build(town.directory, town.settings, town.clock)
    done = 0
    for actor in (town.actor, town.practice()):
        done += await rotation.rotate(node.desk, node.keystore, actor, compromised=compromised)
    await node.stop()
    await town.start()
    await town.rest()  # whoever is told of one rotation knows the key that announces the next
    return done


async def signer(town: Town, item: str) -> str:
    """The key under which a town holds an item."""
    rows = await town.rows("SELECT raw FROM activity WHERE object = :item AND raw IS NOT NULL", item=item)
    return canonical.read(rows[0]["raw"]).value["proof"]["verificationMethod"].rpartition("#")[2]


async def sound(town: Town) -> bool:
    report = await town.running.storage.read(
        lambda reads: verification.verify(reads, town.clock.now(), lambda _done: None)
    )
    assert report.faults == ()
    return True


@pytest.mark.parametrize("compromised", [False, True])
async def test_the_next_keys_are_followed(tmp_path: Path, compromised: bool) -> None:
    async with cluster(tmp_path, "high-point", "fort-wayne", "toledo") as (high_point, fort_wayne, toledo):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await settle_follow(fort_wayne, practice)
        kept, edited, withdrawn = [await high_point.publish(f"Method {number}") for number in range(3)]
        await high_point.edit(edited, title="Method 1, revised")
        await high_point.withdraw(withdrawn)
        await settle(lambda: fort_wayne.item(edited))
        await high_point.rest()

        signed = await rotate(high_point, compromised=compromised)
        assert bool(signed) is compromised
        later = await high_point.publish("With the next key")
        await settle(lambda: fort_wayne.item(later), "the next key is believed")
        await high_point.rest()
        assert await fort_wayne.follow_state(practice) == "accepted"
        assert (await fort_wayne.api("GET", "/health"))["warnings"] == []
        await agree(practice, high_point, fort_wayne)

        expected = "ed25519-2" if compromised else "ed25519-1"
        for town in (high_point, fort_wayne):
            assert await signer(town, kept) == expected
            assert await signer(town, later) == "ed25519-2"
            assert await sound(town)

        await toledo.follow(practice)  # met after all this
        await settle_follow(toledo, practice)
        for item in (kept, edited, later):
            await settle(lambda item=item: toledo.item(item), "what was said before is had as well")
        await agree(practice, high_point, fort_wayne, toledo)
        assert await sound(toledo)

        await rotate(high_point, compromised=False)
        last = await high_point.publish("With the one after")
        for town in (fort_wayne, toledo):
            await settle(lambda town=town: town.item(last), "and once more")


async def test_a_rotation_that_was_broken_off_is_finished_by_the_next(tmp_path: Path) -> None:
    """The announcement was stored, and then the power went: the old secret is still there."""
    async with cluster(tmp_path, "high-point", "fort-wayne") as (high_point, fort_wayne):
        practice = await high_point.open_practice()
        await fort_wayne.follow(practice)
        await settle_follow(fort_wayne, practice)
        keys = high_point.directory / "keys"
        before = {path.name: path.read_bytes() for path in keys.iterdir()}
        await high_point.rest()
        await rotate(high_point, compromised=False)
        for name, secret in before.items():
            if not (keys / name).exists():
                (keys / name).write_bytes(secret)
                (keys / name).chmod(0o600)
        await rotate(high_point, compromised=True)
        assert {path.name.rpartition(".")[2] for path in keys.iterdir()} >= {"ed25519-3", "rsa-3"}
        assert not {path.name.rpartition(".")[2] for path in keys.iterdir()} & {"ed25519-1", "ed25519-2"}
        item = await high_point.publish("With the third key")
        await settle(lambda: fort_wayne.item(item))
        assert await signer(fort_wayne, item) == "ed25519-3"
        assert await sound(high_point)
