"""The strict best path: for one decision, and for the reason in words. Never for order or quotas. No SQL.

The best product of weights along statements, each hop a fifth weaker than its statement, at most four of them. What one
of ours says itself comes first, whatever others say. It is looked for from the one who is asked about back to us.
"""

import heapq

from node.trust.graph import Graph

DEPTH = 4
HOP = 0.8
_MOST = 20_000  # statements looked at for one path: beyond that nobody would call it near


class _Way:
    """Partial ways from an actor to the one asked about: statements, the nearest to us first."""

    __slots__ = ("actor", "depth", "rest", "statement", "worth")

    def __init__(self, worth: float, actor: int, statement: int, rest: "_Way | None", depth: int) -> None:
        self.worth, self.actor, self.statement, self.rest, self.depth = worth, actor, statement, rest, depth

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


def best(graph: Graph, subject: int, domain: str, most: int = 1) -> list[tuple[int, ...]]:
    """Ways from voices of ours to a subject, each as statements in order; the best first, each by another first hop.

    Empty if there is none, or a voice of ours has vetoed the subject.
    """
    if graph.vetoed(subject, domain):
        return []
    own = [(weight, at) for at, by, weight in graph.heard(subject, domain) if by in graph.voices and weight > 0]
    found: list[tuple[int, ...]] = []
    found.extend((at,) for _, at in sorted(own, reverse=True)[:most])
    if len(found) >= most:
        return found
    first = {subject}
    waiting = [_Way(1.0, subject, -1, None, 0)]
    settled: dict[int, int] = {}  # actor → the fewest hops with which it was settled; a shorter way may still matter
    looked = 0
    while waiting and looked < _MOST and len(found) < most:
        way = heapq.heappop(waiting)
        if way.actor in graph.voices and way.rest is not None:
            begun = way.rest.actor
            if begun not in first:
                first.add(begun)
                found.append(way.statements())
            continue
        if way.depth >= DEPTH or settled.get(way.actor, DEPTH + 1) <= way.depth:
            continue
        settled[way.actor] = way.depth
        if way.rest is not None and graph.vetoed(way.actor, domain):
            continue
        for at, by, weight in graph.heard(way.actor, domain):
            looked += 1
            if weight > 0 and not way.meets(by):
                heapq.heappush(waiting, _Way(way.worth * weight * HOP, by, at, way, way.depth + 1))
    return found
