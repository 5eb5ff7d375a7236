"""`recover`: a new way in for a member who has lost theirs, by whoever sits at the machine."""

from pathlib import Path
from typing import Annotated

import typer
import uvloop

from node import app as node_app
from node import config
from node.coalition.people import store
from node.coalition.people.rules import sign_in_name
from node.command.terminal import Data, Stop, fail, out
from node.gate.handler import BY_OPERATOR
from node.keystore import KeystoreError
from node.local_api import LocalApi, NotRunning
from node.storage.contract import StorageError
from protocol.errors import ProtocolError


def recover(data: Data, name: Annotated[str, typer.Argument(help="The name or mail address they sign in by.")]) -> None:
    """Print a link, good once and for a day, by which a member chooses a new password."""
    try:
        settings = config.load(data)
        try:
            link = LocalApi(data).recover(name)
        except NotRunning:
            link = uvloop.run(_recover(data, settings, name))
    except (config.SettingsError, KeystoreError, StorageError, ProtocolError, OSError, Stop) as error:
        raise fail(str(error)) from None
    out.print(f"Hand this link to them, and to nobody else:\n\n    {link}\n", soft_wrap=True)


async def _recover(data: Path, settings: config.Settings, name: str) -> str:
    node = await node_app.build(data, settings)
    try:
        row = await node.storage.read(lambda reads: store.account(reads, sign_in_name(name)))
        outcome, link = await node.rooms.joining.recover(row["id"] if row else "", BY_OPERATOR)
        if not outcome.done:
            raise Stop(outcome.detail)
        return link
    finally:
        await node.stop()
