"""A set's log: gapless, without what was superseded; its pages; what its inboxes want (protocol section 8)."""

from itertools import count, pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.storage import sets, tree
from node.storage.contract import Counter, Entry, Reads, Storage, Tx
from protocol import hash_tree
from protocol.errors import Reason, RemoteProtocolError
from tests.storage.sayings import (
    EPOCH,
    HOST,
    OWNER,
    SET,
    activity_id,
    digest_of,
    log,
    make_set,
    raw_of,
    say,
    store,
    subscribe,
)

HUGE = 10**9


def held(reads: Reads, name: str = SET) -> sets.HeldSet:
    found = sets.held(reads, name)
    assert found is not None
    return found


def raws(reads: Reads) -> dict[str, bytes | None]:
    return {row["id"]: row["raw"] for row in reads.all("SELECT id, raw FROM activity")}


async def test_a_new_set_and_the_same_again(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        say(tx, 1)
        assert sets.create(tx, SET, "someone else", "members", local=False, epoch=5, now=5) == key
        assert held(tx) == sets.HeldSet(key, SET, OWNER, "public", True, EPOCH, 1, 1, 0, 0, 0, EPOCH + 1)
        other = sets.create(tx, "b", OWNER, "members", local=False, epoch=5, now=7)
        assert held(tx, "b") == sets.HeldSet(other, "b", OWNER, "members", False, 5, 0, 0, 0, 0, 0, 7)
        assert sets.held(tx, "c") is None

    await storage.transact(work)


async def test_an_entry_needs_its_set(storage: Storage) -> None:
    with pytest.raises(LookupError):
        await storage.transact(lambda tx: say(tx, 1))


async def test_what_is_said_again_goes_to_the_end_of_the_log_and_stays_in_the_tree(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        level, behind = (subscribe(tx, make_set(tx), host) for host in ("level.example", "behind.example"))
        for number in (1, 2, 3):
            say(tx, number)
        assert [sets.acknowledge(tx, level, seq) for seq in (1, 2, 3)] == [2, 3, None]
        root = tree.root_and_total(tx, SET)
        say(tx, 4, superseded=3)
        assert sets.acknowledge(tx, level, 4) is None
        for number in (1, 4, 3):  # what has left is not said again
            sets.again(tx, SET, activity_id(number), digest_of(number))
        assert log(tx) == [(2, activity_id(2)), (5, activity_id(1)), (6, activity_id(4))]
        assert tree.root_and_total(tx, SET)[1] == 3 == root[1]
        assert (held(tx).seq, held(tx).folded, held(tx).total) == (6, 6, 3)
        assert [tx.the(sets.WANTS, inbox=inbox)["wants"] for inbox in (level, behind)] == [5, 1]
        owed = sets.next_owed(tx, held(tx).key, 1)
        assert owed is not None
        assert owed.seq == 2
        say(tx, 5, superseded=1)
        assert tree.root_and_total(tx, SET) == (hash_tree.root_of([digest_of(n) for n in (2, 4, 5)]), 3)

    await storage.transact(work)


async def test_an_entry_is_found_wherever_it_stands(storage: Storage) -> None:
    """Among the last ones, by the tree, and not any more once it has left, whether the tree knows that or not."""

    def found(number: int) -> int | None:
        row = asked.pop(number)
        return None if row is None else row["seq"]

    def work(tx: Tx) -> None:
        make_set(tx)
        make_set(tx, "b")
        say(tx, 1)
        say(tx, 2)
        say(tx, 9, name="b")
        asked.update({number: sets.find(tx, SET, activity_id(number), digest_of(number)) for number in (1, 2, 3, 9)})
        assert [found(number) for number in (1, 2, 3, 9)] == [1, 2, None, None]
        tree.fold(tx, SET)
        say(tx, 4, superseded=1)
        asked.update({number: sets.find(tx, SET, activity_id(number), digest_of(number)) for number in (1, 2, 4)})
        assert [found(number) for number in (1, 2, 4)] == [None, 2, 3]
        tree.fold(tx, SET)
        say(tx, 5, superseded=4)
        say(tx, 6, superseded=5)
        asked.update({number: sets.find(tx, SET, activity_id(number), digest_of(number)) for number in (1, 2, 4, 5, 6)})
        assert [found(number) for number in (1, 2, 4, 5, 6)] == [None, 2, None, None, 5]

    asked: dict[int, Any] = {}
    await storage.transact(work)


async def test_where_the_counter_is_known_it_is_advanced_and_our_cursor_with_it(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        for number in (1, 2, 3):
            known = sets.held(tx, SET)
            assert known is not None
            counter = Counter(key, known.seq, known.folded)
            theirs = None if number == 2 else 10 * number
            store(tx, number)
            assert tx.append(Entry(SET, activity_id(number), digest_of(number), None, theirs, counter)) == number
            after = sets.held(tx, SET)
            assert after is not None
            assert (after.seq, after.total) == (number, number)
            assert after.theirs_seq == (10 if number < 3 else 30)

    await storage.transact(work)


async def test_seq_is_gapless_in_each_set(storage: Storage) -> None:
    def work(tx: Tx) -> list[int]:
        make_set(tx)
        make_set(tx, "b")
        return [say(tx, n, name="b" if n % 3 == 0 else SET) for n in range(1, 10)]

    assert await storage.transact(work) == [1, 2, 1, 3, 4, 2, 5, 6, 3]


async def test_what_is_superseded_leaves_the_log_and_its_bytes_are_erased(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        make_set(tx)
        for n in (1, 2, 3):
            say(tx, n)
        assert say(tx, 4, superseded=2) == 4
        assert log(tx) == [(1, activity_id(1)), (3, activity_id(3)), (4, activity_id(4))]
        assert raws(tx) == {activity_id(n): None if n == 2 else raw_of(n) for n in (1, 2, 3, 4)}
        found = held(tx)
        assert (found.seq, found.total, found.updated) == (4, 3, EPOCH + 4)
        # Again, and what never was here: only the bytes are told to go.
        say(tx, 5, superseded=2)
        say(tx, 6, superseded=99)
        found = held(tx)
        assert (found.seq, found.total) == (6, 5)

    await storage.transact(work)


async def test_superseding_in_one_set_leaves_the_other_its_id(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        make_set(tx)
        make_set(tx, "b")
        say(tx, 1)
        tx.append(Entry("b", activity_id(1), digest_of(1)))
        say(tx, 2, superseded=1)
        assert log(tx, "b") == [(1, activity_id(1))]
        # It is held there by its id alone: counted, and in no page.
        assert held(tx, "b").total == 1
        assert sets.page(tx, "b", EPOCH, 0, 10, HUGE) == sets.Stretch("b", EPOCH, 0, 1, 1, False, ())
        assert sets.next_owed(tx, held(tx, "b").key, 1) is None

    await storage.transact(work)


# --- pages


def ten(tx: Tx) -> None:
    """Ten said, of 100 bytes each; 2, 3, 4 and 7 superseded by 8, 9, 10, 11: entries 1 5 6 8 9 10 11."""
    make_set(tx)
    for n in range(1, 8):
        say(tx, n, size=100)
    for n, before in ((8, 2), (9, 3), (10, 4), (11, 7)):
        say(tx, n, before, size=100)


@pytest.mark.parametrize(
    ("after", "limit", "max_bytes", "seqs", "to", "more"),
    [
        (0, 100, HUGE, [1, 5, 6, 8, 9, 10, 11], 11, False),
        (0, 7, HUGE, [1, 5, 6, 8, 9, 10, 11], 11, False),
        (0, 6, HUGE, [1, 5, 6, 8, 9, 10], 10, True),
        (0, 1, HUGE, [1], 4, True),  # to passes the gap
        (1, 1, HUGE, [5], 5, True),
        (2, 2, HUGE, [5, 6], 7, True),
        (0, 100, 300, [1, 5, 6], 7, True),
        (0, 100, 299, [1, 5], 5, True),
        (0, 100, 99, [1], 4, True),  # too large, yet one: a cursor must advance
        (0, 2, 100, [1], 4, True),
        (10, 100, 1, [11], 11, False),
        (11, 100, HUGE, [], 11, False),
    ],
)
async def test_a_page(
    storage: Storage, after: int, limit: int, max_bytes: int, seqs: list[int], to: int, more: bool
) -> None:
    await storage.transact(ten)
    stretch = await storage.read(lambda reads: sets.page(reads, SET, EPOCH, after, limit, max_bytes))
    entries = tuple(sets.Logged(seq, digest_of(seq), raw_of(seq, 100)) for seq in seqs)
    assert stretch == sets.Stretch(SET, EPOCH, after, to, 11, more, entries)


@pytest.mark.parametrize(
    ("name", "epoch", "after", "reason"),
    [
        ("https://nowhere.example/outbox", EPOCH, 0, Reason.NOT_FOUND),
        (SET, EPOCH - 1, 0, Reason.CURSOR_TOO_OLD),
        (SET, EPOCH + 1, 99, Reason.CURSOR_TOO_OLD),
        (SET, EPOCH, 12, Reason.FUTURE_CURSOR),
    ],
)
async def test_a_cursor_that_cannot_be(storage: Storage, name: str, epoch: int, after: int, reason: Reason) -> None:
    await storage.transact(ten)
    with pytest.raises(RemoteProtocolError) as caught:
        await storage.read(lambda reads: sets.page(reads, name, epoch, after, 10, HUGE))
    assert caught.value.reason is reason


async def test_an_empty_set_has_an_empty_page(storage: Storage) -> None:
    await storage.transact(make_set)
    stretch = await storage.read(lambda reads: sets.page(reads, SET, EPOCH, 0, 10, HUGE))
    assert stretch == sets.Stretch(SET, EPOCH, 0, 0, 0, False, ())


async def test_who_walks_the_pages_while_the_set_changes_misses_nothing(storage: Storage) -> None:
    """Whatever the limits and the changes between two pages: all that lives at the end was met, in order, once."""
    names, numbers = count(), count()
    # each turn: what is said before the next page, each superseding one of the living (by an index) or none
    turns = st.lists(st.lists(st.none() | st.integers(0, 50), max_size=6), max_size=12)

    def work(tx: Tx) -> None:
        @settings(deadline=None, max_examples=80, database=None)
        @given(turns, st.integers(1, 5), st.integers(1, 400))
        def walk(turns: list[list[int | None]], limit: int, max_bytes: int) -> None:
            name = f"walk {next(names)}"
            make_set(tx, name)
            living: dict[int, int] = {}  # number -> seq
            met: list[int] = []
            after, more = 0, True
            while turns or more:
                for choice in turns.pop(0) if turns else []:
                    before = None if choice is None or not living else sorted(living)[choice % len(living)]
                    number = next(numbers)
                    seq = say(tx, number, before, size=50 + number % 100, name=name)
                    living.pop(-1 if before is None else before, None)
                    living[number] = seq
                stretch = sets.page(tx, name, EPOCH, after, limit, max_bytes)
                assert stretch.after == after <= stretch.to <= stretch.head
                assert stretch.more == (stretch.to < stretch.head)
                assert len(stretch.entries) <= limit
                assert len(stretch.entries) <= 1 or sum(len(entry.raw) for entry in stretch.entries) <= max_bytes
                assert all(after < entry.seq <= stretch.to for entry in stretch.entries)
                met += [entry.seq for entry in stretch.entries]
                after, more = stretch.to, stretch.more
            assert all(one < other for one, other in pairwise(met))
            assert set(living.values()) <= set(met)
            assert held(tx, name).total == len(living)

        walk()

    await storage.transact(work)


# --- inboxes


def wants(reads: Reads, inbox: int) -> int | None:
    return reads.the("SELECT wants FROM inbox WHERE key = :inbox", inbox=inbox)["wants"]


def due(reads: Reads, host: str = HOST) -> int | None:
    return reads.the("SELECT due FROM peer WHERE host = :host", host=host)["due"]


async def test_an_append_marks_the_inboxes_that_are_level_and_wakes_their_peers(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        other = make_set(tx, "b")
        level = subscribe(tx, key)
        behind = subscribe(tx, key, "slow.example")
        ended = subscribe(tx, key, "ended.example")
        paused = subscribe(tx, key, "paused.example")
        elsewhere = subscribe(tx, other, "b.example")
        tx.run("UPDATE inbox SET wants = 0 WHERE key = :key", key=behind)
        tx.run("UPDATE inbox SET ended = 1 WHERE key = :key", key=ended)
        tx.run("UPDATE peer SET due = 99 WHERE host = 'slow.example'")
        tx.run("UPDATE peer SET paused = 'told us to' WHERE host = 'paused.example'")
        for n in (1, 2):
            say(tx, n)
            assert [wants(tx, inbox) for inbox in (level, behind, ended, paused, elsewhere)] == [1, 0, None, 1, None]
            hosts = (HOST, "slow.example", "ended.example", "paused.example", "b.example")
            assert [due(tx, host) for host in hosts] == [0, 99, None, None, None]

    await storage.transact(work)


async def test_a_peer_that_is_scheduled_keeps_its_time(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        inbox = subscribe(tx, make_set(tx))
        tx.run("UPDATE peer SET due = 500")
        say(tx, 1)
        assert (wants(tx, inbox), due(tx)) == (1, 500)

    await storage.transact(work)


async def test_what_is_owed_next(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        ten(tx)
        key = held(tx).key
        owed = [sets.next_owed(tx, key, seq) for seq in range(1, 13)]
        # The one that was wanted and is superseded is passed over; previous is the entry that stands before.
        found = [None if one is None else (one.seq, one.previous) for one in owed]
        five, eleven = (5, 1), (11, 10)
        assert found == [(1, 0), five, five, five, five, (6, 5), (8, 6), (8, 6), (9, 8), (10, 9), eleven, None]
        assert owed[0] == sets.Owed(1, activity_id(1), raw_of(1, 100), 0)

    await storage.transact(work)


async def test_what_is_held_by_its_id_alone_is_not_owed_nor_in_a_page(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        for n in range(1, 7):
            say(tx, n, size=100)
        tx.run("UPDATE activity SET raw = NULL WHERE id IN (:a, :b)", a=activity_id(2), b=activity_id(3))
        found = [(one.seq, one.previous) for one in (sets.next_owed(tx, key, seq) for seq in (1, 2, 3, 4)) if one]
        assert found == [(1, 0), (4, 1), (4, 1), (4, 1)]
        inbox = subscribe(tx, key)
        assert sets.acknowledge(tx, inbox, 1) == 4
        pages = [sets.page(tx, SET, EPOCH, after, 2, HUGE) for after in (0, 1, 2)]
        assert [([entry.seq for entry in one.entries], one.to) for one in pages] == [([1], 2), ([], 3), ([4], 4)]
        assert all(one.more for one in pages)

    await storage.transact(work)


async def test_an_acknowledgement_moves_on_never_back(storage: Storage) -> None:
    def work(tx: Tx) -> None:
        key = make_set(tx)
        inbox = subscribe(tx, key)
        for n in (1, 2, 3, 4):
            say(tx, n)
        assert sets.acknowledge(tx, inbox, 1) == 2
        assert sets.acknowledge(tx, inbox, 3) == 4
        assert sets.acknowledge(tx, inbox, 2) == 4  # an older one that comes late
        say(tx, 5, superseded=4)
        assert wants(tx, inbox) == 4
        assert sets.acknowledge(tx, inbox, 4) == 5
        assert sets.acknowledge(tx, inbox, 5) is None
        say(tx, 6)
        assert wants(tx, inbox) == 6
        assert sets.acknowledge(tx, 99, 6) is None

    await storage.transact(work)
