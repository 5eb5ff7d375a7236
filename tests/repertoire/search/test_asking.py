"""What is asked and what is found: words, phrases, beginnings, languages, facets with their counts, orders, pages."""

from typing import Any

import pytest

from node.repertoire.search import asking, looking
from node.repertoire.search.schema import NEVER, branches, day
from protocol.vocabulary.repertoire import Place
from tests.cluster.kit import START
from tests.gate.kit import HIGH_POINT, INKSTER
from tests.repertoire.search.kit import Shelf, method

SHELF = (
    method(1, "Call-in", source="Offer help to the few who do most of the harm.", domain="public-safety/gun-violence"),
    method(2, "Walking school bus", summary="Truancy falls when children walk together.", domain="education"),
    method(3, "Night shelters", source="What a city does about truancy at night.", kind="story", domain="housing"),
    method(4, "Año nuevo sin disparos", language="es", domain="public-safety",
           source="La organización de los vecinos."),
    method(5, "Ano", language="pt", source="Um ano inteiro.", domain="education/schools", evidence="Counted."),
    method(6, "Mehr Schulen", language="de", source="Kinder gehen gemeinsam zur Schule.", kind="tool",
           place=Place("Berlin", within=("DE", "DE-BE"))),
    method(7, "Safe streets", source="The school is safe. The bus is late.", principle="Neighbours walk children home.",
           place=Place("High Point", within=("US", "US-NC")), review_by="2027-01-31"),
    method(8, "Streets for people", by=INKSTER, place=Place("Inkster", within=("US", "US-MI")), review_by="2026-12-01"),
)  # fmt: skip


@pytest.fixture
async def shelf(shelf: Shelf) -> Shelf:
    await shelf.put(*SHELF)
    await shelf.open()
    return shelf


@pytest.mark.parametrize(
    ("asked", "languages", "found"),
    [
        ({"q": "truancy"}, ("en",), ["Walking school bus", "Night shelters"]),  # what it is for, before the rest
        ({"q": "shelter"}, ("en",), ["Night shelters"]),  # by its stem
        ({"q": "shelter"}, ("es",), ["Night shelters"]),  # there is no such word: one that begins so
        ({"q": "truan"}, ("en",), ["Walking school bus", "Night shelters"]),
        ({"q": "trua*"}, ("en",), ["Walking school bus", "Night shelters"]),
        ({"q": '"school bus"'}, ("en",), ["Walking school bus"]),
        ({"q": '"bus school"'}, ("en",), []),
        ({"q": "school bus"}, ("en",), ["Walking school bus", "Safe streets"]),  # those that have them together first
        ({"q": "truancy -night"}, ("en",), ["Walking school bus"]),
        ({"q": '-"school bus" truancy'}, ("en",), ["Night shelters"]),
        ({"q": "año"}, ("es",), ["Año nuevo sin disparos"]),  # an ñ is a letter
        ({"q": "ano"}, ("es",), ["Ano"]),
        ({"q": "organizacion vecinos"}, ("en",), ["Año nuevo sin disparos"]),  # without accents
        ({"q": "vecino"}, ("es",), ["Año nuevo sin disparos"]),
        ({"q": "Schule"}, ("de",), ["Mehr Schulen"]),
        ({"q": "the call"}, ("en",), ["Call-in"]),
        ({"q": "the"}, ("en",), ["Safe streets", "Call-in"]),  # words that say nothing are looked for if alone
        ({"q": "zebra"}, ("en",), []),
        ({"q": "zebra call"}, ("en",), ["Call-in"]),  # where none has both, one of two
        ({"q": "zebra quagga"}, ("en",), []),
        ({"q": "zebra call", "sort": "newest"}, ("en",), ["Call-in"]),
        ({"q": "harm help few zebra"}, ("en",), ["Call-in"]),  # all but one of four
        ({"q": "!!! ---"}, ("en",), []),
        ({"q": "CALL-IN"}, ("en",), ["Call-in"]),
        ({"q": "\u202e\uffff( ) [ AND title:call"}, ("en",), ["Call-in"]),
        ({"q": "x" * 5_000}, ("en",), []),
        ({"q": "inkster"}, ("en",), ["Streets for people"]),
    ],
)
async def test_words(shelf: Shelf, asked: dict[str, Any], languages: tuple[str, ...], found: list[str]) -> None:
    assert await shelf.titles(languages, **asked) == found


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [
        ({"domain": "public-safety"}, {1, 4, 6, 7, 8}),
        ({"domain": "public-safety/gun-violence"}, {1, 6, 7, 8}),
        ({"domain": "public"}, set[int]()),
        ({"kind": "story"}, {3}),
        ({"language": "es"}, {4}),
        ({"place": "US"}, {7, 8}),
        ({"place": "US-MI"}, {8}),
        ({"origin": "inkster.example:8443"}, {8}),
        ({"practice": INKSTER.id}, {8}),
        ({"evidence": "yes"}, {5}),
        ({"evidence": "no", "kind": "tool"}, {6}),
        ({"adapted": "0", "language": "de"}, {6}),
        ({"adapted": "20"}, set[int]()),
        ({"fresh": "month", "place": "US"}, {7, 8}),
        ({"fresh": "older"}, set[int]()),
        ({"level": "city"}, set[int]()),
        ({"q": "truancy", "kind": "story"}, {3}),
    ],
)
async def test_narrowing(shelf: Shelf, asked: dict[str, Any], numbers: set[int]) -> None:
    assert set(await shelf.titles(**asked)) == {one.name for number, one in enumerate(SHELF, 1) if number in numbers}


async def test_counts_are_exact_and_a_facet_counts_what_the_rest_finds(shelf: Shelf) -> None:
    answer = await shelf.ask(kind="story")
    assert answer.total == 1
    assert answer.counts["kind"] == {"method": 6, "story": 1, "tool": 1}
    assert answer.counts["domain"] == {"housing": 1}
    answer = await shelf.ask(place="US", kind="method")
    assert answer.counts["place"] == {"US": 2, "US-NC": 1, "US-MI": 1}
    assert answer.counts["kind"] == {"method": 2}
    assert answer.counts["origin"] == {"high-point.example:8443": 1, "inkster.example:8443": 1}
    assert (await shelf.ask()).counts["evidence"] == {"yes": 1, "no": 7}
    assert (await shelf.ask()).counts["fresh"] == {"month": 8}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"q": "truancy"}, "all"),
        ({"q": "truancy night", "sort": "newest"}, "all"),
        ({"q": "harm help few zebra"}, "most"),
        ({"q": "zebra quagga okapi call"}, "some"),
        ({"q": "zebra quagga"}, "all"),
    ],
)
async def test_how_many_of_the_words_were_found_is_said(shelf: Shelf, asked: dict[str, Any], words: str) -> None:
    assert (await shelf.ask(**asked)).words == words


async def test_what_is_chosen_has_no_say_in_how_many_words_are_wanted(shelf: Shelf) -> None:
    """Else a count would promise what choosing it does not show."""
    counts = await shelf.counts("kind", q="school bus children")
    for kind, count in counts.items():
        assert (await shelf.ask(q="school bus children", kind=kind)).total == count


async def test_levels_are_those_of_the_practices(shelf: Shelf) -> None:
    await shelf.storage.transact(
        lambda tx: tx.run(
            "INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition, created)"
            " VALUES(:id, 0, 'inkster.example', 'v', 'V', '', '', 'city', '', '', 1)",
            id=INKSTER.id,
        )
    )
    await shelf.again()
    assert (await shelf.ask()).counts["level"] == {"city": 1}
    assert await shelf.titles(level="city") == ["Streets for people"]


@pytest.mark.parametrize(
    ("asked", "first"),
    [
        ({}, ["Streets for people", "Safe streets"]),  # without words the newest
        ({"sort": "newest", "q": "truancy"}, ["Night shelters", "Walking school bus"]),
        ({"sort": "review"}, ["Streets for people", "Safe streets"]),
    ],
)
async def test_orders(shelf: Shelf, asked: dict[str, Any], first: list[str]) -> None:
    assert (await shelf.titles(**asked))[: len(first)] == first


async def test_pages_have_each_item_once_and_end(shelf: Shelf) -> None:
    await shelf.put(*(method(number, f"Paged {number}", kind="manual") for number in range(100, 145)), at=START)
    seen = [title for page in (1, 2, 3) for title in await shelf.titles(kind="manual", page=page)]
    assert (len(seen), len(set(seen))) == (45, 45)
    assert await shelf.titles(kind="manual", page=4) == []
    assert await shelf.titles(kind="manual", page=10_000_000) == []
    assert (await shelf.ask(kind="manual", page=9)).total == 45


@pytest.mark.parametrize(
    ("given", "wrong"),
    [
        ({"sort": "best"}, ["sort"]),
        ({"evidence": "maybe", "adapted": "3", "fresh": "day"}, ["adapted", "evidence", "fresh"]),
        ({"sort": "newest", "evidence": "yes"}, []),
        ({"q": "\0 call \0"}, []),
    ],
)
def test_what_cannot_be_asked_is_named_and_narrows_nothing(given: dict[str, str], wrong: list[str]) -> None:
    query, named = looking.read(given)
    assert sorted(named) == wrong
    assert all(getattr(query, name) == "" for name in wrong)
    assert "\0" not in query.q


@pytest.mark.parametrize(
    ("text", "some", "phrases", "without", "unfinished"),
    [
        ("gun violence", ("gun", "violence"), (), (), ""),
        ('"gun violence" youth', ("youth",), (("gun", "violence"),), (), ""),
        ('"never closed', (), (("never", "closed"),), (), ""),
        ("call-in -prison", ("call", "in"), (), (("prison",),), ""),
        ('-"gun show"', (), (), (("gun", "show"),), ""),
        ("safe str*", ("safe",), (), (), "str"),
        ('""', (), (), (), ""),
        ("-", (), (), (), ""),
    ],
)
def test_reading(text: str, some: object, phrases: object, without: object, unfinished: str) -> None:
    read = asking.read(text)
    assert (read.some, read.phrases, read.without, read.unfinished) == (some, phrases, without, unfinished)


def test_facts() -> None:
    assert branches("health/mental-health/youth") == ["health", "health/mental-health", "health/mental-health/youth"]
    assert branches("") == []
    assert [day(text) for text in ("2027-03-01", "", "soon", "2027-3-1")] == [20270301, NEVER, NEVER, NEVER]
    assert HIGH_POINT.id != INKSTER.id
