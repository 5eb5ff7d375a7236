"""Towns as people type them, from the library's real data."""

import pytest
from babel import Locale

from node.places import Gazetteer, load
from protocol.vocabulary.place import check_place


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
    assert gazetteer.matching(typed)[0].code == first


@pytest.mark.parametrize("typed", ["", " ", "x", "no such town at all", ",", "\0\0\0", "%%", "é" * 5000])
def test_what_is_no_town_finds_none(gazetteer: Gazetteer, typed: str) -> None:
    assert gazetteer.matching(typed) == []


def test_a_town_is_told_from_others_of_its_name_in_the_readers_language(gazetteer: Gazetteer) -> None:
    town = gazetteer.matching("Fort Wayne")[0]
    assert town.where(Locale("en")) == "Indiana, United States"
    assert town.where(Locale("es")) == "Indiana, Estados Unidos"
    assert gazetteer.matching("Munich")[0].where(Locale("es")) == "Alemania"


def test_the_larger_comes_first_unless_another_is_called_exactly_so(gazetteer: Gazetteer) -> None:
    sizes = [town.population for town in gazetteer.matching("springfield")]
    assert sizes == sorted(sizes, reverse=True)
    assert len(sizes) > 3
    assert gazetteer.matching("york")[0].name == "York"


def test_every_town_is_a_place_of_the_wire(gazetteer: Gazetteer) -> None:
    for prefix in ("an", "mo", "sa", "be", "ri", "ne"):
        for town in gazetteer.matching(prefix, 200):
            assert check_place(town.place).within[0] == town.code[:2]


def test_a_town_is_known_by_its_id(gazetteer: Gazetteer) -> None:
    town = gazetteer.matching("High Point")[0]
    assert gazetteer.of_id(str(town.geonames)) == town
    assert gazetteer.of_id("0") is None
    assert gazetteer.of_id("١") is None
    assert gazetteer.of_id("x") is None
