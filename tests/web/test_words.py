"""Codes become words; what is not known stays as it is."""

import pytest

from node.web import words
from node.web.pagination import number_of, offset_of, page_of
from node.web.things import PageOf

NOW = 1_777_802_400_000  # 3 May 2026, 10:00 UTC


def test_dates_say_their_zone() -> None:
    assert words.day(NOW) == ("2026-05-03T10:00:00Z", "3 May 2026 (UTC)")
    assert words.moment(NOW) == ("2026-05-03T10:00:00Z", "3 May 2026, 10:00 UTC")
    assert words.calendar_day("2027-03-31") == ("2027-03-31", "31 March 2027")
    assert words.calendar_day("next spring") == ("", "next spring")


@pytest.mark.parametrize("ms", [10**18, -(10**18), 2**53 - 1])
def test_a_peer_may_claim_any_year(ms: int) -> None:
    assert words.day(ms) == ("", "an impossible date")


@pytest.mark.parametrize(
    ("apart", "said"),
    [
        (0, "just now"),
        (59 * words.SECOND, "just now"),
        (words.MINUTE, "1 minute ago"),
        (3 * words.HOUR, "3 hours ago"),
        (words.DAY, "1 day ago"),
        (20 * words.DAY, "2 weeks ago"),
        (61 * words.DAY, "2 months ago"),
        (800 * words.DAY, "2 years ago"),
        (-1, "in a moment"),
        (-2 * words.HOUR, "in 2 hours"),
    ],
)
def test_relative(apart: int, said: str) -> None:
    assert words.relative(NOW - apart, NOW) == said


def test_codes() -> None:
    assert words.domain("public-safety/gun-violence") == ("Public safety", "Gun violence")
    assert words.domain("") == ()
    assert words.level("city") == "City and its region"
    assert words.level("quartier") == "Quartier"
    assert words.kind("method") == "Method"
    assert words.language("es") == "Español"
    assert words.language("es-MX") == "Español (MX)"
    assert words.language("xx") == "xx"
    assert words.license_words("MIT") == "MIT"
    assert [words.count(n, "reply", "replies") for n in (0, 1, 1204)] == ["0 replies", "1 reply", "1,204 replies"]


@pytest.mark.parametrize(
    ("number", "total", "expected"),
    [
        (1, 0, PageOf(1, 1, 0, None, None)),
        (1, 20, PageOf(1, 1, 20, None, None)),
        (1, 21, PageOf(1, 2, 21, None, "/catalog?q=a+b&page=2")),
        (2, 271, PageOf(2, 14, 271, "/catalog?q=a+b", "/catalog?q=a+b&page=3")),
        (14, 271, PageOf(14, 14, 271, "/catalog?q=a+b&page=13", None)),
        (99, 21, PageOf(99, 2, 21, "/catalog?q=a+b&page=2", None)),
    ],
)
def test_page_of(number: int, total: int, expected: PageOf) -> None:
    assert page_of(number, total, "/catalog", [("q", "a b"), ("page", "7"), ("kind", "")]) == expected


@pytest.mark.parametrize(
    ("text", "number"), [(None, 1), ("", 1), ("0", 1), ("-3", 1), ("7", 7), ("x", 1), ("٣", 1), ("9" * 30, 1)]
)
def test_page_number(text: str | None, number: int) -> None:
    assert number_of(text) == number
    assert offset_of(number) == (number - 1) * 20
