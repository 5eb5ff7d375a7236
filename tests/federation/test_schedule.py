"""The table of section 8, Push: (answer, history) → outcome."""

from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.federation.schedule import Advance, Answer, End, Outcome, Pause, Refuse, Retry, after, retry_after
from protocol.errors import PROBLEM_BASE
from protocol.limits import BACKOFF, DAY, DORMANT_AFTER, HOUR, MINUTE, SECOND

NOW = 1_800_000_000_000
HALF = 0.5  # no spread


def judge(status: int, problem: str | None = None, retry: str | None = None, attempts: int = 0) -> Outcome:
    since = None if attempts == 0 else NOW - HOUR
    return after(Answer(status, retry, problem, "so"), attempts, since, NOW, HALF)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_it_has_it(status: int) -> None:
    assert judge(status) == Advance()


@pytest.mark.parametrize("status", [400, 402, 406, 409, 411, 413, 414, 415, 417, 422, 428, 431, 499])
def test_refused_for_good_is_recorded_and_passed_over(status: int) -> None:
    assert judge(status) == Refuse(status, f"they answered {status}: so")


@pytest.mark.parametrize(
    ("status", "problem", "outcome"),
    [
        (401, None, Pause("they answered 401: so")),
        (403, None, Pause("they answered 403: so")),
        (403, PROBLEM_BASE + "blocked", Pause("they answered 403 blocked: so")),
        (403, PROBLEM_BASE + "key-changed", Pause("they answered 403 key-changed: so")),
        (403, PROBLEM_BASE + "not-followed", End("they answered 403 not-followed: so")),
        (403, "https://other.example/problems#not-followed", None),
        # What is said of one activity stops no other.
        (403, PROBLEM_BASE + "bad-proof", Refuse(403, "they answered 403 bad-proof: so")),
        (401, PROBLEM_BASE + "not-followed", Pause("they answered 401 not-followed: so")),
        (410, None, End("they answered 410: so")),
    ],
)
def test_pause_the_peer_or_end_the_subscription(status: int, problem: str | None, outcome: Outcome | None) -> None:
    assert judge(status, problem) == outcome or (outcome is None and isinstance(judge(status, problem), End))


@pytest.mark.parametrize("status", [301, 302, 307, 404, 405, 408, 421, 425, 429, 500, 502, 503, 504, 599])
def test_what_may_pass_is_tried_again(status: int) -> None:
    assert judge(status) == Retry(NOW + 30 * SECOND, 1, NOW, f"they answered {status}: so")


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [
        (0, 30 * SECOND),
        (1, 2 * MINUTE),
        (2, 10 * MINUTE),
        (3, 30 * MINUTE),
        (4, HOUR),
        (5, 3 * HOUR),
        (6, 6 * HOUR),
        (7, 12 * HOUR),
        (8, 12 * HOUR),
        (50, 12 * HOUR),
    ],
)
def test_the_schedule(attempts: int, wait: int) -> None:
    outcome = after(None, attempts, None if attempts == 0 else NOW - 1, NOW, HALF, "nothing listens there")
    assert outcome == Retry(NOW + wait, attempts + 1, NOW if attempts == 0 else NOW - 1, "nothing listens there")


@pytest.mark.parametrize(("failing", "wait"), [(DORMANT_AFTER - 1, 12 * HOUR), (DORMANT_AFTER, DAY), (90 * DAY, DAY)])
def test_dormant_after_seven_days(failing: int, wait: int) -> None:
    outcome = after(None, 20, NOW - failing, NOW, HALF)
    assert isinstance(outcome, Retry)
    assert (outcome.at, outcome.failing_since) == (NOW + wait, NOW - failing)
    assert outcome.dormant == (failing + wait > DORMANT_AFTER)


@pytest.mark.parametrize(
    ("value", "asked"),
    [
        ("60", MINUTE),
        (" 60 ", MINUTE),
        ("0", 0),
        ("86400", DAY),
        ("86401", DAY),
        ("9" * 5_000, DAY),
        (formatdate(NOW / 1000 + 300, usegmt=True), 5 * MINUTE),
        (formatdate(NOW / 1000 - 300, usegmt=True), 0),
        (formatdate(NOW / 1000 + 9_000_000, usegmt=True), DAY),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        (None, None),
    ],
)
def test_retry_after_in_seconds_or_as_a_date(value: str | None, asked: int | None) -> None:
    assert retry_after(value, NOW) == asked


@pytest.mark.parametrize("status", [429, 503, 500, 408])
def test_retry_after_is_honoured_and_the_schedule_too(status: int) -> None:
    outcome = judge(status, retry="3600")
    assert isinstance(outcome, Retry)
    assert HOUR <= outcome.at - NOW <= 1.2 * HOUR
    sooner = judge(status, retry="1")
    assert isinstance(sooner, Retry)
    assert sooner.at == NOW + 30 * SECOND


@given(
    st.integers(100, 599),
    st.integers(0, 100),
    st.integers(0, 100 * DAY),
    st.floats(0, 1, exclude_max=True),
    st.none() | st.text(max_size=40) | st.integers(0, 10**9).map(str),
)
def test_a_retry_is_never_before_the_schedule_and_never_later_than_the_spread_of_a_day(
    status: int, attempts: int, failing: int, chance: float, header: str | None
) -> None:
    since = None if attempts == 0 else NOW - failing
    outcome = after(Answer(status, header), attempts, since, NOW, chance)
    if isinstance(outcome, Retry):
        step = BACKOFF[min(attempts + 1, len(BACKOFF) - 1)]
        assert 0.8 * step - 1 <= outcome.at - NOW <= 1.2 * DAY
        assert outcome.attempts == attempts + 1
    else:
        assert status < 500


@given(st.text(max_size=60))
def test_any_retry_after_is_read(value: str) -> None:
    asked = retry_after(value, NOW)
    assert asked is None or 0 <= asked <= DAY
