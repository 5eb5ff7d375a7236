"""`init`: a node is made. It never asks when nobody sits there, and leaves nothing half done."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from node import app as node_app
from node import config
from node.coalition import rules
from node.coalition.pages import keys_of
from node.command.terminal import Data, Stop, fail, out, program
from node.gate.handler import BY_NODE
from node.keystore import Keystore, KeystoreError, root_key_text
from node.storage.contract import StorageError
from protocol import limits
from protocol.errors import ProtocolError


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
    out.print(f"Next: {program()} run --data {data}")


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
