"""The stored tree is the definition's tree, whatever the history and whenever it is folded (protocol section 8)."""

from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.storage import sets, tree
from node.storage.contract import Entry, Reads, Storage, Tx
from protocol.hash_tree import EMPTY, Node, at, root_of
from tests.storage.sayings import SET, digest_of, make_set, say


def nodes(reads: Reads, name: str) -> dict[str, tuple[bytes, bytes]]:
    rows = reads.all(
        "SELECT prefix, hashes, counts FROM tree_node WHERE set_key = (SELECT key FROM held_set WHERE name = :name)",
        name=name,
    )
    return {row["prefix"]: (row["hashes"], row["counts"]) for row in rows}


def waiting(reads: Reads, name: str) -> int:
    """How many have left the set and are in its tree yet."""
    sql = "SELECT COUNT(*) AS n FROM tree_left WHERE set_key = (SELECT key FROM held_set WHERE name = :name)"
    return reads.the(sql, name=name)["n"]


async def test_the_tree_of_an_empty_set_and_of_none(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        assert tree.is_folded(tx, SET)
        assert tree.root_and_total(tx, SET) == (EMPTY, 0)
        assert at(tree.StoredTree(tx, key), "") == []
        for ask in (tree.fold, tree.root_and_total, tree.is_folded):
            with pytest.raises(LookupError):
                ask(tx, "nowhere")

    await storage.transact(work)


async def test_it_is_folded_by_whoever_asks_and_then_can_be_read(storage: Storage) -> None:
    def work(tx: Tx) -> int:
        key = make_set(tx)
        for n in range(1, 41):
            say(tx, n)
        assert not tree.is_folded(tx, SET)
        assert nodes(tx, SET) == {}
        root, total = tree.root_and_total(tx, SET)
        assert (root, total) == (root_of(map(digest_of, range(1, 41))), 40)
        assert tree.is_folded(tx, SET)
        say(tx, 41, superseded=1)
        say(tx, 42, superseded=41)
        assert waiting(tx, SET) == 1  # 41 never was in the tree
        tree.fold(tx, SET)
        assert waiting(tx, SET) == 0
        return key

    key = await storage.transact(work)

    def look(reads: Reads) -> None:
        top = at(tree.StoredTree(reads, key), "")
        assert isinstance(top, Node)
        assert top.total == 40
        digit = f"{digest_of(7)[0] >> 4:x}"
        below = at(tree.StoredTree(reads, key), digit)
        assert isinstance(below, list)
        assert digest_of(7) in below
        assert below == sorted(below)

    await storage.read(look)


async def test_the_log_folds_itself_before_too_much_waits(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        make_set(tx)
        folded: set[int] = set()
        for n in range(1, 2 * sets.UNFOLDED + 10):
            say(tx, n)
            found = sets.held(tx, SET)
            assert found is not None
            assert found.seq - found.folded < sets.UNFOLDED
            folded.add(found.folded)
        assert folded == {0, sets.UNFOLDED, 2 * sets.UNFOLDED}
        ids = map(digest_of, range(1, 2 * sets.UNFOLDED + 10))
        assert tree.root_and_total(tx, SET)[0] == root_of(ids)

    await storage.transact(work)


async def test_any_history_folded_at_any_time_gives_the_definitions_root(storage: Storage) -> None:
    names, numbers = count(), count()
    # Ids that crowd under few prefixes make a deep tree of few; scattered ones a wide one.
    crowds = st.sampled_from([b"", b"\x00", b"\x0f", b"\xff\xf0", b"\xff\xff\xff"])
    steps = st.one_of(
        st.tuples(st.just("say"), crowds, st.integers(1, 40)),
        st.tuples(st.just("supersede"), crowds, st.integers(1, 40)),
        st.tuples(st.just("return"), st.just(b""), st.integers(1, 5)),
        st.tuples(st.just("fold"), st.just(b""), st.just(0)),
    )

    def work(tx: Tx) -> None:
        @settings(deadline=None, max_examples=60, database=None)
        @given(st.lists(steps, max_size=14), st.randoms(use_true_random=False))
        def history(steps: list[tuple[str, bytes, int]], chance: Random) -> None:
            name = f"tree {next(names)}"
            make_set(tx, name)
            living: dict[str, bytes] = {}
            gone: dict[str, bytes] = {}

            def append(activity: str, digest: bytes, superseded: str | None) -> None:
                tx.run(
                    "INSERT INTO activity(id, digest, actor, type, proof, carrier, at)"
                    " VALUES(:id, :digest, 'a', 'Create', 1, 'a', 0) ON CONFLICT(id) DO NOTHING",
                    id=activity,
                    digest=digest,
                )
                tx.append(Entry(name, activity, digest, superseded))
                living[activity] = digest
                if superseded is not None:
                    gone[superseded] = living.pop(superseded)

            for what, crowd, size in steps:
                if what == "fold":
                    assert tree.root_and_total(tx, name) == (root_of(living.values()), len(living))
                for _ in range(size):
                    number = next(numbers)
                    digest = (crowd + digest_of(number))[:32]
                    if what == "say":
                        append(f"a{number}", digest, None)
                    elif what == "supersede" and living:
                        append(f"a{number}", digest, chance.choice(list(living)))
                    elif what == "return" and gone:
                        activity = chance.choice(list(gone))
                        append(activity, gone.pop(activity), None)

            found = sets.held(tx, name)
            assert found is not None
            assert found.total == len(living)
            assert tree.root_and_total(tx, name) == (root_of(living.values()), len(living))
            assert tree.root_and_total(tx, name) == (root_of(living.values()), len(living))

            # And its nodes are those that one batch makes: nothing stale is left behind.
            fresh = f"{name} fresh"
            make_set(tx, fresh)
            for activity, digest in living.items():
                tx.append(Entry(fresh, activity, digest))
            tree.fold(tx, fresh)
            assert nodes(tx, name) == nodes(tx, fresh)
            assert waiting(tx, name) == 0

        history()

    await storage.transact(work)
