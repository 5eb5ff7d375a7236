"""The canonical tree over a set's ids, and the descent where two sets differ (protocol section 8, Root, Reconcile).

A 16-ary hash tree by hex prefix: a prefix with at most 16 ids is a leaf, SHA-256(0x00 ‖ sorted ids); any other is
SHA-256(0x01 ‖ 16 child hashes), and what is empty is 32 zero bytes, the root of the empty set as well. The shape
depends on the ids alone, so two holders of one set have one root, whatever the order in which they came by it.
Only inner nodes are stored; a leaf's ids are the set's own rows. This file keeps no state: the store is injected.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from protocol.errors import Reason, RemoteProtocolError
from protocol.limits import LEAF_IDS

FANOUT = 16
ID_BYTES = 32
EMPTY = bytes(ID_BYTES)
_DIGITS = "0123456789abcdef"
_PREFIX = re.compile(r"[0-9a-f]{0,64}", re.ASCII)


class Node(msgspec.Struct, frozen=True):
    """An inner node: the hashes of its 16 children one after another (512 bytes) and how many ids each has."""

    hashes: bytes
    counts: tuple[int, ...]

    @property
    def total(self) -> int:
        """How many ids lie below."""
        return sum(self.counts)

    @property
    def packed_counts(self) -> bytes:
        """The counts as 16 numbers of 8 bytes, big endian."""
        return b"".join(count.to_bytes(8, "big") for count in self.counts)

    @classmethod
    def unpack(cls, hashes: bytes, packed_counts: bytes) -> "Node":
        """From the two stored blobs (512 and 128 bytes)."""
        return cls(hashes, tuple(int.from_bytes(packed_counts[i : i + 8], "big") for i in range(0, 8 * FANOUT, 8)))

    def child(self, digit: int) -> bytes:
        """The hash of one child, 0 to 15."""
        return self.hashes[digit * ID_BYTES : (digit + 1) * ID_BYTES]


class TreeReads(Protocol):
    """One set's tree and ids. A prefix is lower-case hex; the empty one is the root."""

    def get(self, prefix: str, /) -> Node | None:
        """The inner node, or None: a leaf or nothing."""
        ...

    def ids_below(self, prefix: str, /) -> list[bytes]:
        """Every id of the set's present membership below the prefix, sorted."""
        ...


class TreeStore(TreeReads, Protocol):
    """The same, to be brought up to date."""

    def put(self, prefix: str, node: Node, /) -> None:
        """Store an inner node."""
        ...

    def delete(self, prefix: str, /) -> None:
        """Forget an inner node."""
        ...


def leaf_hash(ids: Sequence[bytes]) -> bytes:
    """The hash of at most 16 sorted ids; 32 zero bytes for none."""
    return sha256(b"\x00" + b"".join(ids)).digest() if ids else EMPTY


def node_hash(hashes: bytes) -> bytes:
    """The hash of an inner node from its 16 children's hashes (512 bytes)."""
    return sha256(b"\x01" + hashes).digest()


def _parts(ids: Sequence[bytes], depth: int) -> list[Sequence[bytes]]:
    """Sorted ids that share `depth` hex digits, in 16 parts by the next digit."""
    byte, low = divmod(depth, 2)
    digits = [(one[byte] & 15) if low else (one[byte] >> 4) for one in ids]
    edges = [bisect_left(digits, digit) for digit in range(FANOUT)] + [len(ids)]
    return [ids[edges[i] : edges[i + 1]] for i in range(FANOUT)]


def _hash_below(ids: Sequence[bytes], depth: int) -> bytes:
    if len(ids) <= LEAF_IDS:
        return leaf_hash(ids)
    return node_hash(b"".join(_hash_below(part, depth + 1) for part in _parts(ids, depth)))


def root_of(ids: Iterable[bytes]) -> bytes:
    """The root of a set of 32-byte ids, from all of them: the definition that `apply` must agree with."""
    return _hash_below(sorted(set(ids)), 0)


def _build(store: TreeStore, prefix: str, ids: Sequence[bytes]) -> bytes:
    """Store the inner nodes of a subtree that was a leaf until now; its hash."""
    if len(ids) <= LEAF_IDS:
        return leaf_hash(ids)
    parts = _parts(ids, len(prefix))
    hashes = b"".join(_build(store, prefix + _DIGITS[i], part) for i, part in enumerate(parts))
    store.put(prefix, Node(hashes, tuple(len(part) for part in parts)))
    return node_hash(hashes)


def _update(store: TreeStore, prefix: str, touched: Sequence[bytes], was: int | None) -> tuple[bytes, int]:
    """The hash and count of a subtree in which `touched` came or went. `was`: its count before, if known."""
    node = store.get(prefix) if was is None or was > LEAF_IDS else None
    if node is None:
        ids = store.ids_below(prefix)
        return _build(store, prefix, ids), len(ids)
    hashes, counts = bytearray(node.hashes), list(node.counts)
    for digit, part in enumerate(_parts(touched, len(prefix))):
        if part:
            found = _update(store, prefix + _DIGITS[digit], part, counts[digit])
            hashes[digit * ID_BYTES : (digit + 1) * ID_BYTES], counts[digit] = found
    total = sum(counts)
    if total <= LEAF_IDS:
        # No child can still be an inner node: one that was has been touched, and has merged before us.
        store.delete(prefix)
        return leaf_hash(store.ids_below(prefix)), total
    changed = Node(bytes(hashes), tuple(counts))
    if changed != node:
        store.put(prefix, changed)
    return node_hash(changed.hashes), total


def apply(store: TreeStore, added: Iterable[bytes], removed: Iterable[bytes]) -> tuple[bytes, int]:
    """Bring the tree up to date with a batch; the root and how many ids the set has.

    `ids_below` already gives the membership after the batch. An id that is named needlessly, twice or on both sides
    does no harm; one that is left out does. Cost: the paths of the ids touched.
    """
    return _update(store, "", sorted({*added, *removed}), None)


def check_prefix(text: str) -> str:
    """A prefix as a peer asks for it: at most 64 lower-case hex digits. RemoteProtocolError MALFORMED otherwise."""
    if not _PREFIX.fullmatch(text):
        raise RemoteProtocolError(Reason.MALFORMED, "A prefix has at most 64 lower-case hexadecimal digits.")
    return text


def at(store: TreeReads, prefix: str) -> Node | list[bytes]:
    """What stands at a prefix: an inner node, or the sorted ids (at most 16, perhaps none) of a leaf."""
    node = store.get(prefix)
    return store.ids_below(prefix) if node is None else node


def differing(mine: Node, theirs: Node) -> str:
    """The hex digits of the children in which two inner nodes differ: where to descend."""
    return "".join(_DIGITS[i] for i in range(FANOUT) if mine.child(i) != theirs.child(i))
