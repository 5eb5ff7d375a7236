"""Security cases B, what comes after the theft: a root key in two hands, a root that is replaced.

A document that the root alone signed waits for 72 hours so that its owner can say no. Whoever holds the root, or the
origin, tries here to make that time shorter, or the no forgotten.
"""

from typing import Any

import pytest

from protocol import canonical, integrity, limits
from protocol.keys import SigningKey
from tests.federation.hostile import Character, serve
from tests.security.kit import Got, Scene
from tests.security.test_keys import heir, rotated

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
