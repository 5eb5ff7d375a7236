"""The index keeps up with the database on either engine, and whatever happens to it, it is built again."""

from pathlib import Path

import pytest

from node.repertoire import changes, store
from node.repertoire.catalog import Query
from node.repertoire.rules import Hide, Withdraw
from node.repertoire.search.following import Search
from node.storage.contract import Tx
from protocol.vocabulary.repertoire import Reference
from tests.cluster.kit import START
from tests.gate.kit import INKSTER
from tests.repertoire.search.kit import Shelf, method


async def test_what_was_there_and_what_comes_is_found(shelf: Shelf) -> None:
    await shelf.put(method(1, "Call-in"))
    assert await shelf.search.answer(Query(), ("en",)) is None  # it has not begun
    await shelf.open()
    assert (shelf.search.status.state, await shelf.titles(q="call")) == ("ready", ["Call-in"])
    await shelf.put(method(2, "Calling card"), at=START + 1)
    assert sorted(await shelf.titles(q="call")) == ["Call-in", "Calling card"]


async def test_an_edit_takes_the_place_of_what_was(shelf: Shelf) -> None:
    await shelf.open()
    await shelf.put(method(1, "Call-in"))
    assert await shelf.titles(q="call-in") == ["Call-in"]
    await shelf.put(method(1, "Focused deterrence"), at=START + 5)
    assert await shelf.titles(q="call-in") == []
    assert await shelf.titles(q="deterrence") == ["Focused deterrence"]


@pytest.mark.parametrize("effect", [Withdraw, Hide])
async def test_what_is_withdrawn_or_no_longer_public_is_in_no_count(
    shelf: Shelf, effect: type[Withdraw] | type[Hide]
) -> None:
    await shelf.open()
    one = method(1, "Call-in")
    await shelf.put(one, method(2, "Street outreach"))
    assert await shelf.counts("kind") == {"method": 2}
    await shelf.storage.transact(lambda tx: store.apply(tx, None, (effect(one.id),), START + 9))
    assert await shelf.counts("kind") == {"method": 1}
    assert await shelf.titles(q="call-in") == []
    await shelf.put(one, at=START + 20)
    await shelf.storage.transact(
        lambda tx: tx.run("UPDATE item SET withdrawn = NULL WHERE key = (SELECT key FROM object WHERE id = :id)",
                          id=one.id)
    )  # fmt: skip
    await shelf.put(one, at=START + 30)
    assert await shelf.titles(q="call-in") == ["Call-in"]


async def test_what_only_some_may_read_is_not_indexed_even_if_a_card_were_left(shelf: Shelf) -> None:
    await shelf.put(method(1, "Call-in"), method(2, "Of our own"))
    await shelf.storage.transact(lambda tx: tx.run("UPDATE object SET audience = 'followers' WHERE id LIKE '%/2'"))
    await shelf.open()
    assert await shelf.titles() == ["Call-in"]


async def test_an_adaptation_counts_for_what_it_adapts_until_it_is_withdrawn(shelf: Shelf) -> None:
    await shelf.open()
    origin, other = method(1, "Call-in"), method(2, "Outreach")
    await shelf.put(origin, other)
    made = method(3, "Call-in, ours", by=INKSTER, kind="adaptation", adapted_from=(Reference(origin.id, bytes(32)),))
    await shelf.put(made, at=START + 1)
    assert await shelf.counts("adapted") == {"0": 2, "1": 1}
    assert await shelf.titles(adapted="1") == ["Call-in"]
    assert (await shelf.titles(sort="adapted"))[0] == "Call-in"
    await shelf.storage.transact(lambda tx: store.apply(tx, None, (Withdraw(made.id),), START + 9))
    assert await shelf.counts("adapted") == {"0": 2}


async def test_it_goes_on_where_it_was(shelf: Shelf) -> None:
    await shelf.open()
    await shelf.put(*(method(number, f"Call-in {number}") for number in range(30)))
    await shelf.search.follow()
    await shelf.put(method(31, "Meanwhile"))
    await shelf.again()
    assert await shelf.titles(q="meanwhile") == ["Meanwhile"]
    assert (await shelf.ask()).total == 31


async def test_what_was_taken_in_but_not_committed_comes_again_once(shelf: Shelf) -> None:
    """As after a crash between the commit and the note of how far it went."""
    await shelf.open()
    await shelf.put(method(1, "Call-in"))
    await shelf.search.follow()
    state = shelf.directory / "search" / "0" / "state.json"
    before = state.read_bytes()
    await shelf.put(method(2, "Outreach"))
    await shelf.search.follow()
    state.write_bytes(before)
    await shelf.again()
    assert sorted(await shelf.titles()) == ["Call-in", "Outreach"]


@pytest.mark.parametrize(
    "harm",
    [
        lambda place: (place / "state.json").write_bytes(b"{"),
        lambda place: (place / "state.json").write_bytes(b'{"format":0,"changed":1,"key":1}'),
        lambda place: (place / "state.json").write_bytes(b'{"format":1,"changed":9000000000000000,"key":1}'),
        lambda place: (place / "state.json").unlink(),
        lambda place: (place / "files" / "meta.json").write_bytes(b"not json"),
        lambda place: (place / "files" / "meta.json").unlink(),
        lambda place: [file.write_bytes(b"\x00" * 100) for file in (place / "files").glob("*.term")],
        lambda place: [file.unlink() for file in (place / "files").glob("*.store")],
        lambda place: [file.write_bytes(b"") for file in (place / "files").glob("*.fast")],
    ],
    ids=["state", "format", "another database", "no state", "meta", "no meta", "terms", "store", "facts"],
)
async def test_a_damaged_index_is_built_anew(shelf: Shelf, harm: object) -> None:
    assert callable(harm)
    await shelf.open()
    await shelf.put(method(1, "Call-in"), method(2, "Outreach"))
    await shelf.search.follow()
    await shelf.search.stop()
    harm(shelf.directory / "search" / "0")
    shelf.search = Search(shelf.storage, shelf.clock, shelf.directory)
    for _ in range(2):  # what is found out only by asking is put right at the next start
        await shelf.search.start()
        if await shelf.search.answer(Query(q="outreach"), ("en",)) is not None:
            break
    assert await shelf.titles(q="outreach") == ["Outreach"]
    assert (await shelf.ask()).total == 2


async def test_two_processes_have_an_index_each(shelf: Shelf) -> None:
    await shelf.open()
    other = Search(shelf.storage, shelf.clock, shelf.directory)
    await other.start()
    await shelf.put(method(1, "Call-in"))
    for search in (shelf.search, other):
        answer = await search.answer(Query(q="call"), ("en",))
        assert answer is not None
        assert answer.total == 1
    await other.stop()
    assert sorted(path.name for path in (shelf.directory / "search").iterdir()) == ["0", "1"]


async def test_a_folder_that_cannot_be_had_is_no_end(tmp_path: Path, shelf: Shelf) -> None:
    (tmp_path / "file").write_bytes(b"")
    search = Search(shelf.storage, shelf.clock, tmp_path / "file")
    assert await search.answer(Query(), ("en",)) is None
    with pytest.raises(Exception, match="cannot be used"):
        await search.start()
    assert search.status.state == "away"


async def test_numbers_from_another_database_are_taken_back(shelf: Shelf) -> None:
    await shelf.put(method(1, "Call-in"))
    far = 2**60

    def restored(tx: Tx) -> None:
        tx.run("UPDATE item SET changed = :far", far=far)

    await shelf.storage.transact(restored)
    await shelf.open()
    assert await shelf.titles() == ["Call-in"]
    await shelf.put(method(2, "Outreach"))
    assert sorted(await shelf.titles()) == ["Call-in", "Outreach"]


async def test_changes_come_in_order_whatever_the_page(shelf: Shelf) -> None:
    one = method(1, "Call-in")
    await shelf.put(one, *(method(number, f"Item {number}") for number in range(2, 9)))
    await shelf.storage.transact(lambda tx: store.apply(tx, None, (Hide(one.id),), START + 9))
    at, seen, gone = changes.START, list[int](), list[int]()
    for _ in range(20):
        after = at
        found = await shelf.storage.read(lambda reads, after=after: changes.read(reads, after, 3))
        seen += [row["key"] for row in found.items]
        gone += found.gone
        at = found.to
        if found.done:
            break
    assert (len(seen), len(set(seen)), len(gone)) == (7, 7, 1)
