"""Graphs for the tests of trust: small ones written down, and one that people really made."""

import csv
import gzip
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from node.trust.graph import DAY, Counted, Graph

REAL = Path(__file__).parents[1] / "vectors" / "debian-trust.csv.gz"
SAFETY = "public-safety"
NOW = 1_780_000_000_000
FOREVER = 1 << 45

Said = tuple[str, str, str]  # issuer, subject, level


def graph(*said: Said, voices: tuple[str, ...] = ("us",), vetoing: bool = True, now: int = NOW) -> Graph:
    """All for public safety, begun today, without an end. voices: who speaks for us."""
    made = Graph(now)
    for voice in voices:
        made.voices.add(made.actor(voice))
        if vetoing:
            made.vetoing.add(made.actor(voice))
    for key, (issuer, subject, level) in enumerate(said, 1):
        put(made, issuer, subject, level, key=key)
    return made


def put(made: Graph, issuer: str, subject: str, level: str, *, key: int = 1, domain: str = SAFETY) -> set[int]:
    """In the place of what was said before; the actors that a view is to look at again. level: '' says nothing."""
    numbers = made.actor(issuer), made.actor(subject)
    made.put(*numbers, [Counted(key, domain, level, made.now, FOREVER)] if level else [])
    return set(numbers)


@lru_cache(maxsize=1)
def certified() -> tuple[tuple[str, str, int], ...]:
    """Issuer, subject, and when (ms)."""
    with gzip.open(REAL, "rt", encoding="utf-8", newline="") as file:
        return tuple((row["issuer"], row["subject"], _ms(row["date"])) for row in csv.DictReader(file))


def _ms(day: str) -> int:
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1_000)


def real(voices: tuple[str, ...]) -> Graph:
    """Every certification as a statement that vouches, aged as it is on the day after the last one."""
    made = Graph(max(at for _, _, at in certified()) + DAY)
    for key, (issuer, subject, at) in enumerate(certified()):
        made.put(made.actor(issuer), made.actor(subject), [Counted(key, SAFETY, "vouched", at, FOREVER)])
    made.voices |= {made.actor(voice) for voice in voices}
    return made
