"""Security cases B, what comes after the theft: a root key in two hands, a root that is replaced, a key that is lost.

A document that the root alone signed waits for 72 hours so that its owner can say no. Whoever holds the root, or the
origin, tries here to make that time shorter, or the no forgotten.
"""

import re
from typing import Any

import pytest

from protocol import canonical, integrity, limits
from protocol.keys import HeldKey, SigningKey
from tests.federation.hostile import Character, answer, serve
from tests.security.kit import Got, Scene
from tests.security.test_keys import Steward, document, heir, rotated

PATH = "/practices/rooted"


class Rooted:
    """A practice of the partner's node whose origin has a root that N has pinned."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.root = SigningKey.generate_ed25519()
        self.who = Character(scene.partner, PATH)

    async def begin(self) -> None:
        self.show(self.who.sign(self.who.document(self.scene.now, more=self.named()), self.scene.now))
        assert (await self.follow(self.who)).status == 202
        self.scene.clock.advance(limits.KEY_REFETCH)

    def named(self, root: SigningKey | None = None) -> dict[str, Any]:
        return {"cw:root": (root or self.root).public.did()}

    def show(self, raw: bytes) -> None:
        """Serve this as the actor's document."""
        self.scene.partner.on(PATH, serve(raw))

    def by_root(self, value: dict[str, Any]) -> bytes:
        return integrity.sign(value, self.root, integrity.root_method(self.root.public), self.scene.now)

    async def follow(self, by: Character) -> Got:
        """By a key that is not held, it has the document fetched."""
        return await self.scene.push(by, self.scene.said(by, "Follow", self.scene.practice))

    async def update(self, value: dict[str, Any]) -> Got:
        """The actor says itself what its document is now."""
        signed = canonical.read(self.who.sign(value, self.scene.now)).value
        return await self.scene.push(self.who, self.scene.said(self.who, "Update", signed))

    async def refresh(self) -> None:
        self.scene.clock.advance(limits.KEY_REFETCH)
        await self.scene.town.running.keyring.refresh(self.who.id)

    async def pinned(self) -> str:
        host = self.scene.partner.origin.partition("//")[2]
        return (await self.scene.rows("SELECT root FROM peer WHERE host = :host", host=host))[0][0]


async def rooted(scene: Scene) -> Rooted:
    made = Rooted(scene)
    await made.begin()
    return made


@pytest.mark.parametrize("before", ["a harmless document of the root", "a quarrel", "a quarrel over the very document"])
async def test_the_72_hours_belong_to_one_document(scene: Scene, before: str) -> None:
    theirs = await rooted(scene)
    thief = heir(theirs.who)
    taken = rotated(scene, theirs.who, thief, **theirs.named())
    match before:
        case "a harmless document of the root":
            theirs.show(theirs.by_root(theirs.who.document(scene.now, name="Harmless", more=theirs.named())))
            assert (await theirs.follow(thief)).status == 401
        case "a quarrel":
            theirs.show(thief.sign(rotated(scene, theirs.who, thief, name="Loud", **theirs.named()), scene.now))
            assert (await theirs.follow(thief)).status == 403
        case _:
            theirs.show(thief.sign(taken, scene.now))
            assert (await theirs.follow(thief)).status == 403
    scene.clock.advance(71 * limits.HOUR)
    theirs.show(theirs.by_root(taken))
    assert (await theirs.follow(thief)).status == 401
    for hours in (2, 69):
        scene.clock.advance(hours * limits.HOUR)
        assert (await theirs.follow(thief)).status == 401
    scene.clock.advance(limits.HOUR)
    assert (await theirs.follow(thief)).status == 202  # it was shown for three days, and nobody said no


async def test_what_the_key_contradicted_is_void_for_good(scene: Scene) -> None:
    theirs = await rooted(scene)
    thief = heir(theirs.who)
    stolen = theirs.by_root(rotated(scene, theirs.who, thief, **theirs.named()))
    theirs.show(stolen)
    assert (await theirs.follow(thief)).status == 401
    pending = "SELECT pending IS NULL FROM actor WHERE id = :id"
    assert await scene.rows(pending, id=theirs.who.id) == [(0,)]
    assert (await theirs.update(theirs.who.document(scene.now, name="Still me", more=theirs.named()))).status == 202
    for _ in range(2):
        await scene.again()
        await theirs.refresh()
        assert await scene.rows(pending, id=theirs.who.id) == [(1,)]
        scene.clock.advance(limits.ROOT_WAIT)
        assert (await theirs.follow(thief)).status == 401
    # another one of the root's is another matter: it is shown, and waits for its own three days
    mended = theirs.by_root(rotated(scene, theirs.who, thief, **theirs.named()))
    theirs.show(mended)
    await theirs.refresh()
    scene.clock.advance(limits.ROOT_WAIT)
    assert (await theirs.follow(thief)).status == 202


@pytest.mark.parametrize("order", ["the key, then the root", "the root, then the key"])
async def test_a_root_replaced_by_both_is_the_root(scene: Scene, order: str) -> None:
    theirs = await rooted(scene)
    old, new = theirs.root, SigningKey.generate_ed25519()
    value = theirs.who.document(scene.now + scene.number(), name="New root", more=theirs.named(new))
    documents = [theirs.who.sign(value, scene.now), theirs.by_root(value)]
    for raw in documents if order.startswith("the key") else documents[::-1]:
        assert await theirs.pinned() == old.public.did()  # one signature replaces nothing
        theirs.show(raw)
        await theirs.refresh()
    assert await theirs.pinned() == new.public.did()
    following = heir(theirs.who)
    assert (await theirs.update(rotated(scene, theirs.who, following, **theirs.named(new)))).status == 202
    assert (await theirs.follow(following)).status == 202
    other = Character(scene.partner, "/practices/other")
    other.publish(scene.now, more=theirs.named(new))
    assert (await theirs.follow(other)).status == 202
    # the old root rules no more
    thief = heir(theirs.who, 3)
    theirs.show(theirs.by_root(rotated(scene, following, thief, **theirs.named())))
    for _ in range(2):
        assert (await theirs.follow(thief)).status == 401
        scene.clock.advance(limits.ROOT_WAIT)


async def test_a_compromised_key_proves_what_was_held_and_nothing_else(scene: Scene) -> None:
    old, new = scene.g1, heir(scene.g1)
    said = scene.create(old)
    held, missed = scene.signed(old, said), scene.signed(old, scene.create(old))
    assert (await scene.push(old, held)).status == 202
    scene.clock.advance(5 * limits.SECOND)
    keys = [
        HeldKey(old.key_id, old.id, old.key.public, valid_until=scene.now, compromised_since=scene.now),
        HeldKey(new.key_id, new.id, new.key.public, valid_from=scene.now),
    ]
    value = canonical.read(old.sign(document(old, keys, scene.now + scene.number()), scene.now)).value
    assert (await scene.push(old, scene.said(old, "Update", value))).status == 202

    async def stored() -> bytes:
        return bytes((await scene.rows("SELECT raw FROM activity WHERE id = :id", id=said["id"]))[0][0])

    async with scene.unchanged():
        assert (await scene.send(scene.request(new, held))).status == 202
        forged = scene.signed(old, {**said, "summary": "Not what was held"})
        for raw in (missed, forged):
            got = await scene.send(scene.request(new, raw))
            assert (got.status, got.reason) == (403, "key-retired")
    assert await stored() == held
    anew = scene.signed(new, said)
    assert (await scene.send(scene.request(new, anew))).status == 202
    assert await stored() == anew
    assert (await scene.send(scene.request(new, held))).status == 202
    assert await stored() == anew  # the proof that was lost takes no other's place


def thieves(scene: Scene) -> Character:
    """G's origin shows another key's document: a backup, a mistake, a thief."""
    scene.clock.advance(limits.KEY_REFETCH)
    thief = heir(scene.g1)
    value = document(scene.g1, [HeldKey(thief.key_id, thief.id, thief.key.public)], scene.now)
    scene.good.on("/practices/violence", serve(thief.sign(value, scene.now)))
    return thief


async def ask_again(scene: Scene) -> str:
    """What a steward reads after the button that asks the origin once more."""
    steward = Steward(scene)
    try:
        await steward.sign_in()
        page = await steward.page("/operation")
        action = re.search(r'action="(/operation/again[^"]*)"', page)
        token = re.search(r'name="form_token" value="([^"]+)"', page)
        assert action is not None
        assert token is not None
        return await steward.follow(action[1].replace("&amp;", "&"), form_token=token[1])
    finally:
        await steward.close()


@pytest.mark.parametrize("shown", ["the document that is held", "a later one of the held key"])
async def test_an_origin_that_shows_its_good_key_again_is_asked_at_a_button(scene: Scene, shown: str) -> None:
    (held,) = await scene.rows("SELECT raw FROM actor WHERE id = :id", id=scene.g1.id)
    thief = thieves(scene)
    assert (await scene.push(thief, scene.create(thief))).status == 403
    assert "still needs a person" in await ask_again(scene)
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 403
    raw = bytes(held[0])
    if shown != "the document that is held":
        raw = scene.g1.sign(scene.g1.document(scene.now, name="Back"), scene.now)
    scene.good.on("/practices/violence", serve(raw))
    assert "is good again" in await ask_again(scene)
    assert "fingerprints" not in " ".join((await scene.town.api("GET", "/health"))["warnings"])
    scene.clock.advance(limits.KEY_FETCH_WINDOW + 1)  # one key is not asked for twice at a moment
    assert (await scene.push(thief, scene.create(thief))).status == 401
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 202


async def test_an_origin_that_is_away_changes_nothing_when_asked(scene: Scene) -> None:
    thief = thieves(scene)
    assert (await scene.push(thief, scene.create(thief))).status == 403
    scene.good.on("/practices/violence", answer(500))
    async with scene.unchanged():
        assert "could not be reached" in await ask_again(scene)
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 403
