"""How many activities of one host are judged at this moment, so that a flood stands in nobody else's way (section 5).

Counts what is authenticated and nothing else: by an unproved name, anyone could use up another host's places. Not a
rate: who is answered as fast as it speaks is never refused.
"""

from protocol import limits
from protocol.errors import Reason, RemoteProtocolError


class Crowd:
    """The hosts that have activities here, by Origin.key."""

    def __init__(self) -> None:
        self._hosts: dict[str, int] = {}

    def enter(self, host: str) -> None:
        """RemoteProtocolError(FLOOD) if the host has as many here as it may."""
        inside = self._hosts.get(host, 0)
        if inside >= limits.INBOUND_A_HOST:
            raise RemoteProtocolError(Reason.FLOOD)
        self._hosts[host] = inside + 1

    def leave(self, host: str) -> None:
        if self._hosts[host] == 1:
            del self._hosts[host]
        else:
            self._hosts[host] -= 1
