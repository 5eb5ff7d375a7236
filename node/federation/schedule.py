"""What follows from a peer's answer to a push: pure rules (protocol section 8, Push).

Owns the table from status to outcome and the schedule of a host that fails. Never speaks to anyone and stores
nothing: delivery.py carries the outcomes out. Attempts are counted a host: 1 after the first failure.
"""

from datetime import UTC
from email.utils import parsedate_to_datetime

import msgspec

from node.sentence import words
from protocol import limits
from protocol.errors import PROBLEM_BASE, Reason

SPREAD = 0.2  # ±20 %: hosts that failed together do not come back together
LONGEST_RETRY_AFTER = limits.DAY
REASON_CHARACTERS = 300
BLOCKED = "blocked"  # the reason of a pause that is our own doing: the settings refuse this host
BLOCKED_SAID = words("This node's own settings refuse them, so nothing is sent.")  # the same for people

# Of the 4xx, those that say "not now" or "not here" of the request's surroundings; the rest say "not this activity".
# 404: an inbox may come back with its server, and no status ever deletes (section 5).
_AGAIN = frozenset({404, 405, 407, 408, 421, 423, 425, 426, 429, 451})

# A 403 that says these is of this activity alone, not of who sent it: recorded and passed over, or one would stop all.
_OF_ONE = frozenset({Reason.BAD_PROOF, Reason.KEY_RETIRED, Reason.NO_PROOF, Reason.NOT_OWNER, Reason.NOT_ASKED})


class Answer(msgspec.Struct, frozen=True):
    """A peer's answer to a push. `problem`: its RFC 9457 type; `reason`: its own words, bounded."""

    status: int
    retry_after: str | None = None
    problem: str | None = None
    reason: str = ""


class Advance(msgspec.Struct, frozen=True):
    """It has the entry; go on."""


class Refuse(msgspec.Struct, frozen=True):
    """It will never take this entry: record why, then go on."""

    status: int
    reason: str


class Retry(msgspec.Struct, frozen=True):
    """Nothing more for this host before `at` (ms). `attempts`, `failing_since`: what to remember of it."""

    at: int
    attempts: int
    failing_since: int
    why: str

    @property
    def dormant(self) -> bool:
        """It failed for so long that it is only looked at once a day."""
        return self.at - self.failing_since > limits.DORMANT_AFTER


class Pause(msgspec.Struct, frozen=True):
    """Nothing more for this host until a person, or the host itself, says so."""

    reason: str


class End(msgspec.Struct, frozen=True):
    """This subscription is over; the host's others are not."""

    reason: str


Outcome = Advance | Refuse | Retry | Pause | End


def after(
    answer: Answer | None, attempts: int, failing_since: int | None, now: int, chance: float, why: str = ""
) -> Outcome:
    """The outcome of one push. `answer` None: there was none, and `why` says so in words.

    `attempts` and `failing_since` are the host's before this push; `chance` lies in [0, 1).
    """
    if answer is None:
        return _later(attempts, failing_since, now, chance, why or "no answer", None)
    status, said = answer.status, _said(answer)
    if 200 <= status < 300:
        return Advance()
    if status == 410:
        return End(said)
    if status in {401, 403}:
        # Said of this subscription and not of us: nobody there follows this actor any more.
        if status == 403 and answer.problem is not None and answer.problem.endswith(f"#{Reason.NOT_FOLLOWED}"):
            return End(said)
        if status == 403 and answer.problem is not None and answer.problem.partition("#")[2] in _OF_ONE:
            return Refuse(status, said)
        return Pause(said)
    # RFC 9110 section 15: a 4xx that is not known counts as 400.
    if 400 <= status < 500 and status not in _AGAIN:
        return Refuse(status, said)
    return _later(attempts, failing_since, now, chance, said, retry_after(answer.retry_after, now))


def retry_after(value: str | None, now: int) -> int | None:
    """How long a peer asks to be left alone, in ms and at most a day (RFC 9110 section 10.2.3); None: it does not."""
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:9]) * limits.SECOND, LONGEST_RETRY_AFTER)
    try:
        moment = parsedate_to_datetime(text)
        stamp = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return max(0, min(int(stamp * 1000) - now, LONGEST_RETRY_AFTER))


def _later(attempts: int, failing_since: int | None, now: int, chance: float, why: str, asked: int | None) -> Retry:
    since = now if failing_since is None else failing_since
    if now - since >= limits.DORMANT_AFTER:
        step = limits.DORMANT_CHECK
    else:
        step = limits.BACKOFF[min(attempts + 1, len(limits.BACKOFF) - 1)]
    wait = int(step * (1 - SPREAD + 2 * SPREAD * chance))
    if asked is not None:
        # Never sooner than it asks, and all who were told the same do not come at the same moment.
        wait = max(wait, min(int(asked * (1 + SPREAD * chance)), LONGEST_RETRY_AFTER))
    return Retry(now + wait, attempts + 1, since, why)


def _said(answer: Answer) -> str:
    words = f": {answer.reason}" if answer.reason else ""
    kind = f" {answer.problem.removeprefix(PROBLEM_BASE)}" if answer.problem else ""
    return f"they answered {answer.status}{kind}{words}"[:REASON_CHARACTERS]
