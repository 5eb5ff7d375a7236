"""Push against real servers and a real database: order, isolation, forms, and what survives (section 8, Push)."""

import asyncio
from typing import Any

from aiohttp import web

from node.federation.delivery import SLOT_TIME, SLOTS
from protocol import http_signature
from protocol.errors import PROBLEM_BASE
from protocol.http_message import Request
from protocol.limits import IN_FLIGHT_A_HOST, LEASE, MINUTE, SECOND
from protocol.log import LogCursor, build_cursor, read_cursor
from tests.federation.hostile import Seen, answer, redirect, silence
from tests.federation.stage import EPOCH, NOW, Stage, by_host, in_turn


async def test_exact_bytes_in_order_under_a_fresh_signature(stage: Stage) -> None:
    await stage.subscribe(0, form="native")
    await stage.publish(1, 2, 3)
    stage.run()
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1), stage.bytes_of(2), stage.bytes_of(3)]
    for number, seen in enumerate(stage.server.seen, 1):
        assert read_cursor(seen.headers["commonweave-log"]) == LogCursor(stage.set, EPOCH, number, number - 1)
        headers = tuple((name.lower(), value) for name, value in seen.headers.items())
        request = Request("POST", stage.inbox(0), headers, seen.body)
        signature = http_signature.read_any(request, stage.clock.now())
        http_signature.check(signature, stage.author.key.public)
        assert {"@method", "@target-uri", "content-type", "content-digest", "commonweave-log"} <= set(signature.covered)
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(3, None)]
    peer = await stage.peer(0)
    assert (peer["due"], peer["lease"], peer["attempts"], peer["last_ok"]) == (None, None, 0, NOW)


async def test_a_direct_queue_never_names_itself(stage: Stage) -> None:
    queue = f"queue:{stage.inbox(0)}"
    await stage.subscribe(0, name=queue)
    await stage.publish(1, name=queue)
    stage.run()
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1)]
    assert "commonweave-log" not in stage.server.seen[0].headers


async def test_what_is_published_meanwhile_goes_too(stage: Stage) -> None:
    await stage.subscribe(0)

    async def publish_another(_: Seen) -> web.StreamResponse:
        if len(stage.server.seen) < 5:
            await stage.publish(len(stage.server.seen) + 1)
        return web.Response(status=202)

    stage.server.otherwise(publish_another)
    stage.run()
    await stage.publish(1)
    await stage.seen(5)
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(number) for number in range(1, 6)]


async def test_what_was_superseded_is_left_out(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.publish(1, 2)
    await stage.publish(3, superseded=2)
    stage.run()
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1), stage.bytes_of(3)]
    cursors = [read_cursor(seen.headers["commonweave-log"]) for seen in stage.server.seen]
    assert [(cursor.after, cursor.seq) for cursor in cursors] == [(0, 1), (1, 3)]


# Forms


async def test_an_unknown_peer_gets_the_legacy_form(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.publish(1)
    stage.run()
    await stage.settled()
    assert stage.signed == [(stage.inbox(0), "legacy")]
    assert (await stage.peer(0))["form"] == "legacy"


async def test_a_peer_that_declares_it_gets_the_native_form(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO actor(id, host, local, type, name, handle, inbox, sequence, proof, native, fetched, raw)"
            " VALUES('x', :host, 0, 'Group', 'x', 'x', 'x', 1, 1, 1, 1, :raw)", host=stage.host(0), raw=b"{}",
        )
    )  # fmt: skip
    await stage.publish(1)
    stage.run()
    await stage.settled()
    assert stage.signed == [(stage.inbox(0), "native")]


async def test_the_other_form_is_tried_once_and_remembered(stage: Stage) -> None:
    for number in range(2):
        await stage.subscribe(number)
    again = {f"h{number}": in_turn(answer(status), answer(202)) for number, status in enumerate((401, 400))}
    stage.server.otherwise(by_host(**again))
    await stage.publish(1, 2)
    stage.run()
    await stage.settled()
    for number in range(2):
        assert [form for url, form in stage.signed if url == stage.inbox(number)] == ["legacy", "native", "native"]
        assert (await stage.peer(number))["form"] == "native"
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(2, None)] * 2


async def test_two_refusals_of_the_signature_pause(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(answer(401))
    await stage.publish(1)
    stage.run()
    await stage.settled()
    assert [form for _, form in stage.signed] == ["legacy", "native"]
    peer = await stage.peer(0)
    assert (peer["due"], peer["form"], peer["paused"]) == (None, None, "they answered 401")


# Isolation


async def test_one_slow_host_delays_no_other(stage: Stage) -> None:
    for number in range(5):
        await stage.subscribe(number)
    stage.server.otherwise(by_host(h2=silence()))
    stage.run()
    await stage.publish(1)

    async def others_have_it() -> bool:
        return await stage.rows("SELECT count(*) AS n FROM inbox WHERE acked = 1") == [(4,)]

    await stage.until(others_have_it)
    assert stage.bodies(2) == [stage.bytes_of(1)]  # its request is still open
    assert (await stage.peer(2))["lease"] is not None


async def test_a_request_that_waits_gives_its_slot_back(stage: Stage) -> None:
    for number in range(SLOTS + 1):
        await stage.subscribe(number)
    stage.server.otherwise(silence())
    await stage.publish(1)
    stage.run()
    await stage.seen(SLOTS)
    await stage.publish(2)
    assert len(stage.server.seen) == SLOTS
    await stage.clock.advance(SLOT_TIME)
    await stage.seen(SLOTS + 1)
    assert len({seen.headers["host"] for seen in stage.server.seen}) == SLOTS + 1
    assert await stage.rows("SELECT count(*) AS n FROM inbox WHERE acked > 0") == [(0,)]  # all are still open


async def test_four_in_flight_a_host_and_one_while_it_fails(stage: Stage) -> None:
    for inbox in range(6):
        await stage.subscribe(0, f"/{inbox}")
    await stage.publish(1)
    open_now, most = 0, [0]
    full, gate = asyncio.Event(), asyncio.Event()

    async def count(_: Seen) -> web.StreamResponse:
        nonlocal open_now
        open_now += 1
        most.append(max(most[-1], open_now))
        if open_now == IN_FLIGHT_A_HOST:
            full.set()
        await gate.wait()
        open_now -= 1
        return web.Response(status=202 if stage.clock.now() > NOW else 503)

    stage.server.otherwise(count)
    stage.run()
    await full.wait()
    assert len(stage.server.seen) == IN_FLIGHT_A_HOST
    gate.set()
    await stage.settled()
    assert len(stage.server.seen) == IN_FLIGHT_A_HOST  # the fifth was not begun: the host fails
    most[:] = [0]
    await stage.clock.advance(30 * SECOND)
    await stage.seen(IN_FLIGHT_A_HOST + 6)
    await stage.settled()
    assert max(most) == 1
    assert await stage.rows("SELECT acked FROM inbox WHERE wants IS NOT NULL") == []


# Outcomes


async def test_the_lease_is_stored_before_the_request(stage: Stage) -> None:
    await stage.subscribe(0)
    found: list[dict[str, Any]] = []

    async def look(_: Seen) -> web.StreamResponse:
        found.append(await stage.peer(0))
        return web.Response(status=202)

    stage.server.otherwise(look)
    await stage.publish(1)
    stage.run()
    await stage.settled()
    assert (found[0]["due"], found[0]["lease"]) == (NOW + LEASE, "id1")


async def test_a_failing_host_is_tried_by_the_schedule(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(in_turn(answer(500), answer(404), answer(503, headers={"Retry-After": "900"}), answer(202)))
    await stage.publish(1)
    stage.run()
    for attempts, wait in enumerate((30 * SECOND, 2 * MINUTE, 990 * SECOND), 1):
        await stage.seen(attempts)
        await stage.settled()
        peer = await stage.peer(0)
        assert (peer["due"] - stage.clock.now(), peer["attempts"], peer["failing_since"]) == (wait, attempts, NOW)
        await stage.clock.advance(wait)
    await stage.seen(4)
    await stage.settled()
    peer = await stage.peer(0)
    assert (peer["due"], peer["attempts"], peer["failing_since"], peer["last_error"]) == (None, 0, None, None)


async def test_a_word_from_a_failing_host_has_it_tried_at_once(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(in_turn(answer(500), answer(500), answer(202)))
    await stage.publish(1)
    stage.run()
    await stage.seen(1)
    await stage.settled()
    stage.delivery.heard_from(stage.host(1))
    stage.delivery.heard_from(stage.host(0))
    await stage.seen(2)
    await stage.settled()
    stage.delivery.heard_from(stage.host(0))  # it spoke and did not listen: not at once again
    await stage.publish(2)

    async def soon() -> bool:
        return (await stage.peer(0))["due"] == NOW + 2 * SECOND

    await stage.until(soon)
    await stage.clock.advance(2 * SECOND)
    await stage.seen(4)
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1)] * 3 + [stage.bytes_of(2)]


async def test_refused_for_good_is_recorded_and_passed_over(stage: Stage) -> None:
    await stage.subscribe(0, form="native")
    problem = b'{"type":"https://w3id.org/commonweave/problems#too-large","detail":"Too\\nlarge."}'
    stage.server.otherwise(in_turn(answer(413, problem, "application/problem+json"), answer(202)))
    await stage.publish(1, 2)
    stage.run()
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1), stage.bytes_of(2)]
    assert await stage.rows("SELECT activity, status, reason FROM refusal") == [
        ("a1", 413, "they answered 413 too-large: Too large.")
    ]
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(2, None)]


async def test_a_paused_peer_waits_for_a_person(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(in_turn(answer(403), answer(202)))
    await stage.publish(1)
    stage.run()
    await stage.seen(1)
    await stage.settled()
    await stage.publish(2)
    stage.delivery.heard_from(stage.host(0))
    await stage.clock.advance(30 * 24 * 60 * MINUTE)
    await stage.settled()
    assert len(stage.server.seen) == 1
    await stage.delivery.unpause(stage.host(0))
    await stage.seen(3)
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(1), stage.bytes_of(1), stage.bytes_of(2)]


async def test_gone_and_not_followed_end_this_subscription_only(stage: Stage) -> None:
    other = stage.author.id + "/members"
    for path in ("/a", "/b"):
        await stage.subscribe(0, path)
    await stage.subscribe(0, "/a", name=other)
    not_followed = b'{"type":"%snot-followed"}' % PROBLEM_BASE.encode()

    async def handle(seen: Seen) -> web.StreamResponse:
        if seen.path == "/b":
            return web.Response(status=410)
        if read_cursor(seen.headers["commonweave-log"]).set == stage.set:
            return web.Response(status=403, body=not_followed, content_type="application/problem+json")
        return web.Response(status=202)

    stage.server.otherwise(handle)
    await stage.publish(1)
    await stage.publish(2, name=other)
    stage.run()
    await stage.settled()
    rows = await stage.rows("SELECT url, acked, wants, ended FROM inbox ORDER BY key")
    assert [row[1:] for row in rows] == [(0, None, 1), (0, None, 1), (1, None, 0)]
    assert (await stage.peer(0))["paused"] is None
    await stage.publish(3)
    await stage.settled()
    assert len(stage.server.seen) == 3


async def test_a_redirected_post_is_not_an_answer(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(redirect(stage.home.url("/inbox")))
    await stage.publish(1)
    stage.run()
    await stage.seen(1)
    await stage.settled()
    assert stage.home.seen == []
    assert (await stage.peer(0))["attempts"] == 1


async def test_a_peer_that_knows_more_than_was_sent_is_told_of(stage: Stage) -> None:
    await stage.subscribe(0)
    header = build_cursor(LogCursor(stage.set, EPOCH, 7))
    stage.server.otherwise(answer(202, headers={"Commonweave-Log": header}))
    await stage.publish(1)
    stage.run()
    await stage.settled()
    assert stage.ahead == [(stage.set, EPOCH, 7, stage.host(0))]


# What survives


async def test_killed_in_the_middle_it_goes_on_where_it_was(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(in_turn(answer(202), silence(), answer(202)))
    await stage.publish(1, 2, 3)
    stage.run()
    await stage.seen(2)
    await stage.kill()
    stage.begin()
    await stage.delivery.recover()
    stage.run()
    await stage.seen(4)
    await stage.settled()
    assert stage.bodies(0) == [stage.bytes_of(number) for number in (1, 2, 2, 3)]
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(3, None)]


async def test_a_lease_that_runs_out_is_taken_over(stage: Stage) -> None:
    await stage.subscribe(0)
    stage.server.otherwise(in_turn(silence(), answer(202)))
    await stage.publish(1)
    stage.run()
    await stage.seen(1)
    await stage.kill()
    stage.begin()
    stage.run()
    await stage.clock.advance(LEASE)
    await stage.seen(2)
    await stage.settled()
    assert await stage.rows("SELECT acked FROM inbox") == [(1,)]


async def test_stopping_waits_for_what_is_under_way(stage: Stage) -> None:
    await stage.subscribe(0)
    gate = asyncio.Event()

    async def handle(_: Seen) -> web.StreamResponse:
        await gate.wait()
        return web.Response(status=202)

    stage.server.otherwise(handle)
    await stage.publish(1, 2)
    stage.run()
    await stage.seen(1)
    stopping = asyncio.create_task(stage.delivery.stop())
    await asyncio.sleep(0)
    gate.set()
    await stopping
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(1, 2)]
    assert len(stage.server.seen) == 1
    assert (await stage.peer(0))["lease"] is None
