"""Passing on what others signed: an Announce that carries the whole signed bytes (FEP-1b12; protocol section 6). Pure.

Only what was said to everyone is passed on, and the Announce carries its later states too, the last one above all.
"""

from collections.abc import Sequence

import msgspec

from node.clock import time_ordered_id
from node.gate.handler import Draft
from protocol import identifiers, limits
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity

Announcer = tuple[str, int]  # an actor of ours, and when it last announced the object (ms)

_FRAME = 8_192  # bytes of an Announce and its proof around what it carries, with room for long ids


def pass_on(verified: Verified[Activity], announcers: Sequence[Announcer], now: int) -> tuple[Draft, ...]:
    """An Announce of it by each; at most 256 of them."""
    if not announcers:
        return ()
    if len(verified.raw) > limits.ACTIVITY_BYTES - _FRAME:
        return ()  # one that fills a body by itself does not fit into another
    whole: dict[str, object] = msgspec.json.decode(verified.raw)
    drafts: list[Draft] = []
    for number, (actor, before) in enumerate(announcers):
        at = max(now, before + 1)  # later than what it takes the place of
        # The id is made of the digest, so that the rule stays pure.
        fresh = time_ordered_id(now, int.from_bytes(verified.digest[:9], "big") * 256 + number)
        id = identifiers.origin(actor).at(f"/activities/{fresh}")
        drafts.append(Draft(actor, activities.announce(id, actor, whole, [identifiers.PUBLIC], at)))
    return tuple(drafts)
