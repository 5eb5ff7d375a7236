"""The database restarts, and crashes, under load: whoever speaks hears 202 or 503 alone, and every 202 is there."""

import asyncio
import random
from contextlib import AsyncExitStack
from pathlib import Path

from node.clock import SystemClock
from node.storage import postgres
from tests.cluster.kit import Town, free_ports
from tests.cluster.loader import City
from tests.cluster.test_kills import SEED, acquaint, missing, sound
from tests.federation.hostile import Server, serving
from tests.postgres import Server as Database

RESTARTS = 6
AUTHORS = 6
BETWEEN = 60  # acknowledged between two restarts


async def test_a_restart_of_the_database_costs_waiting_and_nothing_else(tmp_path: Path) -> None:
    server, clock, database = Server(), SystemClock(), Database()
    database.start()
    [port] = free_ports(1)
    async with serving(server), AsyncExitStack() as stack:
        stack.callback(database.remove)
        url = database.database()
        town = Town(tmp_path / "steward", port, "steward", clock, [server.port], database=url)
        city = City(server, f"{town.origin}/inbox", clock, AUTHORS, random.Random(SEED))
        await acquaint(town, city)
        await town.start()
        stack.push_async_callback(town.stop)
        city.up.set()
        enough = asyncio.Event()
        speaking = [asyncio.create_task(city.speak(author, enough)) for author in city.authors]

        for turn in range(RESTARTS):
            target = city.taken + BETWEEN
            while city.taken < target:
                await city.more()
            await asyncio.to_thread(database.crash if turn % 2 else database.stop)
            refused = len(city.wrong)
            while len(city.wrong) == refused:  # noqa: ASYNC110 until somebody was told to come back
                await asyncio.sleep(0)
            await asyncio.to_thread(database.start)
            with postgres.look_into(url) as reads:
                for author in city.authors:
                    assert not missing(reads, author), f"lost by restart {turn + 1}"
        target = city.taken + BETWEEN
        while city.taken < target:
            await city.more()
        enough.set()
        await asyncio.gather(*speaking)

        assert {wrong[:3] for wrong in city.wrong} == {"503"}
        with postgres.look_into(url) as reads:
            for author in city.authors:
                sound(reads, author)
        # The workers have lived through it, too: what is said now goes out.
        assert all(not worker.done() for worker in town.running._workers)
