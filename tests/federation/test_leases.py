"""Several deliverers over one database: a host is one's at a time, and nothing is sent once it is known to be there."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from node.federation.delivery import Delivery
from node.storage.postgres import open_postgres
from protocol.limits import FETCH_TIMEOUT, LEASE
from tests.federation.hostile import Seen, answer, serving
from tests.federation.stage import NOW, Stage, by_host, in_turn


class Slow:
    """Answers, but not before `go`; `came` is set by the first."""

    def __init__(self, status: int) -> None:
        self.came = asyncio.Event()
        self.go = asyncio.Event()
        self._status = status

    async def __call__(self, _: Seen) -> web.StreamResponse:
        self.came.set()
        await self.go.wait()
        return web.Response(status=self._status)


@asynccontextmanager
async def at_work(delivery: Delivery) -> AsyncIterator[None]:
    """It runs beside the stage's own."""
    running = asyncio.create_task(delivery.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_whoever_lost_its_lease_sends_no_more(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.publish(1, 2)
    stage.delivery = stage.another(stage.storage, visits=1)  # while it waits, it claims nothing
    late = Slow(401)
    stage.server.otherwise(in_turn(late, answer(202)))
    stage.run()
    await late.came.wait()
    async with at_work(stage.another(stage.storage)):
        await stage.clock.advance(LEASE)
        await stage.seen(3)
        await stage.settled()
        assert stage.bodies(0) == [stage.bytes_of(1), stage.bytes_of(1), stage.bytes_of(2)]
        late.go.set()
        await stage.delivery.stop()  # its visit has come to an end: the other form was not tried
        assert len(stage.server.seen) == 3
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(2, None)]
    peer = await stage.peer(0)
    assert (peer["due"], peer["lease"], peer["attempts"]) == (None, None, 0)


async def test_a_lease_is_renewed_before_a_request_that_it_would_not_outlive(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.publish(1)
    late = Slow(401)
    found: list[tuple[int, str]] = []

    async def look(_: Seen) -> web.StreamResponse:
        peer = await stage.peer(0)
        found.append((peer["due"], peer["lease"]))
        return web.Response(status=202)

    stage.server.otherwise(in_turn(late, look))
    stage.run()
    await late.came.wait()
    await stage.clock.advance(FETCH_TIMEOUT)
    late.go.set()
    await stage.seen(2)
    await stage.settled()
    assert found == [(NOW + FETCH_TIMEOUT + LEASE, "id1")]
    assert await stage.rows("SELECT acked, wants FROM inbox") == [(1, None)]


async def test_a_word_that_comes_to_another_process_has_a_failing_host_tried(tmp_path: Path, postgres_url: str) -> None:
    stage = Stage(tmp_path / "data")
    elsewhere = await open_postgres(postgres_url)
    async with serving(stage.server, stage.home):
        await stage.open(await open_postgres(postgres_url))
        door = stage.another(elsewhere, visits=1)
        busy = Slow(202)
        stage.server.otherwise(by_host(h0=in_turn(answer(500), answer(202)), h1=busy))
        await stage.subscribe(1)
        await stage.publish(1)
        async with at_work(door):
            await busy.came.wait()  # the door has no hand free, and it is the worker who fails
            await stage.subscribe(0)
            await stage.publish(2)
            stage.run()

            async def failed() -> bool:
                return (await stage.peer(0))["attempts"] == 1

            await stage.until(failed)
            busy.go.set()

            async def tried() -> bool:  # the clock stands still: by nothing but the peer's word
                door.heard_from(stage.host(0))
                return (await stage.peer(0))["attempts"] == 0

            await stage.until(tried)
            await stage.settled()
        assert stage.bodies(0)[-1] == stage.bytes_of(2)
        assert await stage.rows("SELECT wants FROM inbox") == [(None,)] * 2
        await stage.close()
        await elsewhere.close()


async def test_a_refusal_that_is_stored_again_is_one_refusal(stage: Stage) -> None:
    await stage.subscribe(0)
    await stage.publish(1)
    stage.delivery = stage.another(stage.storage, visits=1)  # while it waits, it claims nothing
    late = Slow(413)
    stage.server.otherwise(in_turn(late, answer(413)))
    stage.run()
    await late.came.wait()
    async with at_work(stage.another(stage.storage)):
        await stage.clock.advance(LEASE)
        await stage.seen(2)
        await stage.settled()
        late.go.set()
        await stage.delivery.stop()
    assert await stage.rows("SELECT activity, status FROM refusal") == [("a1", 413)]
