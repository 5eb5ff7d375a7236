"""Two processes with a door and eight workers share a node's work over one PostgreSQL, and are killed at random.

The 20 peers are real nodes, each behind a road that sees what is sent to it. Every peer gets every activity, in order,
and stores it once; what is sent twice was in flight at a kill; what was answered 202 is there once. Leases of the
killed lapse by the machine's clock, so this story takes more than a minute.
"""

import asyncio
import random
import signal
from collections import Counter
from contextlib import AsyncExitStack
from itertools import groupby
from pathlib import Path

import aiohttp
import pytest

from node import verification
from node.clock import SystemClock
from node.storage import postgres, tree
from node.storage.contract import Reads
from protocol import canonical, hash_tree
from tests.cluster.kit import Town, cluster, free_ports, settle
from tests.cluster.loader import City
from tests.cluster.test_following import accepted
from tests.cluster.test_kills import SEED, Receiver, Worker, acquaint, missing, sound, starter
from tests.federation.hostile import Seen, Server, serving

DOORS = 2
WORKERS = 8
PEERS = 20
PUBLISHED = 250  # to each peer: 5,000 activities go out
TAKEN = 5_000  # and as many come in
AUTHORS = 8
KILLS = 20
LAST_KILL = 0.8  # of what comes in; the lease of the last one killed lapses while the rest comes


async def publish(town: Town, token: str, city: City) -> None:
    """One item after another, as the city speaks; what was not answered is said again, as a person would."""
    headers = {"Authorization": f"Bearer {token}"}
    for number in range(PUBLISHED):
        while city.taken < TAKEN * number // PUBLISHED:
            await city.more()
        while True:
            body = {"title": f"Method {number}", "content": "How we do it.", "license": "CC-BY-4.0"}
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
        "SELECT e.activity FROM logged e JOIN held_set s ON s.key = e.set_key WHERE s.name = :name ORDER BY e.seq",
        name=f"{practice}/outbox",
    )
    return [row["activity"] for row in rows]


def under_lease(reads: Reads) -> set[str]:
    """The hosts that somebody, alive or dead, is delivering to."""
    return {row["host"] for row in reads.all("SELECT host FROM peer WHERE lease IS NOT NULL")}


def owed_still(reads: Reads) -> list[str]:
    """Who waits, and for what."""
    rows = reads.all(
        "SELECT p.host, p.due, p.lease, p.attempts, p.paused, p.last_error, p.last_ok, i.acked, i.wants, i.ended"
        " FROM inbox i JOIN peer p ON p.host = i.host WHERE i.wants IS NOT NULL OR i.ended = 1"
    )
    return [", ".join(f"{name} {row[name]}" for name in row.keys()) for row in rows]  # noqa: SIM118 a Row


def nonce_of(seen: Seen) -> str:
    """How the nonces of the process begin that sent this: each has a beginning of its own."""
    return seen.headers["signature-input"].partition('nonce="')[2][:16]


async def soundly_held(town: Town, practice: str) -> tuple[bytes, int]:
    """The root and count of the practice's set as this town keeps them, which are those of its entries."""
    name = f"{practice}/outbox"
    root, total = await town.running.storage.transact(lambda tx: tree.root_and_total(tx, name))
    held = await town.rows(
        "SELECT e.digest FROM logged e JOIN held_set s ON s.key = e.set_key WHERE s.name = :name", name=name
    )
    assert (root, total) == (hash_tree.root_of([row["digest"] for row in held]), len(held))
    return root, total


@pytest.mark.timeout(600)
async def test_two_doors_and_eight_workers_share_the_work_and_are_killed(tmp_path: Path, postgres_url: str) -> None:
    chance = random.Random(SEED)
    server, clock = Server(), SystemClock()
    [port] = free_ports(1)
    names = tuple(f"peer-{number + 1}" for number in range(PEERS))
    async with serving(server), AsyncExitStack() as stack:
        peers = await stack.enter_async_context(cluster(tmp_path, *names, clock=clock, roads=names, peers=(port,)))
        allowed = [server.port, *(peer.port for peer in peers)]
        town = Town(tmp_path / "steward", port, "steward", clock, allowed, database=postgres_url)
        city = City(server, f"{town.origin}/inbox", clock, AUTHORS, chance)
        await acquaint(town, city)
        await town.start()
        practice = await town.open_practice()
        for peer in peers:
            await peer.follow(practice)
        for peer in peers:
            await accepted(peer, practice)
        await town.rest()
        before = len(await town.running.storage.read(lambda reads: order_of(reads, practice)))
        token = town.running.keystore.mint_token(clock.now(), "story")
        await town.stop()
        for peer in peers:
            peer.road.seen.clear()

        doors = [Receiver(await stack.enter_async_context(starter()), town) for _ in range(DOORS)]
        workers = [
            Worker(await stack.enter_async_context(starter()), town, f"worker-{number + 1}")
            for number in range(WORKERS)
        ]
        processes: list[Receiver] = [*doors, *workers]
        for process in processes:
            stack.push_async_callback(process.gone)
        await asyncio.gather(*(process.start() for process in processes))
        city.up.set()
        enough = asyncio.Event()
        speaking = [asyncio.create_task(city.speak(author, enough)) for author in city.authors]
        publishing = asyncio.create_task(publish(town, token, city))

        killed: Counter[Receiver] = Counter()
        at_risk: Counter[str] = Counter()
        for kill in range(KILLS):
            while city.taken < TAKEN * LAST_KILL * (kill + 1) // KILLS:
                await city.more()
            victim = chance.choice(processes)
            await victim.end()
            killed[victim] += 1
            with postgres.look_into(postgres_url) as reads:
                at_risk.update(under_lease(reads))
                for author in city.authors:
                    assert not missing(reads, author), f"lost by kill {kill + 1}"
            await victim.start()
        while city.taken < TAKEN:
            await city.more()
        enough.set()
        await asyncio.gather(publishing, *speaking)
        assert [wrong for wrong in city.wrong if not wrong.startswith("503")] == []

        with postgres.look_into(postgres_url) as reads:
            whole = order_of(reads, practice)
        published = whole[before:]
        assert len(published) >= PUBLISHED

        def sent_to(peer: Town) -> list[str]:
            said = (canonical.read(seen.body).value["id"] for seen in peer.road.pushes())
            return [id for id in said if id in known]

        known = set(published)

        async def all_came() -> bool:
            last = published[-1].encode()
            return all(any(last in seen.body for seen in peer.road.pushes()[-1:]) for peer in peers)

        for _ in range(4):  # the leases of those who were killed last lapse meanwhile
            try:
                await settle(all_came)
                break
            except AssertionError:
                continue
        else:
            with postgres.look_into(postgres_url) as reads:
                pytest.fail(f"some wait still at {clock.now()}: {owed_still(reads)}")
        for process in processes:
            await process.end(signal.SIGTERM)

        twice = 0
        for peer in peers:
            came = sent_to(peer)
            assert [id for id, _ in groupby(came)] == published, peer.name  # in order; again only at once
            assert len(came) - len(published) <= at_risk[peer.origin.removeprefix("http://")], peer.name
            twice += len(came) - len(published)
        deliverers = {nonce_of(seen) for peer in peers for seen in peer.road.pushes()}
        assert len(deliverers) > 1  # how many depends on chance: who is faster keeps a host
        with postgres.look_into(postgres_url) as reads:
            for author in city.authors:
                sound(reads, author)
            assert verification.verify(reads, clock.now(), lambda _: None).faults == ()
            assert not under_lease(reads)

        await town.start()
        kept = await soundly_held(town, practice)
        assert kept[1] == len(whole)
        for peer in peers:
            assert await peer.running.storage.read(lambda reads: order_of(reads, practice)) == whole, peer.name
            [held] = await peer.rows("SELECT seq FROM held_set WHERE name = :name", name=f"{practice}/outbox")
            assert held["seq"] == len(whole), peer.name  # one entry each, whatever was sent again
            assert await soundly_held(peer, practice) == kept, peer.name
        await town.stop()
        print(
            f"{twice} sent twice in {KILLS} kills, {sum(killed[door] for door in doors)} of them of doors;"
            f" {len(deliverers)} processes delivered; {len(city.wrong)} answered 503"
        )
