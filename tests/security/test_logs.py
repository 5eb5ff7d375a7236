"""Security cases, logs: what stands in a log and cannot be taken costs neither what comes after it nor the root."""

from collections.abc import Sequence
from typing import Any

import pytest

from protocol import canonical, hash_tree, limits
from protocol.keys import HeldKey
from protocol.vocabulary import activities
from tests.cluster.kit import settle
from tests.federation.hostile import serve
from tests.security.kit import Scene
from tests.security.test_keys import document, heir


def _root(raws: Sequence[bytes]) -> str:
    """The root of a set that has exactly these."""
    return hash_tree.root_of([canonical.digest(canonical.read(raw)) for raw in raws]).hex()


async def _published(scene: Scene) -> bytes:
    """What N holds of g1 before the case."""
    [(raw,)] = await scene.rows("SELECT raw FROM activity WHERE actor = :g1 AND type = 'Create'", g1=scene.g1.id)
    return bytes(raw)


async def _pulled(scene: Scene, log: list[bytes]) -> None:
    """g1's log is this now, and N has read it."""
    scene.logs[scene.g1.id] = log
    scene.clock.advance(limits.HOUR)

    async def level() -> bool:
        rows = await scene.rows("SELECT theirs_seq FROM held_set WHERE owner = :g1", g1=scene.g1.id)
        return rows == [(len(log),)]

    await settle(level, "the log is read to its end")
    await scene.idle()


def _bad(scene: Scene, **more: Any) -> dict[str, Any]:
    """A Create of an item with neither title nor content, which no node keeps."""
    made = {**scene.item(scene.g1), **more}
    for name in ("name", "content", "contentMap"):
        made.pop(name)
    return scene.create(scene.g1, made)


BAD = {
    "an item without content": _bad,
    "an object by its id alone": lambda s: s.create(s.g1, object=s.item(s.g1)["id"]),
    "an object of another origin": lambda s: s.create(s.g1, s.item(s.g1, id=s.partner.url("/items/x"))),
    "no actor": lambda s: {name: value for name, value in s.create(s.g1).items() if name != "actor"},
    "a type that is none": lambda s: s.create(s.g1, type=17),
    "a hundred days ahead": lambda s: s.create(s.g1, s.item(s.g1, sequence=s.now + 100 * limits.DAY)),
}


@pytest.mark.parametrize("case", BAD)
async def test_what_is_not_kept_is_counted_by_its_id_alone(scene: Scene, case: str) -> None:
    before, bad = await _published(scene), scene.signed(scene.g1, BAD[case](scene))
    first, last = (scene.signed(scene.g1, scene.create(scene.g1)) for _ in range(2))
    await _pulled(scene, [before, first, bad, last])
    head = await scene.head(f"{scene.g1.id}/outbox")
    assert (head["cw:setRoot"], head["totalItems"]) == (_root([before, first, bad, last]), 4)
    page = await scene.get(f"/federation/log?set={scene.g1.id}/outbox&after=0", scene.p1)
    assert canonical.read(page.body).value["orderedItems"] == [
        canonical.read(raw).value for raw in (before, first, last)
    ]
    # Read again from the start, it is counted once.
    await scene.town.running.storage.transact(
        lambda tx: tx.run("UPDATE held_set SET theirs_seq = 0, theirs_epoch = 0 WHERE owner = :g1", g1=scene.g1.id)
    )
    await _pulled(scene, [before, first, bad, last])
    assert await scene.head(f"{scene.g1.id}/outbox") == head


async def test_a_forged_entry_is_not_counted(scene: Scene) -> None:
    """Only what the owner's key signed is the owner's, in its own log too."""
    before, good = await _published(scene), scene.signed(scene.g1, scene.create(scene.g1))
    forged = scene.signed(scene.e1, scene.create(scene.g1))
    bare = canonical.encode(_bad(scene))
    changed = scene.signed(scene.g1, _bad(scene)).replace(b'"method"', b'"manual"')
    others = scene.signed(scene.p1, scene.create(scene.p1, {"id": scene.p1.server.url("/x"), "type": "Article"}))
    await _pulled(scene, [before, forged, bare, changed, others, b"{}", good])
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([before, good])


async def test_the_next_state_takes_the_place_of_what_was_not_kept(scene: Scene) -> None:
    before, bad = await _published(scene), _bad(scene)
    raw, id = scene.signed(scene.g1, bad), bad["object"]["id"]
    worse = _bad(scene, id=id, **{"cw:sequence": scene.now + 8_000})
    good = scene.signed(scene.g1, scene.create(scene.g1, scene.item(scene.g1, id=id, sequence=scene.now + 9_000)))
    log = [before, raw, scene.signed(scene.g1, worse)]
    await _pulled(scene, log)
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([before, log[2]])
    assert not await scene.holds(id)
    await _pulled(scene, [*log, good])
    assert await scene.holds(id)
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([before, good])
    assert (await scene.push(scene.g1, scene.create(scene.g1, id=bad["id"]))).reason == "id-reused"


async def test_a_state_that_can_be_kept_stays_until_the_next_one(scene: Scene) -> None:
    before = await _published(scene)
    id = canonical.read(before).value["object"]["id"]
    bad = scene.signed(scene.g1, _bad(scene, id=id, **{"cw:sequence": scene.now + 8_000}))
    await _pulled(scene, [before, bad])
    assert await scene.holds(id)
    good = scene.signed(scene.g1, scene.create(scene.g1, scene.item(scene.g1, id=id, sequence=scene.now + 9_000)))
    await _pulled(scene, [before, bad, good])
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([good])


async def test_what_is_ahead_of_its_time_is_asked_for_again_and_blocks_nothing(scene: Scene) -> None:
    before = await _published(scene)
    made = scene.item(scene.g1, sequence=scene.now + 2 * limits.DAY)
    ahead = scene.signed(scene.g1, scene.create(scene.g1, made))
    good = scene.signed(scene.g1, scene.create(scene.g1))
    scene.good.on("/federation/object", serve(ahead))
    await _pulled(scene, [before, ahead, good])
    assert not await scene.holds(made["id"])
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([before, good])
    assert not any("/federation/object" in path for path in scene.good.paths)
    scene.clock.advance(limits.DAY)
    await settle(lambda: scene.holds(made["id"]), "it is asked for again")
    assert (await scene.head(f"{scene.g1.id}/outbox"))["cw:setRoot"] == _root([before, ahead, good])


async def test_a_peer_that_is_always_ahead_is_not_asked_for_ever(scene: Scene) -> None:
    before, made = await _published(scene), scene.item(scene.g1)

    def ahead() -> bytes:
        update = activities.update(
            scene.good.url(f"/activities/ahead-{scene.number()}"), scene.g1.id,
            {**made, "cw:sequence": scene.now + 3 * limits.DAY}, scene.now,
        )  # fmt: skip
        return scene.signed(scene.g1, update)

    await _pulled(scene, [before, ahead()])
    scene.clock.advance(limits.DAY)
    for _ in range(len(limits.BACKOFF) + 1):
        scene.good.on("/federation/object", serve(ahead()))
        scene.clock.advance(limits.DAY)
        await scene.idle()
    assert await scene.rows("SELECT 1 FROM need") == []
    assert sum("/federation/object" in path for path in scene.good.paths) == len(limits.BACKOFF)


async def test_a_log_is_not_passed_over_while_its_owners_key_is_in_question(scene: Scene) -> None:
    thief = heir(scene.g1)
    keys = [HeldKey(thief.key_id, thief.id, thief.key.public)]
    scene.good.on("/practices/violence", serve(thief.sign(document(scene.g1, keys, scene.now), scene.now)))
    scene.clock.advance(limits.KEY_REFETCH)
    assert (await scene.push(thief, scene.create(thief))).reason == "key-changed"
    good = scene.signed(scene.g1, scene.create(scene.g1))
    scene.logs[scene.g1.id] = [await _published(scene), good]
    scene.clock.advance(limits.HOUR)

    async def waits() -> bool:
        return bool(await scene.rows("SELECT 1 FROM held_set WHERE owner = :g1 AND attempts > 0", g1=scene.g1.id))

    await settle(waits, "the pull is put off")
    await scene.idle()
    assert await scene.rows("SELECT theirs_seq FROM held_set WHERE owner = :g1", g1=scene.g1.id) == [(0,)]
