"""What trust costs with 100,000 statements in the database: loading them, a change, a way in words, a page of results.

Loaded below the gate: that each was checked when it came is the inbound bench's. The graph is made of a heavy tail, as
real ones are: few are spoken of by many. The floor of a view from nothing is scipy's power iteration on the same graph
in the same run, of a change the same reading where nothing changed.
"""

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median, quantiles

import numpy as np
import psutil
from scipy import sparse

from node.repertoire.search import trusting
from node.storage.contract import Reads, Row, Tx
from node.storage.sqlite import Sqlite, open_sqlite
from node.trust import explaining, store
from node.trust.explaining import Asked
from node.trust.graph import WEIGHTS
from node.trust.memory import Memory
from node.trust.metric import ALPHA, CAPACITY
from tests.bench.measure import Result, Results
from tests.bench.processes import BenchError

STATEMENTS, ACTORS, VOICES = 100_000, 20_000, 12
SAFETY = "public-safety"
NOW = 1_780_000_000_000
YEAR = 365 * 86_400_000
TURNS = 400
_KEY = b"k" * 32
_ACTOR = (
    "INSERT INTO actor(id, host, local, type, name, handle, inbox, sequence, proof, native, fetched, raw, changed)"
    " VALUES(:id, :host, :local, 'Group', :name, 'p', 'x', 1, 1, 1, 1, X'', 1)"
)
_KEYS = "INSERT INTO actor_key(id, actor, kind, public, valid_from) VALUES(:id || '#k', :id, 'ed25519', :key, 1)"
_SAID = (
    "INSERT INTO trust(id, kind, issuer, subject, subject_key, domain, level, since, grounds, links, starts, ends,"
    " sequence, digest, home, fault, gone, passed, said, changed) VALUES(:id, 'cw:TrustStatement', :issuer, :subject,"
    " :key, :domain, :level, '', 'We worked together.', '', :starts, :ends, :number, X'01', 0, '', 0, 0, :number,"
    " :number)"
)


def actor(number: int) -> str:
    return f"https://town{number}.example/practices/p"


async def fill(storage: Sqlite) -> None:
    """Actors, twelve of them ours; and who says what of whom."""
    chance = random.Random(7)
    for first in range(0, ACTORS, 5_000):

        def actors(tx: Tx, first: int = first) -> None:
            for number in range(first, first + 5_000):
                id = actor(number)
                tx.run(_ACTOR, id=id, host=f"town{number}.example", local=int(number < VOICES), name=f"P {number}")
                tx.run(_KEYS, id=id, key=_KEY)

        await storage.transact(actors)
    levels, domains = ("known", "met", "worked-together", "vouched"), (SAFETY, f"{SAFETY}/gun-violence", "housing", "*")
    pairs: set[tuple[int, int]] = set()
    while len(pairs) < STATEMENTS:
        issuer, subject = int(ACTORS * chance.random() ** 2), int(ACTORS * chance.random() ** 3)
        if issuer != subject:
            pairs.add((issuer, subject))
    listed = sorted(pairs)
    for first in range(0, STATEMENTS, 10_000):

        def said(tx: Tx, first: int = first) -> None:
            for number, (issuer, subject) in enumerate(listed[first : first + 10_000], first + 1):
                tx.run(
                    _SAID, id=f"t{number}", issuer=actor(issuer), subject=actor(subject), key=_KEY, number=number,
                    domain=chance.choice(domains), level=chance.choice(levels), starts=NOW - chance.randrange(YEAR),
                    ends=NOW + 1 + chance.randrange(YEAR),
                )  # fmt: skip

        await storage.transact(said)


def timed(reads: Reads, work: Callable[[Reads], object]) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    work(reads)
    return (time.perf_counter() - began) * 1e3


def p99(times: list[float]) -> float:
    return quantiles(times, n=100)[98]


async def trust(directory: Path) -> Results:
    (directory / "trust").mkdir()
    storage = await open_sqlite(directory / "trust")
    try:
        await fill(storage)
        return await measure(storage)
    finally:
        await storage.close()


async def measure(storage: Sqlite) -> Results:
    chance = random.Random(8)
    memory, process = Memory(), psutil.Process()

    def load(reads: Reads) -> None:
        with memory.at(reads, NOW) as reading:
            if not reading.anybody:
                raise BenchError("nothing was loaded")

    gc.collect()
    before = process.memory_info().rss
    loaded = await storage.read(lambda reads: timed(reads, load))

    def near(reads: Reads) -> list[float]:
        with memory.at(reads, NOW) as reading:
            return reading.near([(actor(chance.randrange(ACTORS)),)], SAFETY)

    scratch = await storage.read(lambda reads: timed(reads, near))
    gc.collect()
    resident = (process.memory_info().rss - before) / 2**20
    quiet, changes, ways, pages = list[float](), list[float](), list[float](), list[float]()
    for number in range(TURNS):
        quiet.append(await storage.read(lambda reads: timed(reads, near)))
        key = chance.randrange(STATEMENTS) + 1

        def change(tx: Tx, key: int = key, number: int = number) -> None:
            level = ("met", "vouched")[number % 2]
            tx.run(f"UPDATE trust SET level = :level, changed = {store.NEXT} WHERE key = :key", level=level, key=key)

        await storage.transact(change)
        changes.append(await storage.read(lambda reads: timed(reads, near)))
        asked = Asked(actor(int(ACTORS * chance.random() ** 2)), SAFETY)

        def way(reads: Reads, asked: Asked = asked) -> object:
            return explaining.explain(reads, memory, asked, NOW)

        ways.append(await storage.read(lambda reads, way=way: timed(reads, way)))
        rows = [_row(actor(int(ACTORS * chance.random() ** 2))) for _ in range(20)]
        owners = [(actor(chance.randrange(ACTORS)),) for _ in range(500)]

        def page(reads: Reads, rows: list[Row] = rows, owners: list[tuple[str]] = owners) -> None:
            with memory.at(reads, NOW) as reading:
                reading.near(owners, SAFETY)
            trusting.connections(reads, memory, rows, NOW)

        pages.append(await storage.read(lambda reads, page=page: timed(reads, page)))
    floor = await storage.read(power_iteration)
    return {
        "trust: 100,000 loaded": Result(loaded / 1e3, "s"),
        "trust: memory of these": Result(resident, "MiB"),
        "trust: a view from nothing": Result(scratch, "ms", floor, floor / scratch),
        "trust: a change, p99": Result(p99(changes), "ms", p99(quiet), p99(quiet) / p99(changes)),
        "trust: a way in words, p50": Result(median(ways), "ms"),
        "trust: a way in words, p99": Result(p99(ways), "ms"),
        "trust: a page of results, p50": Result(median(pages), "ms"),
        "trust: a page of results, p99": Result(p99(pages), "ms"),
    }


class _Of(dict[str, object]):
    """A row of the catalog, as far as trust looks at it."""


def _row(owner: str) -> Row:
    return _Of(owner=owner, domain=SAFETY, local=0)


def power_iteration(reads: Reads) -> float:
    """Milliseconds for thirty rounds of numpy's own, on the matrix of the same statements, which is made before."""
    covering = {SAFETY, "*"}
    rows = reads.all("SELECT issuer, subject, level, domain FROM trust WHERE starts <= :now AND ends > :now", now=NOW)
    numbers: dict[str, int] = {}
    said = [
        (numbers.setdefault(row["issuer"], len(numbers)), numbers.setdefault(row["subject"], len(numbers)),
         WEIGHTS[row["level"]])
        for row in rows if row["domain"] in covering
    ]  # fmt: skip
    size = len(numbers)
    given = np.array([weight for *_, weight in said])
    issuers = np.array([issuer for issuer, *_ in said])
    whole = np.maximum(CAPACITY, np.bincount(issuers, given, size))
    matrix = sparse.csr_matrix((given / whole[issuers], ([each[1] for each in said], issuers)), shape=(size, size))
    restart = np.zeros(size)
    restart[[number for id, number in numbers.items() if id in {actor(each) for each in range(VOICES)}]] = 1.0

    def rounds(_reads: Reads) -> None:
        mass = ALPHA * restart
        for _ in range(30):
            mass = ALPHA * restart + (1 - ALPHA) * (matrix @ mass)

    return timed(reads, rounds)
