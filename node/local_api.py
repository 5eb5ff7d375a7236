"""The command line's way to a running node: its own API, on this machine, with a token made on the spot."""

import http.client
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from node.app import RUNNING, Running
from node.clock import SystemClock
from node.keystore import Keystore
from protocol.errors import ProtocolError, Reason

_PATIENCE = 60  # seconds; following asks another node first


class NotRunning(Exception):
    """No node runs over this data directory."""


class LocalApi:
    """Asks the node that runs over a data directory."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def running(self) -> bool:
        """True if a node answers."""
        try:
            self._ask("GET", "/api/v1/health", None)
        except NotRunning:
            return False
        return True

    def follow(self, target: str) -> dict[str, Any]:
        """POST /api/v1/follows; ProtocolError with the node's own sentence."""
        return self._ask("POST", "/api/v1/follows", {"target": target})

    def recover(self, name: str) -> str:
        """POST /api/v1/recoveries: the link; ProtocolError with the node's own sentence."""
        return str(self._ask("POST", "/api/v1/recoveries", {"name": name})["link"])

    def _ask(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            found = msgspec.json.decode((self._directory / RUNNING).read_bytes(), type=Running)
            host, _, port = found.listen.rpartition(":")
            clock = SystemClock()
            token = Keystore.open(self._directory).mint_token(clock.now(), clock.new_id())
            raw = msgspec.json.encode(body) if body is not None else None
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            with closing(http.client.HTTPConnection(host.strip("[]"), int(port), timeout=_PATIENCE)) as connection:
                connection.request(method, path, raw, headers)
                answer = connection.getresponse()
                value = msgspec.json.decode(answer.read(), type=dict[str, Any])
        except (OSError, msgspec.DecodeError, http.client.HTTPException):
            raise NotRunning from None
        if answer.status >= 400:
            raise ProtocolError(Reason.INVALID, str(value.get("detail", "The node refused.")))
        return value
