"""Secrets in links and tokens: random, shown once, and known to the database by their seal alone."""

import secrets
from collections.abc import Callable

from node.gate.handler import Who
from node.storage.contract import Reads, Row, Storage

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

    def work(reads: Reads) -> Row | None:
        return reads.one(
            "SELECT t.id, t.member, t.scopes, t.used FROM access_token t JOIN member m ON m.id = t.member"
            " WHERE t.seal = :seal AND t.expires > :now AND m.state = 'active'",
            seal=sealed, now=now,
        )  # fmt: skip

    row = await storage.read(work)
    if row is None:
        return None
    day = now - now % _DAY
    if row["used"] is None or row["used"] < day:  # else no request of a program would be without a commit
        id = row["id"]
        await storage.transact(lambda tx: tx.run("UPDATE access_token SET used = :day WHERE id = :id", day=day, id=id))
    return Who(member=row["member"], scopes=frozenset(row["scopes"].split()), via="api")
