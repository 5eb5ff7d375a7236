"""The tree depends on the set alone: whatever the batches and their order, the root is the reference's."""

from collections.abc import Iterable
from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocol import hash_tree
from protocol.errors import RemoteProtocolError
from protocol.hash_tree import EMPTY, Node, apply, root_of


class Shelf:
    """A store in memory: ids as the present membership, inner nodes by prefix."""

    def __init__(self) -> None:
        self.ids: set[bytes] = set()
        self.nodes: dict[str, Node] = {}
        self.writes = 0

    def get(self, prefix: str, /) -> Node | None:
        return self.nodes.get(prefix)

    def put(self, prefix: str, node: Node, /) -> None:
        self.writes += 1
        self.nodes[prefix] = node

    def delete(self, prefix: str, /) -> None:
        del self.nodes[prefix]

    def ids_below(self, prefix: str, /) -> list[bytes]:
        return sorted(one for one in self.ids if one.hex().startswith(prefix))

    def change(self, added: Iterable[bytes], removed: Iterable[bytes]) -> tuple[bytes, int]:
        added, removed = list(added), list(removed)
        self.ids = (self.ids - set(removed)) | set(added)
        return apply(self, added, removed)


def one(number: int) -> bytes:
    return sha256(number.to_bytes(4, "big")).digest()


def close(number: int) -> bytes:
    """Ids that share 31 bytes: the deepest tree there can be."""
    return bytes(31) + bytes([number])


IDS = st.one_of(st.integers(0, 400).map(one), st.integers(0, 60).map(close))
BATCH = st.tuples(st.sets(IDS, max_size=60), st.sets(IDS, max_size=60))


def test_the_empty_set_is_zero_bytes() -> None:
    assert root_of([]) == EMPTY
    assert apply(Shelf(), [], []) == (EMPTY, 0)


def test_the_first_levels_by_hand() -> None:
    sixteen = sorted(one(n) for n in range(16))
    assert root_of(sixteen) == sha256(b"\x00" + b"".join(sixteen)).digest()
    seventeen = sorted(one(n) for n in range(17))
    children = b""
    for digit in range(16):
        below = [i for i in seventeen if i[0] >> 4 == digit]
        children += sha256(b"\x00" + b"".join(below)).digest() if below else bytes(32)
    assert root_of(seventeen) == sha256(b"\x01" + children).digest()


@settings(max_examples=60, deadline=None)
@given(st.lists(BATCH, max_size=6))
def test_batches_end_where_the_reference_does(batches: list[tuple[set[bytes], set[bytes]]]) -> None:
    shelf = Shelf()
    for added, removed in batches:
        root, total = shelf.change(added, removed - added)
        assert root == root_of(shelf.ids)
        assert total == len(shelf.ids)
    fresh = Shelf()
    fresh.change(shelf.ids, [])
    assert fresh.nodes == shelf.nodes  # no inner node is left behind, none is missing


@settings(max_examples=20, deadline=None)
@given(st.sets(IDS, min_size=20, max_size=80), st.randoms(use_true_random=False))
def test_one_by_one_in_any_order(ids: set[bytes], random: object) -> None:
    order = sorted(ids)
    random.shuffle(order)  # type: ignore[attr-defined]
    shelf = Shelf()
    for each in order:
        root, _ = shelf.change([each], [])
    assert root == root_of(ids)
    for each in order[16:]:
        root, total = shelf.change([], [each])
    assert (root, total, shelf.nodes) == (root_of(order[:16]), 16, {})


def test_one_id_costs_its_path() -> None:
    shelf = Shelf()
    shelf.change((one(n) for n in range(5_000)), [])
    shelf.writes = 0
    shelf.change([one(5_000)], [])
    assert shelf.writes <= 4


def test_what_was_named_needlessly_does_no_harm() -> None:
    shelf = Shelf()
    shelf.change((one(n) for n in range(40)), [])
    root, total = apply(shelf, [one(1), one(999)], [one(2), one(1)])
    assert (root, total) == (root_of(shelf.ids), 40)


def test_the_descent_finds_every_difference() -> None:
    mine, theirs = Shelf(), Shelf()
    mine.change((one(n) for n in range(0, 600)), [])
    theirs.change((one(n) for n in range(5, 610)), [])
    found: set[bytes] = set()
    todo = [""]
    while todo:
        prefix = todo.pop()
        a, b = hash_tree.at(mine, prefix), hash_tree.at(theirs, prefix)
        if isinstance(a, Node) and isinstance(b, Node):
            todo += [prefix + digit for digit in hash_tree.differing(a, b)]
        else:
            found |= set(mine.ids_below(prefix)) ^ set(theirs.ids_below(prefix))
    assert found == mine.ids ^ theirs.ids


def test_counts_as_they_are_stored() -> None:
    node = Node(bytes(512), tuple(range(0, 16_000_000, 1_000_000)))
    assert len(node.packed_counts) == 128
    assert Node.unpack(node.hashes, node.packed_counts) == node
    assert node.total == sum(node.counts)


@pytest.mark.parametrize("text", ["A", "g", "0x", " ", "0" * 65, "a\n", "\u0660"])
def test_what_is_no_prefix(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        hash_tree.check_prefix(text)


@pytest.mark.parametrize("text", ["", "0", "0f", "f" * 64])
def test_what_is_a_prefix(text: str) -> None:
    assert hash_tree.check_prefix(text) == text
