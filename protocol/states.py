"""The order of an object's states, so that replicas agree whatever the order of arrival (protocol section 6, Order).

Pure. A state is ordered by (sequence, digest); a deletion comes after every other state and is final. Of two states
that disagree in type or audience, which an update may not change, the lower one holds: it came first.
"""

import msgspec

from protocol.errors import Reason
from protocol.limits import FUTURE_SEQUENCE
from protocol.vocabulary.activities import Activity, Audience, Tombstone, audience, order_of, type_of_object


class State(msgspec.Struct, frozen=True):
    """What is held of an object for one owner. `digest`: of the activity that made it (32 bytes). ms sequence.

    `deleted`: a tombstone; one that came before its Create says no `type` but what the Delete says.
    """

    owner: str
    type: str
    audience: str
    sequence: int
    digest: bytes
    deleted: bool = False

    @property
    def order(self) -> tuple[bool, int, bytes]:
        """Later states compare greater."""
        return self.deleted, self.sequence, self.digest


def state_of(activity: Activity, digest: bytes, within: Audience | None = None) -> State:
    """The state that a Create, Update or Delete makes. `within`: the audience, if known better than it says."""
    deleted = activity.type == "Delete" or isinstance(activity.object, Tombstone)
    return State(
        owner=activity.actor,
        type=type_of_object(activity),
        audience=within or audience(activity),
        sequence=order_of(activity),
        digest=digest,
        deleted=deleted,
    )


def judge(current: State | None, new: State, now: int) -> Reason:
    """What becomes of a new state of an object.

    `current`: what is held under this id for the new state's owner, or else for another. ACCEPTED: it is the present
    state now. KNOWN or SUPERSEDED: nothing changes. FUTURE_SEQUENCE, NOT_OWNER, IDENTITY_CHANGED: refused.
    """
    if current is not None and current.owner == new.owner and current.order == new.order:
        return Reason.KNOWN
    # Further ahead, it could never be superseded by an honest node's clock. A deletion needs no order to be final,
    # but its sequence would still win over every later one.
    if new.sequence > now + FUTURE_SEQUENCE:
        return Reason.FUTURE_SEQUENCE
    if current is None:
        return Reason.ACCEPTED
    if current.owner != new.owner:
        # A Delete that came first is remembered as (id, actor) and blocks that actor's object alone.
        return Reason.ACCEPTED if current.deleted else Reason.NOT_OWNER
    later = new.order > current.order
    if current.deleted or new.deleted or (current.type, current.audience) == (new.type, new.audience):
        # What is deleted stays so. 202 and not 410, which would end a subscription (section 8, Push).
        return Reason.ACCEPTED if later else Reason.SUPERSEDED
    return Reason.IDENTITY_CHANGED if later else Reason.ACCEPTED


def next_sequence(last: int, now: int) -> int:
    """The sequence of our own next state: never lower than the last, even after the clock was set back."""
    return max(last + 1, now)
