"""The links of lineage that are held here: what each item says that it was made from, and what else it credits.

A row stands for what an owner signed of its own item. Of what was withdrawn, its tombstone still says them, so that
who was credited stays credited.
"""

from node.storage.contract import Reads, Tx
from protocol.vocabulary.activities import Activity, Tombstone
from protocol.vocabulary.references import Reference
from protocol.vocabulary.repertoire import Item

ADAPTED, TRANSLATED, CREDITED = "adapted", "translated", "credited"
MOST = 500  # items of one family that are shown: whoever likes may say that they adapted something
_AT_ONCE = 200  # ids in one question


def keep(tx: Tx, item: Item, *, before: bool) -> None:
    """As this state of it says. before: there may be links of an earlier one."""
    if before:
        forget(tx, item.id)
    _write(tx, item.id, item.adapted_from, item.translation_of, item.credits)


def leave(tx: Tx, id: str, msg: Activity) -> None:
    """It was withdrawn: what its tombstone says, the same wherever that comes."""
    said = msg.object
    if isinstance(said, Tombstone) and (said.adapted_from or said.translation_of or said.credits):
        forget(tx, id)
        _write(tx, id, said.adapted_from, said.translation_of, said.credits)


def forget(tx: Tx, id: str) -> None:
    tx.run("DELETE FROM lineage WHERE item = :id", id=id)


def _write(
    tx: Tx, id: str, adapted: tuple[Reference, ...], translated: Reference | None, credits: tuple[Reference, ...]
) -> None:
    for how, references in (
        (ADAPTED, adapted), (TRANSLATED, (translated,) if translated else ()), (CREDITED, credits),
    ):  # fmt: skip
        for one in references:
            if one.id != id:
                tx.run(
                    "INSERT INTO lineage(item, original, how, digest) VALUES(:item, :original, :how, :digest)"
                    " ON CONFLICT(item, original, how) DO NOTHING",
                    item=id, original=one.id, how=how, digest=one.digest,
                )  # fmt: skip


def family(reads: Reads, id: str) -> tuple[frozenset[str], bool]:
    """The ids of an item, of all that it came from, and of all that was made of any of these; and whether there are
    more than are shown. The same on every node that holds the same links."""
    above, more_above = _spread(reads, frozenset((id,)), "item", "original")
    whole, more_below = _spread(reads, above, "original", "item")
    return whole, more_above or more_below


def _spread(reads: Reads, found: frozenset[str], have: str, want: str) -> tuple[frozenset[str], bool]:
    """What is reached along the links, level by level: the nearest, and of one level the first by their ids."""
    edge = found
    while edge:
        reached = frozenset(each for part in _parts(sorted(edge)) for each in _step(reads, part, have, want))
        edge = reached - found
        room = MOST - len(found)
        if len(edge) > room:
            return found | frozenset(sorted(edge)[:room]), True
        found |= edge
    return found, False


def _step(reads: Reads, ids: list[str], have: str, want: str) -> list[str]:
    named = {f"id{number}": id for number, id in enumerate(ids)}
    rows = reads.all(
        f"SELECT DISTINCT {want} AS id FROM lineage WHERE {have} IN ({', '.join(f':{name}' for name in named)})"  # noqa: S608
        " ORDER BY 1 LIMIT :most",
        **named, most=MOST * 2,
    )  # fmt: skip
    return [row["id"] for row in rows]


def _parts(ids: list[str]) -> list[list[str]]:
    return [ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE)]
