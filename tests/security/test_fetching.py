"""Security cases D: what N can be made to fetch, from where, how often, and what it takes from an answer (CWE-918)."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from node.storage import sets
from node.storage.contract import Tx
from protocol import canonical, limits
from protocol import log as wire_log
from protocol.vocabulary.context import ACTIVITY_JSON
from tests.federation.hostile import (
    Canary,
    Character,
    Handler,
    answer,
    drip,
    oversize,
    post_to,
    redirect,
    serve,
    serving,
    silence,
)
from tests.security.kit import HASTY, START, Plot, Scene, befriend, scene_of

ADDRESSES = [
    "127.0.0.1",
    "localhost",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "0.0.0.0",  # CVE-2026-33693
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[2001:0:5ef5:79fd::80ff:fffe]",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "[fe80::1%25lo]",
    "①②⑦.0.0.1",
    "127.0.0.1.",
    "user@127.0.0.1",
]


@pytest_asyncio.fixture
async def hasty(template: Path, tmp_path: Path, shared: Plot) -> AsyncIterator[Scene]:
    """A scene whose N has little patience."""
    async with scene_of(template, tmp_path / "node", shared, HASTY) as made:
        yield made


def _newcomer(scene: Scene, **changed: Any) -> Character:
    """An actor of E whose document says what it should not; time goes on, so that its key may be asked for."""
    scene.clock.advance(limits.KEY_FETCH_WINDOW)
    made = Character(scene.evil, f"/users/x{scene.number()}")
    value = {**made.document(scene.now), **changed}
    scene.evil.on(made.id.removeprefix(scene.evil.origin), serve(made.sign(value, scene.now)))
    return made


async def _follow(scene: Scene, who: Character) -> int:
    return (await scene.push(who, scene.said(who, "Follow", scene.practice))).status


async def _everywhere(scene: Scene, url: str) -> None:
    """The URL in every field that names one, in what is pushed, fetched, pulled and typed."""
    for changed in (
        {"inbox": f"{url}inbox"},
        {"outbox": f"{url}outbox"},
        {"endpoints": {"sharedInbox": f"{url}inbox"}},
        {"icon": {"type": "Image", "url": f"{url}icon.png"}, "image": {"type": "Image", "url": url}, "url": url},
        {"@context": [*scene.e1.document(1)["@context"], url]},
        {"attributedTo": url, "cw:charter": url, "followers": url, "movedTo": url, "alsoKnownAs": [url]},
        {"generator": {"type": "Application", "id": url, "implements": [url]}},
    ):
        await _follow(scene, _newcomer(scene, **changed))
    stranger = Character(scene.evil, "/users/stranger")
    for keyid in (f"{url}actor#main-key", f"{url}key") if url.isascii() else ():
        stranger.key_id = stranger.rsa_id = keyid
        await _follow(scene, stranger)
        body = scene.signed(stranger, scene.said(stranger, "Follow", scene.practice))
        await scene.send(stranger.legacy(post_to(scene.inbox, body), scene.now))
        await scene.get("/practices/gun-violence", stranger)
    who = scene.e1
    for object in (url, f"{url}items/1", {"id": url, "type": "Article"}, {"id": url, "type": "Link", "href": url}):
        for type in ("Announce", "Add", "Follow", "Accept", "Move", "Delete", "Offer", "Invite", "Flag"):
            more = {"target": f"{who.id}/practices"} if type == "Add" else {"target": url}
            await scene.push(who, scene.said(who, type, object, **more))
    for field in ("attachment", "inReplyTo", "url", "icon", "replies", "context", "cw:adaptedFrom", "preview", "tag"):
        value = [{"type": "Document", "url": url, "href": url, "id": url}] if field != "inReplyTo" else url
        await scene.push(who, scene.create(who, {**scene.item(who), field: value}))
    inner = {**scene.create(scene.g1), "actor": f"{url}actor", "id": f"{url}activities/1"}
    inner["object"] = {**inner["object"], "id": f"{url}items/1", "attributedTo": f"{url}actor"}
    await scene.push(who, scene.said(who, "Announce", inner))
    proof = canonical.read(scene.signed(who, scene.create(who))).value
    bad = {**proof, "proof": {**proof["proof"], "verificationMethod": f"{url}actor#k"}}
    await scene.push(who, canonical.encode(bad))
    if url.isascii():
        await scene.push(who, scene.create(who), Commonweave_Log=f'"{url}outbox";epoch=1;after=4;seq=6')
    links = [{"rel": "self", "type": ACTIVITY_JSON, "href": f"{url}actor"}, {"rel": "x", "template": f"{url}{{uri}}"}]
    scene.evil.on("/.well-known/webfinger", serve({"subject": f"acct:x@{scene.evil.origin[7:]}", "links": links}))
    for target in (url, f"{url}actor", f"@x@{scene.evil.origin[7:]}", f"@x@{url.partition('://')[2].strip('/')}"):
        await scene.town.client.post("/api/v1/follows", json={"target": target})


@pytest.mark.parametrize("address", ADDRESSES)
async def test_no_field_leads_to_a_private_address(scene: Scene, address: str) -> None:
    """CVE-2024-39687, CVE-2025-23221, CVE-2025-25194, CVE-2026-50131, CVE-2026-62857, GHSA-vwhj."""
    six = Canary("::1")
    async with serving(six):
        canary = six if ":" in address and "127.0.0.1" not in address else scene.canary
        url = f"https://{address}:{canary.port}/"
        await _everywhere(scene, url)
        for scheme in ("https", "http"):
            there = f"{scheme}://{address}:{canary.port}/x"
            mover = _newcomer(scene)
            for path in (mover.id.removeprefix(scene.evil.origin), "/.well-known/webfinger", "/federation/object"):
                scene.evil.on(path, redirect(there))  # CVE-2026-77632
            assert await _follow(scene, mover) == 401
            await scene.town.client.post("/api/v1/follows", json={"target": f"@x@{scene.evil.origin[7:]}"})
            await scene.push(scene.e1, scene.said(scene.e1, "Announce", scene.evil.url(f"/i/{scene.number()}")))
        scene.evil.on("/federation/log", redirect(url))
        scene.clock.advance(limits.HOUR)
        await scene.idle()
        assert any("/federation/log" in path for path in scene.evil.paths)
        assert (scene.canary.connections, six.connections) == (0, 0)
    assert await _follow(scene, _newcomer(scene)) == 202


# Redirects


@pytest.mark.parametrize("to", ["loop", "itself", "chain", "file:///etc/passwd", "data:application/json,{}",
                                "gopher://127.0.0.1:1/", "ftp://127.0.0.1/", "//", "http:///", "N"])  # fmt: skip
async def test_redirects_end(scene: Scene, to: str) -> None:
    mover = Character(scene.evil, "/users/mover")
    location = {"loop": "/b", "itself": "/users/mover", "chain": "/c0", "N": f"{scene.origin}/actor"}.get(to, to)
    scene.evil.on("/users/mover", redirect(location))
    scene.evil.on("/b", redirect("/users/mover"))
    for hop in range(20):
        scene.evil.on(f"/c{hop}", redirect(f"/c{hop + 1}", 307))
    assert await _follow(scene, mover) == 401
    assert len(scene.evil.seen) <= 4
    assert await _follow(scene, _newcomer(scene)) == 202


async def test_a_signature_is_not_carried_elsewhere_and_a_post_goes_nowhere_else(scene: Scene) -> None:
    mover = Character(scene.evil, "/users/mover")
    scene.evil.on("/users/mover", redirect(scene.partner.url("/there")))
    assert await _follow(scene, mover) == 401
    assert "signature" in scene.evil.seen[0].headers
    assert [seen.path for seen in scene.partner.seen] == ["/there"]
    assert not {"signature", "signature-input", "authorization"} & {
        name.lower() for name in scene.partner.seen[0].headers
    }
    scene.partner.seen.clear()
    asker = _newcomer(scene)
    scene.evil.on(f"{asker.id.removeprefix(scene.evil.origin)}/inbox", redirect(scene.partner.url("/inbox"), 307))
    assert await _follow(scene, asker) == 202
    await scene.idle()
    assert any(path.startswith("POST /users/x") for path in scene.evil.paths)
    assert scene.partner.seen == []


async def test_an_origin_that_redirects_does_not_speak_through_another(scene: Scene) -> None:
    """An open redirect on G must not let E say, without a proof, what G would be believed."""
    made = scene.item(scene.g1)
    scene.good.on("/federation/object", redirect(scene.evil.url("/forged")))
    scene.evil.on("/forged", serve(scene.create(scene.g1, made)))
    async with scene.unchanged(evil=False):
        assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", made["id"]))).status == 202
    assert [path for path in scene.evil.paths if "forged" in path]
    assert not await scene.holds(made["id"])
    assert (await scene.push(scene.g1, scene.create(scene.g1, made))).status == 202


# What an answer must be

LD = "application/ld+json"
TYPES = ["text/html", "text/plain", "application/json", "image/png", LD, f'{LD}; profile="https://example.org/x"',
         "application/octet-stream", "application/activity+xml"]  # fmt: skip
GOOD_TYPES = [
    ACTIVITY_JSON,
    f"{ACTIVITY_JSON}; charset=utf-8",
    f'{LD}; profile="https://www.w3.org/ns/activitystreams"',
]


@pytest.mark.parametrize("media", [*TYPES, *GOOD_TYPES])
async def test_a_document_is_served_as_one(scene: Scene, media: str) -> None:
    """CVE-2024-25623: what a user uploaded to G is not what G says."""
    good = media in GOOD_TYPES
    uploader = Character(scene.good, "/uploads/actor")
    scene.good.on("/uploads/actor", serve(uploader.sign(uploader.document(scene.now), scene.now), media))
    assert await _follow(scene, uploader) == (202 if good else 401)
    made = scene.item(scene.g1)
    scene.good.on("/federation/object", serve(scene.create(scene.g1, made), media))
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Announce", made["id"]))).status == 202
    await scene.idle()
    assert await scene.holds(made["id"]) is good
    pulled = scene.item(scene.g1)
    page = wire_log.build_page(
        id=scene.good.url("/federation/log"), set=f"{scene.g1.id}/outbox", epoch=START, after=0, to=1, next=None,
        items=[scene.signed(scene.g1, scene.create(scene.g1, pulled))],
    )  # fmt: skip
    scene.good.on("/federation/log", serve(page, media))
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert await scene.holds(pulled["id"]) is good


def _deep(scene: Scene, who: Character) -> bytes:
    return b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def _many(scene: Scene, who: Character, name: str) -> bytes:
    create = scene.create(who)
    return canonical.encode({**create, "object": {**create["object"], name: [who.id] * 20_000}})


HEAVY: dict[str, Callable[[Scene, Character], bytes]] = {
    "100,000 deep (GHSA-qrgq-9fx2-vf2r)": _deep,
    "33 deep": lambda s, w: canonical.encode(s.create(w)).replace(b'"Create"', b"[" * 33 + b'"Create"' + b"]" * 33, 1),
    "5,000 digits (GHSA-gg8q-rcg7-p79g)": lambda s, w: b'{"a":' + b"9" * 5_000 + b"}",
    "an exponent of a thousand": lambda s, w: b'{"a":1e1000}',
    "20,000 tags": lambda s, w: _many(s, w, "tag"),
    "20,000 recipients": lambda s, w: _many(s, w, "to"),
    "20,000 links": lambda s, w: _many(s, w, "cw:adaptedFrom"),
    "20,000 attachments": lambda s, w: _many(s, w, "attachment"),
    "1 MiB and a byte": lambda s, w: b'{"a":"' + b"a" * limits.BODY_BYTES + b'"}',
    "a name of 100,000 characters": lambda s, w: canonical.encode(s.create(w, {**s.item(w), "name": "x" * 100_000})),
    "an id of 100,000 characters": lambda s, w: canonical.encode(s.create(w, id=s.evil.url("/" + "x" * 100_000))),
    "a content of 900,000 bytes": lambda s, w: canonical.encode(s.create(w, {**s.item(w), "content": "x" * 900_000})),
}


@pytest.mark.parametrize("case", HEAVY)
async def test_what_is_too_much_is_refused_and_the_next_is_served(scene: Scene, case: str) -> None:
    body = HEAVY[case](scene, scene.e1)
    async with scene.unchanged():
        got = await scene.push(scene.e1, body)
        assert got.status in (400, 413), got.status
        heavy = Character(scene.evil, "/users/heavy")
        scene.evil.on("/users/heavy", serve(body))
        assert await _follow(scene, heavy) == 401
    assert (await scene.push(scene.e1, scene.create(scene.e1))).status == 202


SLOW: dict[str, tuple[Handler, int]] = {
    "a byte at a time (CVE-2023-36461)": (drip(), 503),
    "silence": (silence(), 503),
    "2 MiB": (oversize(2 * limits.BODY_BYTES), 401),
    "2 MiB in pieces": (oversize(2 * limits.BODY_BYTES, chunked=True), 401),
    "a gzip bomb": (oversize(20 * limits.BODY_BYTES, encoding="gzip"), 401),
    "another coding": (answer(200, b"{}", ACTIVITY_JSON, {"Content-Encoding": "br"}), 401),
    "two codings": (answer(200, b"{}", ACTIVITY_JSON, {"Content-Encoding": "gzip, gzip"}), 401),
}


@pytest.mark.parametrize("case", SLOW)
async def test_a_slow_or_endless_answer_is_given_up_and_holds_up_nobody(hasty: Scene, case: str) -> None:
    handler, status = SLOW[case]
    slow = Character(hasty.evil, "/users/slow")
    hasty.evil.on("/users/slow", handler)
    assert await _follow(hasty, slow) == status
    assert await _follow(hasty, _newcomer(hasty)) == 202
    assert (await hasty.push(hasty.g1, hasty.create(hasty.g1))).status == 202


# Without end


async def test_one_activity_causes_no_chain_of_fetches(scene: Scene) -> None:
    """Each answer names the next thing to fetch."""

    async def next_one(seen: Any) -> Any:
        named = scene.evil.url(f"/items/chain-{scene.number()}")
        return await serve(scene.signed(scene.e1, scene.said(scene.e1, "Announce", named)))(seen)

    scene.evil.on("/federation/object", next_one)
    named = scene.said(scene.e1, "Announce", scene.evil.url("/items/chain"))
    assert (await scene.push(scene.e1, named)).status == 202
    await scene.idle()
    assert 1 <= len(scene.evil.seen) <= limits.FETCHES_AN_ACTIVITY
    many = {
        **named,
        "id": scene.evil.url("/activities/many"),
        "object": [scene.evil.url(f"/i/{n}") for n in range(1_000)],
    }
    scene.evil.seen.clear()
    assert (await scene.push(scene.e1, many)).status == 400
    await scene.idle()
    assert scene.evil.seen == []


@pytest.mark.parametrize("status", [409, 410])
async def test_a_log_that_always_begins_anew_is_given_up(scene: Scene, status: int) -> None:
    scene.evil.on("/federation/log", answer(status))
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert 1 <= len(scene.evil.seen) <= 2


@pytest.mark.parametrize("following", ["at P", "the same page"])
async def test_a_page_leads_nowhere_else_and_not_to_itself(scene: Scene, following: str) -> None:
    frame = {
        "type": "OrderedCollectionPage", "cw:set": f"{scene.e1.id}/outbox", "cw:epoch": START, "cw:after": 0,
        "cw:to": 0 if following == "the same page" else 5, "orderedItems": [],
        "next": scene.partner.url("/federation/log") if following == "at P" else scene.evil.url("/federation/log"),
    }  # fmt: skip
    scene.evil.on("/federation/log", serve(frame))
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert 1 <= len(scene.evil.seen) <= 3
    assert [seen.path for seen in scene.partner.seen if "evil" in seen.path] == []


async def test_a_node_names_practices_without_end(scene: Scene) -> None:
    """Each Add is a set that N would pull every hour: there is a limit, and what is held stays held."""
    coalition = Character(scene.evil, "/actor", type="Organization")
    coalition.publish(scene.now)
    scene.evil.on("/actor/inbox", answer(202))
    await befriend(scene, coalition)

    async def named(number: int) -> list[tuple[Any, ...]]:
        practice = scene.evil.url(f"/practices/n{number}")
        add = scene.said(coalition, "Add", practice, target=f"{coalition.id}/practices")
        assert (await scene.push(coalition, add)).status == 202
        return await scene.rows("SELECT name FROM held_set WHERE owner = :owner", owner=practice)

    assert await named(0)

    def fill(tx: Tx) -> None:
        for number in range(1, limits.PRACTICES_A_NODE):
            owner = scene.evil.url(f"/practices/n{number}")
            sets.create(tx, f"{owner}/outbox", owner, "public", local=False, epoch=1, now=1)

    await scene.town.running.storage.transact(fill)
    assert not await named(limits.PRACTICES_A_NODE + 1)
    assert await named(0)
