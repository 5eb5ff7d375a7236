"""Who did what with whom, from recorded activities alone: adaptations, visits, coaching. Reads only, public facts only.

Nothing here comes from a click: each line rests on what a practice published and signed.
"""

from node.repertoire import store
from node.sentence import Sentence, count, say, words
from node.sentence import together as one_line
from node.storage.contract import Reads

MOST = 30
_ADAPTED = """
SELECT o.owner AS other, COUNT(DISTINCT i.id) AS many FROM item i JOIN adaptation d ON d.item = i.id
JOIN object o ON o.id = d.original WHERE i.owner = :id AND o.owner <> :id AND i.withdrawn IS NULL
GROUP BY o.owner ORDER BY 2 DESC, 1 LIMIT :most"""
_ADAPTED_BY = """
SELECT i.owner AS other, COUNT(DISTINCT i.id) AS many FROM object o JOIN adaptation d ON d.original = o.id
JOIN item i ON i.id = d.item WHERE o.owner = :id AND i.owner <> :id AND i.withdrawn IS NULL
GROUP BY i.owner ORDER BY 2 DESC, 1 LIMIT :most"""
_COACHED = """
SELECT i.owner AS other FROM coaching c JOIN item i ON i.id = c.adaptation
WHERE c.coach = :id AND i.owner <> :id AND i.withdrawn IS NULL ORDER BY c.at DESC LIMIT :most"""
_COACHED_BY = """
SELECT c.coach AS other FROM item i JOIN coaching c ON c.adaptation = i.id
WHERE i.owner = :id AND c.coach <> :id AND i.withdrawn IS NULL ORDER BY c.at DESC LIMIT :most"""
_VISITED = """
SELECT i.id, o.owner AS other FROM item i JOIN adaptation d ON d.item = i.id JOIN object o ON o.id = d.original
WHERE i.owner = :id AND o.owner <> :id AND i.withdrawn IS NULL ORDER BY i.updated DESC LIMIT :most"""


def together_with(reads: Reads, id: str) -> dict[str, list[Sentence]]:
    """By the other actor, what the two did."""
    found: dict[str, list[Sentence]] = {}

    def note(other: str, said: Sentence) -> None:
        if said not in found.setdefault(other, []):
            found[other].append(said)

    for row in reads.all(_ADAPTED, id=id, most=MOST):
        note(row["other"], count("adapted an item of theirs", "adapted {number} items of theirs", row["many"]))
    for row in reads.all(_ADAPTED_BY, id=id, most=MOST):
        note(row["other"], count("they adapted an item", "they adapted {number} items", row["many"]))
    for row in reads.all(_COACHED, id=id, most=MOST):
        note(row["other"], words("coached them"))
    for row in reads.all(_COACHED_BY, id=id, most=MOST):
        note(row["other"], words("was coached by them"))
    for row in reads.all(_VISITED, id=id, most=MOST):
        state = store.state(reads, row["id"])
        item = store.item_of(state["raw"]) if state is not None and state["raw"] is not None else None
        visits = [told.on for told in item.progress if told.what == "visited"] if item else []
        if visits:
            note(row["other"], say("visited them, {day}", day=max(visits)))
    return found


def together(reads: Reads, id: str) -> list[tuple[str, str, Sentence]]:
    """The other actor, their name, and what the two did."""
    found = together_with(reads, id)
    named = {f"id{number}": other for number, other in enumerate(list(found)[:MOST])}
    if not named:
        return []
    rows = reads.all(
        f"SELECT id, name FROM actor WHERE id IN ({', '.join(f':{name}' for name in named)})",  # noqa: S608
        **named,
    )
    names = {row["id"]: row["name"] for row in rows}
    return [(other, names.get(other) or other, one_line(found[other], "; ")) for other in named.values()]
