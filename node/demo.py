"""The demonstration: three coalitions on this machine share a method, as three real nodes that speak over HTTP.

Everything is done and checked through the nodes' own API, as a stranger could; the facts are in scenarios/, with
their source. Each step is verified before the next begins, and a step that does not come true ends the story.
"""

import http.client
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec
from rich.console import Console

_PATIENCE = 60  # seconds for a step to come true
_PAUSE = 0.1
_SCENARIOS = Path(__file__).parent / "scenarios"


class DemoError(Exception):
    """A step did not come true; the sentence says which."""


class Town:
    """One coalition's node: a process of its own with a data directory of its own."""

    def __init__(self, facts: dict[str, Any], directory: Path, port: int, peers: list[int]) -> None:
        self.facts = facts
        self.name: str = facts["name"]
        self.url = f"http://127.0.0.1:{port}"
        self._port = port
        self._data = directory / facts["key"]
        self._peers = peers
        self._token = ""
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Make the node and run it."""
        facts = self.facts
        self._command(
            "init", "--origin", self.url, "--name", facts["name"], "--place", facts["place"],
            "--listen", f"127.0.0.1:{self._port}",
        )  # fmt: skip
        self._token = self._command("token").strip()
        allowed = [word for peer in self._peers for word in ("--allow-peer", f"127.0.0.1:{peer}")]
        self._process = subprocess.Popen(  # noqa: S603 (this very program)
            [*_program("run"), "--data", str(self._data), *allowed],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        until(f"{self.name}'s node answers", lambda: self._answers())

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            said = self._process.stderr.read() if self._process.stderr else ""
            raise DemoError(f"The node of {self.name} stopped: {said.strip()}")
        try:
            return self.get("/api/v1/health")["version"] != ""
        except OSError:
            return False

    def stop(self) -> None:
        """End the process that was started here."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            if self._process.stderr:
                self._process.stderr.close()

    def _command(self, name: str, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 (this very program)
            [*_program(name), "--data", str(self._data), *arguments],
            capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        if done.returncode:
            raise DemoError(f"{name} failed for {self.name}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def get(self, path: str, accept: str = "application/json") -> Any:
        """GET, with the operator's token; JSON or text by what was asked."""
        return self._ask("GET", path, None, accept)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST JSON, with the operator's token."""
        return self._ask("POST", path, body, "application/json")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None, accept: str) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        headers = {"Authorization": f"Bearer {self._token}", "Accept": accept}
        raw = None
        if body is not None:
            raw = msgspec.json.encode(body)
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, raw, headers)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise DemoError(f"{method} {path} at {self.name} answered {answer.status}: {text.decode(errors='replace')}")
        return text.decode() if "html" in accept else msgspec.json.decode(text)


def _program(command: str) -> list[str]:
    return [sys.executable, "-m", "node", command]


def until(what: str, true: Callable[[], Any]) -> Any:
    """Ask again until it is true; DemoError when patience ends."""
    end = time.monotonic() + _PATIENCE
    while time.monotonic() < end:
        try:
            found = true()
        except DemoError as error:
            if "answered 404" not in str(error):
                raise
            found = None
        if found:
            return found
        time.sleep(_PAUSE)
    raise DemoError(f"This did not come true within {_PATIENCE} seconds: {what}.")


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on at this moment."""
    with ExitStack() as stack:
        found: list[int] = []
        for _ in range(count):
            listener = stack.enter_context(socket.socket())
            listener.bind(("127.0.0.1", 0))
            found.append(listener.getsockname()[1])
        return found


def run(scenario: str, *, once: bool, out: Console) -> None:
    """Play a scenario. DemoError if it is unknown or a step does not come true."""
    path = _SCENARIOS / f"{scenario}.toml"
    if not scenario.isidentifier() or not path.exists():
        known = ", ".join(sorted(found.stem for found in _SCENARIOS.glob("*.toml")))
        raise DemoError(f"There is no story “{scenario}”. Stories are: {known}.")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="commonweave-demo-")))
        ports = free_ports(len(facts["coalitions"]))
        towns = [
            Town(told, directory, port, [other for other in ports if other != port])
            for told, port in zip(facts["coalitions"], ports, strict=True)
        ]
        for town in towns:
            stack.callback(town.stop)
            town.start()
        _play(towns, out)
        for town in towns:
            out.print(f"  {town.name}: {town.url}")
        if once:
            out.print("Every step was verified over HTTP.")
            return
        out.print("The nodes keep running. Press Ctrl-C to stop them.")
        stopped = threading.Event()
        signal.signal(signal.SIGTERM, lambda _number, _frame: stopped.set())
        stopped.wait()


def _play(towns: list[Town], out: Console) -> None:
    origin, *others = towns
    number = 0

    def step(sentence: str) -> None:
        nonlocal number
        number += 1
        out.print(f"{number}. {sentence}")

    step(f"{len(towns)} nodes run, each with its own keys and its own database: {', '.join(t.name for t in towns)}.")
    for town in towns:
        practice = town.facts["practice"]
        made = town.post("/api/v1/practices", practice)
        step(f"{town.name} opens its practice “{practice['name']}”: {made['address']}")
    shared = _publish(origin, origin.facts["item"], ())
    step(f"{origin.name} publishes “{origin.facts['item']['title']}”: {shared}")
    for town in others:
        town.post("/api/v1/follows", {"target": origin.url})
        until(f"{origin.name} accepts {town.name}", lambda town=town: _state(town, origin) == "accepted")
        step(f"{town.name} follows {origin.name}, and is accepted.")
        item = until(f"{town.name} holds the item", lambda town=town: _read(town, shared))
        signer, digest = item["proof"]["signer"], item["proof"]["digest"]
        if not signer.startswith(origin.url) or not item["proof"]["key"] or item["activity"]["proof"] is None:
            raise DemoError(f"{town.name} holds the item without {origin.name}'s proof.")
        if digest != _read(origin, shared)["proof"]["digest"]:
            raise DemoError(f"{town.name} holds another item than {origin.name} published.")
        step(f"{town.name} holds it in its own catalog, with {origin.name}'s id and proof (digest {digest[:16]}…).")
    for town in others:
        made = _publish(town, town.facts["item"], (shared,))
        named = _read(town, made)["adapted_from"][0]
        if named["id"] != shared or named["digest"] != _read(origin, shared)["proof"]["digest"]:
            raise DemoError(f"{town.name}'s adaptation does not name the original and its digest.")
        step(f"{town.name} publishes its adaptation, which names the original and its digest.")
        until(
            f"{origin.name} lists the adaptation of {town.name}",
            lambda made=made: made in [hop["id"] for hop in _read(origin, shared)["adaptations"]],
        )
    page = origin.get(urlsplit(shared).path, "text/html")
    missing = [town.name for town in others if _escaped(town.facts["item"]["title"]) not in page]
    if missing:
        raise DemoError(f"{origin.name}'s item page does not show the adaptation of {', '.join(missing)}.")
    step(f"{origin.name}'s item page lists the adaptations of {' and '.join(t.name for t in others)}: {shared}")


def _publish(town: Town, item: dict[str, Any], adapts: tuple[str, ...]) -> str:
    body = {**item, "adapted_from": list(adapts)} if adapts else item
    return town.post(f"/api/v1/practices/{town.facts['practice']['slug']}/items", body)["id"]


def _read(town: Town, id: str) -> Any:
    return town.get(f"/api/v1/items?id={quote(id, safe='')}")


def _state(town: Town, other: Town) -> str:
    follows = town.get("/api/v1/follows")["follows"]
    return next((one["state"] for one in follows if one["target"].startswith(other.url)), "")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&#39;")
