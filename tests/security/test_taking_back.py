"""Security cases F, a recommendation taken back: gone from pages and log, bytes and all, whatever came first."""

import itertools
from typing import Any

import pytest

from protocol import canonical, limits
from protocol.vocabulary.dates import instant
from tests.federation.hostile import Character
from tests.security.kit import Scene

WORD = "Worth a look at our own peril"
ORDERS = list(itertools.permutations((0, 1, 2)))


def _announce(scene: Scene, who: Character, item: str, later: int = 0, **more: Any) -> dict[str, Any]:
    return scene.said(who, "Announce", item, published=instant(scene.now + later), summary=WORD, **more)


def _undo(
    scene: Scene, announce: dict[str, Any], form: str, who: Character | None = None, **more: Any
) -> dict[str, Any]:
    whole = {name: value for name, value in announce.items() if name != "@context"}
    return scene.said(who or scene.p1, "Undo", announce["id"] if form == "by its id" else whole, **more)


async def _item(scene: Scene) -> str:
    return str((await scene.rows("SELECT id FROM item WHERE owner = :g1", g1=scene.g1.id))[0][0])


async def _recommended(scene: Scene, item: str, who: Character | None = None) -> bool:
    """The item's page says that p1 recommends it, or who else."""
    page = await scene.get(f"/catalog/item?id={item}", accept="text/html")
    assert page.status == 200
    said = page.body.partition(b"Recommended by")[2].partition(b"</p>")[0]
    return (who or scene.p1).slug.encode() in said


async def _told(scene: Scene, owner: str) -> list[str]:
    """The ids in N's log of an owner's public set."""
    got = await scene.get(f"/federation/log?set={owner}/outbox&limit=100", scene.e1)
    return [each["id"] for each in canonical.read(got.body).value["orderedItems"]]


@pytest.mark.parametrize("form", ["by its id", "whole"])
@pytest.mark.parametrize("order", ["after it", "before it"])
async def test_an_undo_takes_a_recommendation_back(scene: Scene, form: str, order: str) -> None:
    item = await _item(scene)
    announce = _announce(scene, scene.p1, item)
    undo = _undo(scene, announce, form)
    said = [scene.signed(scene.p1, each) for each in (announce, undo)]
    before = (await scene.head(f"{scene.p1.id}/outbox"))["totalItems"]
    for each in said if order == "after it" else reversed(said):
        assert (await scene.push(scene.p1, each)).status == 202
    assert not await _recommended(scene, item)
    told = await _told(scene, scene.p1.id)
    assert announce["id"] not in told
    assert undo["id"] in told
    assert (await scene.head(f"{scene.p1.id}/outbox"))["totalItems"] == before + 1  # the Undo alone
    assert await scene.rows("SELECT raw FROM activity WHERE id = :id AND raw IS NOT NULL", id=announce["id"]) == []
    async with scene.unchanged():  # nor does anybody's copy bring it back
        for each in said:
            assert (await scene.push(scene.p1, each)).status == 202
    carried = scene.said(scene.e1, "Announce", canonical.read(said[0]).value)
    assert (await scene.push(scene.e1, carried)).status == 202
    assert not await _recommended(scene, item)
    assert (await scene.push(scene.p1, _announce(scene, scene.p1, item, later=5_000))).status == 202
    assert await _recommended(scene, item)  # who recommends it again, does


@pytest.mark.parametrize("form", ["by its id", "whole"])
@pytest.mark.parametrize("order", ORDERS)
async def test_what_was_taken_back_revives_nothing_before_it(scene: Scene, form: str, order: tuple[int, ...]) -> None:
    item = await _item(scene)
    first, second = _announce(scene, scene.p1, item), _announce(scene, scene.p1, item, later=1_000)
    said = [first, second, _undo(scene, second, form)]
    for index in order:
        assert (await scene.push(scene.p1, said[index])).status == 202
    assert not await _recommended(scene, item)
    assert await scene.rows("SELECT 1 FROM activity WHERE instr(raw, :w) > 0 AND type <> 'Undo'", w=WORD.encode()) == []
    assert not {first["id"], second["id"]} & set(await _told(scene, scene.p1.id))


@pytest.mark.parametrize("order", ORDERS)
async def test_an_undo_ends_no_later_recommendation(scene: Scene, order: tuple[int, ...]) -> None:
    item = await _item(scene)
    first, second = _announce(scene, scene.p1, item), _announce(scene, scene.p1, item, later=1_000)
    said = [first, _undo(scene, first, "whole"), second]
    for index in order:
        assert (await scene.push(scene.p1, said[index])).status == 202
    assert await _recommended(scene, item)


@pytest.mark.parametrize("form", ["by its id", "whole"])
async def test_an_undo_that_names_nobody_takes_it_back_too(scene: Scene, form: str) -> None:
    item = await _item(scene)
    announce = _announce(scene, scene.p1, item)
    assert (await scene.push(scene.p1, announce)).status == 202
    assert (await scene.push(scene.p1, _undo(scene, announce, form, to=[]))).status == 202
    assert not await _recommended(scene, item)
    assert announce["id"] not in await _told(scene, scene.p1.id)


async def test_nobody_takes_anothers_recommendation_back(scene: Scene) -> None:
    item = await _item(scene)
    announce = _announce(scene, scene.g2, item)
    assert (await scene.push(scene.g2, announce)).status == 202
    async with scene.unchanged(evil=False):
        for who in (scene.e1, scene.g1):  # g1 is of the same origin
            for form in ("by its id", "whole"):
                got = await scene.push(who, _undo(scene, announce, form, who))
                assert (got.status, got.reason) == (403, "not-owner")
        mine = _announce(scene, scene.e1, item)
        assert (await scene.push(scene.e1, _undo(scene, mine, "whole", scene.e1))).status == 202
    assert await _recommended(scene, item, scene.g2)


async def test_an_undo_takes_the_place_of_what_was_never_kept_too(scene: Scene) -> None:
    """An Announce that is refused stands in the set by its id alone; its owner's set has it no more."""
    secret = scene.create(scene.g1, scene.item(scene.g1, to=(scene.p1.id,)))
    announce = scene.said(scene.e1, "Announce", canonical.read(scene.signed(scene.g1, secret)).value)
    other = scene.create(scene.e1)
    scene.logs[scene.e1.id] = [scene.signed(scene.e1, each) for each in (announce, other)]
    before = (await scene.head(f"{scene.e1.id}/outbox"))["totalItems"]
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert (await scene.head(f"{scene.e1.id}/outbox"))["totalItems"] == before + 2
    assert (await scene.push(scene.e1, _undo(scene, announce, "by its id", scene.e1))).status == 202
    assert (await scene.head(f"{scene.e1.id}/outbox"))["totalItems"] == before + 2
    told = await _told(scene, scene.e1.id)
    assert (announce["id"] in told, other["id"] in told) == (False, True)


async def test_an_undo_of_nothing_by_whom_nobody_follows_is_no_fault(scene: Scene) -> None:
    stranger = Character(scene.partner, "/practices/stranger")
    stranger.publish(scene.now)
    announce = _announce(scene, stranger, await _item(scene))
    for form in ("by its id", "whole"):
        assert (await scene.push(stranger, _undo(scene, announce, form, stranger))).status == 202
    assert await scene.rows("SELECT 1 FROM recommendation WHERE actor = :a", a=stranger.id) == []
