"""What a member may do with the searches they keep. Pure. What a search finds is public, whoever keeps it."""

import msgspec

from node.gate.handler import Decision
from node.sentence import say
from protocol.errors import Reason

MOST = 50  # of one member
NAME_CHARACTERS = 100
QUERY_CHARACTERS = 2_000


class SaveSearch(msgspec.Struct, frozen=True):
    """Command of a member: keep a search. query: of its address, as the catalog reads it; secret: its feed's name."""

    id: str
    member: str
    name: str
    query: str
    secret: str


class MoveFeed(msgspec.Struct, frozen=True):
    """Command of a member: the feed is at another address from now on, and no more at the one it had."""

    id: str
    member: str
    secret: str


class ForgetSearch(msgspec.Struct, frozen=True):
    """Command of a member: the search and its feed are no more."""

    id: str
    member: str


class Facts(msgspec.Struct, frozen=True):
    """many: how many this member has. theirs: the one that is meant is this member's. named: of this name already."""

    many: int = 0
    theirs: bool = False
    named: bool = False


class Done(msgspec.Struct, frozen=True):
    """The command itself is what is stored."""


Plan = Decision[Done]


def decide_save(command: SaveSearch, facts: Facts, _now: int) -> Plan:
    name = command.name.strip()
    if not name or len(name) > NAME_CHARACTERS:
        return _wrong(say("A search has a name of at most {most} characters.", most=NAME_CHARACTERS))
    if not command.query:
        return _wrong(say("There is nothing to keep: search for something, or narrow the catalog, first."))
    if len(command.query) > QUERY_CHARACTERS:
        return _wrong(say("This search is too long to be kept."))
    if facts.named:
        return _wrong(say("You keep a search of this name already: give this one another."))
    if facts.many >= MOST:
        return _wrong(say("At most {most} searches are kept: delete one first.", most=MOST))
    return Decision(Reason.ACCEPTED, (Done(),))


def decide_change(_command: MoveFeed | ForgetSearch, facts: Facts, _now: int) -> Plan:
    if not facts.theirs:
        return Decision(Reason.NOT_FOUND, detail=say("You keep no such search."))
    return Decision(Reason.ACCEPTED, (Done(),))


def _wrong(why: str) -> Plan:
    return Decision(Reason.INVALID, detail=why)
