"""`follow`, `status` and `verify`. What a running node must do itself is asked of it over its own API."""

from typing import Annotated

import typer
from rich.progress import Progress
from rich.table import Table

from node import app as node_app
from node import config, verification
from node.clock import SystemClock
from node.coalition import connections, operation, store
from node.command.terminal import Data, err, fail, out, program
from node.keystore import Keystore, KeystoreError
from node.local_api import LocalApi, NotRunning
from node.storage.contract import StorageError
from node.web import words
from protocol.errors import ProtocolError


def follow(
    data: Data, target: Annotated[str, typer.Argument(help="A URL, @practice@host, or the name of a node.")]
) -> None:
    """Follow a node or a practice."""
    try:
        answer = LocalApi(data).follow(target)
    except NotRunning:
        raise fail(f"The node is not running. Start it first: {program()} run --data {data}") from None
    except (KeystoreError, ProtocolError) as error:
        raise fail(str(error)) from None
    out.print(f"Asked {answer['target']}; the follow is now “{answer['state']}”. See: {program()} status --data {data}")


def status(data: Data) -> None:
    """Say how the node is doing, in words."""
    try:
        settings, keystore, clock = config.load(data), Keystore.open(data), SystemClock()
        now = clock.now()
        with node_app.look_into(data, settings) as reads:
            found = operation.health(reads, now, node_app.VERSION, root_here=keystore.root_key_present())
            follows = connections.follows(reads)
            coalition = store.coalition(reads)
    except (config.SettingsError, KeystoreError, StorageError, OSError) as error:
        raise fail(str(error)) from None
    running = "running" if LocalApi(data).running() else "not running"
    out.print(f"{coalition.name if coalition else 'No coalition'} at {settings.origin}: {running}.", style="bold")
    out.print(
        f"{words.count(found.practices, 'practice')}, {words.count(found.items, 'item')} published,"
        f" {words.count(found.received_items, 'item')} received,"
        f" {words.count(found.followers, 'follower')}, {words.count(found.owed, 'delivery', 'deliveries')} owed."
    )
    if follows:
        table = Table("Following", "State", "Since", "What happens next", box=None, pad_edge=False)
        for one in follows:
            table.add_row(one.name, one.state, words.moment(one.since)[1], one.sentence)
        out.print(table)
    else:
        out.print(f"Following nobody yet. Follow a node: {program()} follow --data {data} ADDRESS")
    if found.peers:
        table = Table("Node", "State", "Owed", "Last heard", "Last error", box=None, pad_edge=False)
        for peer in found.peers:
            heard = words.relative(peer.last_ok, now) if peer.last_ok else "never"
            table.add_row(
                peer.host, peer.state, str(peer.owed), heard, "" if peer.state == "working" else peer.sentence
            )
        out.print(table)
    for warning in found.warnings:
        out.print(f"Attention: {warning}", style="yellow")


def verify(data: Data) -> None:
    """Check every stored proof again, offline."""
    try:
        settings = config.load(data)
        with node_app.look_into(data, settings) as reads, Progress(console=err, transient=True) as progress:
            total = verification.count(reads)
            task = progress.add_task("Checking proofs", total=total)
            report = verification.verify(reads, SystemClock().now(), lambda done: progress.update(task, completed=done))
    except (config.SettingsError, StorageError, OSError) as error:
        raise fail(str(error)) from None
    for fault in report.faults[:20]:
        err.print(f"{fault.id}: {fault.sentence}")
    out.print(
        f"{words.count(report.checked, 'proof')} checked, {report.unsigned} without a proof of their own,"
        f" {words.count(report.sets, 'set')} compared with their trees: {words.count(len(report.faults), 'fault')}."
    )
    if report.faults:
        raise typer.Exit(1)
