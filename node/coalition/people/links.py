"""Secrets in links and tokens: random, shown once, and known to the database by their seal alone."""

import secrets
from collections.abc import Callable

from node.gate.handler import Who
from node.storage.contract import Storage, Tx

TOKEN = "cwm1_"  # noqa: S105 (what a member's token begins with, so that a leaked one is recognised)
_BYTES = 24
_DAY = 24 * 3_600_000

Seal = Callable[[str], bytes]  # the keystore's; other once the operator revokes all tokens


def secret() -> str:
    """192 bits, as they stand in a link."""
    return secrets.token_urlsafe(_BYTES)


def token() -> str:
    return TOKEN + secret()


async def holder(storage: Storage, seal: Seal, text: str, now: int) -> Who | None:
    """Whose token this is and what it is good for; None if nobody's. When it was used is kept by the day."""
    if not text.startswith(TOKEN) or len(text) > 100:
        return None
    sealed = seal(f"token {text}")

    def work(tx: Tx) -> Who | None:
        row = tx.one(
            "SELECT t.id, t.member, t.scopes, t.used FROM access_token t JOIN member m ON m.id = t.member"
            " WHERE t.seal = :seal AND t.expires > :now AND m.state = 'active'",
            seal=sealed, now=now,
        )  # fmt: skip
        if row is None:
            return None
        if row["used"] is None or now - row["used"] >= _DAY:
            tx.run("UPDATE access_token SET used = :now WHERE id = :id", now=now - now % _DAY, id=row["id"])
        return Who(member=row["member"], scopes=frozenset(row["scopes"].split()), via="api")

    return await storage.transact(work)
