"""How often the owners of keys are asked, and how much waits meanwhile (protocol sections 2 and 5).

At most five fetches a host in ten seconds is a promise to that host, so it holds for the node as a whole: a fetch is
booked in the database before the request is made, whatever process makes it, and a restart forgets nothing
(CVE-2026-34148). What waits in memory is bounded by the memory it waits in: each process has its own count. Never
fetches anything itself.
"""

from node.storage.contract import Reads, Tx
from protocol import limits
from protocol.errors import Reason, RemoteProtocolError

REMOVED = 100  # bookings that are over, at most so many at each new one: more than one booking leaves behind

# A clock that was set back must not leave a host closed until the old time comes again: what lies ahead is void.
_BOOKED = "host = :host AND at > :since AND at <= :until"
ROOM = f"SELECT COUNT(*) AS booked FROM key_fetch WHERE {_BOOKED}"  # noqa: S608
AGAIN = f"SELECT 1 AS yes FROM key_fetch WHERE {_BOOKED} AND id = :id LIMIT 1"  # noqa: S608
BOOK = "INSERT INTO key_fetch(host, id, at) VALUES(:host, :id, :now)"
# Two processes never wait for each other over what both no longer need.
CLEAR = (
    "DELETE FROM key_fetch WHERE key IN (SELECT key FROM key_fetch WHERE at <= :since ORDER BY at LIMIT :count"
    " /*+ FOR UPDATE SKIP LOCKED */)"
)


def lock(host: str) -> str:
    """What a booking locks: two processes that both saw the last place do not both take it."""
    return f"key fetches of {host}"


def has_room(reads: Reads, host: str, now: int) -> bool:
    """Whether the host may be asked for a key now."""
    window = limits.KEY_FETCH_WINDOW
    return reads.the(ROOM, host=host, since=now - window, until=now + window)["booked"] < limits.KEY_FETCHES_A_HOST


def book(tx: Tx, key_id: str, host: str, now: int) -> bool:
    """Book a fetch for this key, under the host's lock; False if it may not be made now.

    That is: five were booked, or another process of this node asks for the same key at this moment.
    """
    window = limits.KEY_FETCH_WINDOW
    since, until = now - window, now + window
    if not has_room(tx, host, now) or tx.one(AGAIN, host=host, id=key_id, since=since, until=until) is not None:
        return False
    tx.run(CLEAR, since=since, count=REMOVED)
    tx.run(BOOK, host=host, id=key_id, now=now)
    return True


class Waiting:
    """What waits for a key in this process's memory at this moment."""

    def __init__(self) -> None:
        self.requests = 0
        self.bytes = 0
        self.hosts: dict[str, int] = {}

    def enter(self, host: str, size: int) -> None:
        """RemoteProtocolError(KEY_UNAVAILABLE) if there is no room."""
        if (
            self.requests >= limits.WAITING_REQUESTS
            or self.bytes + size > limits.WAITING_BYTES
            or self.hosts.get(host, 0) >= limits.WAITING_A_HOST
        ):
            raise RemoteProtocolError(Reason.KEY_UNAVAILABLE)
        self.requests += 1
        self.bytes += size
        self.hosts[host] = self.hosts.get(host, 0) + 1

    def leave(self, host: str, size: int) -> None:
        self.requests -= 1
        self.bytes -= size
        self.hosts[host] -= 1
        if not self.hosts[host]:
            del self.hosts[host]
