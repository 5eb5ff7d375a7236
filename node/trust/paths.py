"""The strict best path: for one decision, and for the reason in words. Never for order or quotas. No SQL.

The best product of weights along statements, each hop a fifth weaker than its statement, at most four of them. What one
of ours says itself comes first, whatever others say. It is looked for from the one who is asked about back to us.
"""

import heapq
from collections.abc import Mapping

from node.trust.graph import Graph
from node.trust.metric import Spoken

DEPTH = 4
HOP = 0.8
_MOST = 20_000  # statements looked at for one path: beyond that nobody would call it near


class _Way:
    """Partial ways from an actor to the one asked about: statements, the nearest to us first."""

    __slots__ = ("actor", "depth", "rest", "statement", "whole", "worth")

    def __init__(
        self, worth: float, actor: int, statement: int, rest: "_Way | None", depth: int, *, whole: bool = False
    ) -> None:
        self.worth, self.actor, self.statement, self.rest = worth, actor, statement, rest
        self.depth, self.whole = depth, whole

    def __lt__(self, other: "_Way") -> bool:
        return (self.worth, -self.depth) > (other.worth, -other.depth)

    def statements(self) -> tuple[int, ...]:
        """From us to the subject."""
        found: list[int] = []
        way = self
        while way.rest is not None:
            found.append(way.statement)
            way = way.rest
        return tuple(found)

    def meets(self, actor: int) -> bool:
        """The way leads by this actor."""
        return self.actor == actor or (self.rest is not None and self.rest.meets(actor))


def best(graph: Graph, subject: int, domain: str, first: Mapping[int, Spoken], most: int = 1) -> list[tuple[int, ...]]:
    """Ways from voices of ours to a subject, each as statements in order; the best first, each by another first hop.

    first: of whom our voices speak for this domain (metric.View.first). Empty if there is none, or a voice of ours has
    vetoed the subject.
    """
    if graph.vetoed(subject, domain):
        return []
    found: list[tuple[int, ...]] = []
    own = [first[subject]] if subject in first else []
    if own and most > 1:
        own = [(weight, at) for at, by, weight in graph.heard(subject, domain) if by in graph.voices and weight > 0]
    found.extend((at,) for _, at in sorted(own, reverse=True)[:most])
    if len(found) >= most:
        return found
    begun = {subject}
    waiting = [_Way(1.0, subject, -1, None, 0)]
    settled: dict[int, int] = {}  # actor → the fewest hops with which it was settled; a shorter way may still matter
    enough, looked = 0.0, 0  # worth of the best way that is whole: what cannot beat it is not gone on with
    while waiting and looked < _MOST and len(found) < most:
        way = heapq.heappop(waiting)
        if way.whole:
            met = way.rest.actor if way.rest is not None else subject
            if met not in begun:
                begun.add(met)
                found.append(way.statements())
            continue
        if way.depth >= DEPTH - 1 or settled.get(way.actor, DEPTH) <= way.depth or way.worth * HOP * HOP <= enough:
            continue
        settled[way.actor] = way.depth
        if way.rest is not None and graph.vetoed(way.actor, domain):
            continue
        for at, by, weight in graph.heard(way.actor, domain):
            looked += 1
            if weight <= 0 or by in graph.voices or way.meets(by):
                continue
            worth = way.worth * weight * HOP
            spoken = first.get(by)
            further = way.depth < DEPTH - 2 and worth * HOP * HOP > enough
            if spoken is None and not further:
                continue
            longer = _Way(worth, by, at, way, way.depth + 1)
            if further:
                heapq.heappush(waiting, longer)
            if spoken is not None and worth * spoken[0] * HOP > enough and not graph.vetoed(by, domain):
                whole = _Way(worth * spoken[0] * HOP, -1, spoken[1], longer, longer.depth + 1, whole=True)
                heapq.heappush(waiting, whole)
                if most == 1:
                    enough = whole.worth
    return found
