"""The coalition's rows: the node's own name, and the practices that are ours or followed."""

from typing import Any

import msgspec

from node.coalition.practices import findable
from node.coalition.rules import (
    Adds,
    DescribeCoalition,
    Described,
    Effect,
    Facts,
    Found,
    FoundCoalition,
    HoldSet,
    OpenPractice,
    OpenSet,
    PartOf,
    Present,
    RotateKeys,
)
from node.federation import actors, following
from node.federation.actors import ActorNoun
from node.gate.handler import Decision
from node.storage import sets
from node.storage.contract import Reads, Row, Tx
from protocol import canonical, identifiers, limits
from protocol.integrity import Verified
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.actors import Actor
from protocol.vocabulary.place import NOWHERE, Place

_PRACTICE = """
INSERT INTO practice(actor, local, host, slug, name, summary, domain, level, place, coalition, created, scope_in,
  scope_out, parent, located)
VALUES(:actor, :local, :host, :slug, :name, :summary, :domain, :level, :place, :coalition, :now, :scope_in, :scope_out,
  :parent, :located)
ON CONFLICT(actor) DO UPDATE SET name = excluded.name, summary = excluded.summary, domain = excluded.domain,
  level = excluded.level, place = excluded.place, scope_in = excluded.scope_in, scope_out = excluded.scope_out,
  parent = excluded.parent, located = excluded.located
"""


class Coalition(msgspec.Struct, frozen=True):
    """The node's own: actor id, name, place, language; created in milliseconds. about: what it is about."""

    actor: str
    name: str
    place: str
    language: str
    created: int
    about: str = ""
    located: Place = NOWHERE


def coalition(reads: Reads) -> Coalition | None:
    row = reads.one("SELECT actor, name, place, language, created, about, located FROM coalition")
    if row is None:
        return None
    located = msgspec.json.decode(row["located"], type=Place)
    return Coalition(
        row["actor"], row["name"], row["place"], row["language"], row["created"], row["about"], located
    )  # fmt: skip


def load_found(reads: Reads, _command: FoundCoalition) -> Facts:
    return Facts(founded=coalition(reads) is not None)


def load_open(reads: Reads, command: OpenPractice) -> Facts:
    taken = reads.one("SELECT 1 AS yes FROM actor WHERE id = :id", id=command.actor)
    parent = reads.one("SELECT local FROM practice WHERE actor = :parent", parent=command.parent)
    known = "" if parent is None else "ours" if parent["local"] else "held"
    return Facts(coalition(reads) is not None, taken is not None, known)


def load_present(reads: Reads, command: RotateKeys | DescribeCoalition) -> Present | None:
    row = reads.one("SELECT raw FROM actor WHERE id = :id AND local = 1", id=command.actor)
    if row is None:
        return None
    held = actors.keys_held(reads, command.actor)
    return Present(unproved(row["raw"]), tuple(key for key in held if key.public.kind == "ed25519"))


def unproved(raw: bytes) -> dict[str, Any]:
    """What stands in a signed document of ours, ready to be signed again."""
    return {name: value for name, value in canonical.read(raw).value.items() if name != "proof"}


def local_actors(reads: Reads) -> list[str]:
    """Every actor of this node: the coalition's own and its practices'."""
    return [row["id"] for row in reads.all("SELECT id FROM actor WHERE local = 1 ORDER BY id")]


def lost_keys(reads: Reads, actor: str) -> set[str]:
    """Ids of the actor's keys that are known to be in other hands."""
    return {key.id for key in actors.keys_held(reads, actor) if key.compromised_since is not None}


def alive(reads: Reads, actor: str, after: int) -> list[Row]:
    """Some of what the actor has said and neither superseded nor deleted, in the order of saying."""
    return reads.all(
        "SELECT key, raw FROM activity WHERE actor = :actor AND raw IS NOT NULL AND key > :after"
        " ORDER BY key LIMIT 100",
        actor=actor, after=after,
    )  # fmt: skip


def load_add(reads: Reads, verified: Verified[Activity]) -> Adds:
    actor = verified.msg.actor
    where = identifiers.origin(actor)
    if actor != identifiers.node_actor(where):
        row = reads.one(
            "SELECT (SELECT COUNT(*) FROM part WHERE parent = :actor) AS parts, s.local,"
            " (SELECT state FROM following WHERE target = :actor) AS follow FROM held_set s"
            " WHERE s.name = :set AND (s.local = 1 OR s.pull_at IS NOT NULL)",
            actor=actor, set=identifiers.set_name(actor, "public"),
        )  # fmt: skip
        if row is None or row["parts"] >= limits.PRACTICES_A_NODE:
            return Adds()
        return Adds(part="asked" if row["follow"] == "accepted" and not row["local"] else "known")
    row = reads.one(
        "SELECT (SELECT COUNT(*) FROM held_set WHERE local = 0 AND owner > :first AND owner < :last) AS held"
        " FROM following WHERE target = :actor AND whole_node = 1 AND state = 'accepted'",
        actor=actor, first=f"{where}/", last=f"{where}0",  # 0 follows / in ASCII
    )  # fmt: skip
    return Adds(whole=row is not None and row["held"] < limits.PRACTICES_A_NODE)


def apply(tx: Tx, _message: object, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case Found():
                tx.run(
                    "INSERT INTO coalition(one, actor, name, place, language, created)"
                    " VALUES(1, :actor, :name, :place, :language, :now)",
                    actor=effect.actor, name=effect.name, place=effect.place, language=effect.language, now=now,
                )  # fmt: skip
            case Described():
                tx.run(
                    "UPDATE coalition SET name = :name, place = :place, located = :located, about = :about,"
                    " language = :language",
                    name=effect.name, place=effect.place.name, about=effect.about, language=effect.language,
                    located=msgspec.json.encode(effect.place).decode(),
                )  # fmt: skip
            case OpenSet():
                _open_set(tx, effect.owner, now)
            case HoldSet():
                following.hold(tx, effect.owner, now)
            case PartOf():
                tx.run(
                    "INSERT INTO part(parent, child, state, at) VALUES(:parent, :child, :state, :now)"
                    " ON CONFLICT(parent, child) DO NOTHING",
                    parent=effect.parent, child=effect.child, state=effect.state, now=now,
                )  # fmt: skip


def _open_set(tx: Tx, owner: str, now: int) -> None:
    name = identifiers.set_name(owner, "public")
    key = sets.create(tx, name, owner, "public", local=True, epoch=now, now=now)
    followers = tx.all(
        "SELECT DISTINCT f.inbox, f.host FROM follower f JOIN coalition c ON c.actor = f.target"
        " WHERE c.actor <> :owner",
        owner=owner,
    )
    for row in followers:
        following.subscribe(tx, row["inbox"], row["host"], key, 0)


class PracticeNoun:
    """A Group whose set is held here is a practice: beside its actor row it gets a line in this room."""

    def __init__(self, actors: ActorNoun) -> None:
        self._actors = actors
        self.load = actors.load

    def decide(self, verified: Verified[Activity], facts: actors.Facts, now: int) -> Decision[actors.Effect]:
        return self._actors.decide(verified, facts, now)

    def apply(self, tx: Tx, verified: Verified[Activity], effects: tuple[actors.Effect, ...], now: int) -> None:
        self._actors.apply(tx, verified, effects, now)
        actor = verified.msg.object
        if isinstance(actor, Actor) and any(isinstance(effect, actors.Store) for effect in effects):
            ours = self._actors.is_ours(actor.id)
            tx.run(
                _PRACTICE, actor=actor.id, local=int(ours), scope_in=actor.scope_in, scope_out=actor.scope_out,
                parent=actor.parent or "", located=msgspec.json.encode(actor.place).decode(),
                host=identifiers.origin(actor.id).key, slug=actor.preferred_username, name=actor.name,
                summary=actor.summary, domain=actor.domain, level=actor.level, place=actor.place.name,
                coalition=actor.attributed_to or "", now=now,
            )  # fmt: skip
            findable.put(
                tx, actor.id, "ours" if ours else "held", actor.name, actor.domain, actor.level, actor.place
            )  # fmt: skip


# Reads for pages

_LINE = (
    "SELECT actor, local, host, slug, name, summary, domain, level, place, coalition, created, scope_in, scope_out,"
    " parent, located FROM practice"
)


def practices(reads: Reads) -> list[Row]:
    """Our own, by name. A coalition has tens of them, not thousands."""
    return reads.all(f"{_LINE} WHERE local = 1 ORDER BY name LIMIT 500")


def practice(reads: Reads, actor: str) -> Row | None:
    return reads.one(f"{_LINE} WHERE actor = :actor", actor=actor)
