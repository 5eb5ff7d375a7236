"""Security cases C: who may change what. E is one whom N follows; everything it says of others has no effect."""

from collections.abc import Callable
from typing import Any

import pytest

from protocol import canonical, limits
from protocol.identifiers import PUBLIC
from protocol.vocabulary import activities
from protocol.vocabulary.dates import instant
from tests.cluster.kit import settle
from tests.federation.hostile import Character, serve
from tests.security.kit import Scene

Said = tuple[Character, dict[str, Any] | bytes]
Act = Callable[[Scene, str], Said]  # the scene, and the id of g1's item


def _item(scene: Scene, owner: Character, id: str, **more: Any) -> dict[str, Any]:
    return scene.item(owner, id=id, name="Forged", sequence=scene.now + 5_000, **more)


def _update(scene: Scene, actor: Character, item: dict[str, Any], **changed: Any) -> dict[str, Any]:
    id = f"{actor.server.origin}/activities/{actor.slug}-{scene.number()}"
    return {**activities.update(id, actor.id, item, scene.now), **changed}


def _delete(scene: Scene, actor: Character, id: str) -> dict[str, Any]:
    mine = f"{actor.server.origin}/activities/{actor.slug}-{scene.number()}"
    return activities.delete(mine, actor.id, id, "Article", scene.now + 9_000, [PUBLIC])


def _forged(scene: Scene, id: str, by: Character | None = None) -> dict[str, Any]:
    """An Update of g1's item that g1 never said, with E's proof or none."""
    update = _update(scene, scene.g1, _item(scene, scene.g1, id))
    return canonical.read(by.sign(update, scene.now)).value if by else update


async def _follow_of(scene: Scene, target: str) -> str:
    return str((await scene.rows("SELECT follow FROM following WHERE target = :t", t=target))[0][0])


def _reworded(scene: Scene, id: str) -> dict[str, Any]:
    """g1's own Update, signed, and changed afterwards."""
    value = canonical.read(scene.signed(scene.g1, _update(scene, scene.g1, _item(scene, scene.g1, id)))).value
    return {**value, "object": {**value["object"], "name": "Reworded"}}


REFUSED: dict[str, Act] = {
    "Update by E of g1's item": lambda s, id: (s.e1, _update(s, s.e1, _item(s, s.g1, id))),
    "Update by E of g1's item as its own": lambda s, id: (s.e1, _update(s, s.e1, _item(s, s.e1, id))),
    "Update by g2 of g1's item": lambda s, id: (s.g2, _update(s, s.g2, _item(s, s.g1, id))),
    "Update by g2 of g1's item as its own": lambda s, id: (s.g2, _update(s, s.g2, _item(s, s.g2, id))),
    "Create by g2 under g1's id": lambda s, id: (s.g2, s.create(s.g2, _item(s, s.g2, id))),
    "Delete by E of g1's item": lambda s, id: (s.e1, _delete(s, s.e1, id)),
    "Delete by E of g1's item, by its id": lambda s, id: (s.e1, s.said(s.e1, "Delete", id)),
    "Delete by g2 of g1's item": lambda s, id: (s.g2, _delete(s, s.g2, id)),
    "Delete by E of g1": lambda s, id: (s.e1, s.said(s.e1, "Delete", s.g1.id)),
    "Delete by E of the Create": lambda s, id: (s.e1, s.said(s.e1, "Delete", s.good.url("/activities/violence-2"))),
    "Update by E of N's item": lambda s, id: (s.e1, _update(s, s.e1, _item(s, s.e1, f"{s.origin}/items/1"))),
    "Create at N's origin": lambda s, id: (s.e1, s.create(s.e1, _item(s, s.e1, f"{s.origin}/items/x"))),
    "Create at N's origin, of N": lambda s, id: (
        s.e1,
        s.create(s.e1, {**_item(s, s.e1, f"{s.origin}/items/x"), "attributedTo": s.practice}),
    ),
    "an activity with an id at N": lambda s, id: (s.e1, s.create(s.e1, id=f"{s.origin}/activities/x")),
    "Create by g1 of an object at P": lambda s, id: (s.g1, s.create(s.g1, s.item(s.g1, id=s.partner.url("/items/x")))),
    "Create by g1 attributed to P": lambda s, id: (s.g1, s.create(s.g1, {**s.item(s.g1), "attributedTo": s.p1.id})),
    "Create by g1 attributed to both": lambda s, id: (
        s.g1,
        s.create(s.g1, {**s.item(s.g1), "attributedTo": [s.g1.id, s.p1.id]}),
    ),
    "Create by g1 with an id at P": lambda s, id: (s.g1, s.create(s.g1, id=s.partner.url("/activities/x"))),
    "the same host under https": lambda s, id: (
        s.g1,
        s.create(s.g1, s.item(s.g1, id=s.good.url("/items/x").replace("http:", "https:"))),
    ),
    "Update that changes the type": lambda s, id: (s.g1, _update(s, s.g1, {**_item(s, s.g1, id), "type": "Event"})),
    "Update that narrows the audience": lambda s, id: (
        s.g1,
        _update(s, s.g1, _item(s, s.g1, id, to=(f"{s.g1.id}/members",))),
    ),
    "Update two days ahead": lambda s, id: (
        s.g1,
        _update(s, s.g1, s.item(s.g1, id=id, sequence=s.now + 2 * limits.DAY)),
    ),
    "Add by E to g1's practices": lambda s, id: (s.e1, s.said(s.e1, "Add", s.e1.id, target=f"{s.g1.id}/practices")),
    "Remove by E from g1's outbox": lambda s, id: (s.e1, s.said(s.e1, "Remove", id, target=f"{s.g1.id}/outbox")),
    "Move of g1 by E": lambda s, id: (s.e1, s.said(s.e1, "Move", s.g1.id, target=s.e1.id)),
    "Accept of a Follow never sent": lambda s, id: (s.p1, s.said(s.p1, "Accept", f"{s.origin}/activities/never")),
    "Accept with the Follow made up (CVE-2025-30741)": lambda s, id: (
        s.p1,
        s.said(s.p1, "Accept", activities.follow(f"{s.origin}/activities/n", f"{s.origin}/actor", s.p1.id)),
    ),
}


async def _held(scene: Scene) -> str:
    """g1's item, as the scene was built."""
    return str((await scene.rows("SELECT id FROM item WHERE owner = :g1", g1=scene.g1.id))[0][0])


async def _own_update_counts(scene: Scene, id: str) -> None:
    update = _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Better"))
    assert (await scene.push(scene.g1, update)).status == 202
    assert (await scene.town.item(id))["title"] == "Better"


@pytest.mark.parametrize("case", REFUSED)
async def test_only_an_owner_changes_what_is_its_own(scene: Scene, case: str) -> None:
    id = await _held(scene)
    sender, document = REFUSED[case](scene, id)
    async with scene.unchanged():
        for body in (scene.signed(sender, document), canonical.encode(document)):
            got = await scene.push(sender, body)
            assert got.status in (400, 403), got.body
    await _own_update_counts(scene, id)


# What a broker may say, and what is inside it changes nothing

WRAPPED: dict[str, Act] = {
    "Announce of a forged Update": lambda s, id: (s.e1, s.said(s.e1, "Announce", _forged(s, id))),
    "Announce of a forged Update with E's proof": lambda s, id: (s.e1, s.said(s.e1, "Announce", _forged(s, id, s.e1))),
    "Announce of a reworded Update": lambda s, id: (s.e1, s.said(s.e1, "Announce", _reworded(s, id))),
    "Announce in an Announce": lambda s, id: (
        s.e1,
        s.said(s.e1, "Announce", s.said(s.p1, "Announce", _forged(s, id))),
    ),
    "Announce of g1's item itself, changed": lambda s, id: (s.e1, s.said(s.e1, "Announce", _item(s, s.g1, id))),
    "Announce of g1's document, changed": lambda s, id: (
        s.e1,
        s.said(s.e1, "Announce", s.g1.document(s.now, name="Taken over")),
    ),
    "Announce of a forged Delete": lambda s, id: (s.e1, s.said(s.e1, "Announce", _delete(s, s.g1, id))),
    "Announce of an Undo of p1's Follow": lambda s, id: (
        s.e1,
        s.said(s.e1, "Announce", s.said(s.p1, "Undo", s.said(s.p1, "Follow", s.practice))),
    ),
    "Announce of an Accept of N's": lambda s, id: (
        s.e1,
        s.said(s.e1, "Announce", {**s.said(s.e1, "Follow", s.p1.id), "actor": f"{s.origin}/actor"}),
    ),
    "Add of a forged Update": lambda s, id: (
        s.e1,
        s.said(s.e1, "Add", _forged(s, id), target=f"{s.e1.id}/practices"),
    ),
    "Move of itself to g1, which knows nothing of it": lambda s, id: (
        s.e1,
        s.said(s.e1, "Move", s.e1.id, target=s.g1.id),
    ),
    "a type not known": lambda s, id: (s.e1, s.said(s.e1, "Seize", _forged(s, id))),
    "Block of g1": lambda s, id: (s.e1, s.said(s.e1, "Block", s.g1.id)),
    "Flag of g1's item": lambda s, id: (s.e1, s.said(s.e1, "Flag", id)),
}


@pytest.mark.parametrize("case", WRAPPED)
async def test_what_is_wrapped_is_judged_as_if_alone(scene: Scene, case: str) -> None:
    id = await _held(scene)
    sender, document = WRAPPED[case](scene, id)
    async with scene.unchanged(evil=False):
        for body in (scene.signed(sender, document), canonical.encode({**document, "id": f"{document['id']}-bare"})):
            assert (await scene.push(sender, body)).status in (202, 400, 403)
    await _own_update_counts(scene, id)


async def test_a_relayed_original_counts(scene: Scene) -> None:
    """The control of the cases above: E may carry what g1 truly signed."""
    made = scene.item(scene.g1)
    original = canonical.read(scene.signed(scene.g1, scene.create(scene.g1, made))).value
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", original))).status == 202
    assert await scene.holds(made["id"])


# Follows


async def test_nobody_undoes_anothers_follow(scene: Scene) -> None:
    [(id,)] = await scene.rows("SELECT follow FROM follower WHERE actor = :p1", p1=scene.p1.id)
    whole = activities.follow(id, scene.p1.id, scene.practice)
    async with scene.unchanged():
        for who in (scene.e1, scene.g1):
            for undone in (id, whole, {**whole, "actor": who.id}, {**whole, "actor": who.id, "id": who.id + "/f"}):
                got = await scene.push(who, scene.said(who, "Undo", undone))
                assert got.status in (202, 403), got.body  # to undo what one never did is no fault
    assert (await scene.push(scene.p1, scene.said(scene.p1, "Undo", whole))).status == 202
    assert await scene.rows("SELECT 1 FROM follower WHERE actor = :p1", p1=scene.p1.id) == []


@pytest.mark.parametrize("way", ["relayed", "pulled"])
@pytest.mark.parametrize("first", ["it undid nothing", "nobody brought it"])
async def test_an_old_undo_ends_no_newer_follow(scene: Scene, way: str, first: str) -> None:
    """E holds the bytes of an Undo that g1 once sent, or once meant to send."""
    old = scene.said(scene.g1, "Follow", scene.practice)
    undo = scene.signed(scene.g1, scene.said(scene.g1, "Undo", old))
    if first == "it undid nothing":
        assert (await scene.push(scene.g1, undo)).status == 202
    follow = scene.said(scene.g1, "Follow", scene.practice)
    assert (await scene.push(scene.g1, follow)).status == 202
    async with scene.unchanged(evil=False):
        if way == "relayed":
            assert (
                await scene.push(scene.e1, scene.said(scene.e1, "Announce", canonical.read(undo).value))
            ).status == 202
        else:
            scene.logs[scene.e1.id] = [undo]
            scene.clock.advance(limits.HOUR)

            async def read() -> bool:
                return any("/federation/log" in path for path in scene.evil.paths)

            await settle(read, "E's log is read")
    again = scene.said(scene.g1, "Undo", {**old, "id": old["id"] + "0"})
    for ends in (undo, again) if first == "nobody brought it" else (again,):
        assert (await scene.push(scene.g1, follow)).status == 202
        assert (await scene.push(scene.g1, ends)).status == 202
    assert await scene.rows("SELECT 1 FROM follower WHERE actor = :g1", g1=scene.g1.id) == []


@pytest.mark.parametrize("type", ["Accept", "Reject"])
async def test_only_the_followed_answers_a_follow(scene: Scene, type: str) -> None:
    follow = await _follow_of(scene, scene.g1.id)
    whole = activities.follow(follow, f"{scene.origin}/actor", scene.g1.id)
    async with scene.unchanged():
        for who in (scene.e1, scene.g2, scene.p1):
            for answered in (follow, whole, {**whole, "object": who.id}):
                got = await scene.push(who, scene.said(who, type, answered))
                assert got.status == 403, got.body
    assert (await scene.push(scene.g1, scene.said(scene.g1, type, whole))).status == 202
    state = await scene.rows("SELECT state FROM following WHERE target = :g1", g1=scene.g1.id)
    assert state == [("accepted" if type == "Accept" else "refused",)]


async def test_an_accept_goes_to_the_followers_own_origin(scene: Scene) -> None:
    """A flood of Follows makes N answer; it must not be a way to have N post to others."""
    victim = scene.partner.url("/inbox")
    scene.partner.seen.clear()
    for number, changed in enumerate(({"inbox": victim}, {"endpoints": {"sharedInbox": victim}})):
        liar = Character(scene.evil, f"/users/liar-{number}")
        liar.publish(scene.now, **changed)
        assert (await scene.push(liar, scene.said(liar, "Follow", scene.practice))).status == 401
    honest = Character(scene.evil, "/users/honest")
    honest.publish(scene.now)
    assert (await scene.push(honest, scene.said(honest, "Follow", scene.practice))).status == 202
    await scene.idle()
    assert "POST /users/honest/inbox" in scene.evil.paths
    assert scene.partner.seen == []


# The order of states


async def test_an_older_state_is_ignored(scene: Scene) -> None:
    id = await _held(scene)
    old = scene.signed(scene.g1, _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Old", sequence=scene.now)))
    await _own_update_counts(scene, id)
    async with scene.unchanged():
        assert (await scene.push(scene.g1, old)).status == 202
        early = _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Early", sequence=1))
        assert (await scene.push(scene.g1, early)).status == 202
    assert (await scene.town.item(id))["title"] == "Better"


async def test_an_id_binds_its_first_bytes(scene: Scene) -> None:
    create = scene.create(scene.g1)
    assert (await scene.push(scene.g1, create)).status == 202
    async with scene.unchanged():
        other = {**create, "object": {**create["object"], "name": "Another"}}
        got = await scene.push(scene.g1, other)
        assert (got.status, got.reason) == (400, "id-reused")


@pytest.mark.parametrize("passed", ["a lower state", "an earlier recommendation", "an Undo of nothing"])
async def test_an_id_binds_its_first_bytes_where_they_had_no_effect(scene: Scene, passed: str) -> None:
    id = await _held(scene)
    if passed == "a lower state":
        first = _update(scene, scene.g1, scene.item(scene.g1, id=id, name="Early", sequence=1))
        other = {**first, "object": {**first["object"], "name": "Reworded", "cw:sequence": scene.now + 9_000}}
    elif passed == "an earlier recommendation":
        now = scene.said(scene.g1, "Announce", id, published=instant(scene.now))
        assert (await scene.push(scene.g1, now)).status == 202
        first = scene.said(scene.g1, "Announce", id, published=instant(scene.now - limits.DAY))
        other = {**first, "published": instant(scene.now + limits.MINUTE)}
    else:
        first = scene.said(scene.g1, "Undo", scene.said(scene.g1, "Follow", scene.practice))
        other = {**first, "object": first["id"] + "0"}
    async with scene.unchanged():
        assert (await scene.push(scene.g1, first)).status == 202
        got = await scene.push(scene.g1, other)
        assert (got.status, got.reason) == (400, "id-reused")
        assert (await scene.push(scene.g1, first)).status == 202
    await _own_update_counts(scene, id)


async def test_what_is_deleted_stays_so_whoever_offers_it(scene: Scene) -> None:
    made = scene.item(scene.g1)
    create = scene.signed(scene.g1, scene.create(scene.g1, made))
    later = scene.signed(
        scene.g1, _update(scene, scene.g1, scene.item(scene.g1, id=made["id"], sequence=scene.now + 10**6))
    )
    assert (await scene.push(scene.g1, create)).status == 202
    assert (await scene.push(scene.g1, _delete(scene, scene.g1, made["id"]))).status == 202
    scene.good.on("/federation/object", serve(create))
    scene.logs[scene.g1.id] = [create, later]
    async with scene.unchanged(evil=False):
        for again in (create, later):
            assert (await scene.push(scene.g1, again)).status == 202
            announced = scene.said(scene.e1, "Announce", canonical.read(again).value)
            assert (await scene.push(scene.e1, announced)).status == 202
        assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", made["id"]))).status == 202
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert any(path.startswith("GET /federation/log") for path in scene.good.paths)
    assert not await scene.holds(made["id"])
