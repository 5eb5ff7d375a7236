"""What a room's handlers stand on: the database to read, the gate to act through, and this node's time and ids."""

from collections.abc import Callable
from typing import Literal

import msgspec

from node.clock import Clock
from node.gate.door import Gate
from node.storage.contract import Storage
from protocol import identifiers


class Desk(msgspec.Struct, frozen=True):
    """One of each, for every page and every API handler of a node."""

    storage: Storage
    gate: Gate
    clock: Clock
    origin: identifiers.Origin
    speaks: Callable[[], str]  # the language that new items begin in, as it is settled now

    @property
    def language(self) -> str:
        """What new items begin in."""
        return self.speaks()

    @property
    def me(self) -> str:
        """The coalition's actor id."""
        return identifiers.node_actor(self.origin)

    def new(self, kind: Literal["activities", "items"]) -> str:
        """A new id of this node."""
        return self.origin.at(f"/{kind}/{self.clock.new_id()}")
