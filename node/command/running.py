"""`run` and `work`: the processes of a node, from their settings to their end."""

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

from node import app as node_app
from node import config, logs, private_files
from node.coalition.settling import first
from node.command.terminal import Data, Stop, fail, out, program
from node.keystore import KeystoreError
from node.storage.contract import StorageError

FIRST_LINK = "first-link.txt"  # in the node's folder, until somebody came by it
GARBAGE = 20_000  # new objects between two looks for cycles: a few MiB; a request makes some two hundred

# What ends a process with one sentence, for who started it.
_SAID = (config.SettingsError, KeystoreError, private_files.PrivateFileError, StorageError, LookupError, Stop)
Begin = Callable[[node_app.Node], Awaitable[None]]  # what a process of the node does once it is built


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


def work(
    data: Data,
    allow_peer: Annotated[list[str] | None, typer.Option(help="host:port that may be reached though private.")] = None,
) -> None:
    """Share the work of a node on PostgreSQL until stopped: deliver and catch up, behind no door."""
    _live(data, allow_peer, _work, several=True)


async def _serve(node: node_app.Node, listen: str) -> None:
    bound = await node.serve(listen)
    out.print(f"{node.origin} is running, listening on http://{bound}")
    if await node.storage.read(first.is_open):
        _hand_over_first_link(node)
        return
    (node.directory / FIRST_LINK).unlink(missing_ok=True)
    if sys.stdout.isatty():  # never into a log
        token = node.keystore.mint_token(node.clock.now(), node.clock.new_id())
        out.print(f"To publish: open http://{bound}/sign-in and give this token:\n\n    {token}\n")
    else:
        mint = f"{program()} token --data {node.directory}"
        out.print(f"To publish: open http://{bound}/sign-in with what `{mint}` prints.")


def _hand_over_first_link(node: node_app.Node) -> None:
    """Nobody is a member yet: the way in for the first coordinator, for whoever sits at this machine."""
    link = node.origin.at(first.first_path(node.keystore.seal))
    private_files.write(node.directory / FIRST_LINK, f"{link}\n".encode())
    if sys.stdout.isatty():  # never into a log
        out.print(f"Open this link to set up your coalition. It is for its first coordinator:\n\n    {link}\n")
    else:
        out.print(f"To set up your coalition: open the link in {node.directory / FIRST_LINK}.")


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
                f" PostgreSQL first, with {program()} migrate-database --data {data}."
            )
        uvloop.run(_until_stopped(data, settings, begin))
    except (
        config.SettingsError,
        KeystoreError,
        private_files.PrivateFileError,
        StorageError,
        LookupError,
        Stop,
    ) as error:
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
