"""What a room hands to the gate: how to load facts, decide and apply. Types only; the gate knows no nouns.

A "no" is a Decision with a Reason, never an exception. `decide` is pure; `apply` never touches the network.
"""

from collections.abc import Callable
from typing import Any, Generic, Literal, Protocol, TypeVar

import msgspec

from node.storage.contract import Reads, Tx
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.log import LogCursor
from protocol.vocabulary.activities import Activity

F = TypeVar("F")
E = TypeVar("E")
C = TypeVar("C")


class Draft(msgspec.Struct, frozen=True):
    """Something a local actor says: the gate signs it, stores it, appends it to its set and sends it.

    deliver: inbox URLs that get it directly, beside the set's own followers. sign_object: the embedded object
    is an actor document, which carries a proof of its own (protocol section 2).
    """

    actor: str
    document: dict[str, Any]
    deliver: tuple[str, ...] = ()
    sign_object: bool = False


class Need(msgspec.Struct, frozen=True):
    """What only the network knows: a row that a worker reads. because: the id of the activity that asked."""

    kind: Literal["object", "actor", "gone"]
    url: str
    because: str


class Decision(msgspec.Struct, Generic[E], frozen=True):
    """What the rules say: a reason, and what follows from a yes. detail: one sentence for people on a no.

    supersedes: the activity whose place this one takes in its set, where that is no state of an object; it is erased.
    SUPERSEDED has effects too, where what comes late still says what is past; its own bytes are kept nowhere.
    """

    reason: Reason
    effects: tuple[E, ...] = ()
    says: tuple[Draft, ...] = ()
    needs: tuple[Need, ...] = ()
    detail: str = ""
    supersedes: str | None = None


class Handler(msgspec.Struct, Generic[F, E], frozen=True):
    """A room's way with one activity or object type.

    `wanted` answers, where no set of the actor is held: does this concern something here all the same?
    `unseen`: the facts of an object of which nothing was ever held, where there is nothing to load.
    """

    load: Callable[[Reads, Verified[Activity]], F]
    decide: Callable[[Verified[Activity], F, int], Decision[E]]
    apply: Callable[[Tx, Verified[Activity], tuple[E, ...], int], None]
    wanted: Callable[[Reads, Verified[Activity]], bool] = lambda _reads, _verified: False
    unseen: F | None = None


class Who(msgspec.Struct, frozen=True):
    """Who wishes something done here.

    member: their id, empty for who is none. operator: they hold this machine's own token, or sit at its command line.
    scopes: what an access token is good for, None where no token narrows. node: the node does it by itself, by what
    was decided before. via: the way it came. once: the name of this one wish, which is then carried out once.
    """

    member: str = ""
    operator: bool = False
    node: bool = False
    scopes: frozenset[str] | None = None
    via: Literal["page", "api", "command line"] = "page"
    once: str = ""


BY_NODE = Who(node=True)
BY_OPERATOR = Who(operator=True, via="command line")


def _nowhere(_reads: Reads, _command: object) -> str:
    return ""


class CommandHandler(msgspec.Struct, Generic[C, F, E], frozen=True):
    """A room's way with one command of a member or operator. Effects are applied before the drafts are said.

    act: its name in the table of who may do what; without one the node alone does it. where: the practice it happens
    in, empty for the coalition as a whole. about: the member whom it concerns, who may do to themselves what others
    may not. names: what it is done to, for the record of what was done.
    """

    load: Callable[[Reads, C], F]
    decide: Callable[[C, F, int], Decision[E]]
    apply: Callable[[Tx, C, tuple[E, ...], int], None]
    act: str = ""
    where: Callable[[Reads, C], str] = _nowhere
    about: Callable[[Reads, C], str] = _nowhere
    names: Callable[[Reads, C], str] = _nowhere


class Permissions(Protocol):
    """Who may do what, as the coalition's room says it; and the record of what was done."""

    def refusal(self, reads: Reads, who: Who, act: str, practice: str, about: str) -> str:
        """Why not, in a sentence; empty if they may."""
        ...

    def record(self, tx: Tx, who: Who, act: str, practice: str, subject: str, now: int) -> None:
        """It was done, by whom."""
        ...


class Carrier(msgspec.Struct, frozen=True):
    """Who brought the bytes, and how. cursor: what the Commonweave-Log header said."""

    actor: str
    how: Literal["pushed", "pulled", "relayed", "fetched", "own"]
    cursor: LogCursor | None = None


class Answer(msgspec.Struct, frozen=True):
    """What the gate answers.

    seen: the highest place seen in the owner's log. stirs: workers have something to do. host: whose word it was,
    once authenticated.
    """

    reason: Reason
    detail: str = ""
    seen: LogCursor | None = None
    stirs: bool = False
    host: str = ""


class Said(msgspec.Struct, frozen=True):
    """One activity that a command brought about: ids and exact bytes."""

    activity: str
    object: str | None
    raw: bytes


class Outcome(msgspec.Struct, frozen=True):
    """What a command came to."""

    reason: Reason
    detail: str = ""
    said: tuple[Said, ...] = ()

    @property
    def done(self) -> bool:
        """True if the command was carried out."""
        return self.reason is Reason.ACCEPTED
