"""The states that an item went through: of ours what each said, for a reader who wants to see what changed; of others'
when each was said and its digest, by which a credit that names an earlier state is known to be true.

What is withdrawn is forgotten here too. Nothing of this is federated: what was superseded is erased from the network.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec

from node.repertoire.composing import Written, written
from node.sentence import Sentence, words
from node.storage.contract import Reads, Tx
from node.web.differences import Piece, pieces, went_and_came
from protocol import canonical
from protocol.vocabulary.repertoire import Item

PAGE = 20
FIELDS = {
    "title": words("Title"),
    "summary": words("In one sentence"),
    "problem": words("The problem it solves"),
    "content": words("Text"),
    "principle": words("Principle"),
    "local_conditions": words("Local conditions"),
    "involved": words("Who must be involved"),
    "cost": words("What it costs"),
    "measure": words("How one knows that it works"),
    "evidence": words("Evidence"),
    "contact": words("People to call"),
    "stewards": words("Stewards"),
    "kept": words("What was kept"),
    "changed": words("What was changed"),
    "why": words("Why"),
    "results": words("Results"),
    "place": words("Place"),
    "version": words("Version"),
    "review_by": words("Review by"),
    "license": words("Licence"),
    "stage": words("Stage"),
    "kind": words("Kind"),
    "language": words("Language"),
    "domain": words("Domain"),
}
_CODES = ("license", "stage", "kind", "language", "domain", "review_by")  # compared whole, and shown in words


class State(msgspec.Struct, frozen=True):
    """One state. at: when its owner said it, in milliseconds. said: None of an item of another node."""

    sequence: int
    at: int
    version: str
    digest: bytes
    said: Written | None


class Change(msgspec.Struct, frozen=True):
    """What became of one field. code: its name, where its values are codes."""

    code: str
    field: Sentence
    pieces: tuple[Piece, ...]


class Step(msgspec.Struct, frozen=True):
    """A state, and how it differs from the one before it."""

    state: State
    changes: tuple[Change, ...]


def digest_of(raw: bytes) -> bytes:
    """What a reference to the object in an activity names."""
    return canonical.object_digest(canonical.read(raw).value["object"])


def keep(tx: Tx, item: Item, raw: bytes, *, before: bool) -> None:
    """This state is one of its item's. Of another node's only a later one: its first is noted once it has changed."""
    ours = tx.one("SELECT 1 AS yes FROM actor WHERE id = :id AND local = 1", id=item.attributed_to) is not None
    if ours or before:
        note(tx, item, digest_of(raw), said=ours)


def note(tx: Tx, item: Item, digest: bytes, *, said: bool) -> None:
    """said: with its words."""
    tx.run(
        "INSERT INTO item_version(item, sequence, at, version, digest, said)"
        " VALUES(:item, :sequence, :at, :version, :digest, :said) ON CONFLICT(item, sequence) DO NOTHING",
        item=item.id, sequence=item.sequence, at=item.updated or item.published, version=item.version, digest=digest,
        said=msgspec.json.encode(written(item)).decode() if said else "",
    )  # fmt: skip


def forget(tx: Tx, id: str) -> None:
    tx.run("DELETE FROM item_version WHERE item = :id", id=id)


def states(reads: Reads, id: str, page: int) -> tuple[list[State], int]:
    """A page of them, the latest first, with one more of what was before; and how many there are."""
    rows = reads.all(
        "SELECT sequence, at, version, digest, said FROM item_version WHERE item = :id"
        " ORDER BY sequence DESC LIMIT :limit OFFSET :offset",
        id=id, limit=PAGE + 1, offset=(page - 1) * PAGE,
    )  # fmt: skip
    total = reads.the("SELECT COUNT(*) AS n FROM item_version WHERE item = :id", id=id)["n"]
    return [
        State(
            row["sequence"], row["at"], row["version"], row["digest"],
            msgspec.json.decode(row["said"], type=Written) if row["said"] else None,
        )
        for row in rows
    ], total  # fmt: skip


def steps(found: list[State]) -> list[Step]:
    """found: the latest first. Of the last one nothing is known of what was before it: it has no changes."""
    steps = [Step(new, tuple(_changes(old.said, new.said))) for new, old in pairwise(found)]
    return [*steps, *(Step(state, ()) for state in found[-1:])]


def _changes(before: Written | None, after: Written | None) -> Iterator[Change]:
    if before is None or after is None:
        return
    for code, field in FIELDS.items():
        old, new = getattr(before, code), getattr(after, code)
        if old != new:
            yield Change(code, field, went_and_came(old, new) if code in _CODES else pieces(old, new))
