"""What is wished of practices and of groups that have no node: the commands that the rules beside this decide."""

import msgspec

from node.coalition.rules import OpenPractice
from protocol.vocabulary.place import NOWHERE, Place


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What a practice says of itself. summary: what it cares about; what belongs to that, and what does not."""

    name: str
    summary: str = ""
    scope_in: str = ""
    scope_out: str = ""
    domain: str
    level: str
    place: Place = NOWHERE


class DescribePractice(msgspec.Struct, frozen=True):
    """Command: it says this of itself from now on. since: the state that was read when this was written (its sequence),
    0 if that is not known. changed_by: a member's id, or the operator.
    """

    actor: str
    statement: Statement
    reason: str
    since: int
    changed_by: str
    activity: str


class SplitPractice(msgspec.Struct, frozen=True):
    """Command: parts of a practice begin, and each of its members is asked whether to join them."""

    parent: str
    parts: tuple[OpenPractice, ...]


class ChooseSplit(msgspec.Struct, frozen=True):
    """Command of a member who is asked about a part: to join it or not, and whether to leave its parent."""

    member: str
    child: str
    joins: bool
    leaves: bool


class DeclinePart(msgspec.Struct, frozen=True):
    """Command: this node does not follow that part of what it follows, and is not asked again."""

    child: str


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group that is not on the network, as somebody here knows it."""

    name: str
    kind: str
    domain: str
    level: str = "city"
    place: Place = NOWHERE
    url: str = ""
    note: str = ""


class NoteGroup(msgspec.Struct, frozen=True):
    """Command: note a group, or what is known of it now."""

    id: str
    group: Group
    noted_by: str
    new: bool


class ClaimGroup(msgspec.Struct, frozen=True):
    """Command: it is on the network now, as this actor; it is found as that from here on."""

    id: str
    actor: str


class ForgetGroup(msgspec.Struct, frozen=True):
    """Command: it was no group, or is none any more."""

    id: str
