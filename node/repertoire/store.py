"""The repertoire's rows: cards for the catalog, lineage links, recommendations. The item itself is the bytes that
its owner signed, kept by the gate; this room reads it from there.

A recommendation's row names the latest that its actor said of the object. Where that is an Undo, nothing is
recommended, and nothing that was said before it will be. Under its own id stands an Announce whose Undo has come.
"""

from typing import cast

import msgspec

from node.repertoire import changes, tongues, versions
from node.repertoire.adapting import crediting
from node.repertoire.lineage import links
from node.repertoire.rules import (
    Announced,
    EditItem,
    Effect,
    Facts,
    Hide,
    Keep,
    Original,
    Prior,
    PublishItem,
    Recommend,
    Recommended,
    Retracted,
    Retraction,
    Seen,
    Withdraw,
    WithdrawItem,
    recommended,
    recommended_at,
)
from node.storage import sets
from node.storage.contract import Reads, Row, Tx
from node.web.markdown import plain_text
from protocol import canonical, identifiers
from protocol.integrity import Verified
from protocol.vocabulary import activities
from protocol.vocabulary.activities import Activity
from protocol.vocabulary.repertoire import Item, Reference

_STATE = (
    "SELECT o.owner, o.deleted, o.audience, o.activity, a.raw, c.local FROM object o"
    " LEFT JOIN activity a ON a.id = o.activity LEFT JOIN actor c ON c.id = o.owner WHERE o.id = :id"
    " ORDER BY o.deleted LIMIT 1"
)

# A card is found by its object's key.
_OF = "key IN (SELECT key FROM object WHERE id = :id)"

# Nothing of what its owner took back stays readable, its title least of all: every replica shows the same tombstone.
_WITHDRAW = f"""
UPDATE item SET withdrawn = COALESCE(withdrawn, :now), name = '', summary = '', place = '', review_by = NULL,
  search = '', changed = {changes.NEXT} WHERE {_OF}"""  # noqa: S608

_KEEP = f"""
INSERT INTO item(key, id, owner, host, local, name, kind, domain, language, place, summary, review_by, published,
  updated, search, changed)
VALUES((SELECT key FROM object WHERE id = :id AND owner = :owner), :id, :owner, :host,
  COALESCE((SELECT local FROM actor WHERE id = :owner), 0), :name, :kind, :domain, :language, :place, :summary,
  :review_by, :published, :updated, :search, {changes.NEXT})
ON CONFLICT(key) DO UPDATE SET name = excluded.name, kind = excluded.kind, domain = excluded.domain,
  language = excluded.language, place = excluded.place, summary = excluded.summary, review_by = excluded.review_by,
  published = excluded.published, updated = excluded.updated, search = excluded.search,
  changed = excluded.changed
"""  # noqa: S608

# Whatever it is an adaptation of counts how many it has.
_ORIGINALS = "key IN (SELECT o.key FROM adaptation d JOIN object o ON o.id = d.original WHERE d.item = :id)"


# Facts


def load_item(reads: Reads, verified: Verified[Activity]) -> Seen:
    """Which of our own actors recommended it, before this state of it, and when."""
    rows = reads.all(
        "SELECT r.actor, r.at FROM recommendation r JOIN actor a ON a.id = r.actor AND a.local = 1"
        " JOIN activity v ON v.id = r.activity AND v.type = 'Announce'"
        " WHERE r.object = :id ORDER BY r.actor LIMIT 200",  # fewer than one byte counts
        id=verified.msg.object_id or "",
    )
    return Seen(tuple((row["actor"], row["at"]) for row in rows), prior=_prior(reads, verified.msg.object_id or ""))


def _prior(reads: Reads, id: str) -> Prior | None:
    row = reads.one(_STATE, id=id)
    if row is None or row["local"] or row["deleted"] or row["raw"] is None:
        return None
    item = item_of(row["raw"])
    return Prior(item, object_digest(row["raw"])) if item else None


def wanted(reads: Reads, verified: Verified[Activity]) -> bool:
    """An adaptation or translation of an item of ours concerns us, whoever made it: credit and results flow back."""
    item = verified.msg.object
    if not isinstance(item, Item):
        return False
    return any(
        reads.one(f"SELECT 1 AS yes FROM item WHERE {_OF} AND local = 1", id=reference.id) is not None  # noqa: S608
        for reference in (*crediting.named_by(item), *item.credits)
    )


def load_announce(reads: Reads, verified: Verified[Activity]) -> Announced:
    msg = verified.msg
    object_id = recommended(msg) or ""
    held = reads.one("SELECT 1 AS yes FROM object WHERE id = :id", id=object_id) is not None
    undo = _latest(reads, msg.id, msg.actor)
    return msgspec.structs.replace(
        _latest(reads, object_id, msg.actor), held=held, undone=undo.activity if undo.retracted else None
    )


def _latest(reads: Reads, object_id: str, actor: str) -> Announced:
    row = reads.one(
        "SELECT r.activity, r.at, a.digest, a.type FROM recommendation r JOIN activity a ON a.id = r.activity"
        " WHERE r.object = :object AND r.actor = :actor",
        object=object_id, actor=actor,
    )  # fmt: skip
    if row is None:
        return Announced()
    retracted = row["type"] == "Undo"
    return Announced(False, row["activity"], row["at"], b"" if retracted else row["digest"], retracted)


def load_retraction(reads: Reads, verified: Verified[Activity]) -> Retraction:
    msg = verified.msg
    row = reads.one("SELECT actor, digest, raw FROM activity WHERE id = :id", id=msg.object_id or "")
    announce: Activity | None = None
    if row is not None and row["raw"] is not None:
        announce = activities.read_activity(canonical.read(row["raw"]))
    elif isinstance(msg.object, Activity) and msg.object.type == "Announce":
        announce = msg.object
    return Retraction(
        heard=sets.is_heard(reads, identifiers.set_name(msg.actor, "public")),
        owner=row["actor"] if row else None,
        digest=row["digest"] if row else b"",
        announce=announce,
        stands=_latest(reads, (recommended(announce) if announce else None) or "", msg.actor),
    )


def always(_reads: Reads, _verified: Verified[Activity]) -> bool:
    """An Undo of nothing is no fault, whoever says it."""
    return True


def load_publish(reads: Reads, command: PublishItem) -> Facts:
    item = command.item
    facts = _practice(reads, item.attributed_to, _held(reads, item.id))
    return _with_originals(reads, item, facts, inherits=True)


def load_edit(reads: Reads, command: EditItem) -> Facts:
    facts = _held(reads, command.item.id)
    credits = facts.held.credits if facts.held else ()
    return _with_originals(reads, msgspec.structs.replace(command.item, credits=credits), facts)


def load_restate(reads: Reads, id: str, credits: tuple[Reference, ...] | None = None) -> Facts:
    """For another state of an item that says the same but for its own. credits: what it will credit, None: as now."""
    facts = _held(reads, id)
    if facts.held is None:
        return facts
    owed = facts.held.credits if credits is None else credits
    return _with_originals(reads, msgspec.structs.replace(facts.held, credits=owed), facts)


def load_withdraw(reads: Reads, command: WithdrawItem) -> Facts:
    facts = _held(reads, command.id)
    return _with_originals(reads, facts.held, facts) if facts.held else facts


def load_recommend(reads: Reads, command: Recommend) -> Facts:
    return _practice(reads, command.actor, msgspec.structs.replace(_held(reads, command.id), practice_domain=None))


def _practice(reads: Reads, actor: str, facts: Facts) -> Facts:
    row = reads.one(
        "SELECT COALESCE(p.domain, '') AS domain FROM actor a LEFT JOIN practice p ON p.actor = a.id"
        " WHERE a.id = :actor AND a.local = 1",
        actor=actor,
    )
    return msgspec.structs.replace(facts, practice_domain=row["domain"] if row else None)


def _held(reads: Reads, id: str) -> Facts:
    row = reads.one(_STATE, id=id)
    if row is None:
        return Facts()
    if row["deleted"] or row["raw"] is None:
        return Facts(held_deleted=True)
    item = item_of(row["raw"])
    relied = reads.all("SELECT DISTINCT digest FROM lineage WHERE original = :id AND digest IS NOT NULL", id=id)
    facts = Facts(
        held=item, stands=row["activity"], raw=row["raw"], digest=object_digest(row["raw"]),
        relied=frozenset(each["digest"] for each in relied),
    )  # fmt: skip
    return _practice(reads, row["owner"], facts)


def _with_originals(reads: Reads, item: Item, facts: Facts, *, inherits: bool = False) -> Facts:
    """inherits: it is new, and owes what its originals owe."""
    named = crediting.named_by(item)
    found = {reference: _credited(reads, reference) for reference in named}
    if inherits:
        rows = [reads.one(_STATE, id=reference.id) for reference, held in found.items() if held is not None]
        whole = [item_of(row["raw"]) for row in rows if row is not None and row["raw"] is not None]
        item = msgspec.structs.replace(
            item, credits=crediting.inherited(item, [original for original in whole if original is not None])
        )
    owed = {reference: _credited(reads, reference) for reference in item.credits}
    # What was credited once and may not be named any more is left out; what is credited anew must be here.
    missing = [*found.items(), *((one, held) for one, held in owed.items() if one.digest is None)]
    return msgspec.structs.replace(
        facts,
        originals=tuple(original for reference in item.adapted_from if (original := found[reference]) is not None),
        translated=found[item.translation_of] if item.translation_of else None,
        credits=tuple(original for original in owed.values() if original is not None),
        missing=tuple(reference.id for reference, original in missing if original is None),
    )


def _credited(reads: Reads, reference: Reference) -> Original | None:
    """What may be named, and which state of it; None if it is not held here."""
    row = reads.one(_STATE, id=reference.id)
    if row is not None and row["audience"] != "public":
        return None  # what was said to some is not named to all (protocol section 7)
    digest = reference.digest
    if digest is None and row is not None and not row["deleted"] and row["raw"] is not None:
        digest = object_digest(row["raw"])
    if digest is None:
        return None
    # What was adapted may have been withdrawn since: the digest credited then stays, and its owner, who holds
    # the adaptation, hears of every later state of it, its withdrawal above all.
    owner = row["owner"] if row is not None and not row["local"] else ""
    inbox = reads.one("SELECT COALESCE(shared_inbox, inbox) AS inbox FROM actor WHERE id = :id", id=owner)
    return Original(reference.id, digest, inbox["inbox"] if inbox else None)


def item_of(raw: bytes) -> Item | None:
    """The item inside a stored activity; None if there is none."""
    item = activities.read_activity(canonical.read(raw)).object
    return item if isinstance(item, Item) else None


def object_digest(raw: bytes) -> bytes:
    """What a reference to the object in an activity names."""
    return canonical.object_digest(canonical.read(raw).value["object"])


# Effects


def apply(tx: Tx, message: object, effects: tuple[Effect, ...], now: int) -> None:
    for effect in effects:
        match effect:
            case Keep():
                keep(tx, effect.item, now, before=effect.before)
                if effect.prior is not None:
                    versions.note(tx, effect.prior.item, effect.prior.digest, said=False)
                if isinstance(message, Verified):
                    versions.keep(tx, effect.item, cast("Verified[Activity]", message).raw, before=effect.before)
            case Withdraw():
                tx.run(_WITHDRAW, now=now, id=effect.id)
                versions.forget(tx, effect.id)
                if isinstance(message, Verified):
                    links.leave(tx, effect.id, cast("Verified[Activity]", message).msg)
                changes.touch(tx, _ORIGINALS, id=effect.id)
            case Hide():
                changes.touch(tx, _ORIGINALS, id=effect.id)
                changes.gone(tx, _OF, id=effect.id)
                tx.run(f"DELETE FROM item WHERE {_OF}", id=effect.id)  # noqa: S608
                tx.run("DELETE FROM adaptation WHERE item = :id", id=effect.id)
                versions.forget(tx, effect.id)
                tongues.forget(tx, effect.id)
                links.forget(tx, effect.id)
            case Recommended():
                if isinstance(message, Verified):
                    msg = cast("Verified[Activity]", message).msg
                    _latest_is(tx, effect.object, msg.actor, msg.id, recommended_at(msg))
            case Retracted():
                if isinstance(message, Verified):
                    msg = cast("Verified[Activity]", message).msg
                    _latest_is(tx, effect.object, msg.actor, effect.undo, effect.at)


def keep(tx: Tx, item: Item, now: int, *, before: bool = True) -> None:
    tx.run(
        _KEEP, id=item.id, owner=item.attributed_to, host=identifiers.host_of(item.attributed_to), name=item.name,
        kind=item.kind, domain=item.domain, language=item.language, place=item.place.name, summary=item.summary,
        review_by=item.review_by or None, published=item.published or now,
        updated=item.updated or item.published or now, search=_search(item),
    )  # fmt: skip
    if before:
        # Also where it names none now: a state takes the place of the one before it, whichever came first.
        changes.touch(tx, _ORIGINALS, id=item.id)
        tx.run("DELETE FROM adaptation WHERE item = :item", item=item.id)
    for reference in item.adapted_from:
        tx.run(
            "INSERT INTO adaptation(original, item, digest) VALUES(:original, :item, :digest)"
            " ON CONFLICT(original, item) DO NOTHING",
            original=reference.id, item=item.id, digest=reference.digest,
        )  # fmt: skip
    if item.adapted_from:
        changes.touch(tx, _ORIGINALS, id=item.id)
    tongues.keep(tx, item, before=before)
    links.keep(tx, item, before=before)


def _search(item: Item) -> str:
    text = item.source or plain_text(item.content)
    return "\n".join((item.name, item.summary, text, item.principle, item.place.name)).casefold()


def _latest_is(tx: Tx, object_id: str, actor: str, activity: str, at: int) -> None:
    tx.run(
        "INSERT INTO recommendation(object, actor, activity, at) VALUES(:object, :actor, :activity, :at)"
        " ON CONFLICT(object, actor) DO UPDATE SET activity = excluded.activity, at = excluded.at",
        object=object_id, actor=actor, activity=activity, at=at,
    )  # fmt: skip


# Reads for pages


def state(reads: Reads, id: str) -> Row | None:
    """How the object stands: key, owner, deleted, raw (its activity's bytes), when it came, type and audience."""
    return reads.one(
        "SELECT o.key, o.owner, o.deleted, o.type, o.audience, o.activity, a.raw, a.at, a.carrier FROM object o"
        " LEFT JOIN activity a ON a.id = o.activity WHERE o.id = :id ORDER BY o.deleted LIMIT 1",
        id=id,
    )
