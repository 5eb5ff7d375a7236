"""Security cases G and H: bodies too large, too slow or packed; cursors that lie; claims of more than there is."""

import asyncio
import gzip
import threading
from typing import Any

import msgspec
import pytest
from aiohttp import web

from node.federation.endpoints import Endpoints
from node.federation.served import HeadSigner
from node.storage.contract import Tx
from protocol import canonical, limits
from protocol import log as wire_log
from protocol.log import LogCursor, build_cursor
from protocol.vocabulary.context import ACTIVITY_JSON
from tests.federation.hostile import Character, Seen, answer, post_to, serve
from tests.security import forging
from tests.security.kit import START, Got, Scene


async def talk(port: int, *parts: bytes) -> bytes:
    """Send exactly this, and read until the other side closes or has answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in parts:
        writer.write(part)
        await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    return head


def _post(length: str, path: str = "/inbox") -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {ACTIVITY_JSON}\r\n{length}\r\n\r\n".encode()


@pytest.mark.parametrize("length", ["Content-Length: 2147483648", f"Content-Length: {limits.BODY_BYTES + 1}"])
async def test_a_body_that_says_it_is_too_large_is_not_read(scene: Scene, length: str) -> None:
    """413 while not a byte of it was sent."""
    head = await talk(scene.town.port, _post(length))
    assert head.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in head.lower()
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 202


async def test_a_body_without_an_end_is_cut_at_the_limit(scene: Scene) -> None:
    chunk = b"10000\r\n" + b" " * 65_536 + b"\r\n"
    head = await talk(scene.town.port, _post("Transfer-Encoding: chunked"), *[chunk] * 17)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert (await scene.push(scene.g1, scene.create(scene.g1))).status == 202


@pytest.mark.parametrize(
    "line",
    ["POST http://other.example/inbox HTTP/1.1", "POST inbox HTTP/1.1", "POST //other.example/inbox HTTP/1.1",
     "POST /inbox#x HTTP/1.1", "POST /inbox/../actor HTTP/1.1", "POST /\\inbox HTTP/1.1"],
)  # fmt: skip
async def test_an_odd_request_line_is_no_way_round(scene: Scene, line: str) -> None:
    head = await talk(
        scene.town.port, f"{line}\r\nHost: x\r\nContent-Type: {ACTIVITY_JSON}\r\nContent-Length: 2\r\n\r\n{{}}".encode()
    )
    assert head.split(b" ")[1] in (b"400", b"401", b"404", b"405")


async def test_a_slow_body_is_cut(scene: Scene) -> None:
    """The node's own endpoints with less patience: a body that comes a byte at a time, or stops, holds nothing."""
    node = scene.town.running
    head = HeadSigner(node.storage, node.keystore, node.clock, node.origin)
    impatient = Endpoints(
        node.origin, node.gate, node.keyring, node.storage, node.admission, node.clock, node.delivery.heard_from, head,
        "test", patience=50,
    )  # fmt: skip
    app = web.Application(client_max_size=limits.BODY_BYTES)
    app.router.add_post("/inbox", impatient.inbox)
    runner = web.AppRunner(app, auto_decompress=False)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    for sent in (b"", b"{", b'{"a":'):
        said = await talk(port, _post("Content-Length: 1000"), sent)
        assert said.startswith(b"HTTP/1.1 408 ")
        assert b"connection: close" in said.lower()
    body = scene.signed(scene.g1, scene.create(scene.g1))
    request = scene.request(scene.g1, body)
    lines = "".join(f"{name}: {value}\r\n" for name, value in request.headers)
    whole = f"POST /inbox HTTP/1.1\r\n{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
    assert (await talk(port, whole)).startswith(b"HTTP/1.1 202 ")
    await runner.cleanup()


async def test_a_flood_is_told_to_wait_and_stands_in_nobodys_way(scene: Scene) -> None:
    """While nothing can be stored, E has as many activities here as it may; G's is taken as if E were not there."""
    for actor in (scene.e1, scene.g1):  # the keys are known
        assert (await scene.push(actor, scene.create(actor))).status == 202
    flood = [scene.create(scene.e1) for _ in range(limits.INBOUND_A_HOST + 8)]
    standing, go = threading.Event(), threading.Event()

    def stand(_: Tx) -> None:
        standing.set()
        go.wait()

    holding = asyncio.create_task(scene.town.running.storage.transact(stand))
    await asyncio.to_thread(standing.wait)
    try:
        waiting = {asyncio.create_task(scene.push(scene.e1, create)) for create in flood}
        refused: list[Got] = []
        while len(refused) < 8:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            refused += [task.result() for task in done]
        assert {(got.status, got.reason, "Retry-After" in got.headers) for got in refused} == {
            (429, "too-many-requests", True)
        }
        other = asyncio.create_task(scene.push(scene.g1, scene.create(scene.g1)))
        late = asyncio.create_task(scene.push(scene.e1, flood[0]))  # the same answer, now that E is full
        assert (await late).status == 429
    finally:
        go.set()
    await holding
    assert {got.status for got in await asyncio.gather(*waiting)} == {202}
    assert (await other).status == 202
    assert {(await scene.push(scene.e1, create)).status for create in flood} == {202}  # and nothing is lost


async def test_an_unproved_name_takes_nobodys_place(scene: Scene) -> None:
    """A flood in G's name, signed by another's key, is no word of G's."""
    forged = Character(scene.evil, "/practices/evil")
    forged.key_id = scene.g1.key_id
    body = scene.signed(scene.g1, scene.create(scene.g1))
    requests = [scene.request(forged, body) for _ in range(limits.INBOUND_A_HOST + 8)]
    answers = await asyncio.gather(*(scene.send(request) for request in requests), scene.push(scene.g1, body))
    assert [got.status for got in answers] == [401] * len(requests) + [202]


BOMB = gzip.compress(b'{"a":"' + b" " * (4 * limits.BODY_BYTES) + b'"}')
CODINGS: dict[str, tuple[str, Any, int]] = {
    "a gzip bomb": ("gzip", lambda _: BOMB, 413),
    "gzip twice": ("gzip", lambda body: gzip.compress(gzip.compress(body)), 400),
    "two codings": ("gzip, gzip", lambda body: gzip.compress(gzip.compress(body)), 415),
    "another coding": ("br", lambda body: body, 415),
    "not gzip": ("gzip", lambda body: body, 400),
    "cut gzip": ("gzip", lambda body: gzip.compress(body)[:-9], 400),
    "gzip and more": ("gzip", lambda body: gzip.compress(body) + b"x", 400),
    "two members": ("gzip", lambda body: gzip.compress(body) + gzip.compress(b" "), 400),
    "gzip": ("gzip", gzip.compress, 202),
    "identity": ("identity", lambda body: body, 202),
}


@pytest.mark.parametrize("case", CODINGS)
async def test_one_layer_of_packing_within_the_limit(scene: Scene, case: str) -> None:
    coding, pack, status = CODINGS[case]
    body = pack(scene.signed(scene.g1, scene.create(scene.g1)))
    got = await scene.send(scene.request(scene.g1, body, content_encoding=coding))
    assert got.status == status, got


@pytest.mark.parametrize(
    ("media", "status"),
    [("application/json", 415), ("text/html", 415), ("application/ld+json", 415), ("", 415),
     ('application/ld+json; profile="https://www.w3.org/ns/activitystreams"', 202)],
)  # fmt: skip
async def test_only_activities_are_read(scene: Scene, media: str, status: int) -> None:
    body = scene.signed(scene.g1, scene.create(scene.g1))
    request = scene.g1.native(forging.with_headers(post_to(scene.inbox, body), ("content-type", media)), scene.now)
    assert (await scene.send(request)).status == status


# Commonweave-Log


async def _cursor(scene: Scene) -> tuple[int, int]:
    rows = await scene.rows("SELECT theirs_epoch, theirs_seq FROM held_set WHERE owner = :o", o=scene.e1.id)
    return rows[0]


def _log(scene: Scene, count: int) -> list[dict[str, Any]]:
    """E's log: `count` entries, and the items in it."""
    items = [scene.item(scene.e1) for _ in range(count)]
    scene.logs[scene.e1.id] = [scene.signed(scene.e1, scene.create(scene.e1, item)) for item in items]
    return items


@pytest.mark.parametrize(
    "said",
    [
        "x",
        '"{g1}/outbox"',
        '"{g1}/outbox";epoch=1;seq=2',
        '"{e1}/inbox";epoch=1;seq=2',
        '"{e1}/outbox";epoch=1;after=5;seq=5',
        '"{e1}/outbox";epoch=-1;seq=5',
        '"{e1}/outbox";epoch=99999999999999999;seq=5',
        '"{n}/outbox";epoch=1;seq=5',
    ],
)
async def test_a_cursor_is_of_the_senders_own_set(scene: Scene, said: str) -> None:
    value = said.format(g1=scene.g1.id, e1=scene.e1.id, n=scene.practice)
    async with scene.unchanged():
        got = await scene.push(scene.e1, scene.create(scene.e1), Commonweave_Log=value)
        assert got.status in (400, 403), got.body
    assert (await scene.push(scene.e1, scene.create(scene.e1))).status == 202


async def test_a_cursor_that_is_not_signed_counts_for_nothing(scene: Scene) -> None:
    request = scene.request(scene.e1, scene.signed(scene.e1, scene.create(scene.e1)))
    lie = build_cursor(LogCursor(f"{scene.e1.id}/outbox", START, 9_000, 0))
    assert (await scene.send(forging.with_headers(request, ("commonweave-log", lie)))).status == 202
    assert await _cursor(scene) == (START, 0)


@pytest.mark.parametrize("after", [4, None])
async def test_a_gap_is_pulled_and_nothing_is_skipped(scene: Scene, after: int | None) -> None:
    items = _log(scene, 6)
    said = build_cursor(LogCursor(f"{scene.e1.id}/outbox", START, 6, after))
    assert (await scene.push(scene.e1, scene.logs[scene.e1.id][5], Commonweave_Log=said)).status == 202
    await scene.idle()
    assert [await scene.holds(item["id"]) for item in items] == [True] * 6
    assert await _cursor(scene) == (START, 6)


@pytest.mark.parametrize(("epoch", "seq"), [(START, 2**53 - 1), (2**53 - 1, 7), (START + 1, 2**53 - 1)])
async def test_a_lie_about_the_log_heals(scene: Scene, epoch: int, seq: int) -> None:
    """Else everything that E, or whoever had its key for an hour, says afterwards would be taken for old."""
    served = _log(scene, 3)

    async def strict(seen: Seen) -> web.StreamResponse:
        query = seen.request.query
        if int(query["epoch"]) not in (0, START):
            return web.Response(status=410)
        if int(query["after"]) > 3:
            return web.Response(status=409)
        after = int(query["after"])
        page = wire_log.build_page(
            id=scene.evil.url(seen.path), set=query["set"], epoch=START, after=after, to=3, next=None,
            items=scene.logs[scene.e1.id][after:],
        )  # fmt: skip
        return await serve(page)(seen)

    scene.evil.on("/federation/log", strict)
    lie = build_cursor(LogCursor(f"{scene.e1.id}/outbox", epoch, seq, 0))
    assert (await scene.push(scene.e1, scene.create(scene.e1), Commonweave_Log=lie)).status == 202
    await scene.idle()
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    scene.clock.advance(limits.HOUR)
    await scene.idle()
    assert [await scene.holds(item["id"]) for item in served] == [True] * 3
    assert await _cursor(scene) == (START, 3)


# A peer's 202 that has seen more of our set than we hold


@pytest.mark.parametrize("what", ["nothing", "what E said", "what N said before", "what is not signed"])
async def test_a_claim_of_more_begins_no_epoch(scene: Scene, what: str) -> None:
    assert (await scene.push(scene.e1, scene.said(scene.e1, "Follow", scene.practice))).status == 202
    await scene.idle()
    [(epoch,)] = await scene.rows("SELECT epoch FROM held_set WHERE owner = :o", o=scene.practice)
    own = bytes(
        (await scene.rows("SELECT raw FROM activity WHERE actor = :o AND type = 'Create'", o=scene.practice))[0][0]
    )
    forged = scene.create(scene.e1)
    forged = {**forged, "actor": scene.practice, "id": f"{scene.origin}/activities/forged"}
    forged["object"] = {**forged["object"], "id": f"{scene.origin}/items/forged", "attributedTo": scene.practice}
    items = {
        "nothing": [],
        "what E said": [scene.signed(scene.e1, scene.create(scene.e1))],
        "what N said before": [own],
        "what is not signed": [canonical.encode(forged)],
    }[what]
    name = f"{scene.practice}/outbox"

    async def page(seen: Seen) -> web.StreamResponse:
        mine = seen.request.query["set"] == name
        made = wire_log.build_page(
            id=scene.evil.url(seen.path), set=seen.request.query["set"], epoch=epoch, after=0, to=9, next=None,
            items=items if mine else [],
        )  # fmt: skip
        return await serve(made)(seen)

    scene.evil.on("/federation/log", page)
    claim = build_cursor(LogCursor(name, epoch, 1_000_000))
    for path in ("/inbox", "/practices/evil/inbox"):
        scene.evil.on(path, answer(202, headers={"Commonweave-Log": claim}))
    await scene.town.publish("News")
    await scene.idle()
    while scene.town.running.restoring._running:
        await asyncio.gather(*scene.town.running.restoring._running.values())
    assert any(path.startswith("GET /federation/log") for path in scene.evil.paths)
    assert await scene.rows("SELECT epoch FROM held_set WHERE owner = :o", o=scene.practice) == [(epoch,)]
    assert msgspec.json.decode((await scene.get(f"/federation/log?set={name}", scene.p1)).body)["cw:epoch"] == epoch
