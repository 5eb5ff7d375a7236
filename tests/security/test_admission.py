"""Security cases C and E, who is served: blocked peers, the allow-list, and what nobody may tell apart."""

import re

import pytest
from aiohttp import web

from protocol import canonical, limits
from protocol.identifiers import PUBLIC
from tests.cluster.kit import settle
from tests.federation.hostile import Character
from tests.security.kit import Got, Scene


def key(origin: str) -> str:
    """A host as the settings name it."""
    return origin.partition("://")[2]


ENDPOINTS = [
    "/actor/outbox",
    "/actor/followers",
    "/actor/following",
    "/actor/practices",
    "/practices/gun-violence",
    "/practices/gun-violence/outbox",
    "/practices/gun-violence/outbox?after=9",
    "/practices/gun-violence/followers",
    "/practices/gun-violence/following",
    "/practices/absent",
    "/people/absent",
    "/people/gun-violence/outbox",
    "/people/gun-violence/followers",
    "/people/gun-violence/following",
    "/activities/absent",
    "/items/absent",
    "/coachings/absent",
    "/trust/statements/absent",
    "/federation/log?set={set}",
    "/federation/head?set={set}",
    "/federation/object?id={item}",
]


async def _paths(scene: Scene) -> list[str]:
    """Everything that a node may ask, with what is there."""
    item = (await scene.rows("SELECT id FROM item WHERE local = 1"))[0][0]
    activity = (await scene.rows("SELECT activity FROM object WHERE id = :id", id=item))[0][0]
    there = [path.format(set=f"{scene.practice}/outbox", item=item) for path in ENDPOINTS]
    return [*there, item.removeprefix(scene.origin), activity.removeprefix(scene.origin)]


DISCOVERY = ["/.well-known/webfinger", "/.well-known/nodeinfo", "/nodeinfo/2.1"]
GROUP = re.compile(r"\(\?P<(\w+)>((?:[^()\[\]]|\[[^\]]*\])*)\)")


def _addresses(route: web.AbstractRoute) -> set[str]:
    """Every whole path of a route, with each of the words that it may have and with what is there or absent."""
    info = route.get_info()
    if "pattern" not in info:
        return {info["path"]}
    paths = {info["pattern"].pattern}
    for name, words in GROUP.findall(info["pattern"].pattern):
        values = words.split("|") if "[" not in words else ["gun-violence" if name == "slug" else "absent"]
        paths = {GROUP.sub(value, path, count=1) for path in paths for value in values}
    return {path.replace("\\", "") for path in paths}


async def test_every_address_for_nodes_is_in_the_list(scene: Scene) -> None:
    """So that one which is added later is not forgotten (lemmy#1987)."""
    runner = scene.town.running._runner
    assert runner is not None
    routes = [route for route in runner.app.router.routes() if route.method == "GET"]
    named = {path.partition("?")[0] for path in ENDPOINTS}
    for_nodes = [route for route in routes if route.handler.__module__.startswith("node.federation.")]
    paths = {path for route in for_nodes for path in _addresses(route)}
    assert "/actor/followers" in paths
    assert paths - named == set(DISCOVERY)
    every = {path for route in routes for path in _addresses(route)}
    assert named - every == {"/practices/absent"}  # the list has nothing that is no more
    await scene.again(admission="allow-list", allowed_hosts=(key(scene.partner.origin),))
    closed = [path for path in every if (await scene.get(path)).status == 401 and not path.startswith("/api/")]
    assert set(closed) == named - {"/practices/absent"}  # pages that are documents for who asks so, too


async def test_the_allow_list_holds_everywhere(scene: Scene) -> None:
    paths = await _paths(scene)
    open_before = {path: (await scene.get(path, scene.e1)).status for path in paths}
    await scene.again(admission="allow-list", allowed_hosts=(key(scene.partner.origin),))
    for path in paths:
        assert (await scene.get(path)).status == 401, path
        assert (await scene.get(path, scene.e1)).status == 403, path
        assert (await scene.get(path, scene.p1)).status == open_before[path], path
    async with scene.unchanged():
        create = scene.create(scene.g1)
        for inbox in ("/inbox", "/actor/inbox", "/practices/gun-violence/inbox"):
            got = await scene.push(scene.g1, create, inbox)
            assert (got.status, got.reason) == (403, "not-listed")
    assert (await scene.get("/actor")).status == 200  # what every signature of ours needs
    for path in (*DISCOVERY[1:], f"{DISCOVERY[0]}?resource={scene.origin}"):
        assert (await scene.get(path)).status == 200, path
    for path in ("/", "/catalog", "/practices/gun-violence"):
        assert (await scene.get(path, None, "text/html")).status == 200, path  # pages are for people
    assert (await scene.push(scene.p1, scene.create(scene.p1))).status == 202


async def test_a_blocked_peer_gets_nothing_and_brings_nothing(scene: Scene) -> None:
    """GHSA-ccpr-m53r-mfwr, CVE-2026-23961: neither what is cached, nor what was subscribed, nor through others."""
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Follow", scene.practice))).status == 202
    await scene.idle()
    await scene.again(admission="block", blocked_hosts=(key(scene.evil.origin),))
    scene.evil.seen.clear()
    made = scene.item(scene.e1)
    create = scene.create(scene.e1, made)
    original = canonical.read(scene.signed(scene.e1, create)).value
    for path in await _paths(scene):
        assert (await scene.get(path, scene.e1)).status == 403, path
    assert (await scene.push(scene.e1, create)).status == 403
    assert (await scene.push(scene.p1, scene.said(scene.p1, "Announce", original))).status == 202
    assert (await scene.push(scene.p1, scene.said(scene.p1, "Announce", scene.evil.url("/items/other")))).status == 202
    scene.logs[scene.p1.id] = [scene.signed(scene.e1, create)]
    scene.logs[scene.e1.id] = [scene.signed(scene.e1, create)]
    item = await scene.town.publish("News")
    await scene.idle()
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert not await scene.holds(made["id"])
    assert scene.evil.seen == []  # not a request: no push, no pull, no fetch of what P named
    delivered = [seen.body for seen in scene.partner.seen if seen.path.endswith("/inbox")]
    assert any(item.encode() in body for body in delivered)
    await scene.again()
    assert (await scene.push(scene.e1, create)).status == 202
    assert await scene.holds(made["id"])


async def test_a_block_of_our_own_is_said_to_be_ours_and_ends_with_the_setting(scene: Scene) -> None:
    host = key(scene.partner.origin)
    await scene.again(admission="block", blocked_hosts=(host,))
    item = await scene.town.publish("While blocked")

    async def paused() -> bool:
        return bool(await scene.rows("SELECT 1 FROM peer WHERE host = :host AND paused = 'blocked'", host=host))

    await settle(paused, "what is owed to the partner is paused")
    found = (await scene.town.api("GET", "/follows"))["follows"]
    said = next(one for one in found if one["target"] == scene.p1.id)
    assert (said["state"], said["sentence"].startswith("This node's own settings refuse them")) == ("paused", True)
    scene.partner.seen.clear()
    await scene.again()

    async def delivered() -> bool:
        return any(item.encode() in seen.body for seen in scene.partner.seen)

    await settle(delivered, "what was owed arrives, though the partner said nothing")


async def test_a_pull_that_our_own_settings_refuse_is_said_so(scene: Scene) -> None:
    await scene.again(admission="block", blocked_hosts=(key(scene.good.origin),))
    scene.clock.advance(limits.HOUR)

    async def refused() -> bool:
        return bool(await scene.rows("SELECT 1 FROM held_set WHERE owner = :o AND last_error <> ''", o=scene.g1.id))

    await settle(refused, "the hourly look is refused")
    found = (await scene.town.api("GET", "/follows"))["follows"]
    said = next(one for one in found if one["target"] == scene.g1.id)
    assert (said["state"], said["sentence"].startswith("This node's own settings refuse them")) == ("paused", True)
    await scene.again()

    async def pulled() -> bool:
        return not await refused()

    await settle(pulled, "it is asked at once")
    found = (await scene.town.api("GET", "/follows"))["follows"]
    assert next(one for one in found if one["target"] == scene.g1.id)["sentence"] == "Up to date."


# What is not for everyone


def _same(one: Got, other: Got) -> None:
    """Byte for byte, but for the date."""
    assert (one.status, one.body) == (other.status, other.body)
    assert {**one.headers, "Date": ""} == {**other.headers, "Date": ""}


@pytest.mark.parametrize("who", ["nobody", "an outsider", "one whom it is about"])
async def test_what_is_not_public_is_like_what_is_not_there(scene: Scene, who: str) -> None:
    stranger = Character(scene.evil, "/users/stranger")
    stranger.publish(scene.now)
    asker = {"nobody": None, "an outsider": stranger, "one whom it is about": scene.g1}[who]
    secret = scene.item(scene.g1, to=(f"{scene.origin}/actor",), name="For your eyes")
    own = (await scene.rows("SELECT id FROM item WHERE local = 1"))[0][0]
    adaptation = {**secret, "cw:kind": "adaptation", "cw:adaptedFrom": [{"id": own}]}
    assert (await scene.push(scene.g1, scene.create(scene.g1, adaptation))).status == 202
    accept = (
        await scene.rows("SELECT id FROM activity WHERE type = 'Accept' AND actor LIKE :us", us=f"{scene.origin}%")
    )[0][0]
    queue = (await scene.rows("SELECT name FROM held_set WHERE name LIKE 'queue:%'"))[0][0]
    absent = await scene.get("/activities/absent", asker)
    assert absent.status == 404
    _same(await scene.get(accept.removeprefix(scene.origin), asker), absent)
    for path in (
        f"/federation/object?id={secret['id']}",
        f"/federation/log?set={queue}",
        f"/federation/head?set={queue}",
        f"/federation/log?set={scene.practice}/members",
        f"/federation/head?set={scene.g1.id}/members",
    ):
        got = await scene.get(path, asker or stranger)
        _same(got, await scene.get("/federation/object?id=https://absent.example/1", asker or stranger))
        assert "private" in got.headers["Cache-Control"] or "no-store" in got.headers["Cache-Control"]
    # nor on the pages, in the catalog or in a count
    for page in ("/catalog", f"/catalog/item?id={secret['id']}", "/", "/nodeinfo/2.1"):
        assert b"For your eyes" not in (await scene.get(page, None, "text/html")).body
    assert await scene.town.item(secret["id"]) is None
    assert (await scene.town.api("GET", "/catalog", params={"q": "eyes"}))["total"] == 0


async def test_blind_recipients_never_leave(scene: Scene) -> None:
    """What g1 foolishly left in is not passed on by N, whose own documents never have it."""
    await scene.town.publish("Open")
    await scene.idle()
    for path in await _paths(scene):
        body = (await scene.get(path, scene.p1)).body
        assert b'"bto"' not in body
        assert b'"bcc"' not in body
    assert all(b'"bto"' not in seen.body for seen in scene.partner.seen)


# Errors

ODD = [
    "/federation/log?set=%ff%fe",
    "/federation/log?set=a&set=b",
    "/federation/log?set={set}&epoch=x",
    "/federation/log?set={set}&epoch=-1",
    "/federation/log?set={set}&after=1e3",
    "/federation/log?set={set}&after=99999999999999999999",
    "/federation/log?set={set}&after=%D9%A1",
    "/federation/log?set={set}&limit=0x10",
    "/federation/log?set={set}&epoch=1",
    "/federation/log?set={set}&after=1000000",
    "/federation/log?set={set}&after=9007199254740991",
    "/federation/log?set='%20OR%201=1--",
    "/federation/head",
    "/federation/head?set=https://absent.example/outbox",
    "/federation/object",
    "/federation/object?id=%00",
    "/federation/object?id=javascript:alert(1)",
    "/practices/gun-violence/outbox?after=x",
    "/practices/%ff/outbox",
    "/practices/..%2f..%2fetc%2fpasswd",
    "/activities/%00",
    "/items/%22%3E%3Cscript%3E",
    "/items/%ed%a0%80",
    "/.well-known/webfinger",
    "/.well-known/webfinger?resource=acct:%ff@x",
    "/.well-known/webfinger?resource=acct:gun-violence@evil.example",
    "/catalog?page=99999999999999999999",
    "/catalog?q=%00%ff'%20%22",
    "/catalog/item?id=%00",
    "/static/..%2f..%2fnode%2fapp.py",
    "/api/v1/items?id=x",
    "/operation",
]
STATUS = {"after=1000000": 409, "after=9007199254740991": 409, "epoch=1": 410, "epoch=x": 400, "after=1e3": 400,
          "epoch=-1": 400, "after=99999999999999999999": 400, "after=%D9%A1": 400, "limit=0x10": 400}  # fmt: skip
LEAKS = (b"Traceback", b"sqlite", b"SELECT ", b'File "', b"/node/", b"site-packages", b"aiohttp.", b"msgspec")


@pytest.mark.parametrize("path", ODD)
@pytest.mark.parametrize("accept", ["application/activity+json", "text/html"])
async def test_an_error_says_what_and_never_how(scene: Scene, path: str, accept: str) -> None:
    got = await scene.get(path.format(set=f"{scene.practice}/outbox"), scene.p1, accept)
    assert 200 <= got.status < 500, (got.status, got.body)
    assert not [leak for leak in LEAKS if leak in got.body], got.body
    expected = STATUS.get(path.rpartition("&")[2])
    assert expected in (None, got.status), got.body
    if got.status >= 400 and "json" in accept:
        assert got.headers["Content-Type"].startswith("application/problem+json")


BODIES = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"x"',
    b"{}",
    b'{"type":1}',
    b"\xef\xbb\xbf{}",
    b"{}{}",
    b'{"a":NaN}',
    b'{"a":"\\ud800"}',
    b"\xff",
    b'{"id":1,"type":[],"actor":{}}',
    b'{"type":"Create","id":"x","actor":"y"}',
]


@pytest.mark.parametrize("body", BODIES)
async def test_a_body_that_is_none_is_refused_in_words(scene: Scene, body: bytes) -> None:
    async with scene.unchanged():
        got = await scene.push(scene.e1, body)
        assert got.status in (400, 401), got
        assert not [leak for leak in LEAKS if leak in got.body], got.body
    to_follow = scene.said(scene.e1, "Follow", scene.practice, to=[PUBLIC])
    assert (await scene.push(scene.e1, to_follow)).status == 202
