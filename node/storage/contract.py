"""The contract between the node and its database: one, for every engine.

A transaction is one synchronous function `work(tx)` that runs whole on the engine's thread, so that nothing can
interleave; concurrent works share one durable commit. A work may run again: it has no side effects but those on
`tx`; ids and the time are its arguments. SQL is written once, with `:named` parameters, in store files. What is for
engines on which several write at a time stands in `/*+ … */`: row locks, such as `FOR UPDATE SKIP LOCKED`.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

import msgspec

T = TypeVar("T")


class Row(Protocol):
    """One row; columns by name."""

    def __getitem__(self, name: str, /) -> Any: ...
    def keys(self) -> Iterable[str]: ...


class Counter(msgspec.Struct, frozen=True):
    """A set's counter row as this work has read it: key, last seq, and up to which seq its tree holds it."""

    key: int
    seq: int
    folded: int


class Entry(msgspec.Struct, frozen=True):
    """One signed activity to append to a set's log.

    `superseded` is the activity whose place in the set it takes: that entry leaves the log and the tree, and its
    bytes are erased (protocol section 8). `theirs`: the cursor in the owner's own log, where it moves with this entry.
    `counter`: only of a set to which nobody else can append before this work ends, and which no inbox wants.
    `activity`: one that is stored, of this digest; None where none is: then the set holds its id, `digest`, alone.
    """

    set: str
    activity: str | None
    digest: bytes
    superseded: str | None = None
    theirs: int | None = None
    counter: Counter | None = None


class Reads(Protocol):
    """One snapshot; cannot write."""

    def one(self, sql: str, /, **named: Any) -> Row | None:
        """The first row, or None."""
        ...

    def the(self, sql: str, /, **named: Any) -> Row:
        """The one row that is always there; LookupError if it is not."""
        ...

    def all(self, sql: str, /, **named: Any) -> list[Row]:
        """Every row."""
        ...


class Tx(Reads, Protocol):
    """A transaction. Raises nothing of the engine's own but StorageError."""

    def run(self, sql: str, /, **named: Any) -> None:
        """Execute, no answer. Who wants one says RETURNING and calls one()."""
        ...

    def append(self, entry: Entry) -> int:
        """Append to the set's log; returns the entry's seq. The set must exist. Marks the inboxes that want it."""
        ...


class Storage(Protocol):
    """An engine."""

    async def transact(self, work: Callable[[Tx], T], locks: tuple[str, ...] = ()) -> T:
        """Run work in a transaction; resolves after the durable commit. An exception undoes this work alone.

        locks: names of what its decision rests on; no two works that name the same run at the same time, anywhere.
        """
        ...

    async def read(self, work: Callable[[Reads], T]) -> T:
        """Run work on one read-only snapshot."""
        ...

    @property
    def shared(self) -> bool:
        """Whether other processes may work on the same database at the same time."""
        ...

    def tell(self, topic: str, word: str = "") -> None:
        """Let the other processes know, soon and perhaps not at all: a hint, for which nobody waits."""
        ...

    def hear(self, topic: str, ear: Callable[[str], None]) -> None:
        """Call `ear` on the loop with each word that another process tells; with "" if some may have been missed."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then close."""
        ...


class StorageError(Exception):
    """The database refused or is away. The sentence is for the operator."""


class StorageBusy(StorageError):
    """The database cannot take this now; the same work may be tried again (503)."""
