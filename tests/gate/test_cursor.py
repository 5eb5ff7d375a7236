"""What the Commonweave-Log header of a push does to the cursor in the owner's log (protocol section 8, Push)."""

from pathlib import Path
from typing import Any

import pytest

from node.storage.contract import Tx
from protocol.errors import Reason
from protocol.log import LogCursor, build_cursor
from tests.federation.hostile import post_to
from tests.gate.kit import HIGH_POINT, INBOX, INKSTER, SET, START, Door, create, door, item

EPOCH = START - 1_000
NEVER = START + 10**9  # when the next look at the owner was due


async def holding(gate: Door, epoch: int, seq: int) -> None:
    """High Point's set is held, level up to (epoch, seq)."""
    await gate.know(HIGH_POINT)
    await gate.hold(HIGH_POINT.id)

    def work(tx: Tx) -> None:
        tx.run(
            "UPDATE held_set SET theirs_epoch = :epoch, theirs_seq = :seq, pull_at = :never",
            epoch=epoch, seq=seq, never=NEVER,
        )  # fmt: skip

    await gate.storage.transact(work)


async def cursor(gate: Door) -> tuple[int, int, bool]:
    """(epoch, seq, is a pull due now)."""
    row = (await gate.rows("SELECT theirs_epoch, theirs_seq, pull_at FROM held_set"))[0]
    return row["theirs_epoch"], row["theirs_seq"], row["pull_at"] <= START


# held (epoch, seq), said (epoch, after, seq) → then (epoch, seq, pull due), answered seq
TABLE: dict[str, tuple[tuple[int, int], tuple[int, int | None, int] | None, tuple[int, int, bool], int]] = {
    "the next entry": ((EPOCH, 4), (EPOCH, 4, 5), (EPOCH, 5, False), 5),
    "the next, some in between superseded": ((EPOCH, 4), (EPOCH, 3, 9), (EPOCH, 9, False), 9),
    "the first of all": ((EPOCH, 0), (EPOCH, 0, 1), (EPOCH, 1, False), 1),
    "the first of all, saying no more": ((EPOCH, 0), (EPOCH, None, 1), (EPOCH, 1, False), 1),
    "one that we have": ((EPOCH, 4), (EPOCH, 3, 4), (EPOCH, 4, False), 4),
    "one long before": ((EPOCH, 9), (EPOCH, 1, 2), (EPOCH, 9, False), 9),
    "a gap": ((EPOCH, 4), (EPOCH, 5, 6), (EPOCH, 4, True), 4),
    "a gap at the beginning": ((EPOCH, 0), (EPOCH, 3, 4), (EPOCH, 0, True), 0),
    "an epoch before": ((EPOCH, 4), (EPOCH - 1, 4, 5), (EPOCH, 4, False), 4),
    "a new epoch": ((EPOCH, 4), (EPOCH + 1, 0, 1), (EPOCH + 1, 0, True), 4),
    "a new epoch, further on": ((EPOCH, 4), (EPOCH + 1, 8, 9), (EPOCH + 1, 0, True), 4),
    "not pulled yet": ((0, 0), (EPOCH, 4, 5), (EPOCH, 0, True), 0),
    "nothing": ((EPOCH, 4), None, (EPOCH, 4, False), 4),
}


@pytest.mark.parametrize("name", TABLE)
async def test_a_push_moves_the_cursor_or_shows_a_gap(tmp_path: Path, name: str) -> None:
    (epoch, seq), said, then, answered = TABLE[name]
    async with door(tmp_path) as gate:
        await holding(gate, epoch, seq)
        header = LogCursor(SET, said[0], said[2], said[1]) if said else None
        answer = await gate.pushed(HIGH_POINT, create(HIGH_POINT, item(HIGH_POINT)), header)
        assert answer.reason is Reason.ACCEPTED
        assert await cursor(gate) == then
        assert answer.seen is not None
        assert (answer.seen.set, answer.seen.seq) == (SET, answered)
        assert bool(gate.stirred) == then[2]  # whoever pulls is woken


async def test_a_known_entry_moves_the_cursor_too(tmp_path: Path) -> None:
    async with door(tmp_path) as gate:
        await holding(gate, EPOCH, 4)
        body = HIGH_POINT.sign(create(HIGH_POINT, item(HIGH_POINT)), START)
        await gate.pulled(HIGH_POINT, body)
        answer = await gate.pushed(HIGH_POINT, body, LogCursor(SET, EPOCH, 5, 4))
        assert answer.reason is Reason.KNOWN
        assert await cursor(gate) == (EPOCH, 5, False)


async def test_what_is_refused_moves_nothing(tmp_path: Path) -> None:
    async with door(tmp_path) as gate:
        await holding(gate, EPOCH, 4)
        accept = HIGH_POINT.activity("Accept", "https://fort-wayne.example/activities/1", START)
        answer = await gate.pushed(HIGH_POINT, accept, LogCursor(SET, EPOCH, 5, 4))
        assert answer.reason is Reason.NOT_ASKED
        assert await cursor(gate) == (EPOCH, 4, False)


async def test_nobody_speaks_of_anothers_log(tmp_path: Path) -> None:
    async with door(tmp_path) as gate:
        await holding(gate, EPOCH, 4)
        await gate.know(INKSTER)
        await gate.hold(INKSTER.id)
        said = create(INKSTER, item(INKSTER))
        assert (await gate.pushed(INKSTER, said, LogCursor(SET, EPOCH, 99, 4))).reason is Reason.NOT_OWNER
        assert (await gate.rows("SELECT theirs_seq FROM held_set WHERE name = :name", name=SET))[0]["theirs_seq"] == 4


@pytest.mark.parametrize("covered", [True, False])
async def test_only_a_signed_cursor_counts(tmp_path: Path, covered: bool) -> None:
    async with door(tmp_path) as gate:
        await holding(gate, EPOCH, 4)
        body = HIGH_POINT.sign(create(HIGH_POINT, item(HIGH_POINT)), START)
        header: dict[str, Any] = {"commonweave_log": build_cursor(LogCursor(SET, EPOCH, 5, 4))}
        extra = ("commonweave-log",) if covered else ()
        request = HIGH_POINT.native(post_to(INBOX, body, **header), START, extra=extra)
        assert (await gate.gate.receive_pushed(request, body)).reason is Reason.ACCEPTED
        assert await cursor(gate) == (EPOCH, 5 if covered else 4, False)
