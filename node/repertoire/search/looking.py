"""One look into the catalog, for pages and for programs: what was asked, what was found, and by what it was found.

The index answers where it is ready; else the database does, which knows fewer ways to narrow, and `indexed` says so.
"""

from collections.abc import Mapping

import msgspec

from node.repertoire import catalog
from node.repertoire.catalog import PAGE, Query
from node.repertoire.search import asking, languages, trusting
from node.repertoire.search.following import Search, Status
from node.sentence import Sentence, count, say, together
from node.storage.contract import Reads, Row, Storage
from node.trust.memory import Memory
from node.web.pagination import number_of

SORTS = ("", "newest", "adapted", "review")
_CHARACTERS = 200
_ONE_OF: Mapping[str, tuple[str, ...]] = {
    "evidence": ("", "yes", "no"),
    "adapted": ("", *asking.ADAPTED),
    "fresh": ("", *asking.FRESH),
    "sort": SORTS,
}


class Found(msgspec.Struct, frozen=True):
    """One page. counts: facet → value → how many. indexed: every way to narrow was applied. listed: can be paged to.
    known: for each row, how we know its practice, for members."""

    rows: tuple[Row, ...]
    total: int
    counts: Mapping[str, Mapping[str, int]]
    indexed: bool
    status: Status
    words: str = "all"
    known: tuple[Sentence | None, ...] = ()

    @property
    def listed(self) -> int:
        return min(self.total, asking.LISTED) if self.indexed else self.total


def read(given: Mapping[str, str]) -> tuple[Query, list[str]]:
    """What is asked in a URL's query, and the names of what cannot be: that narrows nothing."""
    wrong = [name for name, known in _ONE_OF.items() if given.get(name, "") not in known]
    asked = {
        name: given.get(name, "")[:_CHARACTERS]
        for name in (*catalog.NARROWS, "sort")
        if name not in wrong and given.get(name)
    }
    return Query(
        q=given.get("q", "").replace("\0", " ").strip()[:_CHARACTERS], page=number_of(given.get("page")), **asked
    ), wrong


def spoken(*tags: str) -> tuple[str, ...]:
    """The languages whose stems a reader's words are looked for by."""
    return tuple(dict.fromkeys(code for tag in tags if (code := languages.code_of(tag))))


class Trusting(msgspec.Struct, frozen=True):
    """Of a member who looks: whom we trust, and when (ms)."""

    memory: Memory
    now: int


async def look(
    storage: Storage, search: Search, asked: Query, tags: tuple[str, ...], trust: Trusting | None = None
) -> Found:
    """tags: of the reader's languages. trust: None for whoever is no member, whom no order tells whom we trust."""
    answer = await search.answer(asked, spoken(*tags, asked.language), top=trust is not None)
    if answer is None:
        found = await storage.read(lambda reads: _without(reads, asked, search.status))
        rows = found.rows
    else:

        def work(reads: Reads) -> list[Row]:
            keys = answer.keys
            if trust is not None and answer.ranked:
                keys = trusting.page(reads, trust.memory, answer.ranked, asked.domain, asked.page, trust.now)
            return catalog.cards_of(reads, keys)

        rows = tuple(await storage.read(work))
        found = Found(rows, answer.total, answer.counts, True, search.status, answer.words)
    if trust is None or not rows:
        return found
    known = await storage.read(lambda reads: trusting.connections(reads, trust.memory, rows, trust.now))
    return msgspec.structs.replace(found, known=tuple(known))


def _without(reads: Reads, asked: Query, status: Status) -> Found:
    counts = {
        facet: {row["value"]: row["count"] for row in catalog.counts(reads, asked, facet)} for facet in catalog.FACETS
    }
    rows = catalog.cards(reads, asked)[:PAGE]
    return Found(tuple(rows), catalog.total(reads, asked), counts, False, status)


def note(found: Found, asked: Query) -> Sentence | None:
    """What a reader should know of how this was found; None if there is nothing."""
    if found.indexed:
        if found.total > asking.LISTED:
            return count(
                "Only the first item is listed: narrow the search.",
                "Only the first {number} items are listed: narrow the search.",
                asking.LISTED,
            )
        if found.words == "most":
            return say("Few items have all of these words; others that have most of them follow.")
        if found.words == "some":
            return say("No item has most of these words; these have some of them.")
        return None
    status = found.status
    if status.state == "building":
        why = say(
            "The search index is being built: {done} of {total} items are in it.", done=status.done, total=status.total
        )
    else:
        why = say("The search index cannot be used just now; the node builds it anew by itself.")
    what = say("Until then words are found only as they are written, and only domain, kind and language narrow.")
    if asked.indexed:
        return together((why, what, say("The other choices are not applied.")))
    return together((why, what))
