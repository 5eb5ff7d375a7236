"""Passwords, and how often one may guess them.

Hashes are argon2id's, made and checked in threads, a few at a time: each takes a tenth of a second and 64 MiB.
An attempt costs the same whether the account exists or not, and is answered with the same words. What failed is kept
in the database, so that all processes of a node count together: by account and by where it came from.
"""

import asyncio

import msgspec
from aiohttp import web
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from node.clock import Clock
from node.sentence import Sentence, say
from node.storage.contract import Reads, Storage, Tx

WINDOW = 15 * 60_000  # ms
AN_ACCOUNT, A_PLACE = 5, 30  # failures in a window; an office shares one address
_AT_ONCE = 2
# Of no account: what an unknown one is checked against. Made once and not at each start; it costs what ours cost.
NOBODYS = "$argon2id$v=19$m=65536,t=3,p=4$dHRPhIQLyYthf78bkUcR8w$YOn2mtMQGi6355gk7NO7xAlEfLb0NW9uf11AVdEP34Y"
_LOOPBACK = ("127.0.0.1", "::1")


class Passwords:
    """Hashes and checks; one for a node."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._slots:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def check(self, hashed: str | None, password: str) -> bool:
        """True if it is the password of this hash; None, an account without one, takes as long and is False."""
        async with self._slots:
            return await asyncio.to_thread(self._check, hashed or NOBODYS, password) and hashed is not None

    def _check(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False


def place_of(request: web.Request) -> str:
    """Where a request came from: behind a proxy on this machine, what that proxy saw (its own entry, the last)."""
    place = request.remote or ""
    if place in _LOOPBACK:
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return (seen or place)[:60]
    return place


class Counter(msgspec.Struct, frozen=True):
    """Failures that are counted together. most: how many a window takes."""

    what: str
    most: int


def of_account(name: str) -> Counter:
    """Of whoever signs in by this name, which anybody may type."""
    return Counter(f"account {name}"[:200], AN_ACCOUNT)


def of_place(request: web.Request) -> Counter:
    return Counter(f"place {place_of(request)}", A_PLACE)


def of_own(member: str) -> Counter:
    """Of a member who is signed in, and asked for their password once more."""
    return Counter(f"own {member}", AN_ACCOUNT)


async def wait_of(storage: Storage, clock: Clock, *counters: Counter) -> int:
    """Milliseconds until one more attempt is taken; 0: now."""
    now = clock.now()

    def work(reads: Reads) -> int:
        waits = [0]
        for counter in counters:
            row = reads.one(
                "SELECT at FROM sign_in_failure WHERE what = :what AND at > :since"
                " ORDER BY at DESC LIMIT 1 OFFSET :most",
                what=counter.what, since=now - WINDOW, most=counter.most - 1,
            )  # fmt: skip
            if row is not None:
                waits.append(row["at"] + WINDOW - now)
        return max(waits)

    return await storage.read(work)


def too_many(wait: int) -> Sentence:
    """What is said to who has to wait so many milliseconds."""
    return say("Too many attempts did not match. Wait {minutes} min, then try again.", minutes=-(-wait // 60_000))


async def failed(storage: Storage, clock: Clock, *counters: Counter) -> None:
    """Remember it, and forget what is old."""
    now = clock.now()

    def work(tx: Tx) -> None:
        tx.run("DELETE FROM sign_in_failure WHERE at <= :since", since=now - WINDOW)
        for counter in counters:
            tx.run("INSERT INTO sign_in_failure(what, at) VALUES(:what, :now)", what=counter.what, now=now)

    await storage.transact(work)
