"""Towns as people type them, from the library's real data."""

import pytest
from babel import Locale

from node.places import Gazetteer, load
from protocol.vocabulary.place import check_place

ENGLISH = Locale("en")


@pytest.fixture(scope="module")
def gazetteer() -> Gazetteer:
    return load()


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("High P", "US-NC"),
        ("inkster", "US-MI"),
        ("FORT  WAYNE", "US-IN"),
        ("springfield, mo", "US-MO"),
        ("springfield, Illinois", "US-IL"),
        ("munchen", "DE"),
        ("München", "DE"),
        ("nueva york", "US-NY"),
        ("manchester, gb", "GB-ENG"),
    ],
)
def test_a_town_is_found_as_it_is_typed(gazetteer: Gazetteer, typed: str, first: str) -> None:
    assert gazetteer.matching(typed, ENGLISH)[0].code == first


@pytest.mark.parametrize("typed", ["", " ", "x", "no such town at all", ",", "\0\0\0", "%%", "é" * 5000])
def test_what_is_no_town_finds_none(gazetteer: Gazetteer, typed: str) -> None:
    assert gazetteer.matching(typed, ENGLISH) == []


def test_a_town_is_told_from_others_of_its_name_in_the_readers_language(gazetteer: Gazetteer) -> None:
    town = gazetteer.matching("Fort Wayne", ENGLISH)[0]
    assert town.label(ENGLISH) == "Fort Wayne, Indiana, United States"
    assert town.label(Locale("es")) == "Fort Wayne, Indiana, Estados Unidos"
    assert gazetteer.matching("Munich", ENGLISH)[0].label(Locale("es")) == "Munich, Alemania"


def test_the_larger_comes_first_unless_another_is_called_exactly_so(gazetteer: Gazetteer) -> None:
    sizes = [town.population for town in gazetteer.matching("springfield", ENGLISH)]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) > 3
    assert gazetteer.matching("york", ENGLISH)[0].name == "York"


def test_every_town_is_a_place_of_the_wire(gazetteer: Gazetteer) -> None:
    for prefix in ("an", "mo", "sa", "be", "ri", "ne"):
        for town in gazetteer.matching(prefix, ENGLISH, 200):
            assert check_place(town.place).within[0] == town.code[:2]


def test_a_town_is_known_by_its_id(gazetteer: Gazetteer) -> None:
    town = gazetteer.matching("High Point", ENGLISH)[0]
    assert gazetteer.of_id(str(town.geonames)) == town
    assert gazetteer.of_id("0") is None
    assert gazetteer.of_id("١") is None
    assert gazetteer.of_id("x") is None


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("Inkster", 1),
        ("High Point, North Carolina, United States", 1),
        ("high point, north carolina", 1),
        ("Springfield, IL", 1),
        ("Springfield", 8),
        ("High P", 0),
        ("Nowhere at all", 0),
    ],
)
def test_a_name_says_which_town_or_that_it_does_not(gazetteer: Gazetteer, typed: str, found: int) -> None:
    assert len(gazetteer.named(typed, ENGLISH)) == found


def test_what_was_chosen_is_the_same_when_it_is_kept_again(gazetteer: Gazetteer) -> None:
    for prefix in ("spring", "port", "york", "san jo"):
        for town in gazetteer.matching(prefix, ENGLISH, 50):
            assert town in gazetteer.named(town.label(ENGLISH), ENGLISH)
            assert town in gazetteer.named(town.place.name, ENGLISH)
