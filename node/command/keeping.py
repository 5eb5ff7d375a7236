"""`token`, `rotate` and `migrate-database`: what an operator does to a node's secrets and its database."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer
import uvloop
from rich.progress import Progress

from node import app as node_app
from node import config, verification
from node.clock import SystemClock
from node.coalition import rotation, store
from node.command.terminal import Data, Stop, err, fail, out, program
from node.keystore import Keystore, KeystoreError
from node.local_api import LocalApi
from node.storage import moving
from node.storage.contract import StorageError
from node.web import words
from protocol.errors import ProtocolError


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
    out.print(f"Next: {program()} run --data {data}. Other nodes hear of it from then on.")


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
    out.print(f"Next: {program()} run --data {data}. The old file stays in {data} until you delete it.")
