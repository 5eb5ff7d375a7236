"""What was refused of others lately, with its reason, for a steward to see. In memory: a process's own, and bounded.

A stranger can make entries here, and no more than there is room for: the same again only counts.
"""

from collections import OrderedDict

import msgspec

from protocol.errors import Reason

MOST = 100


class Refusal(msgspec.Struct, frozen=True):
    """who: brought it, a host or an actor. object: its id, '' if it was not read so far. many: how often; at: when
    last (ms)."""

    who: str
    object: str
    reason: Reason
    many: int
    at: int


class Refusals:
    """The latest, the last first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, str, Reason], Refusal] = OrderedDict()

    def note(self, who: str, object_id: str | None, reason: Reason, now: int) -> None:
        """It was refused just now."""
        key = (who[:500], (object_id or "")[:500], reason)
        before = self._kept.pop(key, None)
        self._kept[key] = Refusal(*key, (before.many if before else 0) + 1, now)
        if len(self._kept) > MOST:
            self._kept.popitem(last=False)

    def latest(self) -> list[Refusal]:
        """The last first."""
        return list(reversed(self._kept.values()))
