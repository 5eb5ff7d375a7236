"""The command line: `commonweave` and `python -m node`.

Every command says what it did and what comes next. What a running node must do itself, such as following, is asked
of it over its own API on this machine.
"""

import asyncio
import gc
import resource
import signal
import sys
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from node import app as node_app
from node import config, demo, logs, verification
from node.clock import SystemClock
from node.coalition import connections, operation, rotation, rules, store
from node.coalition.pages import keys_of
from node.gate.handler import BY_NODE
from node.keystore import Keystore, KeystoreError, root_key_text
from node.local_api import LocalApi, NotRunning
from node.storage import moving
from node.storage.contract import StorageError
from node.web import words
from protocol import limits
from protocol.errors import ProtocolError

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # locals hold keys
    help="Commonweave: a network of communities of practice, without a host.",
)
# No markup: names and sentences come from people and from other nodes, brackets and all.
out = Console(highlight=False, soft_wrap=True, markup=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)

GARBAGE = 20_000  # new objects between two looks for cycles: a few MiB; a request makes some two hundred

Begin = Callable[[node_app.Node], Awaitable[None]]  # what a process of the node does once it is built
Data = Annotated[Path, typer.Option("--data", help="The node's data directory.")]


class Stop(Exception):
    """Ends a command with a sentence."""


def _program() -> str:
    """How to call this command from where its user stands."""
    local = Path(".venv/bin/commonweave")
    return str(local) if local.exists() else "commonweave"


def fail(sentence: str) -> "typer.Exit":
    """One sentence on standard error, and exit status 1."""
    err.print(sentence)
    return typer.Exit(1)


@cli.command()
def init(
    data: Data,
    origin: Annotated[str, typer.Option(help="The node's public address, such as https://highpoint.example.")],
    name: Annotated[str, typer.Option(help="The coalition's name.")],
    place: Annotated[str, typer.Option(help="Where the coalition works.")] = "",
    language: Annotated[str, typer.Option(help="Language code that new items begin in.")] = "en",
    listen: Annotated[str, typer.Option(help="host:port to listen on.")] = "127.0.0.1:8420",
    database: Annotated[str, typer.Option(help="sqlite, or postgresql://user@host/name.")] = "sqlite",
) -> None:
    """Make a new node: settings, keys, and the coalition's first signed document."""
    if (data / config.SETTINGS_FILE).exists():
        raise fail(f"There is a node in {data} already. To make another one, name another directory.")
    try:
        settings = config.checked(
            config.Settings(origin=origin, listen=listen, language=language, database=database), "the command line"
        )
        _check_words(name, place)
        if settings.postgres is not None:  # before anything is made here
            uvloop.run(_reach(data, settings))
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        keystore, root = Keystore.create(data)
        config.write(data, settings)
        uvloop.run(_found(data, settings, name, place, language))
    except (config.SettingsError, KeystoreError, StorageError, ProtocolError, Stop) as error:
        raise fail(str(error)) from None
    except OSError as error:
        raise fail(f"{data} cannot be made or written: {error.strerror or error}.") from None
    out.print(f"The node of {name} is ready in {data}.")
    if sys.stdout.isatty() and sys.stdin.isatty():
        out.print(
            "\nThis is its root key. Write it on paper and keep it in a safe; it is shown once and stored nowhere:\n"
        )
        out.print(f"    {root_key_text(root)}\n")
    else:
        left = keystore.leave_root_key(root)
        out.print(f"Its root key is in {left}: move it to a safe place off this machine, then delete it there.")
    out.print(f"Next: {_program()} run --data {data}")


def _check_words(name: str, place: str) -> None:
    """Before anything is made: a second try must find nothing half done."""
    if not name.strip():
        raise Stop("A coalition needs a name: --name 'High Point'.")
    for option, text in (("--name", name), ("--place", place)):
        if len(text.strip()) > limits.NAME_CHARACTERS:
            raise Stop(f"{option} has {len(text.strip())} characters; at most {limits.NAME_CHARACTERS} fit.")


async def _reach(data: Path, settings: config.Settings) -> None:
    await (await node_app.open_storage(data, settings)).close()


async def _found(data: Path, settings: config.Settings, name: str, place: str, language: str) -> None:
    node = await node_app.build(data, settings)
    try:
        keys = await asyncio.to_thread(keys_of, node.keystore, node.actor, node.clock.now())
        activity = node.origin.at(f"/activities/{node.clock.new_id()}")
        founding = rules.FoundCoalition(node.actor, name, place, language, keys, activity)
        outcome = await node.gate.perform(founding, BY_NODE)
        if not outcome.done:
            raise Stop(outcome.detail)
    finally:
        await node.stop()


@cli.command()
def run(
    data: Data,
    listen: Annotated[str, typer.Option(help="host:port, instead of the setting.")] = "",
    allow_peer: Annotated[list[str] | None, typer.Option(help="host:port that may be reached though private.")] = None,
) -> None:
    """Run the node until it is stopped."""
    try:
        _live(data, allow_peer, partial(_serve, listen=listen), listen)
    except OSError as error:
        raise fail(f"The node could not listen on {listen or 'its address'}: {error.strerror or error}.") from None


@cli.command()
def work(
    data: Data,
    allow_peer: Annotated[list[str] | None, typer.Option(help="host:port that may be reached though private.")] = None,
) -> None:
    """Share the work of a node on PostgreSQL until stopped: deliver and catch up, behind no door."""
    _live(data, allow_peer, _work, several=True)


async def _serve(node: node_app.Node, listen: str) -> None:
    bound = await node.serve(listen)
    out.print(f"{node.origin} is running, listening on http://{bound}")
    if sys.stdout.isatty():  # never into a log
        token = node.keystore.mint_token(node.clock.now(), node.clock.new_id())
        out.print(f"To publish: open http://{bound}/sign-in and give this token:\n\n    {token}\n")
    else:
        mint = f"{_program()} token --data {node.directory}"
        out.print(f"To publish: open http://{bound}/sign-in with what `{mint}` prints.")


async def _work(node: node_app.Node) -> None:
    await node.work()
    out.print(f"{node.origin} has one more worker. It listens nowhere.")


def _live(data: Path, allow_peer: list[str] | None, begin: Begin, listen: str = "", *, several: bool = False) -> None:
    """A process of the node, from its settings to its end. `several`: it makes sense beside others alone."""
    logs.configure()
    try:
        settings = config.load(data)
        pairs = tuple(dict.fromkeys((*settings.allow_peers, *(allow_peer or ()))))
        given = msgspec.structs.replace(settings, allow_peers=pairs, listen=listen or settings.listen)
        settings = config.checked(given, "the command line")
        if several and settings.postgres is None:
            raise Stop(
                "This node is on SQLite, where one process does all the work: run that one, or move the node to"
                f" PostgreSQL first, with {_program()} migrate-database --data {data}."
            )
        uvloop.run(_until_stopped(data, settings, begin))
    except (config.SettingsError, KeystoreError, StorageError, LookupError, Stop) as error:
        raise fail(str(error)) from None


async def _until_stopped(data: Path, settings: config.Settings, begin: Begin) -> None:
    _raise_files()
    node = await node_app.build(data, settings)
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    try:
        await begin(node)
        # What a node is made of stays: the collector need not walk through it again for every few requests.
        gc.collect()
        gc.freeze()
        gc.set_threshold(GARBAGE)
        await stopped.wait()
        out.print("Stopping: what was accepted is being finished.")
    finally:
        await node.stop()


def _raise_files() -> None:
    """A thousand peers that hang hold a thousand sockets: take what the system grants beyond the soft limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 65_536 if hard == resource.RLIM_INFINITY else min(hard, 65_536)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@cli.command()
def token(
    data: Data, revoke: Annotated[bool, typer.Option(help="First make every token given out so far worthless.")] = False
) -> None:
    """Print a token for the API and for signing in."""
    try:
        keystore = Keystore.open(data)
        if revoke:
            keystore.revoke_tokens()
        clock = SystemClock()
        out.print(keystore.mint_token(clock.now(), clock.new_id()))
    except (KeystoreError, OSError) as error:
        raise fail(str(error)) from None


@cli.command()
def rotate(
    data: Data,
    actor: Annotated[str, typer.Argument(help="A practice's address or an actor's URL; without it, all of them.")] = "",
    compromised: Annotated[bool, typer.Option(help="The present keys are in other hands.")] = False,
) -> None:
    """Give this node's actors their next keys, signed by the present ones; the node must be stopped."""
    try:
        settings = config.load(data)
        if LocalApi(data).running():
            raise Stop("The node is running. Stop it first: nothing may go on signing with keys that retire.")
        for name, number, renewed in uvloop.run(_rotate(data, settings, actor, compromised)):
            signed = f"; {words.count(renewed, 'activity', 'activities')} signed anew" if compromised else ""
            out.print(f"{name} has key {number} now, and the one before is destroyed{signed}.")
    except (config.SettingsError, KeystoreError, StorageError, ProtocolError, OSError, Stop) as error:
        raise fail(str(error)) from None
    out.print(f"Next: {_program()} run --data {data}. Other nodes hear of it from then on.")


async def _rotate(data: Path, settings: config.Settings, actor: str, compromised: bool) -> list[tuple[str, int, int]]:
    node = await node_app.build(data, settings)
    try:
        every = await node.storage.read(store.local_actors)
        wanted = [one for one in every if actor in ("", one, one.removeprefix(node.origin.at("/practices/")))]
        if not wanted:
            raise Stop(f"There is no actor “{actor}” on this node. There are: {', '.join(every) or 'none'}.")
        found: list[tuple[str, int, int]] = []
        for one in wanted:
            renewed = await rotation.rotate(node.desk, node.keystore, one, compromised=compromised)
            found.append((one, int(node.keystore.ed25519_id(one).rpartition("-")[2]), renewed))
        return found
    finally:
        await node.stop()


@cli.command()
def follow(
    data: Data, target: Annotated[str, typer.Argument(help="A URL, @practice@host, or the name of a node.")]
) -> None:
    """Follow a node or a practice."""
    try:
        answer = LocalApi(data).follow(target)
    except NotRunning:
        raise fail(f"The node is not running. Start it first: {_program()} run --data {data}") from None
    except (KeystoreError, ProtocolError) as error:
        raise fail(str(error)) from None
    out.print(
        f"Asked {answer['target']}; the follow is now “{answer['state']}”. See: {_program()} status --data {data}"
    )


@cli.command()
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
        out.print(f"Following nobody yet. Follow a node: {_program()} follow --data {data} ADDRESS")
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


@cli.command()
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


@cli.command(name="migrate-database")
def migrate_database(
    data: Data, to: Annotated[str, typer.Option(help="An empty database, such as postgresql://commonweave@db/node.")]
) -> None:
    """Move the node from SQLite to PostgreSQL; the node must be stopped."""
    try:
        settings = config.load(data)
        if settings.postgres is not None:
            raise Stop("This node is on PostgreSQL already.")
        moved = config.checked(msgspec.structs.replace(settings, database=to), "the command line")
        if moved.postgres is None:
            raise Stop("--to must be an address such as postgresql://commonweave@localhost/commonweave.")
        with Progress(console=err, transient=True) as progress:
            task = progress.add_task("Copying")

            def copied(table: str, done: int, total: int) -> None:
                progress.update(task, description=f"Copying {table}", completed=done, total=total)

            rows = moving.move(data, moved.postgres, copied).rows
            with node_app.look_into(data, moved) as reads:
                progress.update(task, description="Checking proofs", completed=0, total=verification.count(reads))
                report = verification.verify(
                    reads, SystemClock().now(), lambda done: progress.update(task, completed=done)
                )
        if report.faults:
            raise Stop(f"{report.faults[0].id}: {report.faults[0].sentence} The settings still name SQLite.")
        config.write(data, moved)
    except (config.SettingsError, StorageError, OSError, Stop) as error:
        raise fail(str(error)) from None
    out.print(
        f"{words.count(sum(rows.values()), 'row')} of {words.count(len(rows), 'table')} moved, counted on both sides;"
        f" {words.count(report.checked, 'proof')} checked there. The settings name the new database."
    )
    out.print(f"Next: {_program()} run --data {data}. The old file stays in {data} until you delete it.")


@cli.command(name="demo")
def demonstrate(
    scenario: Annotated[str, typer.Argument(help="Which story.")] = "safecities",
    once: Annotated[bool, typer.Option("--once", help="Stop when every step is verified.")] = False,
) -> None:
    """Show three coalitions sharing a method, on this machine."""
    try:
        demo.run(scenario, once=once, out=out)
    except demo.DemoError as error:
        raise fail(str(error)) from None
    except KeyboardInterrupt:
        out.print("Stopped.")


def main() -> None:
    """The entry point."""
    cli(prog_name="commonweave")


if __name__ == "__main__":
    main()
