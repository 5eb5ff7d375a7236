"""The floor of inbound: a bare aiohttp handler on uvloop that does the same cryptography and stores the body.

Two SHA-256 of the body, two Ed25519 checks with PyNaCl (one over a signature base of the usual size, one over the 64
bytes that a proof signs), one INSERT of the body in a group commit of up to 64 (WAL, synchronous FULL). It parses
nothing and checks nothing else. Since it reads no signature, it checks some that it made itself: by as many actors as
send, and not one twice in a row, for one and the same costs less to check than many do. Run as a program: port and
database.
"""

import asyncio
import hashlib
import os
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import cycle

import uvloop
from aiohttp import web
from nacl import bindings

GROUP = 64
ACTORS = 20
BASE_BYTES = 560  # as long as the base of our own requests
PROOF_BYTES = 64
MADE = 400  # signatures of each kind


class Floor:
    """The handler and its grouped inserts."""

    def __init__(self, path: str) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = FULL")
        self._database.execute("CREATE TABLE activity(key INTEGER PRIMARY KEY, raw BLOB NOT NULL)")
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._busy = False
        keys = [bindings.crypto_sign_seed_keypair(bytes([number]) * 32) for number in range(ACTORS)]
        self._signed = cycle(
            [
                (public, *(bindings.crypto_sign(os.urandom(size), secret) for size in (BASE_BYTES, PROOF_BYTES)))
                for number in range(MADE)
                for public, secret in [keys[number % ACTORS]]
            ]
        )

    async def inbox(self, request: web.Request) -> web.Response:
        body = await request.read()
        key, base, proof = next(self._signed)
        hashlib.sha256(body).digest()
        bindings.crypto_sign_open(base, key)
        hashlib.sha256(body).digest()
        bindings.crypto_sign_open(proof, key)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((body, future))
        if not self._busy:
            self._busy = True
            asyncio.get_running_loop().call_soon(self._next)
        await future
        return web.Response(status=202)

    def _next(self) -> None:
        group, self._waiting = self._waiting[:GROUP], self._waiting[GROUP:]
        if not group:
            self._busy = False
            return
        job = asyncio.get_running_loop().run_in_executor(self._thread, self._insert, [body for body, _ in group])
        job.add_done_callback(lambda done: self._told(group, done))

    def _told(self, group: list[tuple[bytes, asyncio.Future[None]]], done: "asyncio.Future[None]") -> None:
        done.result()
        for _, future in group:
            future.set_result(None)
        asyncio.get_running_loop().call_soon(self._next)

    def _insert(self, bodies: list[bytes]) -> None:
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO activity(raw) VALUES(?)", [(body,) for body in bodies])
        self._database.execute("COMMIT")


async def main(port: int, path: str) -> None:
    app = web.Application()
    app.add_routes([web.post("/inbox", Floor(path).inbox)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        uvloop.run(main(int(sys.argv[1]), sys.argv[2]))
