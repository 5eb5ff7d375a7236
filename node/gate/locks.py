"""What a decision rests on, by name: no two works that name the same run at the same time (storage contract)."""

import msgspec

from protocol.vocabulary.activities import Activity


def locks_of(msg: Activity) -> tuple[str, ...]:
    """Of an activity: its id, which is said once; its actor, with all sets that are its own and every edge between it
    and us; its object."""
    return (msg.id, msg.actor) if msg.object_id in (None, msg.actor) else (msg.id, msg.actor, msg.object_id)


def locks_for(command: object) -> tuple[str, ...]:
    """Of a command: whatever it names; and people wait for each other."""
    named = msgspec.structs.astuple(command) if isinstance(command, msgspec.Struct) else ()
    return ("commands", *(each for each in named if isinstance(each, str) and each.startswith("http")))
