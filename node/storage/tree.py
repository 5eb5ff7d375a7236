"""The hash tree of a set in the database, brought up to date lazily (protocol section 8, Root).

The tree holds the entries up to the set's `folded`, by their ids in `tree_id`; `tree_left` names what has left since
and is still in it. Whoever needs the root folds first, in a transaction. Shape and hashes are protocol.hash_tree's.
"""

from struct import Struct

from node.storage.contract import Reads, Tx
from protocol.hash_tree import ID_BYTES, Node, apply

_COUNTS = Struct(">16Q")

STATE = "SELECT key, seq, folded FROM held_set WHERE name = :name"
STILL = f"{STATE} /*+ FOR UPDATE */"  # what is appended while it is folded would be counted and not be in it
LEAVE = """
INSERT INTO tree_left(set_key, digest) VALUES(:key, :digest) ON CONFLICT(set_key, digest) DO NOTHING"""
ADDED = "SELECT digest FROM logged WHERE set_key = :key AND seq > :folded"
LEFT = "SELECT digest FROM tree_left WHERE set_key = :key"
REMOVE = """
DELETE FROM tree_id WHERE set_key = :key AND digest IN (SELECT digest FROM tree_left WHERE set_key = :key)"""
FORGET_LEFT = "DELETE FROM tree_left WHERE set_key = :key"
# In a batch: it writes a page of the table once, where one by one each would write its own.
ADD = """
INSERT INTO tree_id(set_key, digest, seq)
SELECT set_key, digest, seq FROM logged WHERE set_key = :key AND seq > :folded"""
FOLDED = "UPDATE held_set SET folded = seq WHERE key = :key"

GET = "SELECT hashes, counts FROM tree_node WHERE set_key = :key AND prefix = :prefix"
PUT = """
INSERT INTO tree_node(set_key, prefix, hashes, counts) VALUES(:key, :prefix, :hashes, :counts)
ON CONFLICT(set_key, prefix) DO UPDATE SET hashes = excluded.hashes, counts = excluded.counts"""
DELETE = "DELETE FROM tree_node WHERE set_key = :key AND prefix = :prefix"
BELOW = """
SELECT digest FROM tree_id WHERE set_key = :key AND digest >= :low AND digest <= :high ORDER BY digest"""


class StoredTree:
    """One set's tree as it stands, for protocol.hash_tree.at; current only if `is_folded`."""

    def __init__(self, reads: Reads, set_key: int) -> None:
        self._reads = reads
        self._key = set_key

    def get(self, prefix: str, /) -> Node | None:
        row = self._reads.one(GET, key=self._key, prefix=prefix)
        return None if row is None else Node(row["hashes"], _COUNTS.unpack(row["counts"]))

    def ids_below(self, prefix: str, /) -> list[bytes]:
        low = bytes.fromhex(prefix.ljust(2 * ID_BYTES, "0"))
        high = bytes.fromhex(prefix.ljust(2 * ID_BYTES, "f"))
        return [row["digest"] for row in self._reads.all(BELOW, key=self._key, low=low, high=high)]


class GrowingTree(StoredTree):
    """One set's tree in a transaction: the store that protocol.hash_tree.apply wants."""

    def __init__(self, tx: Tx, set_key: int) -> None:
        super().__init__(tx, set_key)
        self._tx = tx

    def put(self, prefix: str, node: Node, /) -> None:
        self._tx.run(PUT, key=self._key, prefix=prefix, hashes=node.hashes, counts=_COUNTS.pack(*node.counts))

    def delete(self, prefix: str, /) -> None:
        self._tx.run(DELETE, key=self._key, prefix=prefix)


def leave(tx: Tx, set_key: int, digest: bytes) -> None:
    """A folded entry has left its set."""
    tx.run(LEAVE, key=set_key, digest=digest)


def is_folded(reads: Reads, name: str) -> bool:
    """Whether the tree is current: whatever leaves a set does so as another entry comes. LookupError: no such set."""
    row = reads.the(STATE, name=name)
    return row["seq"] == row["folded"]


def fold(tx: Tx, name: str) -> None:
    """Bring the tree up to the set's seq, in one batch. LookupError if the set does not exist."""
    root_and_total(tx, name)


def root_and_total(tx: Tx, name: str) -> tuple[bytes, int]:
    """The set's root (32 bytes) and how many ids it has, after folding what waits. LookupError: no such set."""
    state = tx.the(STILL, name=name)
    key, folded = state["key"], state["folded"]
    if state["seq"] == folded:
        return apply(GrowingTree(tx, key), (), ())
    added = [row["digest"] for row in tx.all(ADDED, key=key, folded=folded)]
    left = [row["digest"] for row in tx.all(LEFT, key=key)]
    if left:
        tx.run(REMOVE, key=key)
        tx.run(FORGET_LEFT, key=key)
    tx.run(ADD, key=key, folded=folded)
    root, total = apply(GrowingTree(tx, key), added, left)
    tx.run(FOLDED, key=key)
    return root, total
