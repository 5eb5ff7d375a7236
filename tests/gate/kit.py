"""A gate over a real database and real keys, and two neighbours whose keys it knows.

The neighbours have no servers: what they say is signed here and handed to the gate as if pushed, pulled or fetched.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

from node.coalition.wiring import coalition_handlers
from node.federation import actors, following
from node.federation.actors import ActorNoun, Store
from node.federation.admission import Admission
from node.federation.keyring import Keyring
from node.federation.peer import Peers
from node.gate.door import Gate
from node.gate.handler import Answer, Carrier
from node.keystore import Keystore
from node.repertoire import store
from node.repertoire.wiring import repertoire_handlers
from node.storage import tree
from node.storage.contract import Tx
from node.storage.sqlite import Sqlite, open_sqlite
from protocol import canonical, identifiers, integrity
from protocol.keys import HeldKey, SigningKey
from protocol.log import LogCursor, build_cursor
from protocol.vocabulary import activities, repertoire
from protocol.vocabulary.repertoire import Item, Place
from tests.cluster.kit import START, StoryClock
from tests.federation.hostile import Character, Server, post_to

HERE = identifiers.origin("https://fort-wayne.example")
INBOX = HERE.at("/inbox")


def neighbour(host: str, slug: str = "violence", seed: int = 7, type: str = "Group") -> Character:
    """An actor of a host that nothing listens at; its key is the same each time."""
    server = Server(name=host)
    server.port = 8443
    path = "/actor" if type == "Organization" else f"/practices/{slug}"
    return Character(server, path, type, SigningKey("ed25519", bytes([seed]) * 32))


HIGH_POINT = neighbour("high-point.example")
INKSTER = neighbour("inkster.example", seed=8)
SET = f"{HIGH_POINT.id}/outbox"


class Door:
    """The gate with what stands around it."""

    def __init__(self, storage: Sqlite, keyring: Keyring, gate: Gate, clock: StoryClock, stirred: list[int]) -> None:
        self.storage = storage
        self.keyring = keyring
        self.gate = gate
        self.clock = clock
        self.stirred = stirred

    async def know(self, who: Character, **changed: Any) -> None:
        """Adopt an actor document, as a fetch from its origin would."""
        document = canonical.read(who.sign(who.document(START, **changed), START))

        def work(tx: Tx) -> None:
            facts = actors.load(tx, who.id)
            offered = actors.offer(document, facts, from_origin=True, now=START)
            actors.write(tx, Store(offered), local=False, now=START)

        await self.storage.transact(work)
        self.keyring.forget(who.id)

    async def hold(self, owner: str) -> None:
        """Keep a replica of the owner's public set."""
        await self.storage.transact(lambda tx: following.hold(tx, owner, START))

    async def pushed(
        self, who: Character, said: dict[str, Any] | bytes, cursor: LogCursor | None = None, **headers: str
    ) -> Answer:
        """What a POST to the inbox, signed by `who`, comes to."""
        body = said if isinstance(said, bytes) else who.sign(said, self.clock.now())
        more = {"commonweave_log": build_cursor(cursor)} if cursor else {}
        extra = ("commonweave-log",) if cursor else ()
        request = who.native(post_to(INBOX, body, **more, **headers), self.clock.now(), extra=extra)
        return await self.gate.receive_pushed(request, body)

    async def pulled(self, who: Character, said: dict[str, Any] | bytes) -> Answer:
        """What an entry of the log of `who` comes to."""
        body = said if isinstance(said, bytes) else who.sign(said, self.clock.now())
        return await self.gate.receive(body, Carrier(who.id, "pulled"))

    async def rows(self, sql: str, **named: Any) -> list[dict[str, Any]]:
        """Rows as dictionaries."""
        return await self.storage.read(
            lambda reads: [{name: row[name] for name in row.keys()} for row in reads.all(sql, **named)]  # noqa: SIM118
        )

    async def count(self, table: str) -> int:
        return (await self.rows(f"SELECT COUNT(*) AS n FROM {table}"))[0]["n"]

    async def root(self, name: str = SET) -> tuple[bytes, int]:
        """The set's root and total."""
        return await self.storage.transact(lambda tx: tree.root_and_total(tx, name))


@asynccontextmanager
async def door(directory: Path, mode: Any = "block", **lists: frozenset[str]) -> AsyncIterator[Door]:
    """A gate of fort-wayne.example over an empty database."""
    keystore = Keystore.open(directory) if (directory / "keys").exists() else Keystore.create(directory)[0]
    storage = await open_sqlite(directory)
    clock, stirred = StoryClock(), list[int]()
    peers = Peers("Commonweave/test")
    admission = Admission(mode, HERE.key, **lists)
    keyring = Keyring(storage, peers, clock, admission, lambda *_request: [], HERE)
    gate = Gate(storage, keyring, keystore, clock, admission.judge, lambda: stirred.append(1), following.asked)
    noun = ActorNoun(HERE)
    gate.register(acts=following.ACTS, nouns=noun.nouns(), commands=following.COMMANDS)
    for handlers in (coalition_handlers(noun), repertoire_handlers()):
        gate.register(**handlers)
    try:
        yield Door(storage, keyring, gate, clock, stirred)
    finally:
        await peers.close()
        await storage.close()


# What the neighbours say


def shelve(tx: Tx, one: Item, now: int) -> None:
    """The card of an item and the object it belongs to, without the activity that made them."""
    tx.run(
        "INSERT INTO object(id, owner, type, audience, sequence, digest, activity)"
        " VALUES(:id, :owner, 'Article', 'public', 0, x'00', :id) ON CONFLICT(id, owner) DO NOTHING",
        id=one.id, owner=one.attributed_to,
    )  # fmt: skip
    store.keep(tx, one, now)


def item(who: Character, number: int = 1, **changed: Any) -> Item:
    """A repertoire item of `who`."""
    made = Item(
        id=f"{who.server.origin}/items/{number}", attributed_to=who.id, to=(identifiers.PUBLIC,),
        name=f"Call-in {number}",
        content="<p>Offer help.</p>", source="Offer help.", language="en", kind="method",
        domain="public-safety/gun-violence", place=Place(name="High Point"), published=START, updated=START,
        sequence=START,
    )  # fmt: skip
    return msgspec.structs.replace(made, **changed)


def activity_id(who: Character, number: int) -> str:
    return f"{who.server.origin}/activities/{who.slug}-{number}"


def create(who: Character, made: Item, number: int = 1) -> dict[str, Any]:
    return activities.create(activity_id(who, number), who.id, repertoire.build_item(made), START)


def update(who: Character, made: Item, number: int) -> dict[str, Any]:
    return activities.update(activity_id(who, number), who.id, repertoire.build_item(made), START)


def delete(who: Character, id: str, number: int, sequence: int = START) -> dict[str, Any]:
    return activities.delete(activity_id(who, number), who.id, id, "Article", sequence, [identifiers.PUBLIC])


def edited(made: Item, later: int, **changed: Any) -> Item:
    """A later state of an item."""
    return msgspec.structs.replace(made, sequence=made.sequence + later, updated=made.updated + later, **changed)


def verified(said: dict[str, Any], who: Character = HIGH_POINT) -> integrity.Verified[activities.Activity]:
    """What the gate hands to a rule, really signed and really verified."""
    document = canonical.read(who.sign(said, START))
    msg = activities.read_activity(document)
    key = HeldKey(who.key_id, who.id, who.key.public)
    return integrity.verify(integrity.claim(document, msg, msg.actor), key, START, who.id)
