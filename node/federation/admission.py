"""Who may speak with this node, by host: open, block, or allow-list. Pure.

Judged on the carrier and on the owner of every activity, on every fetch that we serve, and before any fetch that
we make for a stranger (protocol sections 4 and 5). A listed host stands for its subdomains too, so that a blocked
neighbour does not return as a wildcard name.
"""

from functools import lru_cache
from typing import Literal

import msgspec

from protocol.errors import Reason

Mode = Literal["open", "block", "allow-list"]


class Admission(msgspec.Struct, frozen=True):
    """The rule of this node. Hosts are `host` or `host:port`, as in identifiers.Origin.key."""

    mode: Mode
    own: str
    allowed: frozenset[str] = frozenset()
    blocked: frozenset[str] = frozenset()

    def judge(self, host: str) -> Reason | None:
        """Why this host is refused, or None. A blocked host is refused in the allow-list mode as well."""
        if host == self.own or self.mode == "open":
            return None
        if _listed(host, self.blocked):
            return Reason.BLOCKED
        if self.mode == "allow-list" and not _listed(host, self.allowed):
            return Reason.NOT_LISTED
        return None

    @property
    def closed(self) -> bool:
        """Only listed nodes are served at all; even reading needs a signature."""
        return self.mode == "allow-list"


@lru_cache(maxsize=4096)  # asked twice of every activity; a peer sends many
def _listed(host: str, listed: frozenset[str]) -> bool:
    if not listed:
        return False
    if host in listed:
        return True
    name, port = host, ""
    if not host.endswith("]"):  # an IPv6 address has colons of its own
        name, port = host.rsplit(":", 1) if ":" in host else (host, "")
    labels = [name] if name.startswith("[") else name.split(".")
    return any(
        ".".join(labels[start:]) + (f":{port}" if full and port else "") in listed
        for start in range(len(labels))
        for full in (True, False)
    )
