"""run, token, follow, status, verify, demo: what each says, on a node that runs and on one that does not."""

import shutil
import signal
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from node.__main__ import cli
from tests.cli.conftest import Ended, Made, ask, command, make, running
from tests.cluster.kit import free_ports


def token_of(made: Made) -> str:
    done = command("token", "--data", made.data)
    assert (done.status, done.err) == (0, "")
    return done.out.strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_node_runs_until_it_is_asked_to_stop(made: Made, number: signal.Signals) -> None:
    with running(made.data) as node:
        assert f"http://127.0.0.1:{made.port} is running" in node.said
        assert ask(made.port, "GET", "/health", token_of(made))[0] == 200
        second = command("run", "--data", made.data, "--listen", "127.0.0.1:0")
        assert (second.status, second.out) == (1, "")
        assert second.err.count("\n") == 1
        assert str(made.data) in second.err
        ended = node.end(number)
    assert ended.status == 0
    assert "Stopping" in ended.out
    link = made.data / "first-link.txt"
    assert str(link) in node.said + ended.out  # in which of the two depends on when it was read
    assert link.read_text().startswith(f"http://127.0.0.1:{made.port}/first/")
    assert stat.S_IMODE(link.stat().st_mode) == 0o600
    assert link.read_text().strip() not in node.said + ended.out  # what is no terminal may be a log
    assert not (made.data / "running.json").exists()


def test_a_port_that_is_taken_is_said_so(made: Made, tmp_path: Path) -> None:
    with running(made.data):
        other = tmp_path / "other"
        assert make(other, made.port).status == 0
        done = command("run", "--data", other)
    assert done.status == 1
    assert done.err.splitlines()[-1].startswith("The node could not listen on")


@pytest.mark.parametrize(
    "listen", ["nonsense", "localhost", "8420", ":8420", "[::1]", "127.0.0.1:99999", "a..b:80", f"{'a' * 64}:80"]
)
def test_an_option_is_checked_like_the_setting(made: Made, listen: str) -> None:
    done = command("run", "--data", made.data, "--listen", listen)
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert f"listen = '{listen}' cannot be used" in done.err
    assert "host:port" in done.err


@pytest.mark.parametrize(
    "words",
    [["run"], ["work"], ["rotate"], ["token"], ["status"], ["verify"], ["follow", "x"]],
    ids=lambda words: words[0],
)
def test_where_there_is_no_node_every_command_says_so(tmp_path: Path, words: list[str]) -> None:
    done = CliRunner().invoke(cli, [words[0], "--data", str(tmp_path / "none"), *words[1:]])
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "commonweave" in done.stderr or "running" in done.stderr or "no " in done.stderr.lower()
    assert not (tmp_path / "none").exists()


def test_a_token_opens_the_api_until_it_is_revoked(made: Made) -> None:
    first = token_of(made)
    with running(made.data):
        assert ask(made.port, "GET", "/health", first)[0] == 200
        done = command("token", "--data", made.data, "--revoke")
        assert done.status == 0
        assert ask(made.port, "GET", "/health", first)[0] == 401
        assert ask(made.port, "GET", "/health", done.out.strip())[0] == 200


def test_keys_rotate_while_the_node_stands_still(made: Made, tmp_path: Path) -> None:
    data = tmp_path / "node"
    shutil.copytree(made.data, data)
    with running(data):
        refused = command("rotate", "--data", data)
    assert (refused.status, refused.out) == (1, "")
    assert "Stop it first" in refused.err
    unknown = command("rotate", "--data", data, "nobody")
    assert (unknown.status, unknown.err.count("\n")) == (1, 1)
    assert "“nobody”" in unknown.err
    for number, words in ((2, []), (3, ["--compromised"])):
        done = command("rotate", "--data", data, *words)
        assert (done.status, done.err) == (0, "")
        assert f"/actor has key {number} now, and the one before is destroyed" in done.out
        assert ("1 activity signed anew" in done.out) == bool(words)
        assert len([path for path in (data / "keys").iterdir() if ".ed25519-" in path.name]) == 1
    checked = command("verify", "--data", data)
    assert (checked.status, "0 faults" in checked.out) == (0, True), checked.out


def test_a_member_who_lost_their_way_in_gets_a_link(made: Made) -> None:
    refused = command("recover", "--data", made.data, "nobody")
    assert refused.status == 1
    assert "no such member" in refused.err
    with closing(sqlite3.connect(made.data / "commonweave.db")) as database, database:
        database.execute(
            "INSERT INTO member(id, name, sign_in, state, joined) VALUES('x', 'Cleo', 'cleo', 'active', 1)"
        )
    done = command("recover", "--data", made.data, "Cleo")
    assert done.status == 0
    assert "/join/" in done.out
    with running(made.data):
        again = command("recover", "--data", made.data, "cleo")
    assert "/join/" in again.out
    assert again.out != done.out


def test_following_needs_a_running_node(made: Made) -> None:
    done = command("follow", "--data", made.data, "https://a.example")
    assert done.status == 1
    assert done.err.startswith("The node is not running. Start it first: ")


def test_a_follow_is_asked_and_status_tells_how_it_is(made: Made, tmp_path: Path) -> None:
    other, (port,) = tmp_path / "other", free_ports(1)
    assert make(other, port, "Fort [Wayne]").status == 0
    peers = ["--allow-peer", f"127.0.0.1:{port}"]
    with running(made.data, *peers), running(other, "--allow-peer", f"127.0.0.1:{made.port}"):
        done = command("follow", "--data", made.data, f"http://127.0.0.1:{port}")
        assert (done.status, done.err) == (0, "")
        assert f"Asked http://127.0.0.1:{port}/actor; the follow is now" in done.out
        no = command("follow", "--data", made.data, f"@nobody@127.0.0.1:{port}")
        assert no.status == 1
        assert "knows nobody by that name" in no.err
        status = command("status", "--data", made.data)
        assert (status.status, status.err) == (0, "")
        assert f"High Point at http://127.0.0.1:{made.port}: running." in status.out
        assert "Fort [Wayne]" in status.out
    status = command("status", "--data", made.data)
    assert f"High Point at http://127.0.0.1:{made.port}: not running." in status.out
    assert "Fort [Wayne]" in status.out


def test_status_warns_of_the_root_key_until_it_is_moved(made: Made) -> None:
    warned = command("status", "--data", made.data)
    assert "Attention: The root key is still on this machine" in warned.out
    root = made.data / "root-key"
    kept = root.read_bytes()
    root.unlink()
    try:
        assert "root key" not in command("status", "--data", made.data).out
    finally:
        root.write_bytes(kept)
        root.chmod(0o600)


# The stored bytes


def _publish(made: Made) -> str:
    """A practice with one item; the item's activity."""
    with running(made.data):
        token = token_of(made)
        ask(made.port, "POST", "/practices", token, {"slug": "violence", "name": "Violence", "domain": "public-safety"})
        body = {"title": "Call-in", "content": "Offer help.", "license": "CC-BY-4.0"}
        status, done = ask(made.port, "POST", "/practices/violence/items", token, body)
        assert status == 201
        assert isinstance(done, dict)
        return str(done["activity"])


def _flip(made: Made, table: str, column: str, where: str) -> str:
    """Change one byte in the middle of a stored value; the row's id."""
    with sqlite3.connect(next(made.data.glob("*.db"))) as database:
        id, value = database.execute(f"SELECT id, {column} FROM {table} WHERE {where}").fetchone()
        middle = len(value) // 2
        flipped = value[:middle] + bytes([value[middle] ^ 1]) + value[middle + 1 :]
        database.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (flipped, id))
    database.close()
    return str(id)


class Published(msgspec.Struct, frozen=True):
    """A stopped node with an item, and the activity that said it."""

    made: Made
    activity: str


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    data, (port,) = tmp_path_factory.mktemp("published") / "node", free_ports(1)
    assert make(data, port).status == 0
    made = Made(data, port)
    return Published(made, _publish(made))


@pytest.fixture
def whole(published: Published, tmp_path: Path) -> Published:
    """A copy to spoil."""
    shutil.copytree(published.made.data, tmp_path / "node")
    return Published(Made(tmp_path / "node", published.made.port), published.activity)


def verify(made: Made) -> Ended:
    """In this process: the command itself is a process in the first test of it."""
    done = CliRunner().invoke(cli, ["verify", "--data", str(made.data)])
    return Ended(done.exit_code, done.stdout, done.stderr)


def test_verify_finds_nothing_where_nothing_is_wrong_and_one_flipped_byte_where_it_is(whole: Published) -> None:
    good = command("verify", "--data", whole.made.data)
    assert good.status == 0, good
    assert "6 proofs checked" in good.out
    assert "0 faults" in good.out
    id = _flip(whole.made, "activity", "raw", f"id = '{whole.activity}'")
    bad = command("verify", "--data", whole.made.data)
    assert bad.status == 1
    assert f"{id}: " in bad.err
    assert "1 fault." in bad.out


@pytest.mark.parametrize(
    ("table", "column", "where"),
    [
        ("activity", "digest", "type = 'Create'"),
        ("actor", "raw", "type = 'Group'"),
        ("actor", "raw", "type = 'Organization'"),
    ],
    ids=["a digest", "a practice's document", "our own document"],
)
def test_verify_finds_a_flipped_byte_elsewhere(whole: Published, table: str, column: str, where: str) -> None:
    id = _flip(whole.made, table, column, where)
    bad = verify(whole.made)
    assert bad.status == 1
    assert id in bad.err


def test_verify_finds_a_flipped_byte_in_a_key_and_in_a_set(whole: Published) -> None:
    _flip(whole.made, "actor_key", "public", "kind = 'ed25519' AND actor LIKE '%/practices/%'")
    bad = verify(whole.made)
    assert bad.status == 1
    assert whole.activity in bad.err


def test_the_demonstration_comes_to_its_end() -> None:
    done = command("demo", "--once")
    assert done.status == 0, done
    assert done.err == ""


def test_an_unknown_story_is_refused_in_words() -> None:
    done = command("demo", "nothing", "--once")
    assert done.status == 1
    assert "nothing" in done.err
    assert "safecities" in done.err
