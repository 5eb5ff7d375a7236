"""From what is asked of the catalog to what the index answers: which items, in which order, how many of each sort.

Pure but for the index it is given, which it only reads. A word is looked for as it is written and by its stem in the
reader's languages, wherever it may stand. All the words are wanted; where few items have them all, most of them.
Counts are exact; those of a facet are what the rest of the question finds.
"""

import asyncio
import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal

import msgspec
import tantivy
from tantivy import FieldType, Occur, Query

from node.repertoire import catalog
from node.repertoire.catalog import PAGE
from node.repertoire.search import languages, schema
from node.repertoire.search.files import Index, guarded

TOP = 500  # items whose order may be another than that of their words
LISTED = 10_000  # items that can be paged through: whoever wants more narrows what they ask
_WORDS = 24  # of a question; more are not read
_BEGUN = 3  # characters, from which on a word is taken for the beginning of another
_COMPLETED = 40  # words that begin as an unfinished one does
_MANY = 20_000  # items
_KEPT = 500  # counts
_VALUES = 10_000  # of a facet, all counted
_TIE = 0.25  # how much a word's other places count beside its best
_STEM = 0.8  # a word as it is written is worth more than its stem
_NEAR = 1.5  # words that stand together as they were typed
_PARTS = re.compile(r'(-?)"([^"]*)"?|(\S+)')
DAY = 86_400_000
MONTH, YEAR = 30 * DAY, 365 * DAY
ADAPTED: Mapping[str, tuple[int, int | None]] = MappingProxyType(
    {"0": (0, 1), "1": (1, 5), "5": (5, 20), "20": (20, None)}
)  # by how many: from, and below
FACETS: tuple[str, ...] = ("domain", "kind", "place", "language", "level", "origin", "evidence", "adapted", "fresh")
FRESH = ("month", "year", "older")
_ORDERS = MappingProxyType(
    {
        "newest": ("newest", tantivy.Order.Desc),
        "adapted": ("most", tantivy.Order.Desc),
        "review": ("review", tantivy.Order.Asc),
    }
)


class Reader(msgspec.Struct, frozen=True):
    """Who asks. languages: codes that are searched by their stems. now: ms. levels: of each practice here. top: the
    best by their words are wanted, with what they are worth."""

    languages: tuple[str, ...]
    now: int
    levels: Mapping[str, str]
    top: bool = False


class Answer(msgspec.Struct, frozen=True):
    """keys: of one page of items, in order. counts: facet → value → how many. words: how many of them items have.
    ranked: the best TOP by their words, each with its worth, where these were wanted and there are words."""

    keys: tuple[int, ...]
    total: int
    counts: Mapping[str, Mapping[str, int]]
    words: Literal["all", "most", "some"]
    ranked: tuple[tuple[float, int], ...] = ()


class _Words(msgspec.Struct, frozen=True):
    """What was typed: words in any place, phrases, and what is not wanted. unfinished: the last word only begins so."""

    some: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]
    without: tuple[tuple[str, ...], ...]
    unfinished: str = ""


def read(text: str) -> _Words:
    """Words; "in quotation marks" as they stand; a - before what is not wanted; a * after the beginning of a word."""
    some: list[str] = []
    phrases: list[tuple[str, ...]] = []
    without: list[tuple[str, ...]] = []
    unfinished = ""
    for sign, quoted, bare in _PARTS.findall(text):
        found = tuple(languages.words(quoted or bare))
        if not found:
            continue
        if sign or bare.startswith("-"):
            without.append(found)
        elif quoted:
            phrases.append(found)
        else:
            some += found
            unfinished = found[-1] if bare.endswith("*") and len(found[-1]) >= _BEGUN else ""
            if unfinished:
                some.pop()
    return _Words(tuple(some[:_WORDS]), tuple(phrases[:_WORDS]), tuple(without[:_WORDS]), unfinished)


async def ask(index: Index, asked: catalog.Query, reader: Reader) -> Answer:
    """One page, and the counts of every facet, each in a thread of its own: the index's work needs no Python.
    IndexBroken."""
    asking = await asyncio.to_thread(guarded, lambda: Asking(index, asked, reader))
    keys, (total, counts) = await asyncio.gather(
        asyncio.to_thread(guarded, asking.keys), asyncio.to_thread(guarded, asking.counts)
    )
    return Answer(keys, total, counts, asking.words, asking.ranked)


async def probe(index: Index) -> None:
    """Ask for everything, in every order. IndexBroken if the files are damaged, and never for what somebody asked."""
    reader = Reader((), 0, {})
    for order in ("", *_ORDERS):
        await ask(index, catalog.Query(sort=order), reader)


class Asking:
    """One question, as the index is to be asked it. Its two halves may run at once."""

    def __init__(self, index: Index, asked: catalog.Query, reader: Reader) -> None:
        self._index = index
        self._fields = index.fields
        self._seen = index.searcher
        self._asked = asked
        self._reader = reader
        self._today = reader.now // DAY * DAY
        self.words: Literal["all", "most", "some"] = "all"
        self._found = 0
        self.ranked: tuple[tuple[float, int], ...] = ()
        self._liked: list[tuple[Occur, Query]] = []  # what only moves an item up
        self._text = self._said(read(asked.q))
        self._narrow = self._narrowed()

    def keys(self) -> tuple[int, ...]:
        """The items of the page."""
        whole = self._all_but("")
        skip = (self._asked.page - 1) * PAGE
        if skip >= LISTED:
            return ()
        order = self._asked.sort if self._asked.sort in _ORDERS else "" if self._text else "newest"
        if order:
            field, direction = _ORDERS[order]
            found = self._seen.search(whole, PAGE, count=False, offset=skip, order_by_field=field, order=direction)
        else:
            ranked = Query.boolean_query([(Occur.Must, whole), *self._liked]) if self._liked else whole
            if self._reader.top and self._text and skip + PAGE <= TOP:
                best = self._seen.search(ranked, TOP, count=False).hits
                keys = self._keys([address for _, address in best])
                self.ranked = tuple((float(worth), key) for (worth, _), key in zip(best, keys, strict=True))
                return keys[skip : skip + PAGE]
            found = self._seen.search(ranked, PAGE, count=False, offset=skip)
        return self._keys([address for _, address in found.hits])

    def _keys(self, addresses: list[Any]) -> tuple[int, ...]:
        keys: list[Any] = self._seen.fast_field_values("key", addresses)
        return tuple(int(key) for key in keys)

    def counts(self) -> tuple[int, dict[str, dict[str, int]]]:
        """How many there are in all, and by every facet."""
        total, counts = self._counted("", set(FACETS) - set(self._narrow))
        for facet in set(self._narrow) & set(FACETS):
            counts |= self._counted(facet, {facet})[1]
        return total, counts

    # What is looked for

    def _said(self, words: _Words) -> list[tuple[Occur, Query]]:
        some = languages.telling(list(words.some), self._reader.languages)
        each = [*map(self._word, some[:-1]), *map(self._last, some[-1:])]
        if words.unfinished:
            each.append(self._beginning(words.unfinished))
        rest = [(Occur.Must, self._phrase(phrase)) for phrase in words.phrases]
        without = [(Occur.MustNot, self._phrase(phrase)) for phrase in words.without]
        if not each and not rest:
            if without:
                return [(Occur.Must, Query.all_query()), *without]
            return [(Occur.Must, Query.empty_query())] if self._asked.q else []  # signs alone are nowhere
        said = self._enough(each, [*rest, *without])
        if len(some) > 1 and self._asked.sort not in _ORDERS:
            # Of many, those that have the words together in their titles: elsewhere it costs more than it tells.
            names = tuple(schema.TEXTS) if self._found <= _MANY else ("title",)
            self._liked = [(Occur.Should, Query.boost_query(self._phrase(tuple(some), len(some), names), _NEAR))]
        return [*said, *rest, *without]

    def _enough(self, each: list[Query], rest: list[tuple[Occur, Query]]) -> list[tuple[Occur, Query]]:
        """All the words, if they leave enough; else most of them, else some. Whatever is chosen beside them has no
        say in it, so that the counts of the facets are of one question."""
        whole = [(Occur.Must, one) for one in each]
        if len(each) < 2:
            return whole
        enough = 1 if self._asked.sort in _ORDERS else PAGE
        if self._many([*whole, *rest]) >= enough:
            return whole
        choices: tuple[tuple[Literal["most", "some"], int], ...] = (("most", _most(len(each))), ("some", 1))
        made = whole
        for words, must in choices:
            self.words = words
            if must == len(each):
                made = whole
            else:
                made = [(Occur.Must, Query.boolean_query([(Occur.Should, one) for one in each], must))]
            if self._many([*made, *rest]):
                break
        else:
            self.words = "all"
        return made

    def _many(self, parts: list[tuple[Occur, Query]]) -> int:
        self._found = self._count(Query.boolean_query(parts), set())[0]
        return self._found

    def _word(self, word: str) -> Query:
        """Wherever it stands, as it is written and by its stem."""
        plain, places = languages.folded(word), list[Query]()
        stems = {code: languages.stem(word, code) for code in self._reader.languages}
        for name, weight in schema.TEXTS.items():
            places.append(self._term(name, plain, weight))
            places += [self._term(f"{name}_{code}", stem, weight * _STEM) for code, stem in stems.items()]
        return Query.disjunction_max_query(places, _TIE)

    def _term(self, field: str, word: str, weight: float) -> Query:
        option = "position" if field in schema.TEXTS else "freq"
        return Query.boost_query(Query.term_query(self._fields, field, word, option), weight)

    def _last(self, word: str) -> Query:
        """The last word, which may not be typed to its end: then it is one that no item has."""
        if any(self._seen.doc_freq(name, languages.folded(word)) for name in schema.TEXTS) or any(
            self._seen.doc_freq(f"{name}_{code}", languages.stem(word, code))
            for name in schema.TEXTS
            for code in self._reader.languages
        ):
            return self._word(word)
        return self._beginning(word)

    def _beginning(self, word: str) -> Query:
        if len(word) < _BEGUN:
            return Query.empty_query()
        begun = languages.folded(word)
        made: list[Query] = []
        for name, weight in schema.TEXTS.items():
            found = self._seen.terms_with_prefix(name, begun, limit=_COMPLETED)
            if found:
                these = Query.term_set_query(self._fields, name, [term for term, _ in found])
                made.append(Query.const_score_query(these, weight))
        return Query.disjunction_max_query(made, _TIE) if made else Query.empty_query()

    def _phrase(self, found: tuple[str, ...], slop: int = 0, names: tuple[str, ...] = tuple(schema.TEXTS)) -> Query:
        plain = [languages.folded(word) for word in found]
        if len(plain) == 1:
            return self._word(found[0])
        return Query.disjunction_max_query(
            [
                Query.boost_query(Query.phrase_query(self._fields, name, list(plain), slop), schema.TEXTS[name])
                for name in names
            ],
            _TIE,
        )

    def _narrowed(self) -> dict[str, Query]:
        """By facet, what its chosen value asks."""
        asked, made = self._asked, dict[str, Query]()
        for facet in ("domain", "place", "kind", "language", "origin"):
            if value := getattr(asked, facet):
                made[facet] = Query.term_query(self._fields, facet, value, "basic")
        if asked.practice:
            made["practice"] = Query.term_query(self._fields, "owner", asked.practice, "basic")
        if asked.level:
            of = [owner for owner, level in self._reader.levels.items() if level == asked.level]
            made["level"] = Query.term_set_query(self._fields, "owner", of) if of else Query.empty_query()
        if asked.evidence in ("yes", "no"):
            made["evidence"] = Query.term_query(self._fields, "evidence", asked.evidence == "yes", "basic")
        if asked.adapted in ADAPTED:
            made["adapted"] = self._range("adapted", *ADAPTED[asked.adapted])
        if asked.fresh in FRESH:
            made["fresh"] = self._range("updated", *self._ages()[asked.fresh])
        return made

    def _range(self, field: str, since: int, before: int | None) -> Query:
        return Query.range_query(self._fields, field, FieldType.Unsigned, since, before, include_upper=before is None)

    def _ages(self) -> dict[str, tuple[int, int | None]]:
        month, year = max(self._today - MONTH, 0), max(self._today - YEAR, 0)
        return {"month": (month, None), "year": (year, month), "older": (0, year)}

    def _all_but(self, facet: str) -> Query:
        """The whole question without what one facet asks."""
        parts = [*self._text, *((Occur.Must, one) for name, one in self._narrow.items() if name != facet)]
        return Query.boolean_query(parts) if parts else Query.all_query()

    # How many

    def _counted(self, but: str, facets: set[str]) -> tuple[int, dict[str, dict[str, int]]]:
        """Of the whole question without what one facet asks. Without words the numbers are large and the questions
        few: those are kept until the next commit."""
        if self._text:
            return self._count(self._all_but(but), facets)
        key = (self._today, *sorted((name, getattr(self._asked, name)) for name in self._narrow if name != but))
        kept = self._index.kept.get(key)
        if kept is None:
            kept = self._count(self._all_but(but), set(FACETS))
            if len(self._index.kept) < _KEPT:
                self._index.kept[key] = kept
        total, counts = kept
        return total, {facet: counts[facet] for facet in facets}

    def _count(self, query: Query, facets: set[str]) -> tuple[int, dict[str, dict[str, int]]]:
        wanted: dict[str, Any] = {"total": {"value_count": {"field": "key"}}}
        for facet in facets:
            if facet == "adapted":
                wanted[facet] = _ranges("adapted", ADAPTED)
            elif facet == "fresh":
                wanted[facet] = _ranges("updated", self._ages())
            else:
                field = "owner" if facet == "level" else facet
                wanted[facet] = {"terms": {"field": field, "size": _VALUES, "segment_size": _VALUES}}
        seen: Any = self._seen  # which types no aggregation
        found: dict[str, Any] = seen.aggregate(query, wanted)
        counts = {facet: self._values(facet, found[facet]["buckets"]) for facet in facets}
        return int(found["total"]["value"]), counts

    def _values(self, facet: str, buckets: list[dict[str, Any]]) -> dict[str, int]:
        made: dict[str, int] = {}
        for bucket in buckets:
            value = str(bucket["key"])
            if facet == "level":
                value = self._reader.levels.get(value, "")
            elif facet == "evidence":
                value = "yes" if bucket["key"] else "no"
            if value and bucket["doc_count"]:
                made[value] = made.get(value, 0) + int(bucket["doc_count"])
        return made


def _ranges(field: str, named: Mapping[str, tuple[int, int | None]]) -> dict[str, Any]:
    ranges = [
        {"key": key, "from": since, **({} if before is None else {"to": before})}
        for key, (since, before) in named.items()
    ]
    return {"range": {"field": field, "ranges": ranges}}


def _most(number: int) -> int:
    """How many of so many words an item must have: both of two, all but one of up to five, two thirds of more."""
    if number <= 2:
        return number
    return number - 1 if number <= 5 else -(-number * 2 // 3)
