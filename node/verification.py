"""Checks again, offline, what this node holds: every proof under the keys it knows, every set against its tree.

Proofs are those of the activities and of the actors' documents.
"""

from collections.abc import Callable

import msgspec

from node.federation import actors
from node.storage.contract import Reads, Row
from node.storage.tree import StoredTree
from protocol import canonical, hash_tree, integrity
from protocol.errors import ProtocolError
from protocol.keys import DID_KEY, HeldKey, PublicKey
from protocol.vocabulary import activities
from protocol.vocabulary.actors import read_actor

_BATCH = 500


class Fault(msgspec.Struct, frozen=True):
    """What does not hold, and why."""

    id: str
    sentence: str


class Report(msgspec.Struct, frozen=True):
    """checked: proofs; unsigned: what is held by origin authentication alone; sets: trees compared."""

    checked: int
    unsigned: int
    sets: int
    faults: tuple[Fault, ...]


def count(reads: Reads) -> int:
    """How many documents there are to check."""
    return reads.the(
        "SELECT (SELECT COUNT(*) FROM activity WHERE raw IS NOT NULL)"
        " + (SELECT COUNT(*) FROM actor WHERE state <> 'gone') AS total"
    )["total"]


def verify(reads: Reads, now: int, progress: Callable[[int], None]) -> Report:
    """Check everything. `progress` is told how many documents are done."""
    faults: list[Fault] = []
    checked = unsigned = last = 0
    keys: dict[str, HeldKey] = {}
    while rows := reads.all(
        "SELECT key, id, digest, actor, proof, raw FROM activity WHERE key > :last AND raw IS NOT NULL"
        " ORDER BY key LIMIT :limit",
        last=last, limit=_BATCH,
    ):  # fmt: skip
        for row in rows:
            last = row["key"]
            if not row["proof"]:
                unsigned += 1
            elif (fault := _check(reads, row, keys, now)) is not None:
                faults.append(fault)
            checked += row["proof"]
        progress(checked + unsigned)
    after = ""
    while rows := reads.all(
        "SELECT a.id, a.raw, a.proof, p.root FROM actor a LEFT JOIN peer p ON p.host = a.host WHERE a.id > :after"
        " AND a.state <> 'gone'"
        " ORDER BY a.id LIMIT :limit",
        after=after, limit=_BATCH,
    ):  # fmt: skip
        for row in rows:
            after = row["id"]
            if not row["proof"]:
                unsigned += 1
            elif (fault := _check_actor(reads, row, now)) is not None:
                faults.append(fault)
            checked += row["proof"]
        progress(checked + unsigned)
    sets = reads.all("SELECT key, name, folded, seq FROM held_set WHERE audience <> 'direct'")
    for held in sets:
        if (fault := _compare(reads, held)) is not None:
            faults.append(fault)
    return Report(checked, unsigned, len(sets), tuple(faults))


def _check(reads: Reads, row: Row, keys: dict[str, HeldKey], now: int) -> Fault | None:
    try:
        document = canonical.read(row["raw"])
        msg = activities.read_activity(document)
        claim = integrity.claim(document, msg, msg.actor)
        if msg.id != row["id"] or canonical.digest(document) != row["digest"] or msg.actor != row["actor"]:
            return Fault(row["id"], "The stored bytes are not those that were received.")
        method = claim.method or ""
        if method not in keys:
            found = reads.one("SELECT * FROM actor_key WHERE id = :id AND actor = :actor", id=method, actor=msg.actor)
            if found is None:
                return Fault(row["id"], f"The key {method} is not known any more.")
            keys[method] = actors.key_of(found)
        # What is held came before any compromise became known, or it would have been refused (section 2).
        integrity.verify(claim, keys[method], now, msg.actor, held=True)
    except ProtocolError as error:
        return Fault(row["id"], error.detail)
    return None


def _check_actor(reads: Reads, row: Row, now: int) -> Fault | None:
    """An actor's document, under one of its own keys or the root pinned for its origin (protocol section 2)."""
    try:
        document = canonical.read(row["raw"])
        actor = read_actor(document)
        claim = integrity.claim(document, actor, actor.id)
        if actor.id != row["id"]:
            return Fault(row["id"], "The stored bytes are not those that were received.")
        method = claim.method or ""
        if method.startswith(DID_KEY):
            if row["root"] is None:
                return Fault(row["id"], "The root key that signed it is not pinned.")
            root = PublicKey.from_did(row["root"])
            key = HeldKey(integrity.root_method(root), actor.id, root)
        else:
            found = reads.one("SELECT * FROM actor_key WHERE id = :id AND actor = :actor", id=method, actor=actor.id)
            if found is None:
                return Fault(row["id"], f"The key {method} is not known any more.")
            key = actors.key_of(found)
        integrity.verify_document(claim, key, now, actor.id, held=True)
    except ProtocolError as error:
        return Fault(row["id"], error.detail)
    return None


def _compare(reads: Reads, held: Row) -> Fault | None:
    """The tree as folded, against the reference made of the very entries it should hold."""
    rows = reads.all(
        "SELECT digest FROM logged WHERE set_key = :key AND seq <= :folded UNION ALL"
        " SELECT digest FROM tree_left WHERE set_key = :key ORDER BY 1",
        key=held["key"], folded=held["folded"],
    )  # fmt: skip
    ids = [row["digest"] for row in rows]
    named = reads.all("SELECT digest FROM tree_id WHERE set_key = :key ORDER BY 1", key=held["key"])
    if ids != [row["digest"] for row in named]:
        return Fault(held["name"], "The set's tree does not hold its entries.")
    node = StoredTree(reads, held["key"]).get("")
    if node is None:
        return None if len(ids) <= 16 else Fault(held["name"], "The set's tree is missing.")
    if hash_tree.node_hash(node.hashes) != hash_tree.root_of(ids):
        return Fault(held["name"], "The set's tree does not match its entries.")
    return None
