"""Security cases B: keys over time. Rotation, a key that changes unproved, floods of key ids, hosts that are away."""

import asyncio
import re
from collections.abc import Callable
from typing import Any

import aiohttp
import pytest

from protocol import canonical, limits
from protocol.errors import RemoteProtocolError
from protocol.keys import HeldKey, SigningKey
from protocol.vocabulary.actors import build_actor
from tests.federation.hostile import Character, Server, answer, serve
from tests.security.kit import Scene


def document(who: Character, keys: list[HeldKey], sequence: int, **more: Any) -> dict[str, Any]:
    """An actor document with exactly these Ed25519 keys."""
    made = build_actor(
        id=who.id, type=who.type, name=who.slug, preferred_username=who.slug, keys=keys, sequence=sequence,
        rsa=HeldKey(who.rsa_id, who.id, who.rsa.public),
    )  # fmt: skip
    return {**made, **more}


def heir(who: Character, number: int = 2) -> Character:
    """The same actor with its next key."""
    made = Character(who.server, who.id.removeprefix(who.server.origin), who.type)
    made.rsa = who.rsa
    made.key_id = f"{who.id}#ed25519-{number}"
    return made


def rotated(scene: Scene, old: Character, new: Character, **more: Any) -> dict[str, Any]:
    """The old key retired now, the new one valid from now."""
    keys = [
        HeldKey(old.key_id, old.id, old.key.public, valid_until=scene.now),
        HeldKey(new.key_id, new.id, new.key.public, valid_from=scene.now),
    ]
    return document(old, keys, scene.now + scene.number(), **more)


async def newcomer(scene: Scene, server: Server, path: str = "/practices/newcomer") -> Character:
    """An actor that N does not follow and that follows N."""
    made = Character(server, path)
    made.publish(scene.now)
    assert (await scene.push(made, scene.said(made, "Follow", scene.practice))).status == 202
    return made


@pytest.mark.parametrize("followed", [True, False])
async def test_a_key_is_rotated_by_the_old_one(scene: Scene, followed: bool) -> None:
    old = scene.g1 if followed else await newcomer(scene, scene.good)
    new = heir(old)
    actor = old.sign(rotated(scene, old, new), scene.now)
    update = scene.said(old, "Update", canonical.read(actor).value)
    assert (await scene.push(old, update)).status == 202
    follow = scene.said(new, "Follow", scene.practice)
    assert (await scene.push(new, follow)).status == 202
    async with scene.unchanged():
        for body in (scene.said(old, "Follow", scene.practice), scene.said(new, "Follow", scene.practice)):
            got = await scene.send(scene.request(old, scene.signed(new, body)))
            assert (got.status, got.reason) == (401, "unknown-key")
        assert (await scene.get("/practices/gun-violence", old)).status == 401
    # what the old key signed while it was valid counts, whoever brings it today; what it signs now does not
    scene.clock.advance(2 * limits.SECOND)
    if followed:
        late = scene.create(old)
        async with scene.unchanged():
            assert (await scene.send(scene.request(new, old.sign(late, scene.now)))).status == 403
        early = scene.create(old)
        assert (await scene.send(scene.request(new, old.sign(early, scene.now - 5_000)))).status == 202


Takeover = Callable[[Scene, Character], tuple[Character, dict[str, Any], Character]]  # signer, document, signed by


def _same_id(scene: Scene, who: Character) -> tuple[Character, dict[str, Any], Character]:
    """Other material under the key id that is held."""
    thief = Character(who.server, who.id.removeprefix(who.server.origin), key=SigningKey.generate_ed25519())
    return thief, document(who, [HeldKey(who.key_id, who.id, thief.key.public)], scene.now), thief


def _next_id(scene: Scene, who: Character) -> tuple[Character, dict[str, Any], Character]:
    """A new key beside the old one, and the document is signed by the new one."""
    thief = heir(who)
    return thief, rotated(scene, who, thief), thief


def _forgetting(scene: Scene, who: Character) -> tuple[Character, dict[str, Any], Character]:
    thief = heir(who)
    return thief, document(who, [HeldKey(thief.key_id, who.id, thief.key.public)], scene.now), thief


TAKEOVERS: dict[str, Takeover] = {
    "other material under the same key id": _same_id,
    "a new key that signs for itself": _next_id,
    "a new key, and no history": _forgetting,
}


@pytest.mark.parametrize("proof", [True, False])
@pytest.mark.parametrize("case", TAKEOVERS)
async def test_a_key_that_changes_unproved_waits_for_a_steward(scene: Scene, case: str, proof: bool) -> None:
    scene.clock.advance(limits.KEY_REFETCH)
    thief, taken, signer = TAKEOVERS[case](scene, scene.g1)
    raw = signer.sign(taken, scene.now) if proof else canonical.encode(taken)
    scene.good.on("/practices/violence", serve(raw))
    create = scene.create(thief, made := scene.item(thief))
    before = await scene.state()
    got = await scene.push(thief, create)
    assert (got.status, got.reason) == (403, "key-changed"), got.body
    # neither as pushed bytes, nor by whom we listen to, nor the old key: a person must look
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 403
    assert (
        await scene.push(scene.e1, scene.said(scene.e1, "Announce", canonical.read(scene.signed(thief, create)).value))
    ).status == 202
    await scene.idle()
    after = await scene.state(evil=False)
    assert [row.replace("'key-changed'", "'ok'") for row in after["actor"]] == before["actor"]
    for table in ("actor_key", "item", "object", "held_set", "entry", "follower", "following"):
        assert {row for row in after[table] if scene.evil.origin not in row} == {
            row for row in before[table] if scene.evil.origin not in row
        }, table
    health = await scene.town.api("GET", "/health")
    assert health["status"] == "attention"
    assert any("fingerprints" in warning for warning in health["warnings"])
    await approve(scene, scene.g1.id)
    assert (await scene.push(thief, create)).status == 202
    assert await scene.holds(made["id"])


class Steward:
    """A person at the pages of N, with a browser's headers."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._browser = aiohttp.ClientSession(scene.origin, cookie_jar=aiohttp.CookieJar(unsafe=True))

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        headers = {"Origin": self._scene.origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        async with self._browser.post(path, data=fields, headers=headers, allow_redirects=False) as got:
            return got.status, await got.text()

    async def follow(self, path: str, **fields: str) -> str:
        """The page that stands at the end of a post."""
        headers = {"Origin": self._scene.origin, "Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
        async with self._browser.post(path, data=fields, headers=headers) as got:
            return await got.text()

    async def page(self, path: str) -> str:
        async with self._browser.get(path, headers={"Accept": "text/html"}) as got:
            assert got.status == 200, got.status
            return await got.text()

    async def sign_in(self) -> None:
        token = self._scene.town.running.keystore.mint_token(self._scene.now, "steward")
        assert (await self.post("/sign-in", token=token, then="/"))[0] == 303

    async def close(self) -> None:
        await self._browser.close()


def _form(page: str) -> tuple[str, str]:
    """The action and the token of the form that does something."""
    action = re.search(r'<form method="post" action="(/operation/confirm[^"]*)"', page)
    token = re.search(r'name="form_token" value="([^"]+)"', page)
    assert action is not None
    assert token is not None
    return action[1].replace("&amp;", "&"), token[1]


async def approve(scene: Scene, actor: str) -> None:
    steward = Steward(scene)
    await steward.sign_in()
    assert "fingerprints" in await steward.page("/operation")
    action, token = _form(await steward.page(f"/operation/confirm?actor={actor}"))
    assert (await steward.post(action, form_token=token))[0] == 303
    await steward.close()


async def test_what_the_steward_saw_is_what_is_confirmed(scene: Scene) -> None:
    """A third key shown between the look and the click is not taken for the one that was compared."""
    steward = Steward(scene)
    await steward.sign_in()
    thieves = [heir(scene.g1), heir(scene.g1)]
    actions = []
    for thief in thieves:
        scene.clock.advance(limits.KEY_REFETCH)
        scene.good.on("/practices/violence", serve(thief.sign(rotated(scene, scene.g1, thief), scene.now)))
        if not actions:
            assert (await scene.push(thief, scene.create(thief))).status == 403
        else:
            with pytest.raises(RemoteProtocolError):
                await scene.town.running.keyring.refresh(scene.g1.id)
        actions.append(_form(await steward.page(f"/operation/confirm?actor={scene.g1.id}")))
    (first, token), (second, another) = actions
    assert (await steward.post(first, form_token=token))[0] == 422
    assert (await scene.push(thieves[0], scene.create(thieves[0]))).status == 403
    assert (await steward.post(second, form_token=another))[0] == 303
    assert (await scene.push(thieves[1], scene.create(thieves[1]))).status == 202
    await steward.close()


async def test_a_new_root_that_a_steward_confirmed_is_the_root(scene: Scene) -> None:
    """A peer that lost everything begins anew: confirmed once, its later documents wait for nobody."""
    old = Character(scene.partner, "/practices/rooted")
    old.publish(scene.now, more={"cw:root": SigningKey.generate_ed25519().public.did()})
    assert (await scene.push(old, scene.said(old, "Follow", scene.practice))).status == 202
    scene.clock.advance(limits.KEY_REFETCH)
    new, root = heir(old), {"cw:root": SigningKey.generate_ed25519().public.did()}
    new.publish(scene.now, more=root)
    assert (await scene.push(new, scene.said(new, "Follow", scene.practice))).status == 403
    await approve(scene, old.id)
    later = canonical.read(new.sign(new.document(scene.now + 1, name="Renamed", more=root), scene.now)).value
    assert (await scene.push(new, scene.said(new, "Update", later))).status == 202
    assert await scene.rows("SELECT name, pending FROM actor WHERE id = :id", id=old.id) == [("Renamed", None)]


# Updates of an actor document that are not what its owner may say


def _stranger(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.e1, scene.g1.document(scene.now, name="Taken over")


def _neighbour(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g2, scene.g1.document(scene.now, name="Taken over")


def _inbox_elsewhere(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g1, scene.g1.document(scene.now, inbox=scene.partner.url("/inbox"))


def _shared_inbox_elsewhere(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g1, scene.g1.document(scene.now, endpoints={"sharedInbox": scene.partner.url("/inbox")})


def _other_scheme(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g1, scene.g1.document(scene.now, inbox=scene.g1.inbox.replace("http://", "https://"))


def _many_keys(scene: Scene) -> tuple[Character, dict[str, Any]]:
    value = scene.g1.document(scene.now)
    more = [{**value["cw:keys"][0], "id": f"{scene.g1.id}#k{number}"} for number in range(10)]
    return scene.g1, {**value, "cw:keys": [*value["cw:keys"], *more]}


def _history_dropped(scene: Scene) -> tuple[Character, dict[str, Any]]:
    new = heir(scene.g1)
    return scene.g1, document(scene.g1, [HeldKey(new.key_id, new.id, new.key.public)], scene.now)


def _far_ahead(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g1, scene.g1.document(scene.now + 2 * limits.DAY, name="For ever")


def _our_own(scene: Scene) -> tuple[Character, dict[str, Any]]:
    return scene.g1, scene.g1.document(scene.now) | {"id": scene.practice}


UPDATES: dict[str, Callable[[Scene], tuple[Character, dict[str, Any]]]] = {
    "by E": _stranger,
    "by another actor of the host": _neighbour,
    "the inbox at another origin": _inbox_elsewhere,
    "the shared inbox at another origin": _shared_inbox_elsewhere,
    "the inbox with another scheme": _other_scheme,
    "eleven active keys": _many_keys,
    "a key dropped from the history": _history_dropped,
    "a sequence two days ahead": _far_ahead,
    "of N's own practice": _our_own,
}


@pytest.mark.parametrize("case", UPDATES)
async def test_an_actor_document_is_its_owners_and_whole(scene: Scene, case: str) -> None:
    sender, value = UPDATES[case](scene)
    async with scene.unchanged():
        embedded = canonical.read(sender.sign(value, scene.now)).value
        got = await scene.push(sender, scene.said(sender, "Update", embedded))
        assert got.status in (400, 403), got.body
        assert (await scene.push(sender, scene.said(sender, "Update", value))).status in (400, 403)
    assert (await scene.rows("SELECT state FROM actor WHERE id = :id", id=scene.g1.id)) == [("ok",)]
    good = canonical.read(scene.g1.sign(scene.g1.document(scene.now, name="Renamed"), scene.now)).value
    assert (await scene.push(scene.g1, scene.said(scene.g1, "Update", good))).status == 202
    assert (await scene.rows("SELECT name FROM actor WHERE id = :id", id=scene.g1.id)) == [("Renamed",)]


# Floods, and hosts that are away


@pytest.mark.parametrize("path", ["/users/{}#main-key", "/users/one#{}", "/keys/{}"])
async def test_a_flood_of_key_ids_costs_their_host_five_fetches(scene: Scene, path: str) -> None:
    """CVE-2026-34148."""
    body = scene.signed(scene.e1, scene.said(scene.e1, "Follow", scene.practice))
    ids = [scene.good.url(path.format(number)) for number in range(100)]
    requests = []
    for keyid in ids:
        forged = Character(scene.evil, "/practices/evil")
        forged.key_id = keyid
        requests.append(scene.request(forged, body))
    async with scene.unchanged():
        answers = await asyncio.gather(*(scene.send(request) for request in requests))
        assert {got.status for got in answers} <= {401, 503}
        assert all("Retry-After" in got.headers for got in answers if got.status == 503)
        assert 1 <= len(scene.good.seen) <= 5
        missed = [request for request, got in zip(requests, answers, strict=True) if got.status == 401]
        assert missed
        scene.good.seen.clear()
        await scene.again()
        scene.clock.advance(limits.KEY_FETCH_WINDOW)
        assert [(await scene.send(request)).status for request in missed[:5]] == [401] * len(missed[:5])
        assert scene.good.seen == []
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 202


async def test_a_key_that_is_held_is_not_asked_for_at_every_bad_signature(scene: Scene) -> None:
    """A wrong signature under a good key id may mean a rotation: asked once in five minutes, not each time."""
    forged = Character(scene.evil, "/practices/evil")
    forged.key_id = scene.g1.key_id
    body = scene.signed(scene.g1, scene.create(scene.g1))
    scene.clock.advance(limits.KEY_REFETCH)
    async with scene.unchanged():
        for _ in range(20):
            assert (await scene.send(scene.request(forged, body))).status == 401
    assert scene.good.paths == ["GET /practices/violence"]


async def test_a_key_host_that_is_away_is_waited_for(scene: Scene) -> None:
    late = Character(scene.partner, "/practices/late")
    late.publish(scene.now)
    request = scene.request(late, scene.signed(late, scene.said(late, "Follow", scene.practice)))
    await scene.partner.stop()
    try:
        got = await scene.send(request)
        assert (got.status, got.reason) == (503, "key-unavailable")
        assert int(got.headers["Retry-After"]) <= 60
    finally:
        await scene.partner.start()
    scene.clock.advance(limits.MINUTE)
    assert (await scene.send(request)).status == 202


@pytest.mark.parametrize(("status", "gone"), [(410, True), (404, False), (200, False), (500, False)])
@pytest.mark.parametrize("followed", [True, False])
async def test_an_actor_leaves_if_its_origin_says_so(scene: Scene, status: int, gone: bool, followed: bool) -> None:
    leaver = scene.g2 if followed else await newcomer(scene, scene.good)
    path = leaver.id.removeprefix(scene.good.origin)
    if status != 200:
        scene.good.on(path, answer(status))
    assert (await scene.push(leaver, scene.said(leaver, "Delete", leaver.id))).status == 202
    await scene.idle()
    assert f"GET {path}" in scene.good.paths
    assert await scene.rows("SELECT state FROM actor WHERE id = :id", id=leaver.id) == [("gone" if gone else "ok",)]
    if not followed:
        followers = await scene.rows("SELECT 1 FROM follower WHERE actor = :id", id=leaver.id)
        assert bool(followers) is not gone
    assert (await scene.push(leaver, scene.said(leaver, "Follow", scene.practice))).status == (401 if gone else 202)
    if not gone:  # nor is anything in the way of its next document
        value = canonical.read(leaver.sign(leaver.document(scene.now + 1, name="Here still"), scene.now)).value
        assert (await scene.push(leaver, scene.said(leaver, "Update", value))).status == 202
        assert await scene.rows("SELECT name FROM actor WHERE id = :id", id=leaver.id) == [("Here still",)]


async def test_an_unknown_actor_that_leaves_causes_no_fetch(scene: Scene) -> None:
    stranger = Character(scene.evil, "/users/stranger")
    async with scene.unchanged():
        assert (await scene.push(stranger, scene.said(stranger, "Delete", stranger.id))).status == 202
    assert scene.evil.seen == []
