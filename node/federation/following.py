"""Who follows whom: Follow, Accept, Reject, Undo, both ways. Rules, rows and registration in one small subject.

A follow of a node is a follow of its practices (protocol section 8). An Accept counts only for a Follow that was
sent, from the followed actor (section 6; CVE-2025-30741). A Follow is idempotent and repeated weekly, which
mends lost edges.
"""

import msgspec

from node.clock import time_ordered_id
from node.gate.handler import CommandHandler, Decision, Draft, Handler
from node.sentence import say
from node.storage import sets
from node.storage.contract import Reads, Tx
from protocol import identifiers, limits
from protocol.errors import Reason
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity


class FollowActor(msgspec.Struct, frozen=True):
    """Command: follow an actor whose document is held, or ask again. `me` is the coalition, `id` the new Follow's."""

    me: str
    target: str
    address: str
    id: str


class EndFollow(msgspec.Struct, frozen=True):
    """Command: stop following. What was received stays in the catalog and is no longer renewed."""

    me: str
    target: str
    id: str


class RemoveFollower(msgspec.Struct, frozen=True):
    """Command: somebody shall no longer receive what `target`, an actor of ours, publishes. Said with a Reject."""

    actor: str
    target: str
    id: str


class Facts(msgspec.Struct, frozen=True):
    """target: a local actor the message is about. inbox: of the other side. follow: the Follow that stands."""

    target: str | None = None
    inbox: str | None = None
    shared_inbox: str | None = None
    host: str = ""
    follow: str | None = None
    state: str | None = None


class AddFollower(msgspec.Struct, frozen=True):
    actor: str
    target: str
    follow: str
    inbox: str
    host: str


class DropFollower(msgspec.Struct, frozen=True):
    actor: str
    target: str


class Settle(msgspec.Struct, frozen=True):
    """Our own follow of target got an answer."""

    target: str
    state: str


class Ask(msgspec.Struct, frozen=True):
    target: str
    address: str
    host: str
    follow: str
    whole_node: bool


Effect = AddFollower | DropFollower | Settle | Ask

_FOLLOWED = """
SELECT t.id AS target, a.inbox, a.shared_inbox, a.host, f.follow
FROM (SELECT :target AS target, :actor AS actor) q
LEFT JOIN actor t ON t.id = q.target AND t.local = 1
LEFT JOIN actor a ON a.id = q.actor
LEFT JOIN follower f ON f.target = q.target AND f.actor = q.actor
"""

_ASKED = """
SELECT 1 AS yes FROM following
WHERE state = 'asked' AND (target = :actor OR (whole_node = 1 AND host = :host))
"""


# Follow and Undo: others follow us


def load_follow(reads: Reads, verified: Verified[Activity]) -> Facts:
    row = reads.the(_FOLLOWED, target=verified.msg.object_id or "", actor=verified.msg.actor)
    return Facts(row["target"], row["inbox"], row["shared_inbox"], row["host"] or "", row["follow"])


def decide_follow(verified: Verified[Activity], facts: Facts, now: int) -> Decision[Effect]:
    msg = verified.msg
    if facts.target is None:
        return Decision(Reason.NOT_FOUND, detail="There is no such actor here to follow.")
    if facts.inbox is None:
        return Decision(Reason.UNKNOWN_KEY, detail="The follower's actor document is not known.")
    # The Accept's id is made of the Follow's digest, so that the rule stays pure.
    fresh = time_ordered_id(now, int.from_bytes(verified.digest[:10], "big"))
    accept = activities.accept(f"{identifiers.origin(facts.target)}/activities/{fresh}", facts.target, msg)
    return Decision(
        Reason.ACCEPTED,
        (AddFollower(msg.actor, facts.target, msg.id, facts.shared_inbox or facts.inbox, facts.host),),
        says=(Draft(facts.target, accept, (facts.inbox,)),),
    )


def load_undo(reads: Reads, verified: Verified[Activity]) -> Facts:
    msg = verified.msg
    row = reads.one(
        "SELECT target, follow FROM follower WHERE actor = :actor AND follow = :follow",
        actor=msg.actor, follow=msg.object_id or "",
    )  # fmt: skip
    if row is None and _own_word(verified) and isinstance(msg.object, Activity) and msg.object.type == "Follow":
        # A weekly repeat has a new id; the embedded Follow of the same actor names the same edge. Only where the actor
        # says so now: others may bring an old Undo at any time, and end what was begun since.
        row = reads.one(
            "SELECT target, follow FROM follower WHERE actor = :actor AND target = :target",
            actor=msg.actor, target=msg.object.object_id or "",
        )  # fmt: skip
    return Facts(row["target"], follow=row["follow"]) if row else Facts()


def decide_undo(verified: Verified[Activity], facts: Facts, _now: int) -> Decision[Effect]:
    if facts.target is not None:
        return Decision(Reason.ACCEPTED, (DropFollower(verified.msg.actor, facts.target),))
    detail = "There is nothing of yours here to undo."
    if _own_word(verified):
        # Undoing twice is undoing once: a 403 would have them pause all that they send us. Its id is used up with it.
        return Decision(Reason.SUPERSEDED, detail=detail)
    # Nothing is remembered of it: whoever brings an Undo before its actor does would take its effect from it.
    return Decision(Reason.NOT_FOUND, detail=detail)


def _own_word(verified: Verified[Activity]) -> bool:
    """Its actor signed the very request that brought it; nobody carries what was pulled or relayed."""
    return verified.carrier == verified.actor


# Accept and Reject: answers to our own


def load_answer(reads: Reads, verified: Verified[Activity]) -> Facts:
    row = reads.one(
        "SELECT target, follow, state FROM following WHERE follow = :follow AND target = :actor",
        follow=verified.msg.object_id or "", actor=verified.msg.actor,
    )  # fmt: skip
    if row is not None:
        return Facts(row["target"], follow=row["follow"], state=row["state"])
    asked = reads.one(
        "SELECT a.id FROM activity a JOIN actor c ON c.id = a.actor AND c.local = 1"
        " WHERE a.id = :follow AND a.type = 'Follow' AND a.object = :actor",
        follow=verified.msg.object_id or "", actor=verified.msg.actor,
    )  # fmt: skip
    return Facts(follow=asked["id"]) if asked else Facts()


def decide_answer(verified: Verified[Activity], facts: Facts, _now: int) -> Decision[Effect]:
    if facts.follow is None:
        return Decision(Reason.NOT_ASKED)
    if facts.target is None or facts.state == "ended":
        # We asked, and then asked again or changed our mind. A 403 would have them pause all that they send us.
        return Decision(Reason.SUPERSEDED)
    state = "accepted" if verified.msg.type == "Accept" else "refused"
    return Decision(Reason.ACCEPTED, (Settle(facts.target, state),))


# Commands


def load_target(reads: Reads, command: FollowActor | EndFollow) -> Facts:
    row = reads.one(
        "SELECT a.id AS target, a.inbox, a.shared_inbox, a.host, f.follow, f.state FROM actor a"
        " LEFT JOIN following f ON f.target = a.id WHERE a.id = :target",
        target=command.target,
    )
    if row is None:
        return Facts()
    return Facts(row["target"], row["inbox"], row["shared_inbox"], row["host"], row["follow"], row["state"])


def decide_ask(command: FollowActor, facts: Facts, _now: int) -> Decision[Effect]:
    if facts.target is None or facts.inbox is None:
        return Decision(Reason.NOT_FOUND, detail=say("That actor's document could not be had."))
    if identifiers.same_origin(command.me, command.target):
        return Decision(Reason.INVALID, detail=say("That is this node itself; its own practices are here already."))
    whole = command.target == identifiers.node_actor(identifiers.origin(command.target))
    follow = activities.follow(command.id, command.me, command.target)
    return Decision(
        Reason.ACCEPTED,
        (Ask(facts.target, command.address, facts.host, command.id, whole),),
        says=(Draft(command.me, follow, (facts.inbox,)),),
    )


def decide_end(command: EndFollow, facts: Facts, _now: int) -> Decision[Effect]:
    if facts.target is None or facts.inbox is None or facts.follow is None or facts.state == "ended":
        return Decision(Reason.NOT_FOUND, detail=say("This node does not follow that."))
    undo = activities.undo(command.id, command.me, activities.follow(facts.follow, command.me, facts.target))
    return Decision(
        Reason.ACCEPTED,
        (Settle(facts.target, "ended"),),
        says=(Draft(command.me, undo, (facts.inbox,)),),
    )


def load_follower(reads: Reads, command: RemoveFollower) -> Facts:
    row = reads.one(
        "SELECT f.target, f.follow, a.inbox FROM follower f JOIN actor a ON a.id = f.actor"
        " WHERE f.actor = :actor AND f.target = :target",
        actor=command.actor, target=command.target,
    )  # fmt: skip
    return Facts(row["target"], row["inbox"], follow=row["follow"]) if row else Facts()


def decide_remove(command: RemoveFollower, facts: Facts, _now: int) -> Decision[Effect]:
    if facts.target is None or facts.follow is None or facts.inbox is None:
        return Decision(Reason.NOT_FOUND, detail=say("They do not follow this."))
    refused = activities.follow(facts.follow, command.actor, facts.target)
    return Decision(
        Reason.ACCEPTED,
        (DropFollower(command.actor, facts.target),),
        says=(Draft(facts.target, activities.reject(command.id, facts.target, refused), (facts.inbox,)),),
    )


# Effects


def apply(tx: Tx, _message: object, effects: tuple[Effect, ...], now: int) -> None:
    """Write the edges. A follower gets a cursor in each set its target stands for, at the log's present end."""
    for effect in effects:
        match effect:
            case AddFollower():
                _add(tx, effect, now)
            case DropFollower():
                _drop(tx, effect)
            case Settle():
                _settle(tx, effect, now)
            case Ask():
                tx.run(
                    "INSERT INTO following(target, address, host, whole_node, follow, state, asked, repeat_at)"
                    " VALUES(:target, :address, :host, :whole, :follow, 'asked', :now, :again)"
                    " ON CONFLICT(target) DO UPDATE SET address = excluded.address, follow = excluded.follow,"
                    " state = CASE following.state WHEN 'accepted' THEN 'accepted' ELSE 'asked' END,"
                    " asked = excluded.asked, repeat_at = excluded.repeat_at",
                    target=effect.target, address=effect.address, host=effect.host, whole=int(effect.whole_node),
                    follow=effect.follow, now=now, again=now + limits.FOLLOW_REPEAT,
                )  # fmt: skip


# The actor's own public set, and for the coalition its practices' too. By owner: many sets of others are held.
_SETS_OF = (
    "SELECT s.key, s.seq, s.owner FROM held_set s WHERE s.local = 1 AND s.audience = 'public' AND s.owner IN ("
    " SELECT :target UNION SELECT p.actor FROM practice p JOIN coalition c ON c.actor = :target WHERE p.local = 1)"
)
_END = f"""
UPDATE inbox SET ended = 1, wants = NULL WHERE url = :inbox AND set_key IN (
  SELECT o.key FROM ({_SETS_OF}) o WHERE NOT EXISTS (
    SELECT 1 FROM follower f WHERE f.inbox = :inbox
    AND (f.target = o.owner OR f.target IN (SELECT actor FROM coalition))))
"""  # noqa: S608 (made of fixed parts alone)


def _add(tx: Tx, effect: AddFollower, now: int) -> None:
    tx.run(
        "INSERT INTO follower(actor, target, follow, inbox, host, at)"
        " VALUES(:actor, :target, :follow, :inbox, :host, :now)"
        " ON CONFLICT(target, actor) DO UPDATE SET follow = excluded.follow, inbox = excluded.inbox",
        actor=effect.actor, target=effect.target, follow=effect.follow, inbox=effect.inbox, host=effect.host, now=now,
    )  # fmt: skip
    tx.run("INSERT INTO peer(host) VALUES(:host) ON CONFLICT(host) DO NOTHING", host=effect.host)
    for row in tx.all(_SETS_OF, target=effect.target):
        subscribe(tx, effect.inbox, effect.host, row["key"], row["seq"])


def subscribe(tx: Tx, inbox: str, host: str, set_key: int, acked: int) -> None:
    """A cursor for (inbox, set); one that ended begins anew, one that runs is left alone."""
    tx.run(
        "INSERT INTO inbox(url, set_key, host, acked) VALUES(:url, :key, :host, :acked)"
        " ON CONFLICT(set_key, url) DO UPDATE SET ended = 0, wants = NULL, acked = excluded.acked"
        " WHERE inbox.ended = 1",
        url=inbox, key=set_key, host=host, acked=acked,
    )  # fmt: skip


def _drop(tx: Tx, effect: DropFollower) -> None:
    row = tx.one(
        "DELETE FROM follower WHERE actor = :actor AND target = :target RETURNING inbox",
        actor=effect.actor, target=effect.target,
    )  # fmt: skip
    if row is None:
        return
    # Another follower at the same shared inbox keeps the cursor.
    tx.run(_END, inbox=row["inbox"], target=effect.target)


def _settle(tx: Tx, effect: Settle, now: int) -> None:
    tx.run(
        "UPDATE following SET state = :state, answered = :now, last_error = NULL, repeat_at = :again"
        " WHERE target = :target",
        state=effect.state, now=now, target=effect.target,
        again=now + limits.FOLLOW_REPEAT if effect.state == "accepted" else None,
    )  # fmt: skip
    if effect.state == "accepted":
        hold(tx, effect.target, now)
        return
    # What was received stays; only what another follow still covers goes on being pulled.
    tx.run(
        "UPDATE held_set SET pull_at = NULL WHERE local = 0 AND (owner = :target OR EXISTS ("
        " SELECT 1 FROM following f JOIN actor p ON p.host = f.host"
        " WHERE f.target = :target AND f.whole_node = 1 AND p.id = held_set.owner))"
        " AND NOT EXISTS (SELECT 1 FROM following o LEFT JOIN actor q ON q.id = held_set.owner"
        " WHERE o.state = 'accepted' AND o.target <> :target"
        " AND (o.target = held_set.owner OR (o.whole_node = 1 AND o.host = q.host)))",
        target=effect.target,
    )


def hold(tx: Tx, owner: str, now: int) -> None:
    """Keep a replica of the owner's public set from now on, and pull its log at once."""
    name = identifiers.set_name(owner, "public")
    sets.create(tx, name, owner, "public", local=False, epoch=now, now=now)
    tx.run(
        "UPDATE held_set SET pull_at = :now, attempts = 0, last_error = NULL WHERE name = :name AND local = 0",
        now=now, name=name,
    )  # fmt: skip


def follows_node_of(reads: Reads, actor: str) -> bool:
    """Does this node follow the whole node that the actor lives on?"""
    host = identifiers.origin(actor).key
    return (
        reads.one(
            "SELECT 1 AS yes FROM following WHERE host = :host AND whole_node = 1 AND state = 'accepted'", host=host
        )
        is not None
    )


def asked(reads: Reads, actor: str) -> bool:
    """Does a Follow of the actor, or of the whole node it lives on, wait for its answer?"""
    return reads.one(_ASKED, actor=actor, host=identifiers.origin(actor).key) is not None


def _always(_reads: Reads, _verified: Verified[Activity]) -> bool:
    return True


def _target(_reads: Reads, command: FollowActor | EndFollow) -> str:
    return command.target


def _follower(_reads: Reads, command: RemoveFollower) -> str:
    return command.actor


ACTS = {
    "Follow": Handler(load_follow, decide_follow, apply, _always),
    "Accept": Handler(load_answer, decide_answer, apply, _always),
    "Reject": Handler(load_answer, decide_answer, apply, _always),
    "Undo": Handler(load_undo, decide_undo, apply, _always),
}
COMMANDS = {
    FollowActor: CommandHandler(load_target, decide_ask, apply, "follow.ask", names=_target),
    EndFollow: CommandHandler(load_target, decide_end, apply, "follow.end", names=_target),
    RemoveFollower: CommandHandler(load_follower, decide_remove, apply, "follower.remove", names=_follower),
}
