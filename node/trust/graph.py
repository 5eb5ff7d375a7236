"""The graph of trust in memory: who says how much of whom, for what and until when. Arrays, and no SQL.

It holds what counts (rules.standing) and nothing that could be read of anybody: keys of rows, not words. A moment is
part of it: `advance` takes it on, and says whose word changed with the time alone.
"""

import heapq
from array import array
from collections.abc import Iterable, Iterator

import msgspec

from protocol.vocabulary.trust import LEVELS, wider

DAY = 86_400_000
HALF_LIFE = 365  # days in which the weight of a statement halves, counted from its start
WEIGHTS: dict[str, float] = dict(zip(LEVELS, (0.0, 0.25, 0.5, 0.75, 1.0), strict=True))
_LEVEL: dict[str, int] = {level: number for number, level in enumerate(LEVELS)}
_WEIGHT = tuple(WEIGHTS[level] for level in LEVELS)
_DECAY = tuple(0.5 ** (age / HALF_LIFE) for age in range(732))  # by age in days; none lasts longer
_BITS = 32  # of a number of an actor, below a time in one integer


class Counted(msgspec.Struct, frozen=True):
    """A statement that counts, or a `none` that stands: the key of its row, and from when to when (ms)."""

    key: int
    domain: str
    level: str
    start: int
    end: int


class Graph:
    """Actors and members by number; statements in columns. `now`: up to when it is advanced (ms)."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.number: dict[str, int] = {}
        self.names: list[str] = []
        self.voices: set[int] = set()  # whoever speaks for us
        self.vetoing: set[int] = set()  # of these: whose `none` is a veto
        self._domains: dict[str, int] = {}
        self._wider: dict[str, frozenset[int]] = {}
        self._out: list[array[int]] = []
        self._in: list[array[int]] = []
        self._from, self._to = array("i"), array("i")
        self._domain, self._level = array("i"), array("b")
        self._start, self._end, self._key = array("q"), array("q"), array("q")
        self._free: list[int] = []
        self._vetoes: dict[int, list[int]] = {}
        self._turns: list[int] = []  # a heap of moments at which somebody's word begins or ends

    def __len__(self) -> int:
        """How many statements."""
        return len(self._from) - len(self._free)

    def actor(self, id: str) -> int:
        """Its number, a new one if it has none."""
        found = self.number.get(id)
        if found is None:
            found = self.number[id] = len(self.names)
            self.names.append(id)
            self._out.append(array("i"))
            self._in.append(array("i"))
        return found

    def put(self, issuer: int, subject: int, counted: Iterable[Counted]) -> None:
        """In the place of all that this issuer said of this subject."""
        for each in [each for each in self._out[issuer] if self._to[each] == subject]:
            self._out[issuer].remove(each)
            self._in[subject].remove(each)
            self._free.append(each)
            if each in self._vetoes.get(subject, ()):
                self._vetoes[subject].remove(each)
        for one in counted:
            self._add(issuer, subject, one)

    def _add(self, issuer: int, subject: int, one: Counted) -> None:
        domain = self._domains.get(one.domain)
        if domain is None:
            domain = self._domains[one.domain] = len(self._domains)
            self._wider.clear()
        columns = (self._from, self._to, self._domain, self._level, self._start, self._end, self._key)
        values = (issuer, subject, domain, _LEVEL[one.level], one.start, one.end, one.key)
        if self._free:
            at = self._free.pop()
            for column, value in zip(columns, values, strict=True):
                column[at] = value
        else:
            at = len(self._from)
            for column, value in zip(columns, values, strict=True):
                column.append(value)
        self._out[issuer].append(at)
        self._in[subject].append(at)
        if one.level == "none" and issuer in self.vetoing:
            self._vetoes.setdefault(subject, []).append(at)
        for moment in (one.start, one.end):
            if moment > self.now:
                heapq.heappush(self._turns, moment << _BITS | issuer)

    def advance(self, now: int) -> list[int]:
        """Go on to this moment; whose word changed by that. It never goes back."""
        turned: set[int] = set()
        while self._turns and self._turns[0] >> _BITS <= now:
            turned.add(heapq.heappop(self._turns) & ((1 << _BITS) - 1))
        self.now = max(self.now, now)
        return sorted(turned)

    # Reading

    def wider(self, domain: str) -> frozenset[int]:
        """The numbers of the domains that cover this one."""
        found = self._wider.get(domain)
        if found is None:
            numbers = (self._domains.get(each) for each in wider(domain))
            found = self._wider[domain] = frozenset(each for each in numbers if each is not None)
        return found

    def said(self, actor: int, domain: str) -> Iterator[tuple[int, int, float]]:
        """What it says now that covers the domain: (statement, subject, weight); `none` weighs 0."""
        covering, now, day = self.wider(domain), self.now, self.now // DAY
        for at in self._out[actor]:
            if self._domain[at] in covering and self._start[at] <= now < self._end[at]:
                yield at, self._to[at], self._weight(at, day)

    def heard(self, actor: int, domain: str) -> Iterator[tuple[int, int, float]]:
        """What is said of it now that covers the domain: (statement, issuer, weight)."""
        covering, now, day = self.wider(domain), self.now, self.now // DAY
        for at in self._in[actor]:
            if self._domain[at] in covering and self._start[at] <= now < self._end[at]:
                yield at, self._from[at], self._weight(at, day)

    def _weight(self, at: int, day: int) -> float:
        age = max(0, day - self._start[at] // DAY)
        return _WEIGHT[self._level[at]] * (_DECAY[age] if age < len(_DECAY) else 0.5 ** (age / HALF_LIFE))

    def key(self, statement: int) -> int:
        """The key of a statement's row."""
        return self._key[statement]

    def vetoed(self, actor: int, domain: str) -> bool:
        """One of our own says that it is not to be trusted for this."""
        return self.veto(actor, domain) is not None

    def veto(self, actor: int, domain: str) -> int | None:
        """The statement that says so."""
        for at in self._vetoes.get(actor, ()):
            if self._domain[at] in self.wider(domain) and self._start[at] <= self.now < self._end[at]:
                return at
        return None
