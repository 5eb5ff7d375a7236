"""What members find first: of the best by their words, those from practices nearer to us (science of search).

Trust is this node's own and moves with every statement, so it is not in the index: the best 500 by text are taken, and
ordered by text × (0.2 + trust), trust being from 0 to 1 for the item's own domain. Whoever is not signed in is shown
the order by text alone: an order would tell whom we trust. The number goes no further than here.
"""

from collections import Counter
from collections.abc import Sequence

from node.repertoire.search.asking import PAGE
from node.sentence import Sentence
from node.storage.contract import Reads, Row
from node.trust import explaining, words
from node.trust.explaining import Asked
from node.trust.memory import Memory

UNKNOWN = 0.2  # what a text is worth from whom we have no way to
_DOMAINS = 8  # of one answer that are looked at each by itself; items of rarer ones count by what holds for everything

Ranked = Sequence[tuple[float, int]]  # worth by text, key of an item


def page(reads: Reads, memory: Memory, ranked: Ranked, domain: str, number: int, now: int) -> tuple[int, ...]:
    """The keys of one page of these, in the order of text and trust. domain: the one that was chosen, or ''."""
    named = {f"key{each}": key for each, (_, key) in enumerate(ranked)}
    if not named:
        return ()
    rows = reads.all(
        f"SELECT key, owner, domain FROM item WHERE key IN ({', '.join(f':{name}' for name in named)})",  # noqa: S608
        **named,
    )
    owners = {row["key"]: (row["owner"], domain or row["domain"]) for row in rows}
    many = Counter(asked for _, asked in owners.values())
    near: dict[tuple[str, str], float] = {}
    with memory.at(reads, now) as reading:
        if not reading.anybody:
            return _page([key for _, key in ranked], number)
        looked = [asked for asked, _ in many.most_common(_DOMAINS)]
        for asked in many:
            of = sorted({owner for owner, its in owners.values() if its == asked})
            parties = [(owner, explaining.coalition_of(owner)) for owner in of]
            found = reading.near(parties, asked if asked in looked else "")
            near |= {(owner, asked): value for owner, value in zip(of, found, strict=True)}
    worth = sorted(
        ((text * (UNKNOWN + near.get(owners.get(key, ("", "")), 0.0)), key) for text, key in ranked),
        key=lambda each: -each[0],
    )
    return _page([key for _, key in worth], number)


def _page(keys: list[int], number: int) -> tuple[int, ...]:
    return tuple(keys[(number - 1) * PAGE : number * PAGE])


def connections(reads: Reads, memory: Memory, rows: Sequence[Row], now: int) -> list[Sentence | None]:
    """For each card, how we know its practice, in a few words."""
    asked = [Asked(row["owner"], row["domain"]) for row in rows]
    found = explaining.explain_all(reads, memory, asked, now)
    return [words.brief(each) if not row["local"] else None for each, row in zip(found, rows, strict=True)]
