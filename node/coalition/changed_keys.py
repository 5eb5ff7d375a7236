"""Actors of other nodes that show another key than before, and wait for a person to compare it with what they say."""

from collections.abc import Iterable
from hashlib import sha256

import msgspec

from node.sentence import say
from node.storage.contract import Reads, Row
from protocol.keys import PublicKey
from protocol.vocabulary import actors
from protocol.vocabulary.actors import HeldKey


class ChangedKey(msgspec.Struct, frozen=True, kw_only=True):
    """An actor that shows another key than before. held, shown: fingerprints, to be compared aloud. seen: names the
    document that shows the new one."""

    actor: str
    name: str
    held: str
    shown: str
    seen: str


def pending(reads: Reads) -> list[Row]:
    """Actors whose new document waits for a steward."""
    return reads.all(
        "SELECT id, name, host, state, pending, pending_since FROM actor WHERE pending IS NOT NULL"
        " ORDER BY pending_since LIMIT 50"
    )


def changed(reads: Reads, actor: str = "") -> list[ChangedKey]:
    """Those that wait, the first fifty; or this actor alone, if it does."""
    one = "SELECT id, name, pending FROM actor WHERE id = :id AND pending IS NOT NULL"
    return [
        ChangedKey(
            actor=row["id"], name=row["name"], held=_fingerprints(_held_keys(reads, row["id"])),
            shown=_fingerprints(key.public for key in _keys(row["pending"])), seen=sha256(row["pending"]).hexdigest(),
        )
        for row in (reads.all(one, id=actor) if actor else pending(reads))
    ]  # fmt: skip


def _held_keys(reads: Reads, actor: str) -> list[PublicKey]:
    rows = reads.all("SELECT kind, public FROM actor_key WHERE actor = :id", id=actor)
    return [PublicKey(row["kind"], row["public"]) for row in rows]


def _keys(raw: bytes) -> tuple[HeldKey, ...]:
    return actors.keys_of(actors.read_actor_value(msgspec.json.decode(raw)))


def _fingerprints(keys: Iterable[PublicKey]) -> str:
    """For reading aloud. A peer that makes no proofs has an RSA key alone: then that is compared."""
    found = list(keys)
    shown = [key for key in found if key.kind == "ed25519"] or found
    return ", ".join(key.fingerprint() for key in shown) or say("none")
