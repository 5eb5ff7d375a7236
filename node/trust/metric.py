"""How near the actors are to us for one domain: personalised PageRank, kept up to date by forward push. No SQL.

Every voice of ours restarts the walk with probability 0.3. An issuer's weights are shared out as
w / max(4, Σ w), so that one more endorsement takes nothing from the others until an issuer has spent four whole ones;
what is left of a smaller sum is lost. Whatever lies behind few statements gets no more than these pass on, however many
accounts it has: mass(S) ≤ (1−α)/α · Σ p(u)·P(u,v) over the statements into S. The approximation and its upkeep:
Andersen, Chung, Lang 2006; Zhang, Lofgren, Goel 2016. The numbers order what is found and deal out quotas, and are
never shown, exported or sent.
"""

from array import array
from collections import deque

from node.trust.graph import DAY, Graph

ALPHA = 0.3
CAPACITY = 4.0
RESIDUE = 1e-5  # of a voice's restart, what may stay unsaid at one actor
HALF = ALPHA * (1 - ALPHA) / CAPACITY  # of an actor for whom one of our voices vouches: half of full trust

Share = tuple["array[int]", "array[float]"]  # subjects, and what part of its trust an issuer passes to each
Spoken = tuple[float, int]  # weight, statement
_NOTHING: Share = (array("i"), array("d"))


class View:
    """One domain of a graph, on one day. `shift` keeps it true; a new day takes a new view, for weights age by days."""

    def __init__(self, graph: Graph, domain: str) -> None:
        self._graph = graph
        self.domain = domain
        self.day = graph.now // DAY
        self._mass, self._residue = array("d"), array("d")
        self._rows: dict[int, Share] = {}
        self._first: dict[int, Spoken] | None = None
        self._voices: set[int] = set()
        self._waiting: deque[int] = deque()
        self._queued = bytearray()
        self._grow()
        self.greet()
        self._push()

    def _grow(self) -> None:
        lacking = len(self._graph.names) - len(self._mass)
        if lacking > 0:
            self._mass.extend([0.0] * lacking)
            self._residue.extend([0.0] * lacking)
            self._queued.extend(bytes(lacking))

    def greet(self) -> None:
        """Voices that are new restart the walk as well."""
        for voice in self._graph.voices - self._voices:
            self._voices.add(voice)
            self._owe(voice, 1.0)

    def _owe(self, actor: int, more: float) -> None:
        self._residue[actor] += more
        if not self._queued[actor] and abs(self._residue[actor]) > RESIDUE:
            self._queued[actor] = 1
            self._waiting.append(actor)

    def _push(self) -> None:
        residue, mass = self._residue, self._mass
        while self._waiting:
            actor = self._waiting.popleft()
            self._queued[actor] = 0
            owed = residue[actor]
            if abs(owed) <= RESIDUE:
                continue
            residue[actor] = 0.0
            mass[actor] += ALPHA * owed
            passed = (1 - ALPHA) * owed
            for subject, share in zip(*self._row(actor), strict=True):
                self._owe(subject, passed * share)

    def _row(self, actor: int) -> Share:
        found = self._rows.get(actor)
        if found is None:
            found = self._rows[actor] = self._shares(actor)
        return found

    def _shares(self, actor: int) -> Share:
        graph, domain = self._graph, self.domain
        if graph.vetoed(actor, domain):
            return _NOTHING
        weights: dict[int, float] = {}
        for _, subject, weight in graph.said(actor, domain):
            if weight > weights.get(subject, 0.0):
                weights[subject] = weight
        if not weights:
            return _NOTHING
        whole = max(CAPACITY, sum(weights.values()))
        return array("i", weights), array("d", [weight / whole for weight in weights.values()])

    def shift(self, actors: set[int]) -> None:
        """What these say changed, or what our own say of them: Δr(v) = (1−α)/α · p(u) · ΔP(u, v)."""
        self._grow()
        self.greet()
        if actors & self._graph.voices:
            self._first = None
        for actor in actors:
            before = self._rows.pop(actor, None)
            mass = self._mass[actor]
            if before is None or mass == 0:
                continue
            after = self._row(actor)
            owed = (1 - ALPHA) / ALPHA * mass
            for subject, share in zip(*before, strict=True):
                self._owe(subject, -owed * share)
            for subject, share in zip(*after, strict=True):
                self._owe(subject, owed * share)
        self._push()

    @property
    def first(self) -> dict[int, Spoken]:
        """Of whom our own speak: how much the strongest of their statements weighs, and which it is."""
        if self._first is None:
            found: dict[int, Spoken] = {}
            for voice in self._graph.voices:
                for statement, subject, weight in self._graph.said(voice, self.domain):
                    if weight > found.get(subject, (0.0, 0))[0]:
                        found[subject] = (weight, statement)
            self._first = found
        return self._first

    def mass(self, actor: int) -> float:
        """Of one actor; 0 for one that a voice of ours has vetoed."""
        if actor >= len(self._mass) or self._graph.vetoed(actor, self.domain):
            return 0.0
        return max(0.0, self._mass[actor])

    def near(self, actor: int) -> float:
        """From 0 for nobody we know of towards 1: one half where one voice of ours vouches."""
        mass = self.mass(actor)
        return mass / (mass + HALF)
