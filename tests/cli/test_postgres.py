"""The command line on PostgreSQL: a node that moves there, and one that begins there; two processes on one port.

And a worker, which shares the work behind no door.
"""

import signal
import socket
from pathlib import Path

from node import config
from tests.cli.conftest import ask, command, make, running
from tests.cluster.kit import free_ports
from tests.postgres import Server


def test_a_node_moves_with_all_that_it_has_said(tmp_path: Path, postgres_server: Server, postgres_url: str) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    assert make(data, port).status == 0
    token = command("token", "--data", data).out.strip()
    practice = {"slug": "violence", "name": "Violence", "domain": "public-safety"}
    item = {"title": "Call-in meetings", "content": "How we do it.", "license": "CC-BY-4.0"}
    with running(data) as first:
        assert ask(port, "POST", "/practices", token, practice)[0] == 201
        assert ask(port, "POST", "/practices/violence/items", token, item)[0] == 201
        refused = command("migrate-database", "--data", data, "--to", postgres_url)
        assert (refused.status, "in use by another process" in refused.err) == (1, True)
        second = command("run", "--data", data)
        assert (second.status, "configure PostgreSQL if you want to run several" in second.err) == (1, True)
        first.end(signal.SIGTERM)
    said = command("status", "--data", data).out

    wrong = command("migrate-database", "--data", data, "--to", "sqlite")
    assert (wrong.status, "must be an address" in wrong.err) == (1, True)
    moved = command("migrate-database", "--data", data, "--to", postgres_url)
    assert moved.status == 0, moved.err
    assert "moved, counted on both sides" in moved.out
    assert config.load(data).postgres == postgres_url
    assert command("status", "--data", data).out == said
    assert "0 faults" in command("verify", "--data", data).out
    assert "already" in command("migrate-database", "--data", data, "--to", postgres_url).err

    with running(data) as one, running(data) as other:
        assert ask(port, "POST", "/practices/violence/items", token, {**item, "title": "Custom letters"})[0] == 201
        assert one.end(signal.SIGTERM).status == 0
        status, page = ask(port, "GET", "/catalog", token)  # the other goes on
        assert (status, [card["title"] for card in page["items"]]) == (200, ["Custom letters", "Call-in meetings"])
        assert other.end(signal.SIGTERM).status == 0
    assert "0 faults" in command("verify", "--data", data).out


def test_a_worker_shares_the_work_and_listens_nowhere(tmp_path: Path, postgres_url: str) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    assert make(data, port).status == 0
    refused = command("work", "--data", data)
    assert (refused.status, refused.out, refused.err.count("\n")) == (1, "", 1)
    assert f"migrate-database --data {data}" in refused.err
    with running(data) as only:  # nor beside one that runs: not a word of whose lock it is
        assert command("work", "--data", data).err == refused.err
        assert only.end(signal.SIGTERM).status == 0

    assert command("migrate-database", "--data", data, "--to", postgres_url).status == 0
    with running(data, word="work") as alone:
        assert alone.said == f"http://127.0.0.1:{port} has one more worker. It listens nowhere.\n"
        assert not (data / "running.json").exists()
        with socket.socket() as anybody:
            assert anybody.connect_ex(("127.0.0.1", port)) != 0
        with running(data) as door, running(data, word="work") as another:
            assert (alone.end(signal.SIGTERM).status, another.end(signal.SIGINT).status) == (0, 0)
            assert ask(port, "GET", "/health", command("token", "--data", data).out.strip())[0] == 200
            assert (data / "running.json").exists()
            assert door.end(signal.SIGTERM).status == 0


def test_a_node_begins_there_or_says_why_not(tmp_path: Path, postgres_url: str) -> None:
    data, (port,) = tmp_path / "node", free_ports(1)
    words = ("init", "--data", data, "--origin", f"http://127.0.0.1:{port}", "--name", "Toledo", "--database")
    nowhere = command(*words, "postgresql://me:hunter2@127.0.0.1:1/x")
    assert (nowhere.status, "No PostgreSQL server answers at 127.0.0.1:1" in nowhere.err) == (1, True)
    assert "hunter2" not in nowhere.out + nowhere.err
    assert not data.exists()  # so that it can simply be said again
    assert command(*words, postgres_url).status == 0
    assert "Toledo" in command("status", "--data", data).out
    assert not (data / "commonweave.db").exists()
