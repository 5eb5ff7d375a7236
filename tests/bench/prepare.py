"""The data directories that the benchmark starts from, written before anything runs: through the gate and the rooms'
own functions, as a node would have come to them by following and being followed.
"""

import asyncio
import socket
from pathlib import Path

from node import app, config, private_files
from node.clock import SystemClock
from node.coalition import rules
from node.coalition.pages import keys_of
from node.federation import actors, following
from node.gate.handler import BY_NODE
from node.keystore import Keystore
from node.storage.contract import Tx
from protocol import canonical, identifiers, limits
from protocol.vocabulary.place import NOWHERE
from tests.bench.material import Remote
from tests.bench.processes import BenchError

SLUG = "public-safety"


def host(number: int) -> str:
    """A loopback address of its own for each host: the whole of 127/8 leads here."""
    return f"127.1.{number // 250}.{number % 250 + 1}"


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def found(
    directory: Path, port: int, allow: tuple[str, ...] = (), settings: config.Settings | None = None
) -> None:
    """A node with one coalition and one practice."""
    private_files.make_folder(directory)
    Keystore.create(directory)
    settings = config.checked(
        settings or config.Settings(origin=f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}", allow_peers=allow)
    )
    config.write(directory, settings)
    node = await app.build(directory, settings)
    try:
        now, practice = node.clock.now(), identifiers.practice_actor(node.origin, SLUG)
        keys = await asyncio.to_thread(keys_of, node.keystore, node.actor, now)
        said = [node.origin.at(f"/activities/{node.clock.new_id()}") for _ in range(3)]
        await _do(node, rules.FoundCoalition(node.actor, "High Point", "High Point", "en", keys, said[0]))
        keys = await asyncio.to_thread(keys_of, node.keystore, practice, now)
        await _do(
            node,
            rules.OpenPractice(
                node.actor,
                practice,
                SLUG,
                "Public safety",
                "",
                "public-safety",
                "city",
                NOWHERE,
                keys,
                said[1],
                said[2],
            ),
        )
    finally:
        await node.stop()


async def _do(node: app.Node, command: object) -> None:
    outcome = await node.gate.perform(command, BY_NODE)
    if not outcome.done:
        raise BenchError(f"{type(command).__name__}: {outcome.reason} {outcome.detail}")


async def follow(directory: Path, remotes: list[Remote]) -> None:
    """The node follows these actors: their documents and keys are known, their sets are held and level."""
    node = await app.build(directory)
    now = SystemClock().now()

    def work(tx: Tx) -> None:
        for remote in remotes:
            document = canonical.read(remote.document(now))
            offer = actors.offer(document, actors.load(tx, remote.id), from_origin=True, now=now)
            actors.write(tx, actors.Store(offer), local=False, now=now)
            host = identifiers.origin(remote.id).key
            ask = following.Ask(remote.id, remote.id, host, f"{node.origin}/activities/{host}", False)
            following.apply(tx, None, (ask, following.Settle(remote.id, "accepted")), now)
        # As after the first pull: the owners are looked at again in an hour.
        later = now + limits.HOUR
        tx.run("UPDATE held_set SET pull_at = :later, theirs_epoch = 1 WHERE pull_at IS NOT NULL", later=later)

    try:
        await node.storage.transact(work)
    finally:
        await node.stop()


async def be_followed(directory: Path, hosts: int, port: int, form: str) -> None:
    """So many actors follow the practice, each at a host of its own which is known to read this form."""
    node = await app.build(directory)
    now = SystemClock().now()

    def work(tx: Tx) -> None:
        target = identifiers.practice_actor(node.origin, SLUG)
        for number in range(hosts):
            at = f"{host(number)}:{port}"
            actor, inbox = f"http://{at}/actor", f"http://{at}/inbox"
            edge = following.AddFollower(actor, target, f"http://{at}/activities/1", inbox, at)
            following.apply(tx, None, (edge,), now)
        tx.run("UPDATE peer SET form = :form", form=form)

    try:
        await node.storage.transact(work)
    finally:
        await node.stop()


def token(directory: Path) -> str:
    """A token for the node's API."""
    clock = SystemClock()
    return Keystore.open(directory).mint_token(clock.now(), clock.new_id())
