"""Eight processes of one node share a port, a PostgreSQL and the work, and are killed at random under load.

Each serves and each delivers. Every peer gets every activity, in order; what is sent twice was in flight at a kill;
what was answered 202 is there once. Leases of the killed lapse by the machine's clock, so this story takes a minute.
"""

import asyncio
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import msgspec
import pytest

from node import verification
from node.clock import SystemClock
from node.federation import following
from node.storage import postgres, tree
from node.storage.contract import Reads, Tx
from protocol import canonical, hash_tree
from tests.cluster.kit import Town, free_ports, settle
from tests.cluster.loader import City
from tests.cluster.test_kills import SEED, Receiver, acquaint, missing, sound, starter
from tests.federation.hostile import Server, answer, serving

PROCESSES = 8
PEERS = 20
PUBLISHED = 125  # to each peer: 2,500 activities go out
TAKEN = 2_500  # and as many come in
AUTHORS = 8
KILLS = 10


async def be_followed(town: Town, practice: str, port: int) -> list[str]:
    """Peers at hosts of their own follow the practice; their hosts. The whole of 127/8 leads here."""
    hosts = [f"127.1.0.{number + 1}:{port}" for number in range(PEERS)]

    def work(tx: Tx) -> None:
        for host in hosts:
            at = f"http://{host}"
            edge = following.AddFollower(f"{at}/actor", practice, f"{at}/activities/1", f"{at}/inbox", host)
            following.apply(tx, None, (edge,), town.clock.now())
        tx.run("UPDATE peer SET form = 'native'")

    await town.running.storage.transact(work)
    return hosts


async def publish(town: Town, token: str, city: City) -> None:
    """One item after another, as the city speaks; what was not answered is said again, as a person would."""
    headers = {"Authorization": f"Bearer {token}"}
    for number in range(PUBLISHED):
        while city.taken < TAKEN * number // PUBLISHED:
            await city.more()
        while True:
            body = {"title": f"Method {number}", "content": "How we do it."}
            try:
                async with (
                    aiohttp.ClientSession(town.origin, headers=headers) as client,
                    client.post("/api/v1/practices/gun-violence/items", json=body) as got,
                ):
                    status = got.status
            except (aiohttp.ClientError, ConnectionError):
                await asyncio.sleep(0)
                continue
            assert status in (201, 503), status
            if status == 201:
                break


def order_of(reads: Reads, practice: str) -> list[str]:
    """The activities of the practice's set in the order of its log."""
    rows = reads.all(
        "SELECT e.activity FROM entry e JOIN held_set s ON s.key = e.set_key WHERE s.name = :name ORDER BY e.seq",
        name=f"{practice}/outbox",
    )
    return [row["activity"] for row in rows]


@pytest.mark.timeout(400)
async def test_eight_processes_share_the_work_and_are_killed(tmp_path: Path, postgres_url: str) -> None:
    chance = random.Random(SEED)
    server, clock = Server("0.0.0.0", name="127.0.0.1"), SystemClock()
    server.on("/inbox", answer(202))
    [port] = free_ports(1)
    async with serving(server), AsyncExitStack() as stack:
        town = Town(tmp_path / "steward", port, "steward", clock, [server.port], database=postgres_url)
        pairs = tuple(f"127.1.0.{number + 1}:{server.port}" for number in range(PEERS))
        town.settings = msgspec.structs.replace(town.settings, allow_peers=(*town.settings.allow_peers, *pairs))
        city = City(server, f"{town.origin}/inbox", clock, AUTHORS, chance)
        await acquaint(town, city)
        await town.start()
        practice = await town.open_practice()
        hosts = await be_followed(town, practice, server.port)
        before = len(await town.running.storage.read(lambda reads: order_of(reads, practice)))
        token = town.running.keystore.mint_token(clock.now(), "story")
        await town.stop()
        server.seen.clear()

        processes: list[Receiver] = []
        for _ in range(PROCESSES):
            process = Receiver(await stack.enter_async_context(starter()), town)
            stack.push_async_callback(process.gone)
            processes.append(process)
        await asyncio.gather(*(process.start() for process in processes))
        city.up.set()
        enough = asyncio.Event()
        speaking = [asyncio.create_task(city.speak(author, enough)) for author in city.authors]
        publishing = asyncio.create_task(publish(town, token, city))

        for kill in range(KILLS):
            while city.taken < TAKEN * (kill + 1) // (KILLS + 1):
                await city.more()
            victim = chance.choice(processes)
            await victim.end()
            with postgres.look_into(postgres_url) as reads:
                for author in city.authors:
                    assert not missing(reads, author), f"lost by kill {kill + 1}"
            await victim.start()
        while city.taken < TAKEN:
            await city.more()
        enough.set()
        await asyncio.gather(publishing, *speaking)
        assert [wrong for wrong in city.wrong if not wrong.startswith("503")] == []

        def at(host: str) -> list[str]:
            return [
                canonical.read(seen.body).value["id"]
                for seen in server.seen
                if seen.headers["host"] == host and seen.path == "/inbox"
            ]

        with postgres.look_into(postgres_url) as reads:
            whole = order_of(reads, practice)
        published = whole[before:]

        async def all_came() -> bool:
            return all(published[-1] in at(host) for host in hosts)

        for _ in range(4):  # the leases of those who were killed last lapse meanwhile
            try:
                await settle(all_came)
                break
            except AssertionError:
                continue
        for process in processes:
            await process.end(signal.SIGTERM)

        assert len(published) >= PUBLISHED
        twice = 0
        for host in hosts:
            came = at(host)
            assert list(dict.fromkeys(came)) == published
            again = sum(Counter(came).values()) - len(set(came))
            assert again <= KILLS  # one is in flight to a peer at a time
            twice += again
        with postgres.look_into(postgres_url) as reads:
            for author in city.authors:
                sound(reads, author)
            assert verification.verify(reads, clock.now(), lambda _: None).faults == ()
            assert reads.all("SELECT host FROM peer WHERE lease IS NOT NULL") == []

        await town.start()
        name = f"{practice}/outbox"
        root, total = await town.running.storage.transact(lambda tx: tree.root_and_total(tx, name))
        held = await town.rows(
            "SELECT e.digest FROM entry e JOIN held_set s ON s.key = e.set_key WHERE s.name = :name", name=name
        )
        assert (root, total) == (hash_tree.root_of([row["digest"] for row in held]), len(whole))
        await town.stop()
        print(f"{twice} sent twice in {KILLS} kills, {len(city.wrong)} answered 503")
