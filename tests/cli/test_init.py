"""Making a node: never asks, keeps its secrets to itself, and refuses with a sentence that says what to do."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from node import config
from node.__main__ import cli
from node.keystore import Keystore
from tests.cli.conftest import Made, command, make
from tests.cluster.kit import free_ports


def secret_of(data: Path) -> str:
    return (data / "root-key").read_text()


def test_a_new_node_says_what_it_made_and_what_comes_next(tmp_path: Path) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    done = make(data, port, "High [Point] & /friends[/]")
    assert (done.status, done.err) == (0, "")
    assert "The node of High [Point] & /friends[/] is ready" in done.out
    assert f"Its root key is in {data / 'root-key'}: move it" in done.out
    assert f"run --data {data}" in done.out
    assert secret_of(data).strip().splitlines()[-1] not in done.out
    assert config.load(data).origin == f"http://127.0.0.1:{port}"
    assert Keystore.open(data).root_key_present()


def test_everything_made_is_for_its_user_alone(made: Made) -> None:
    found = [made.data, *made.data.rglob("*")]
    assert len(found) > 6
    for path in found:
        mode = path.stat().st_mode & 0o777
        assert mode == (0o700 if path.is_dir() else 0o600), (path, oct(mode))


def test_a_second_one_in_the_same_place_is_refused(made: Made) -> None:
    before = secret_of(made.data)
    done = make(made.data, made.port, "Another")
    assert (done.status, done.out) == (1, "")
    assert done.err == f"There is a node in {made.data} already. To make another one, name another directory.\n"
    assert secret_of(made.data) == before


WRONG: dict[str, tuple[list[str], str]] = {
    "an origin with a path": (["--origin", "https://a.example/x"], "origin"),
    "an origin that is none": (["--origin", "a.example"], "origin"),
    "http for the public": (["--origin", "http://a.example"], "https"),
    "an origin with a user": (["--origin", "https://me@a.example"], "origin"),
    "no port to listen at": (["--listen", "127.0.0.1"], "listen"),
    "a port too high": (["--listen", "127.0.0.1:99999"], "listen"),
    "a language that is none": (["--language", "plain English"], "language"),
    "no name": (["--name", "  "], "A coalition needs a name"),
    "a name too long": (["--name", "x" * 301], "--name has 301 characters; at most 300 fit."),
    "a place too long": (["--place", "x" * 301], "--place has 301 characters; at most 300 fit."),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_is_refused_in_a_sentence_and_nothing_is_made(tmp_path: Path, name: str) -> None:
    more, words = WRONG[name]
    data = tmp_path / "node"
    words_of = ["init", "--data", str(data), "--origin", "https://a.example", "--name", "A", *more]
    done = CliRunner().invoke(cli, words_of)
    assert (done.exit_code, done.stdout) == (1, "")
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert not data.exists()


def test_a_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = command("init", "--data", tmp_path / "file" / "node", "--origin", "https://a.example", "--name", "A")
    assert done.status == 1
    assert str(tmp_path / "file") in done.err


def test_on_a_terminal_the_root_key_is_shown_once_and_left_nowhere(tmp_path: Path) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    ours, theirs = pty.openpty()
    where = f"127.0.0.1:{port}"
    words = ["init", "--data", str(data), "--origin", f"http://{where}", "--name", "A", "--listen", where]
    process = subprocess.Popen(
        [sys.executable, "-m", "node", *words], stdin=theirs, stdout=theirs, stderr=theirs, env={**os.environ}
    )
    os.close(theirs)
    said = b""
    while True:  # until the other end is closed, which Linux says as an error
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        said += part
    os.close(ours)
    assert process.wait(60) == 0
    text = said.decode()
    assert "Write it on paper" in text
    assert not (data / "root-key").exists()
    assert not Keystore.open(data).root_key_present()
    shown = next(line.strip() for line in text[text.index("root key") :].splitlines() if line.startswith("    "))
    assert text.count(shown) == 1
    for path in data.rglob("*"):
        if path.is_file():
            assert shown.encode() not in path.read_bytes(), path
