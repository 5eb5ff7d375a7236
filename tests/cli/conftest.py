"""The command line as its users have it: processes of their own, over a data directory of their own."""

import http.client
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from tests.cluster.kit import free_ports

_PATIENCE = 60  # seconds after which a process is stuck


class Ended(msgspec.Struct, frozen=True):
    """How a command ended."""

    status: int
    out: str
    err: str


def _arguments(*words: str | Path) -> list[str]:
    return [sys.executable, "-m", "node", *(str(word) for word in words)]


def _surroundings() -> dict[str, str]:
    return {**os.environ, "COLUMNS": "400", "NO_COLOR": "1", "PYTHONWARNINGS": "error"}


def command(*words: str | Path) -> Ended:
    """Run it to its end, without a terminal and with nothing to read."""
    done = subprocess.run(
        _arguments(*words), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_PATIENCE,
        env=_surroundings(), check=False,
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return Ended(done.returncode, done.stdout, done.stderr)


class Running:
    """A `run` or a `work` that goes on."""

    def __init__(self, word: str, data: Path, *more: str) -> None:
        self.process = subprocess.Popen(
            _arguments(word, "--data", data, *more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=_surroundings(),
        )  # fmt: skip
        assert self.process.stdout is not None
        # All that a start says: what a reader has buffered, communicate() would never see.
        self.said = "".join(self.process.stdout.readline() for _ in range(2 if word == "run" else 1))

    def end(self, signal: int) -> Ended:
        """Send a signal and wait for the end."""
        self.process.send_signal(signal)
        out, err = self.process.communicate(timeout=_PATIENCE)
        return Ended(self.process.returncode, self.said + out, err)


@contextmanager
def running(data: Path, *more: str, word: str = "run") -> Iterator[Running]:
    """A node that runs, or its worker; killed in the end if it still does."""
    made = Running(word, data, *more)
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.communicate()


def make(data: Path, port: int, name: str = "High Point") -> Ended:
    """A new node on a port of the loopback."""
    where = f"127.0.0.1:{port}"
    return command("init", "--data", data, "--origin", f"http://{where}", "--name", name, "--listen", where)


def ask(port: int, method: str, path: str, token: str, body: object = None) -> tuple[int, object]:
    """One call of the JSON API."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    connection.request(method, f"/api/v1{path}", msgspec.json.encode(body) if body is not None else None, headers)
    answer = connection.getresponse()
    found = answer.status, msgspec.json.decode(answer.read())
    connection.close()
    return found


class Made(msgspec.Struct, frozen=True):
    """A node that was made and does not run."""

    data: Path
    port: int


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """One for a file's tests, which leave it stopped and working."""
    data, (port,) = tmp_path_factory.mktemp("cli") / "node", free_ports(1)
    assert make(data, port).status == 0
    return Made(data, port)
