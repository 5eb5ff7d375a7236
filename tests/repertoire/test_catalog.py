"""The catalog over a real database: what is found, in which order, how many, and that nothing walks a table for it."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from node.repertoire import catalog, store
from node.repertoire.catalog import PAGE, Query
from node.storage.contract import Tx
from protocol import identifiers
from protocol.errors import Reason
from protocol.vocabulary import activities
from protocol.vocabulary.repertoire import Place, Reference
from tests.gate.kit import (
    HIGH_POINT,
    INKSTER,
    START,
    Door,
    activity_id,
    create,
    delete,
    door,
    edited,
    item,
    shelve,
    update,
)
from tests.gate.plans import plans, walks

SHELF = [
    item(HIGH_POINT, 1, name="Call-in", kind="method", domain="public-safety/gun-violence", summary="Offer help"),
    item(HIGH_POINT, 2, name="50% fewer_shots!", kind="story", domain="public-safety"),
    item(HIGH_POINT, 3, name='It\'s "quoted"; DROP TABLE item', kind="lesson", domain="public-safety-net"),
    item(HIGH_POINT, 4, name="Ein Gespräch über Öffnung", kind="method", language="de", domain="housing"),
    item(
        INKSTER, 5, name="50 per cent", kind="tool", domain="housing/shelter", source="", content="<p>Zoë &amp; x</p>"
    ),
    item(INKSTER, 6, name="İstanbul und STRASSE", kind="manual", language="de", place=Place(name="Inkster")),
]


def fill(tx: Tx) -> None:
    for number, one in enumerate(SHELF):
        shelve(tx, one, START + number)
        tx.run("UPDATE item SET updated = :at WHERE id = :id", at=START + number, id=one.id)


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Door]:
    async with door(tmp_path) as made:
        await made.know(HIGH_POINT)
        await made.storage.transact(fill)
        yield made


async def found(shelf: Door, **asked: Any) -> list[int]:
    """Numbers of the items found, the latest first; the count must agree."""
    query = Query(**asked)
    rows, total = await shelf.storage.read(lambda reads: (catalog.cards(reads, query), catalog.total(reads, query)))
    assert total == len(rows)
    return [int(row["id"].rpartition("/")[2]) for row in rows]


ASKED: list[tuple[dict[str, str], list[int]]] = [
    ({}, [6, 5, 4, 3, 2, 1]),
    ({"domain": "public-safety"}, [6, 2, 1]),  # what lies below it, and not its namesake
    ({"domain": "public-safety/gun-violence"}, [6, 1]),
    ({"domain": "public-safety/gun"}, []),
    ({"domain": "housing"}, [5, 4]),
    ({"domain": "%"}, []),
    ({"kind": "method"}, [4, 1]),
    ({"kind": "method", "language": "de"}, [4]),
    ({"practice": INKSTER.id}, [6, 5]),
    ({"practice": INKSTER.id, "kind": "tool", "domain": "housing"}, [5]),
    ({"q": "call"}, [1]),
    ({"q": "CALL help"}, [1]),
    ({"q": "help call-in nothing"}, []),
    ({"q": "gespräch"}, [4]),
    ({"q": "GESPRÄCH öffnung"}, [4]),
    ({"q": "strasse"}, [6]),
    ({"q": "straße"}, [6]),  # case folding makes them one
    ({"q": "zoë &"}, [5]),  # text, not its HTML
    ({"q": "<p>"}, []),
    ({"q": "inkster"}, [6]),
    ({"q": "   "}, [6, 5, 4, 3, 2, 1]),
]


@pytest.mark.parametrize(("asked", "numbers"), ASKED, ids=str)
async def test_what_is_asked_is_found_the_latest_first(shelf: Door, asked: dict[str, str], numbers: list[int]) -> None:
    assert await found(shelf, **asked) == numbers


HOSTILE: list[tuple[str, list[int]]] = [
    ("50%", [2]),
    ("%", [2]),
    ("_", [2]),
    ("!", [2]),
    ("!%", []),
    ("!_", []),
    ("!!", []),
    ("fewer_shots!", [2]),
    ("fewer-shots", []),
    ("'", [3]),
    ('"', [3]),
    ("'; DROP TABLE item; --", []),
    ('"quoted";', [3]),
    ("\\", []),
    ("\x00", [6, 5, 4, 3, 2, 1]),  # no word at all
    ("nothing\x00", []),
    ("fewer\x00nothing", []),
    ("x" * 8_000, []),
    ("%" * 2_000, []),
    (" ".join(["fewer"] * 10 + ["nothing"] * 500), [2]),  # ten words count
    ("*", []),
    ("[a-z]", []),
    (":word0", []),
]


@pytest.mark.parametrize(("words", "numbers"), HOSTILE, ids=lambda value: repr(value)[:24])
async def test_no_word_is_more_than_a_word(shelf: Door, words: str, numbers: list[int]) -> None:
    assert await found(shelf, q=words) == numbers
    assert await shelf.count("item") == len(SHELF)


async def test_what_is_withdrawn_is_nowhere(shelf: Door) -> None:
    gone = SHELF[0].id
    await shelf.storage.transact(lambda tx: store.apply(tx, None, (store.Withdraw(gone),), START + 50))
    assert await found(shelf) == [6, 5, 4, 3, 2]
    assert await found(shelf, q="help") == [6, 4, 3, 2]
    rows = await shelf.storage.read(lambda reads: catalog.counts(reads, Query(), "domain"))
    assert "public-safety/gun-violence" not in {row["value"] for row in rows} - {SHELF[5].domain}
    (row,) = await shelf.rows("SELECT name, summary, place, search, withdrawn FROM item WHERE id = :id", id=gone)
    assert row == {"name": "", "summary": "", "place": "", "search": "", "withdrawn": START + 50}


async def test_counts_are_of_what_the_rest_of_the_question_finds(shelf: Door) -> None:
    async def counted(facet: str, **asked: str) -> dict[str, int]:
        rows = await shelf.storage.read(lambda reads: catalog.counts(reads, Query(**asked), facet))
        return {row["value"]: row["count"] for row in rows}

    assert await counted("kind") == {"method": 2, "lesson": 1, "manual": 1, "story": 1, "tool": 1}
    assert await counted("kind", kind="method") == await counted("kind")
    assert await counted("kind", language="de") == {"manual": 1, "method": 1}
    assert await counted("language", kind="method") == {"de": 1, "en": 1}
    assert await counted("domain", q="50") == {"housing/shelter": 1, "public-safety": 1}
    for query in ({}, {"kind": "method"}, {"domain": "housing"}, {"q": "50"}):
        for facet in catalog.FACETS:
            for value, count in (await counted(facet, **query)).items():
                if facet != "domain":
                    assert len(await found(shelf, **{**query, facet: value})) == count
    with pytest.raises(LookupError):
        await shelf.storage.read(lambda reads: catalog.counts(reads, Query(), "search"))


async def test_pages_cover_everything_once(tmp_path: Path) -> None:
    count = 2 * PAGE + 3
    async with door(tmp_path) as made:

        def fill_many(tx: Tx) -> None:
            for number in range(count):  # all of one moment: the order must hold without a clock
                shelve(tx, item(HIGH_POINT, number), START)

        await made.storage.transact(fill_many)
        seen: list[str] = []
        sizes: list[int] = []
        for page in (1, 2, 3, 4, 100_000):
            rows = await made.storage.read(lambda reads, page=page: catalog.cards(reads, Query(page=page)))
            sizes.append(len(rows))
            seen += [row["id"] for row in rows[:PAGE]]
        assert sizes == [PAGE + 1, PAGE + 1, 3, 0, 0]  # one more row than a page says that another follows
        assert len(set(seen)) == len(seen) == count
        assert await made.storage.read(lambda reads: catalog.total(reads, Query(page=3))) == count


QUERIES = [Query(), Query(kind="method"), Query(domain="housing"), Query(practice="x"), Query(language="en"),
           Query(kind="a", domain="b", practice="c", language="d"), Query(page=40)]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: str(query)[6:40])
async def test_no_question_walks_the_table(shelf: Door, query: Query) -> None:
    def ask(tx: Tx) -> None:
        catalog.cards(tx, query)
        catalog.total(tx, query)
        for facet in catalog.FACETS:
            catalog.counts(tx, query, facet)
        catalog.adaptations(tx, "x")
        catalog.recommended_by(tx, "x")

    assert walks(await plans(shelf.storage, ask)) == []


@pytest.mark.parametrize("query", [Query(), Query(kind="method"), Query(practice="x")], ids=["newest", "kind", "owner"])
async def test_a_page_in_order_needs_no_sorting(shelf: Door, query: Query) -> None:
    plan = await plans(shelf.storage, lambda tx: catalog.cards(tx, query))
    assert [step for _, steps in plan for step in steps if "TEMP B-TREE" in step] == []


async def test_what_a_practice_has_is_found_in_its_set_the_last_said_first(tmp_path: Path) -> None:
    async with door(tmp_path) as gate:
        for who in (HIGH_POINT, INKSTER):
            await gate.know(who)
            await gate.hold(who.id)
        of = Query(practice=HIGH_POINT.id)
        first, second, third = (item(HIGH_POINT, number) for number in (1, 2, 3))
        theirs = item(INKSTER, 4)
        for number, one in enumerate((first, second, third)):
            await gate.pushed(HIGH_POINT, create(HIGH_POINT, one, number))
        await gate.pushed(INKSTER, create(INKSTER, theirs, 1))
        whole = INKSTER.sign(create(INKSTER, theirs, 1), START)
        for said in (json.loads(whole), json.loads(HIGH_POINT.sign(create(HIGH_POINT, first, 0), START))):
            # What it recommends, its own or others', stands in its set too.
            id = activity_id(HIGH_POINT, len(said["id"]) + 100)
            announce = activities.announce(id, HIGH_POINT.id, said, [identifiers.PUBLIC], START + 1)
            assert (await gate.pushed(HIGH_POINT, announce)).reason is Reason.ACCEPTED
        assert await found(gate, practice=HIGH_POINT.id) == [3, 2, 1]

        await gate.pushed(HIGH_POINT, update(HIGH_POINT, edited(first, 10, kind="story"), 20))
        await gate.pushed(HIGH_POINT, delete(HIGH_POINT, second.id, 21, START + 20))
        assert await found(gate, practice=HIGH_POINT.id) == [1, 3]
        assert await found(gate, practice=HIGH_POINT.id, kind="story") == [1]
        kinds = await gate.storage.read(lambda reads: catalog.counts(reads, of, "kind"))
        assert {row["value"]: row["count"] for row in kinds} == {"method": 1, "story": 1}

        plan = await plans(gate.storage, lambda tx: (catalog.cards(tx, of), catalog.total(tx, of)))
        assert walks(plan) == []
        assert [step for _, steps in plan for step in steps if "TEMP B-TREE" in step] == []
        # No longer followed, its set is not what there is of it any more.
        await gate.storage.transact(lambda tx: tx.run("UPDATE held_set SET pull_at = NULL"))
        assert sorted(await found(gate, practice=HIGH_POINT.id)) == [1, 3]


async def test_lineage_is_found_from_the_original(shelf: Door) -> None:
    original = SHELF[0].id
    made = item(INKSTER, 7, kind="adaptation", adapted_from=(Reference(original, bytes(32)), Reference(original)))
    await shelf.storage.transact(lambda tx: shelve(tx, made, START))
    rows = await shelf.storage.read(lambda reads: catalog.adaptations(reads, original))
    assert [(row["id"], row["digest"]) for row in rows] == [(made.id, bytes(32))]
