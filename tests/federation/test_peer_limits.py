"""The guarded client against real servers: how long, how much, what type, whose document (security cases D)."""

import asyncio
import gzip

import pytest

from node.federation.peer import Peers, Session, document, metadata
from protocol.errors import Reason, RemoteProtocolError
from tests.federation.clients import HASTY, refused
from tests.federation.hostile import (
    Cast,
    answer,
    drip,
    oversize,
    redirect,
    serve,
    silence,
)

# How long


async def test_a_drip_ends_while_others_are_served(world: Cast, hasty: Peers) -> None:
    world.good.on("/x", serve({}))
    slow = asyncio.create_task(hasty.get(world.evil.on("/drip", drip())))
    assert (await hasty.get(world.good.url("/x"))).status == 200
    assert not slow.done()
    assert (await refused(slow)).kind == "timeout"


async def test_silence_ends(world: Cast, hasty: Peers) -> None:
    assert (await refused(hasty.get(world.evil.on("/x", silence())))).kind == "timeout"


async def test_a_name_server_that_hangs_ends(world: Cast) -> None:
    async def names(_: str) -> list[str]:
        await asyncio.Event().wait()
        return []

    peers = Peers("t", world.allowed, HASTY, names=names)
    assert (await refused(peers.get("https://slow.example/"))).kind == "timeout"
    await peers.close()


async def test_the_time_in_all_covers_redirects(world: Cast) -> None:
    async def names(_: str) -> list[str]:
        return ["127.0.0.1"]

    peers = Peers("t", world.allowed, Session(connect=5_000, read=5_000, total=200), names=names)
    for hop in range(2):
        world.evil.on(f"/{hop}", redirect(f"/{hop + 1}"))
    world.evil.on("/2", silence())
    assert (await refused(peers.get(world.evil.url("/0")))).kind == "timeout"
    await peers.close()


# How much


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize("encoding", [None, "gzip"])
async def test_a_body_over_the_cap_is_cut_off(world: Cast, peers: Peers, chunked: bool, encoding: str | None) -> None:
    fits = world.good.on("/fits", oversize(10_000, chunked, encoding))
    over = world.evil.on("/over", oversize(10_001, chunked, encoding))
    bomb = world.evil.on("/bomb", oversize(5_000_000, chunked, encoding))
    assert len((await peers.get(fits)).body) == 10_000
    assert (await refused(peers.get(over))).kind == "too-large"
    assert (await refused(peers.get(bomb))).kind == "too-large"


async def test_the_real_cap_is_one_mebibyte(world: Cast) -> None:
    peers = Peers("t", world.allowed)
    two = world.evil.on("/two", oversize(2 * 1024 * 1024, chunked=True))
    one = world.good.on("/one", oversize(1024 * 1024))
    assert (await refused(peers.get(two))).kind == "too-large"
    assert len((await peers.get(one)).body) == 1024 * 1024
    await peers.close()


PACKED = gzip.compress(b"{}")


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PACKED, "br"),
        (PACKED, "deflate"),
        (gzip.compress(PACKED), "gzip, gzip"),
        (PACKED[:-4], "gzip"),
        (PACKED + PACKED, "gzip"),
        (b"{}", "gzip"),
        (PACKED + b"x", "gzip"),
    ],
)
async def test_only_one_whole_layer_of_gzip_is_read(world: Cast, peers: Peers, body: bytes, encoding: str) -> None:
    url = world.evil.on("/x", answer(200, body, headers={"Content-Encoding": encoding}))
    assert (await refused(peers.get(url))).kind == "bad-response"


async def test_two_layers_are_not_unpacked(world: Cast, peers: Peers) -> None:
    url = world.evil.on("/x", answer(200, gzip.compress(PACKED), headers={"Content-Encoding": "gzip"}))
    assert (await peers.get(url)).body == PACKED


async def test_a_post_knows_its_status_whatever_follows(world: Cast, hasty: Peers) -> None:
    for handler in (oversize(5_000_000, True), drip(status=202), oversize(5_000_000, encoding="gzip")):
        answered = await hasty.post(world.evil.on("/inbox", handler), b"{}", [("content-type", "application/json")])
        assert answered.status in {200, 202}


# What type

PROFILE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'
READ = [
    ("application/activity+json", True),
    ("Application/Activity+JSON; charset=utf-8", True),
    (PROFILE, True),
    ('application/ld+json; charset=utf-8; profile="https://w3.org/x https://www.w3.org/ns/activitystreams"', True),
    ("application/ld+json", False),
    ('application/ld+json; profile="https://www.w3.org/ns/activitystreamsx"', False),
    ("application/json", False),
    ("text/html", False),
    ("text/plain", False),
    ("image/png", False),
    ("application/activity+jsonx", False),
    ("application/activity+json, text/html", False),
    ("", False),
]


@pytest.mark.parametrize(("media_type", "read"), READ)
async def test_the_media_type_of_a_document(world: Cast, peers: Peers, media_type: str, read: bool) -> None:
    url = world.good.url("/a")
    world.good.on("/a", serve({"id": url}, media_type))
    if read:
        assert (await peers.document_at(url)).value == {"id": url}
    else:
        with pytest.raises(RemoteProtocolError) as caught:
            await peers.document_at(url)
        assert caught.value.reason is Reason.WRONG_TYPE


@pytest.mark.parametrize(
    ("media_type", "read"),
    [("application/jrd+json", True), ("application/json; charset=utf-8", True), ("text/html", False)],
)
async def test_the_media_type_of_webfinger(world: Cast, peers: Peers, media_type: str, read: bool) -> None:
    answered = await peers.get(world.good.on("/w", serve({}, media_type)))
    if read:
        assert metadata(answered) == b"{}"
    else:
        with pytest.raises(RemoteProtocolError):
            metadata(answered)
    with pytest.raises(RemoteProtocolError):
        document(answered)


# Whose document


async def test_a_document_is_fetched_once_more_at_its_id(world: Cast, peers: Peers) -> None:
    good = world.good
    good.on("/@a", serve({"id": good.url("/a")}))
    good.on("/a", serve({"id": good.url("/a"), "name": "A"}))
    assert (await peers.document_at(good.url("/@a"))).value["name"] == "A"
    assert good.paths == ["GET /@a", "GET /a"]


async def test_an_id_that_leads_on_is_dropped(world: Cast, peers: Peers) -> None:
    good = world.good
    for one in range(3):
        good.on(f"/{one}", serve({"id": good.url(f"/{one + 1}")}))
    with pytest.raises(RemoteProtocolError):
        await peers.document_at(good.url("/0"))
    assert good.paths == ["GET /0", "GET /1"]


async def test_an_id_of_another_origin_is_dropped_unfetched(world: Cast, peers: Peers) -> None:
    """CVE-2024-23832: E serves an actor whose id is at G."""
    world.good.on("/g1", serve({"id": world.good.url("/g1")}))
    for name in (world.good.url("/g1"), f"https://127.0.0.1:{world.evil.port}/x", "x", 7, None):
        world.evil.on("/x", serve({"id": name}))
        with pytest.raises(RemoteProtocolError):
            await peers.document_at(world.evil.url("/x"))
    world.evil.on("/y", redirect(world.good.url("/g2")))
    world.good.on("/g2", serve({"id": world.evil.url("/y")}))
    with pytest.raises(RemoteProtocolError):
        await peers.document_at(world.evil.url("/y"))
    assert world.good.paths == ["GET /g2"]


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"a":' + b"9" * 5_000 + b"}", b'{"a":1,"a":2}', b"[]", b"\xff"])
async def test_what_is_no_document_is_refused_and_the_next_is_read(world: Cast, body: bytes) -> None:
    peers = Peers("t", world.allowed)
    world.evil.on("/x", serve(body))
    with pytest.raises(RemoteProtocolError):
        await peers.document_at(world.evil.url("/x"))
    url = world.good.url("/a")
    world.good.on("/a", serve({"id": url}))
    assert (await peers.document_at(url)).value == {"id": url}
    await peers.close()


async def test_another_status_is_told(world: Cast, peers: Peers) -> None:
    for status in (404, 410, 500):
        error = await refused(peers.document_at(world.good.on("/x", answer(status))))
        assert (error.kind, error.status) == ("status", status)
