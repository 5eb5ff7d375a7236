"""What follows for us from all that was said, in memory, and true at each reading.

Each reading first takes in what changed in the rows since the last one, and what the time changed by itself; so there
is no worker to wait for, a lapse needs no job, and every process of a node has its own. Loaded once, at the first
reading.
"""

from collections import OrderedDict
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from threading import Lock

from node.storage.contract import Reads, Row
from node.trust import paths, rules, store
from node.trust.graph import DAY, Counted, Graph
from node.trust.metric import View
from protocol.vocabulary.trust import EVERYTHING, STATEMENT

VIEWS = 12  # domains that are kept up to date at once; the next one takes the place of the least used
_PAGE = 5_000  # rows a read at the start


class Reading:
    """Questions to one moment. domain: a path, '' for everything."""

    def __init__(self, graph: Graph, view: Callable[[Graph, str], View]) -> None:
        self._graph = graph
        self._view = view

    @property
    def anybody(self) -> bool:
        """Somebody said something that counts."""
        return len(self._graph) > 0

    def near(self, actors: Sequence[Sequence[str]], domain: str) -> list[float]:
        """For each, how near the nearest of its actors is to us for this domain, from 0 towards 1.

        For order and quotas alone: never to be shown.
        """
        view, number = self._view(self._graph, domain or EVERYTHING), self._graph.number
        return [max((view.near(number[id]) for id in ids if id in number), default=0.0) for ids in actors]

    def ways(self, subject: str, domain: str, most: int = 1) -> list[tuple[int, ...]]:
        """The best ways from us to a subject, as keys of statements in order (paths.best)."""
        number = self._graph.number.get(subject)
        if number is None:
            return []
        view = self._view(self._graph, domain or EVERYTHING)
        found = paths.best(self._graph, number, view.domain, view.first, most)
        return [tuple(self._graph.key(at) for at in way) for way in found]

    def veto(self, subject: str, domain: str) -> int | None:
        """The key of the statement by which one of ours says that it is not to be trusted for this."""
        number = self._graph.number.get(subject)
        at = None if number is None else self._graph.veto(number, domain or EVERYTHING)
        return None if at is None else self._graph.key(at)


class Memory:
    """One of a node's process. Readings come from several threads; each holds the lock for as long as it computes."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._graph: Graph | None = None
        self._seen = dict.fromkeys(("trust", "actor"), -1)
        self._views: OrderedDict[str, View] = OrderedDict()

    @contextmanager
    def at(self, reads: Reads, now: int) -> Generator[Reading]:
        """What follows at this moment. Not to be kept beyond the block, in which nobody else reads."""
        with self._lock:
            yield Reading(self._caught_up(reads, now), self._view)

    # Keeping up

    def _view(self, graph: Graph, domain: str) -> View:
        view = self._views.get(domain)
        if view is None or view.day != graph.now // DAY:
            view = self._views[domain] = View(graph, domain)
            if len(self._views) > VIEWS:
                self._views.popitem(last=False)
        self._views.move_to_end(domain)
        return view

    def _caught_up(self, reads: Reads, now: int) -> Graph:
        graph = self._graph
        last = {table: reads.the(store.LAST[table])["n"] for table in self._seen}
        if graph is None:
            graph = self._graph = Graph(now)
            for group in _groups(_all(reads)):
                _put(graph, group)
        elif last != self._seen:
            changed: set[int] = set()
            for issuer, subject in store.changed(reads, self._seen["trust"], self._seen["actor"]):
                group = store.pair(reads, issuer, subject)
                changed |= _put(graph, group) if group else _clear(graph, issuer, subject)
            self._shift(changed)
        self._seen = last
        turned = graph.advance(now)
        if turned:
            self._shift(set(turned))
        return graph

    def _shift(self, changed: set[int]) -> None:
        for view in self._views.values():
            view.shift(changed)


def _all(reads: Reads) -> Iterator[Row]:
    issuer, subject = "", ""
    while True:
        rows = reads.all(store.ALL, issuer=issuer, subject=subject, most=_PAGE)
        last = rows[-1] if len(rows) == _PAGE else None
        if last is None:
            yield from rows
            return
        # The last pair may go on beyond the page: it is read again, whole, with the next.
        kept = [row for row in rows if (row["issuer"], row["subject"]) != (last["issuer"], last["subject"])]
        yield from kept
        issuer, subject = kept[-1]["issuer"], kept[-1]["subject"]


def _groups(rows: Iterable[Row]) -> Iterator[list[Row]]:
    for _, group in groupby(rows, lambda row: (row["issuer"], row["subject"])):
        yield list(group)


def _put(graph: Graph, group: list[Row]) -> set[int]:
    """What counts of what one issuer said of one subject; whose trust it passes on changes by that."""
    first = group[0]
    issuer, subject = graph.actor(first["issuer"]), graph.actor(first["subject"])
    if any(row["ours"] for row in group):
        graph.voices.add(issuer)
        if first["issuer_type"] in ("Organization", "Group"):
            graph.vetoing.add(issuer)
    counted = (
        Counted(each.key, each.domain, each.level, each.start, each.end)
        for each, state in rules.standing(map(store.stated, group))
        if each.kind == STATEMENT and state in ("counts", "none")
    )
    graph.put(issuer, subject, counted)
    return {issuer, subject}


def _clear(graph: Graph, issuer: str, subject: str) -> set[int]:
    numbers = graph.actor(issuer), graph.actor(subject)
    graph.put(*numbers, ())
    return set(numbers)
