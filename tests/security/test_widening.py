"""Security cases E, what was said to some: no Announce hands it on, no adaptation names it, no tombstone keeps it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from protocol import canonical, limits
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities
from protocol.vocabulary.repertoire import Reference
from tests.security.kit import Scene

SECRET = "Where the witnesses live"


def whispered(scene: Scene, *to: str) -> dict[str, Any]:
    """g1's signed Create of an item for these alone."""
    item = scene.item(scene.g1, to=to, name=SECRET, content=f"<p>{SECRET}</p>")
    return canonical.read(scene.signed(scene.g1, scene.create(scene.g1, item))).value


async def told(scene: Scene, owner: str) -> bytes:
    """What N's log of an owner's public set says to anybody who is admitted."""
    return (await scene.get(f"/federation/log?set={owner}/outbox&limit=100", scene.p1)).body


@pytest.mark.parametrize("to", ["one", "members"])
@pytest.mark.parametrize("wrapped", ["once", "twice"])
async def test_what_was_said_to_some_is_not_announced_to_all(scene: Scene, to: str, wrapped: str) -> None:
    original = whispered(scene, scene.p1.id if to == "one" else f"{scene.g1.id}/members")
    if wrapped == "twice":
        original = canonical.read(scene.signed(scene.p1, scene.said(scene.p1, "Announce", original))).value
    announce = scene.said(scene.e1, "Announce", original)
    async with scene.unchanged():
        got = await scene.push(scene.e1, announce)
        assert (got.status, got.reason) == (403, "not-allowed")
    scene.logs[scene.e1.id] = [scene.signed(scene.e1, announce), scene.signed(scene.e1, scene.create(scene.e1))]
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert canonical.read(scene.logs[scene.e1.id][1]).value["id"].encode() in await told(scene, scene.e1.id)
    assert (await scene.get(f"/federation/object?id={original['id']}", scene.p1)).status == 404
    assert SECRET.encode() not in await told(scene, scene.e1.id)
    assert await scene.rows("SELECT 1 FROM activity WHERE instr(raw, :s) > 0", s=SECRET.encode()) == []


def _nested(scene: Scene, original: dict[str, Any], times: int) -> dict[str, Any]:
    for _ in range(times):
        original = canonical.read(scene.signed(scene.p1, scene.said(scene.p1, "Announce", original))).value
    return original


CARRIED: dict[str, Callable[[Scene, dict[str, Any]], dict[str, Any]]] = {
    "deeper than is read": lambda s, o: s.said(s.e1, "Announce", _nested(s, o, 6)),
    "in a type not known, in an Announce": lambda s, o: s.said(s.e1, "Announce", s.said(s.e1, "Seize", o)),
    "in a type not known": lambda s, o: s.said(s.e1, "Seize", o),
    "in an Offer": lambda s, o: s.said(s.e1, "Offer", o),
    "in an Undo of an Announce": lambda s, o: s.said(s.e1, "Undo", s.said(s.e1, "Announce", o)),
    "in a list of one": lambda s, o: s.said(s.e1, "Announce", [s.said(s.e1, "Seize", [o])]),
}


@pytest.mark.parametrize("case", CARRIED)
async def test_what_was_said_to_some_is_carried_to_all_by_nothing(scene: Scene, case: str) -> None:
    announce = CARRIED[case](scene, whispered(scene, scene.p1.id))
    async with scene.unchanged():
        got = await scene.push(scene.e1, announce)
        assert (got.status, got.reason) == (403, "not-allowed")
    assert await scene.rows("SELECT 1 FROM activity WHERE instr(raw, :s) > 0", s=SECRET.encode()) == []
    public = CARRIED[case](scene, canonical.read(scene.signed(scene.g1, scene.create(scene.g1))).value)
    assert (await scene.push(scene.e1, public)).status == 202


async def test_what_is_told_to_all_may_name_what_was_asked_of_one(scene: Scene) -> None:
    """Requests say nothing but that they were made; and who boosted for some may take it back before all (Mastodon)."""
    follow = scene.said(scene.p1, "Follow", scene.practice, to=[scene.practice])
    boost = scene.said(scene.p1, "Announce", scene.create(scene.g1)["object"]["id"], to=[f"{scene.p1.id}/followers"])
    for undone in (follow, boost):
        assert (await scene.push(scene.p1, scene.said(scene.p1, "Undo", undone))).status == 202
    assert await scene.rows("SELECT 1 FROM follower WHERE actor = :p1", p1=scene.p1.id) == []


async def test_what_was_said_to_all_is(scene: Scene) -> None:
    original = canonical.read(scene.signed(scene.g1, scene.create(scene.g1))).value
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", original))).status == 202
    assert original["object"]["id"].encode() in await told(scene, scene.e1.id)


async def test_a_withdrawal_is_passed_on_whoever_it_names(scene: Scene) -> None:
    """Software that names nobody in a Delete is understood: it says nothing but an id."""
    create = scene.create(scene.g1)
    assert (await scene.push(scene.g1, create)).status == 202
    id = create["object"]["id"]
    delete = activities.delete(
        f"{scene.good.origin}/activities/gone", scene.g1.id, id, "Article", scene.now + 9_000, []
    )
    signed = canonical.read(scene.signed(scene.g1, delete)).value
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", signed))).status == 202
    assert not await scene.holds(id)


async def test_an_adaptation_does_not_name_what_was_said_to_us_alone(scene: Scene) -> None:
    mine = str((await scene.rows("SELECT id FROM item WHERE local = 1"))[0][0])
    item = scene.item(
        scene.g1, to=(f"{scene.origin}/actor",), name=SECRET, kind="adaptation", adapted_from=(Reference(mine),)
    )
    assert (await scene.push(scene.g1, scene.create(scene.g1, item))).status == 202
    assert scene.town.client is not None
    for named in (item["id"], {"id": item["id"]}):
        body = {"title": "Ours", "content": "Text", "kind": "adaptation", "adapted_from": [named]}
        body |= {"license": "CC-BY-4.0"}
        async with scene.town.client.post("/api/v1/practices/gun-violence/items", json=body) as got:
            assert got.status == 422
    assert SECRET.encode() not in await told(scene, scene.practice)
    assert item["id"].encode() not in await told(scene, scene.practice)


async def test_a_public_item_that_names_a_hidden_one_shows_nothing_of_it(scene: Scene) -> None:
    mine = str((await scene.rows("SELECT id FROM item WHERE local = 1"))[0][0])
    hidden = scene.item(
        scene.g1, to=(f"{scene.origin}/actor",), name=SECRET, kind="adaptation", why=SECRET,
        adapted_from=(Reference(mine),),
    )  # fmt: skip
    assert (await scene.push(scene.g1, scene.create(scene.g1, hidden))).status == 202
    shown = scene.item(scene.g1, kind="adaptation", adapted_from=(Reference(hidden["id"]),))
    assert (await scene.push(scene.g1, scene.create(scene.g1, shown))).status == 202
    page = await scene.get(f"/catalog/item?id={shown['id']}", accept="text/html")
    assert page.status == 200
    assert SECRET.encode() not in page.body
    assert hidden["id"].encode() in page.body  # where it lives, and not that it is here
    assert quote(hidden["id"], safe="").encode() not in page.body


@pytest.mark.parametrize("first", ["Create", "Delete"])
async def test_of_what_was_withdrawn_not_even_the_title_is_kept(scene: Scene, first: str) -> None:
    create = scene.create(scene.g1, scene.item(scene.g1, name=SECRET))
    id = create["object"]["id"]
    delete = activities.delete(
        f"{scene.good.origin}/activities/gone", scene.g1.id, id, "Article", scene.now + 9_000, [PUBLIC]
    )
    for said in (create, delete) if first == "Create" else (delete, create):
        assert (await scene.push(scene.g1, said)).status == 202
    page = await scene.get(f"/catalog/item?id={id}", accept="text/html")
    assert page.status == 200
    assert b"This item was withdrawn" in page.body
    made = scene.item(scene.p1, kind="adaptation", adapted_from=(Reference(id, bytes(32)),))
    assert (await scene.push(scene.p1, scene.create(scene.p1, made))).status == 202
    adaptation = await scene.get(f"/catalog/item?id={made['id']}", accept="text/html")
    assert b"An item that was withdrawn" in adaptation.body
    assert SECRET.encode() not in page.body
    assert await scene.rows("SELECT 1 FROM item WHERE name = :n OR instr(search, :n) > 0", n=SECRET) == []


@pytest.mark.parametrize("ordered", [True, False], ids=["a Tombstone with its order", "an id alone"])
async def test_the_later_state_within_announces_holds_where_they_do_not_say_when(scene: Scene, ordered: bool) -> None:
    """FEP-1b12 wrappers of other software carry no `published`: what they wrap says which is later."""
    for number in range(4):
        create = scene.create(scene.g1, scene.item(scene.g1, name=SECRET))
        id = create["object"]["id"]
        delete = activities.delete(
            f"{scene.good.origin}/activities/gone-{number}", scene.g1.id, id, "Article", scene.now + 9_000, [PUBLIC]
        )
        if not ordered:
            delete = {name: value for name, value in delete.items() if name != "published"} | {"object": id}
        for said in (create, delete):
            inner = canonical.read(scene.signed(scene.g1, said)).value
            wrapper = scene.said(scene.e1, "Announce", inner)
            wrapper.pop("published", None)
            assert (await scene.push(scene.e1, wrapper)).status == 202
        assert not await scene.holds(id)
    assert SECRET.encode() not in await told(scene, scene.e1.id)  # nor does the log still have what was withdrawn
