"""The log: one object a line for machines, words for people, and nothing that it must not hold."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from node import logs


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before, level = tuple(root.handlers), root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_json_lines_off_a_terminal() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    logs.logger("node.gate").info("activity refused", peer="fortwayne.example", reason="bad-proof", seq=3)
    logging.getLogger("aiohttp.server").warning("slow %s", "client")
    first, second = _lines(stream)
    assert first["event"] == "activity refused"
    assert (first["peer"], first["reason"], first["seq"], first["level"]) == (
        "fortwayne.example", "bad-proof", 3, "info",
    )  # fmt: skip
    assert str(first["timestamp"]).endswith("Z")
    assert (second["event"], second["level"]) == ("slow client", "warning")


def test_words_on_a_terminal() -> None:
    stream = io.StringIO()
    logs.configure(stream, words=True)
    logs.logger("node").info("listening", at="127.0.0.1:8420")
    assert "listening" in stream.getvalue()
    assert "127.0.0.1:8420" in stream.getvalue()
    assert not stream.getvalue().startswith("{")


@pytest.mark.parametrize("words", [True, False])
def test_secrets_and_bodies_are_withheld(words: bool) -> None:
    stream = io.StringIO()
    logs.configure(stream, words=words)
    logs.logger("node").info(
        "request",
        token="hunter2",
        Authorization="hunter2",
        headers={"cookie": "hunter2"},
        nested={"inner": {"secret": "hunter2"}},
        raw=b"hunter2",
        what=b"hunter2",
        many=[b"hunter2", {"password": "hunter2"}],
    )
    assert "hunter2" not in stream.getvalue()
    assert "7 bytes" in stream.getvalue()


@pytest.mark.parametrize("words", [True, False])
def test_a_traceback_shows_no_variables(words: bool) -> None:
    stream = io.StringIO()
    logs.configure(stream, words=words)

    def fail(seed: str) -> None:
        raise RuntimeError(len(seed))

    try:
        fail("hunter" + "2")
    except RuntimeError:
        logs.logger("node").exception("went wrong")
    assert "RuntimeError" in stream.getvalue()
    assert "hunter2" not in stream.getvalue()


def test_a_peer_cannot_forge_a_line() -> None:
    stream = io.StringIO()
    logs.configure(stream, words=True)
    logs.logger("node").info("refused", peer="x\n12:00:00 [info] all is well\x1b[2J")
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b[2J" not in stream.getvalue()


def test_long_texts_are_cut() -> None:
    stream = io.StringIO()
    logs.configure(stream)
    logs.logger("node").info("refused", detail="x" * 100_000)
    assert len(stream.getvalue()) < 1_000
