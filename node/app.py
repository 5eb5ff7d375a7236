"""The composition root: the only place that names an engine and wires the rooms together.

`build` makes a node from a data directory, ready to be asked; `Node.serve` opens its door to the network and starts
its workers, `Node.work` starts the workers alone. Tests start nodes through the same calls.
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import structlog
from aiohttp import web

from node import config
from node.clock import Clock, SystemClock
from node.coalition import standing
from node.coalition import store as coalition_store
from node.coalition.people import links
from node.coalition.settling import reach
from node.coalition.standing import Standing
from node.federation import following
from node.federation.actors import ActorNoun
from node.federation.admission import Admission
from node.federation.catchup import Catchup
from node.federation.comparing import Comparing
from node.federation.delivery import Delivery
from node.federation.endpoints import Endpoints
from node.federation.keyring import Keyring
from node.federation.peer import Peers
from node.federation.resolving import resolve
from node.federation.restoring import Restoring
from node.federation.served import HeadSigner
from node.gate.desk import Desk
from node.gate.door import Gate
from node.gate.handler import BY_NODE, Who
from node.keystore import Keystore
from node.rooms import Outside, Rooms
from node.storage import postgres, sqlite
from node.storage.contract import Reads, Storage
from node.web import api
from node.web.shell import install
from node.web.things import Site
from protocol import http_signature, identifiers, legacy_signature, limits
from protocol.http_message import Form

VERSION = "0.1.0"
RUNNING = "running.json"  # where the node listens, for the command line; written while it runs

log = structlog.get_logger("node")


class Running(msgspec.Struct, frozen=True):
    """What DIR/running.json says."""

    listen: str


class Node:
    """One node, wired. Use `build`."""

    def __init__(
        self,
        directory: Path,
        settings: config.Settings,
        storage: Storage,
        keystore: Keystore,
        clock: Clock,
        peers: Peers,
    ) -> None:
        self.directory = directory
        self.settings = settings
        self.storage = storage
        self.keystore = keystore
        self.clock = clock
        self.peers = peers
        self.origin = settings.at
        self.actor = identifiers.node_actor(self.origin)
        self.admission = Admission(
            settings.admission, self.origin.key, frozenset(settings.allowed_hosts), frozenset(settings.blocked_hosts)
        )
        self.keyring = Keyring(storage, peers, clock, self.admission, self._sign_as_node, self.origin)
        self.gate = Gate(
            storage, self.keyring, keystore, clock, self.admission.judge, self._stir, following.asked, Standing()
        )
        self.desk = Desk(storage, self.gate, clock, self.origin, self._speaks)
        self.restoring = Restoring(storage, self.gate, peers, clock, self._sign_as_node)
        self.delivery = Delivery(
            storage, peers, self._sign, clock, random.random, self.restoring.ahead, admits=self.admission.judge
        )
        comparing = Comparing(storage, self.keyring.find, peers, clock, self._sign_as_node)
        self.catchup = Catchup(
            storage, self.gate, peers, self.keyring, clock, self._sign_as_node, self._repeat_follow, comparing.compare
        )
        self.rooms = Rooms(self.desk, keystore, directory)
        self._site: Site | None = None
        self._introducing: asyncio.Task[None] | None = None
        # Never said twice, and not worth asking the system for chance at each of a thousand deliveries.
        self._nonce, self._nonces = secrets.token_urlsafe(12), count()
        self._register()
        storage.hear("stir", lambda _: self._wake())
        storage.hear("actor", self.keyring.forgotten)
        storage.hear("site", self._heard_new_name)
        self._runner: web.AppRunner | None = None
        self._workers: list[asyncio.Task[None]] = []
        self.listening: str = ""

    # Wiring

    def _register(self) -> None:
        actor_noun = ActorNoun(self.origin)
        self.gate.register(acts=following.ACTS, nouns=actor_noun.nouns(), commands=following.COMMANDS)
        for handlers in self.rooms.handlers(actor_noun):
            self.gate.register(**handlers)

    def _application(self) -> tuple[web.Application, Endpoints]:
        app = web.Application(client_max_size=limits.BODY_BYTES)
        install(
            app, site=self._introduced, storage=self.storage, clock=self.clock, verify=self._verify_token,
            seal=self.keystore.seal, reader=standing.reader, enter=self.rooms.passkeys.enter,
            passkeys=self.rooms.ceremony.possible,
        )  # fmt: skip
        endpoints = Endpoints(
            self.origin, self.gate, self.keyring, self.storage, self.admission, self.clock,
            self.delivery.heard_from, HeadSigner(self.storage, self.keystore, self.clock, self.origin), VERSION,
        )  # fmt: skip
        app.add_routes(endpoints.routes())
        outside = Outside(
            endpoints.actor, endpoints.item, self._resolve, self.keyring.refresh, self.keyring.repin,
            self.delivery.unpause, self._reachable, self._renamed, VERSION,
        )  # fmt: skip
        pages, routes = self.rooms.open(outside)
        app.add_routes(pages)
        api.mount(app, routes, lambda token: self.authentic(token), partial(standing.judge, self.storage), VERSION)
        return app, endpoints

    async def _resolve(self, address: str) -> str:
        return await resolve(address, self.peers, self._sign_as_node, self.settings.allowed_pairs)

    async def authentic(self, token: str) -> Who | None:
        """Whose an access token is, and what it is good for."""
        if self.keystore.check_token(token):
            return Who(operator=True)
        return await links.holder(self.storage, self.keystore.seal, token, self.clock.now())

    async def _verify_token(self, token: str) -> bool:
        return self.keystore.check_token(token)

    def _stir(self) -> None:
        self._wake()
        self.storage.tell("stir")

    def _wake(self) -> None:
        self.delivery.wake()
        self.catchup.wake()
        self.rooms.search.wake()

    async def _repeat_follow(self, target: str, address: str) -> None:
        id = self.origin.at(f"/activities/{self.clock.new_id()}")
        await self.gate.perform(following.FollowActor(self.actor, target, address, id), BY_NODE)

    # Signing what we send

    def _sign(self, actor: str, request: http_signature.Request, form: Form) -> list[tuple[str, str]]:
        now = self.clock.now()
        if form == "legacy":
            return legacy_signature.sign(request, self.keystore.rsa(actor), self.keystore.rsa_id(actor), now)
        mine, nonce = self.keystore.active(actor, "ed25519"), f"{self._nonce}{next(self._nonces)}"
        extra = [name for name, _ in request.headers if name == "commonweave-log"]
        return http_signature.sign(request, mine.key, mine.id, now // 1000, nonce, tuple(extra))

    def _sign_as_node(self, request: http_signature.Request, form: Form) -> list[tuple[str, str]]:
        return self._sign(self.actor, request, form)

    # Life

    def _introduced(self) -> Site:
        """Who we are, as the pages say it, once `_introduce` has asked."""
        if self._site is None:
            raise LookupError("the node was not introduced")
        return self._site

    def _speaks(self) -> str:
        return self._site.language if self._site else self.settings.language

    async def _renamed(self) -> None:
        """The coalition was described anew: every process of this node says so from now on."""
        await self._introduce()
        self.storage.tell("site")

    def _heard_new_name(self, _: str) -> None:
        if self._site is not None:  # else nobody is shown a page yet
            self._introducing = asyncio.create_task(self._introduce(), name="introducing")
            self._introducing.add_done_callback(_report)

    async def _reachable(self) -> str:
        """Why others cannot reach us, in a sentence. Asked with a client of its own: the usual one avoids ourselves."""
        peers = self.peers.stranger()
        try:
            find = partial(resolve, peers=peers, sign=self._sign_as_node, plain=self.settings.allowed_pairs)
            return await reach.reach(self.origin, self.actor, find)
        finally:
            await peers.close()

    async def _introduce(self) -> None:
        """Ask who we are. LookupError if the node was never founded."""
        coalition = await self.storage.read(coalition_store.coalition)
        if coalition is None:
            raise LookupError("this data directory has no coalition yet; run init first")
        name = self.origin.host
        address = f"@{name}@{self.origin.authority}"
        language = coalition.language or self.settings.language
        self._site = Site(coalition.name, str(self.origin), address, coalition.place, language)

    async def serve(self, listen: str = "") -> str:
        """Open the door and start the workers; returns host:port as bound (port 0 takes a free one)."""
        await self._open(listen)
        await self.work()
        return self.listening

    async def _open(self, listen: str) -> None:
        await self._introduce()
        app, endpoints = self._application()
        host, _, port = (listen or self.settings.listen).rpartition(":")
        # Bodies are decoded by the endpoint itself: the digest covers what was sent, and the limit what it holds.
        self._runner = web.AppRunner(app, access_log=None, auto_decompress=False, handle_signals=False)
        await self._runner.setup()
        server: Any = self._runner.server  # what it calls for every request is a public attribute without a type
        server.request_handler = endpoints.first(server.request_handler)
        # Several processes over one database share a port, and the kernel deals out the connections.
        site = web.TCPSite(
            self._runner, host.strip("[]"), int(port), backlog=512, reuse_port=True if self.storage.shared else None
        )
        await site.start()
        bound = self._runner.addresses[0]
        self.listening = f"{bound[0]}:{bound[1]}"
        (self.directory / RUNNING).write_bytes(msgspec.json.encode(Running(self.listening)))

    async def work(self) -> None:
        """Start the workers: deliver what is owed, pull what is behind. Without `serve`, behind no door."""
        await self._introduce()
        if not self.storage.shared:
            await self.rooms.importing.recover()
            await self.delivery.recover()  # nobody else can hold a lease; elsewhere a dead process's leases lapse
        await self.delivery.readmit()
        self._workers = [
            asyncio.create_task(self.delivery.run(), name="delivery"),
            asyncio.create_task(self.catchup.run(), name="catchup"),
            asyncio.create_task(self.rooms.importing.run(), name="importing"),
            asyncio.create_task(self.rooms.digesting.run(), name="digests"),
        ]
        if self._runner is not None:  # behind no door nobody searches
            self._workers.append(asyncio.create_task(self.rooms.search.run(), name="search"))
        for worker in self._workers:
            worker.add_done_callback(_report)

    async def stop(self) -> None:
        """Close the door, finish what was accepted, stop."""
        if self._runner is not None:
            await self._runner.cleanup()
            if not self.storage.shared:  # else others may still listen there
                (self.directory / RUNNING).unlink(missing_ok=True)
        for worker in self._workers:
            worker.cancel()
        for worker in self._workers:
            with suppress(asyncio.CancelledError):
                await worker
        await self.restoring.stop()
        await self.peers.close()
        await self.storage.close()


def _report(worker: asyncio.Task[None]) -> None:
    if not worker.cancelled() and (error := worker.exception()) is not None:
        log.error("a worker stopped", worker=worker.get_name(), error=repr(error))


async def build(
    directory: Path,
    settings: config.Settings | None = None,
    clock: Clock | None = None,
    peers: Callable[[config.Settings], Peers] | None = None,
) -> Node:
    """A node over a data directory. StorageError, KeystoreError or SettingsError say in a sentence what is wrong."""
    settings = settings or config.load(directory)
    keystore = Keystore.open(directory)
    storage = await open_storage(directory, settings)
    made = peers(settings) if peers else default_peers(settings)
    return Node(directory, settings, storage, keystore, clock or SystemClock(), made)


async def open_storage(directory: Path, settings: config.Settings) -> Storage:
    """The engine that the settings name. StorageError says in a sentence what is wrong."""
    if settings.postgres is None:
        return await sqlite.open_sqlite(directory)
    return await postgres.open_postgres(settings.postgres)


def look_into(directory: Path, settings: config.Settings) -> AbstractContextManager[Reads]:
    """One read-only snapshot of a node's database, from any process."""
    if settings.postgres is None:
        return sqlite.look_into(directory)
    return postgres.look_into(settings.postgres)


def default_peers(settings: config.Settings) -> Peers:
    """The guarded client with exactly the exceptions that the settings name."""
    origin = identifiers.origin(settings.origin)
    return Peers(
        f"Commonweave/{VERSION} (+{origin})",
        allowed=settings.allowed_pairs,
        own=frozenset({(origin.host, origin.port)}),
    )
