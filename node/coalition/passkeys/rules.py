"""Who may add and remove a passkey. Pure. Whether it is one, the ceremony has found before (WebAuthn, section 7)."""

import msgspec

from node.gate.handler import Decision
from node.sentence import say
from protocol.errors import Reason

MOST = 10  # of one member
NAME_CHARACTERS = 60


class AddPasskey(msgspec.Struct, frozen=True):
    """Command of a member who has just shown their password: from now on this key signs them in.

    id: the credential's, base64url. key: its public key (COSE). count: its signature counter. challenge: used up.
    """

    id: str
    member: str
    name: str
    key: bytes
    count: int
    challenge: str


class RemovePasskey(msgspec.Struct, frozen=True):
    """Command of a member: this key signs nobody in any more."""

    id: str
    member: str


class Facts(msgspec.Struct, frozen=True):
    """many: how many this member has. known: somebody has it. theirs: it is this member's. fresh: the challenge was
    not used before."""

    many: int = 0
    known: bool = False
    theirs: bool = False
    fresh: bool = True


class Done(msgspec.Struct, frozen=True):
    """The command itself is what is stored."""


Plan = Decision[Done]


def decide_add(command: AddPasskey, facts: Facts, _now: int) -> Plan:
    name = command.name.strip()
    if not name or len(name) > NAME_CHARACTERS:
        return Decision(
            Reason.INVALID, detail=say("A passkey has a name of at most {most} characters.", most=NAME_CHARACTERS)
        )
    if not facts.fresh:
        return Decision(Reason.INVALID, detail=say("This was sent before. Please add the passkey once more."))
    if facts.known:
        return Decision(Reason.EXISTS, detail=say("This passkey is in use already."))
    if facts.many >= MOST:
        return Decision(Reason.INVALID, detail=say("At most {most} passkeys: remove one first.", most=MOST))
    return Decision(Reason.ACCEPTED, (Done(),))


def decide_remove(_command: RemovePasskey, facts: Facts, _now: int) -> Plan:
    if not facts.theirs:
        return Decision(Reason.NOT_FOUND, detail=say("You have no such passkey."))
    return Decision(Reason.ACCEPTED, (Done(),))
