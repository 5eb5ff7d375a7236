"""Who gets what by Accept: one table."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.web.negotiate import ranges, reader, wants_activity, wants_html

PROFILE = 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"'


@pytest.mark.parametrize(
    ("accept", "who"),
    [
        (None, "html"),
        ("", "html"),
        ("*/*", "html"),
        ("text/html", "html"),
        ("text/*", "html"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8", "html"),
        ("application/activity+json", "activity"),
        ("APPLICATION/Activity+JSON", "activity"),
        (PROFILE, "activity"),
        (PROFILE.replace("; ", ";"), "activity"),
        ("application/ld+json", "activity"),
        ('application/ld+json; profile="https://other.example/ns"', ""),
        ('application/ld+json; profile="https://other.example/ns https://www.w3.org/ns/activitystreams"', "activity"),
        ("application/activity+json, application/ld+json", "activity"),
        (f"application/activity+json, {PROFILE}, text/html;q=0.1", "activity"),
        ("text/html, application/activity+json", "activity"),
        ("text/html, application/activity+json;q=0.9", "html"),
        ("text/html;q=0.5, application/activity+json;q=0.4", "html"),
        ("application/activity+json;q=0, */*", "html"),
        ("text/html;q=0, */*;q=0.1", "html"),  # application/xhtml+xml is still a page
        ("application/json", "json"),
        ("application/problem+json", "json"),
        ("application/json, text/plain, */*", "json"),
        ("application/json;q=0.5, text/html;q=0.6", "html"),
        ("application/activity+json, application/json", "activity"),
        ("application/*", "html"),
        ("image/png", ""),
        ("text/html;q=0", ""),
        ("text/html;q=x", ""),
        ("text/html;q=1.5", "html"),
        ("nonsense", "html"),
        (";;,,", "html"),
        ("application/activity+json;q=0.001", "activity"),
        ("x" * 10_000, "html"),
    ],
)
def test_accept(accept: str | None, who: str) -> None:
    assert reader(accept) == who
    assert (wants_activity(accept), wants_html(accept)) == (who == "activity", who == "html")


def test_quality_is_read_in_thousandths() -> None:
    assert [found.quality for found in ranges("a/b;q=0.5, a/b;q=1, a/b, a/b;q=0.123, a/b;q=0.1234, a/b;q=.5")] == [
        500,
        1_000,
        1_000,
        123,
        0,
        0,
    ]


def test_a_comma_in_quotes_is_no_comma() -> None:
    assert len(ranges('a/b;profile="x,y;z", c/d')) == 2


@given(st.text(max_size=100))
def test_any_header_is_read(accept: str) -> None:
    assert reader(accept) in ("html", "activity", "json", "")
