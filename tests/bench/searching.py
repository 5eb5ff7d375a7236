"""Search at a size: `python -m tests.bench.searching fill|ask|fts DIRECTORY COUNT HOSTS`, each a process of its own.

`fill` writes a library below the gate; `ask` indexes it and asks; `fts` puts the same questions to SQLite's FTS5. Each
prints one line of JSON. Times are of the node's own work, from what is asked to the cards of the page, in
milliseconds; every question is a ranked page of twenty with the counts of all facets.
"""

import asyncio
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from shutil import rmtree
from statistics import quantiles
from typing import Any

import msgspec
import psutil
import structlog

from node.clock import SystemClock
from node.repertoire.catalog import Query
from node.repertoire.search import languages, looking, schema
from node.repertoire.search.following import Search
from node.storage.sqlite import open_sqlite
from protocol.vocabulary.place import DOMAINS
from protocol.vocabulary.repertoire import KINDS
from tests.bench import library
from tests.bench.library import Passage
from tests.bench.measure import Result, Results
from tests.bench.processes import ROOT, BenchError
from tests.bench.questions import AMONG, QUESTIONS
from tests.cluster.kit import settle

WARMING, ASKED = 30, 400
_FTS_ASKED, _FTS_SECONDS = 60, 90
_FACETS = ("kind", "domain", "place", "language", "owner", "evidence")
SIZES = (10_000, 100_000, 1_000_000)
PEERS = 50
NODES = 3  # from which the passages come that twenty questions are asked of


class Asked(msgspec.Struct, frozen=True):
    """What `ask` found: items indexed a second, and CPU of one; ms of questions; seconds until a new item was found by
    who looks for it, and by the worker alone; MiB resident; MB of the index; right answers of the twenty questions."""

    rate: float
    cpu: float
    p50: float
    p99: float
    looked: float
    alone: float
    resident: float
    size: float
    right: int


class Fts(msgspec.Struct, frozen=True):
    """What `fts` found, by as many questions as there was time for."""

    rate: float
    p50: float
    p99: float
    asked: int
    size: float


def questions(all_of: Sequence[Passage], count: int) -> list[Query]:
    """Words of titles, most of them with something chosen beside; some phrases, some beginnings, some without words."""
    chance, made = random.Random(20), list[Query]()
    while len(made) < count:
        title = languages.telling(languages.words(chance.choice(all_of).title), ("en",))
        if not title:
            continue
        words = title[: chance.randint(1, 3)]
        kind = chance.random()
        text = " ".join(words)
        if kind < 0.1:
            text = f'"{text}"'
        elif kind < 0.2:
            text = f"{words[0][:4]}*"
        elif kind < 0.25:
            text = ""
        chosen: dict[str, Any] = {}
        if chance.random() < 0.25:
            chosen["kind"] = chance.choice(KINDS[:8])
        if chance.random() < 0.25:
            chosen["domain"] = chance.choice(DOMAINS)
        if chance.random() < 0.1:
            chosen["place"] = "US"
        if chance.random() < 0.1:
            chosen["sort"] = "newest"
        made.append(Query(q=text, **chosen))
    return made


async def fill(directory: Path, count: int, hosts: int) -> float:
    """Items a second."""
    all_of, storage = _passages(), await open_sqlite(directory)
    try:
        began = time.perf_counter()
        await library.fill(storage, library.items(all_of, count, hosts), hosts)
        return count / (time.perf_counter() - began)
    finally:
        await storage.close()


async def ask(directory: Path, count: int, hosts: int) -> Asked:
    all_of, storage = _passages(), await open_sqlite(directory)
    search, process = Search(storage, SystemClock(), directory), psutil.Process()
    try:
        began, spent = time.perf_counter(), sum(process.cpu_times()[:2])
        await search.start()
        seconds, spent = time.perf_counter() - began, sum(process.cpu_times()[:2]) - spent
        if search.status.done != count:
            raise BenchError(f"{search.status.done} of {count} items are in the index")
        times: list[float] = []
        for query in questions(all_of, WARMING + ASKED):
            began = time.perf_counter()
            found = await looking.look(storage, search, query, ("en",))
            times.append((time.perf_counter() - began) * 1e3)
            if not found.indexed:
                raise BenchError(f"the index did not answer {query}")
        cuts = quantiles(times[WARMING:], n=100)
        right = await _right(search, all_of) if count == len(all_of) else 0
        looked, alone = await _new(storage, search, all_of, count, hosts)
        size = sum(file.stat().st_size for file in (directory / "search").rglob("*") if file.is_file()) / 1e6
        resident = process.memory_info().rss / 2**20
        return Asked(count / seconds, spent / count * 1e6, cuts[49], cuts[98], looked, alone, resident, size, right)
    finally:
        await search.stop()
        await storage.close()


async def _right(search: Search, all_of: Sequence[Passage]) -> int:
    """For how many of the twenty questions the right passage is among the first five."""
    right = 0
    for question in QUESTIONS:
        answer = await search.answer(Query(q=question.typed), ("en",))
        keys = answer.keys[:AMONG] if answer else ()
        found = [all_of[key - 1] for key in keys]  # in the order in which they were written
        right += any(question.path in one.path and question.words in one.text for one in found)
    return right


async def _new(storage: Any, search: Search, all_of: Sequence[Passage], count: int, hosts: int) -> tuple[float, float]:
    """Seconds until one more item is found by somebody who looks for it; and, of another, until the worker has it."""
    made = [
        msgspec.structs.replace(one, name=f"Quagga {number}", id=f"{one.id}x{number}")
        for number, one in enumerate(islice(library.items(tuple(all_of), count, hosts), 2))
    ]
    began = time.perf_counter()
    await storage.transact(lambda tx: library.write(tx, made[0]))
    if (await looking.look(storage, search, Query(q="quagga"), ("en",))).total != 1:
        raise BenchError("a new item was not found")
    looked = time.perf_counter() - began
    worker = asyncio.create_task(search.run())
    try:
        began = time.perf_counter()
        await storage.transact(lambda tx: library.write(tx, made[1]))
        search.wake()

        async def taken_in() -> bool:
            return search.found("quagga") == 2

        await settle(taken_in, "the worker has a new item")
        alone = time.perf_counter() - began
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return looked, alone


def fts(directory: Path, count: int, hosts: int) -> Fts:
    """The same texts in FTS5 with a stemmer, the facts in a table beside it: each facet is a join."""
    all_of = _passages()
    path = directory / "fts.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA cache_size = -65536;"
            "CREATE VIRTUAL TABLE words USING fts5(title, lead, body, content='', tokenize='porter unicode61');"
            "CREATE TABLE fact(id INTEGER PRIMARY KEY, kind, domain, place, language, owner, evidence)"
        )
        began = time.perf_counter()
        made = enumerate(library.items(all_of, count, hosts), 1)
        while group := list(islice(made, 10_000)):
            database.execute("BEGIN")
            texts = [(number, schema.texts(one)) for number, one in group]
            database.executemany(
                "INSERT INTO words(rowid, title, lead, body) VALUES(?, ?, ?, ?)",
                [(number, text["title"], text["lead"], text["body"]) for number, text in texts],
            )
            database.executemany(
                "INSERT INTO fact VALUES(?, ?, ?, ?, ?, ?, ?)",
                [
                    (number, one.kind, one.domain, one.place.within[-1], one.language, one.attributed_to,
                     bool(one.evidence))
                    for number, one in group
                ],
            )  # fmt: skip
            database.execute("COMMIT")
        seconds = time.perf_counter() - began
        times: list[float] = []
        until = time.perf_counter() + _FTS_SECONDS
        for query in questions(all_of, _FTS_ASKED * 2):
            words = [f'"{word}"' for word in languages.words(query.q)]
            if not words or "*" in query.q:  # what it does not do in this form is not held against it
                continue
            began = time.perf_counter()
            _in_fts(database, " ".join(words))
            times.append((time.perf_counter() - began) * 1e3)
            if len(times) >= 10 and (len(times) >= _FTS_ASKED or time.perf_counter() > until):
                break
        cuts = quantiles(times, n=100)
        return Fts(count / seconds, cuts[49], cuts[98], len(times), path.stat().st_size / 1e6)


def _in_fts(database: sqlite3.Connection, words: str) -> None:
    database.execute(
        "SELECT rowid FROM words WHERE words MATCH ? ORDER BY bm25(words, 4.0, 2.0, 1.0) LIMIT 20", (words,)
    ).fetchall()
    for facet in _FACETS:
        database.execute(
            f"SELECT f.{facet}, COUNT(*) FROM words JOIN fact f ON f.id = words.rowid WHERE words MATCH ? GROUP BY 1",
            (words,),
        ).fetchall()


def _passages() -> tuple[Passage, ...]:
    found = library.passages()
    if found is None:
        raise BenchError("the passages that this is measured with are not on this machine")
    return found


def apart(part: str, directory: Path, count: int, hosts: int) -> Any:
    """A part in a process of its own, whose memory is its own. BenchError with what it said."""
    command = [sys.executable, "-m", "tests.bench.searching", part, str(directory), str(count), str(hosts)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"search {part} at {count:,}: {done.stderr.strip()[-500:]}")
    return msgspec.json.decode(done.stdout.splitlines()[-1])


def results(directory: Path, sizes: Sequence[int]) -> Results:
    """Every size, ours beside FTS5; and at the smallest one, of nobody else's items, and of fifty peers'."""
    made: Results = {}
    for count in sizes:
        at = directory / f"search-{count}"
        at.mkdir()
        apart("fill", at, count, PEERS)
        ours = msgspec.convert(apart("ask", at, count, PEERS), Asked)
        theirs = msgspec.convert(apart("fts", at, count, PEERS), Fts)
        rmtree(at)
        made |= {
            f"search_{count}_p50": _against(ours.p50, theirs.p50, "ms"),
            f"search_{count}_p99": _against(ours.p99, theirs.p99, "ms"),
            f"search_{count}_index": Result(ours.rate, "item/s", theirs.rate, ours.rate / theirs.rate),
            f"search_{count}_index_cpu": Result(ours.cpu, "us CPU/item"),
            f"search_{count}_size": _against(ours.size, theirs.size, "MB"),
            f"search_{count}_new_looked_for": Result(ours.looked, "s"),
            f"search_{count}_new_by_itself": Result(ours.alone, "s"),
            f"search_{count}_memory": Result(ours.resident, "MiB"),
        }
    alone, followed = directory / "search-alone", directory / "search-followed"
    times: list[float] = []
    for at, hosts in ((alone, 1), (followed, PEERS)):
        at.mkdir()
        apart("fill", at, sizes[0], hosts)
        times.append(msgspec.convert(apart("ask", at, sizes[0], hosts), Asked).p50)
        rmtree(at)
    at, count = directory / "search-questions", len(_passages())
    at.mkdir()
    apart("fill", at, count, NODES)
    right = msgspec.convert(apart("ask", at, count, NODES), Asked).right
    rmtree(at)
    return made | {
        "search_50_peers_p50": _against(times[1], times[0], "ms"),
        "search_right_of_20": Result(right, "questions"),
    }


def _against(value: float, base: float, unit: str) -> Result:
    return Result(value, unit, base, base / value)


def main(part: str, directory: Path, count: int, hosts: int) -> None:
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    parts: dict[str, Callable[[], Any]] = {
        "fill": lambda: asyncio.run(fill(directory, count, hosts)),
        "ask": lambda: asyncio.run(ask(directory, count, hosts)),
        "fts": lambda: fts(directory, count, hosts),
    }
    print(msgspec.json.encode(parts[part]()).decode())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
