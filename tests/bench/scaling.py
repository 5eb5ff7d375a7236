"""Durable verified inbound on both engines: SQLite with one process, PostgreSQL with one, two and four.

On few cores the rate says little, for the load, the node and the database share them: what counts is what an activity
costs each of the three, in CPU as the kernel counts it. Everything that is answered 202 must be stored.
"""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import msgspec
import psutil

from node import app, config
from node.clock import SystemClock
from tests.bench import material, prepare
from tests.bench.material import Remote
from tests.bench.processes import ROOT, BenchError
from tests.bench.wire import send
from tests.postgres import Server

ACTORS = 20
CONNECTIONS = 64
ACTIVITIES = 1_000  # a round
ROUNDS = 3
LAYOUTS = (("sqlite", 1), ("postgres", 1), ("postgres", 2), ("postgres", 4))
# Unlike in the tests: an answer survives a power cut.
DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "autovacuum": "on"}


class Line(msgspec.Struct, frozen=True):
    """A layout: activities a second, and microseconds of CPU an activity for each part; bytes stored an activity."""

    rate: float
    node: float
    database: float
    load: float
    stored: float

    @property
    def cores(self) -> tuple[float, float, float]:
        """How much of one core node, database and load had, on average."""
        node, database, load = (part * self.rate / 1e6 for part in (self.node, self.database, self.load))
        return node, database, load


class _Processes:
    """What runs, and what it has cost so far, its children included."""

    def __init__(self, pids: list[int]) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]

    def cpu(self) -> float:
        total = 0.0
        for root in self._roots:
            for process in (root, *root.children(recursive=True)):
                times = process.cpu_times()
                total += times.user + times.system
            total += root.cpu_times().children_user + root.cpu_times().children_system
        return total


def _start(data: Path, stack: ExitStack) -> int:
    process = subprocess.Popen(
        [sys.executable, "-m", "node", "run", "--data", str(data)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.communicate)
    stack.callback(process.terminate)
    assert process.stdout is not None
    while "is running" not in (line := process.stdout.readline()):
        if not line:
            raise BenchError(f"a node ended with status {process.wait()}")
    return process.pid


async def layout(directory: Path, engine: str, processes: int) -> Line:
    """One layout, from an empty database."""
    port, data = prepare.free_port(), directory / f"{engine}-{processes}"
    remotes = [Remote.at(f"http://{prepare.host(number)}:8420", "method") for number in range(ACTORS)]
    with ExitStack() as stack:
        settings = config.Settings(origin=f"http://127.0.0.1:{port}", listen=f"127.0.0.1:{port}")
        database: Server | None = None
        if engine == "postgres":
            database = Server(str(ROOT), **DURABLE)
            stack.callback(database.remove)
            database.start()
            settings = msgspec.structs.replace(settings, database=database.database())
        await prepare.found(data, port, settings=settings)
        await prepare.follow(data, remotes)
        before = _size(data, settings)
        nodes = _Processes([_start(data, stack) for _ in range(processes)])
        server = _Processes([] if database is None else [database.pid])
        load = psutil.Process(os.getpid())

        inbox, clock, sent = f"http://127.0.0.1:{port}/inbox", SystemClock(), 0
        rounds: list[tuple[float, float, float, float]] = []
        for size in (ACTIVITIES // 5, *[ACTIVITIES] * ROUNDS):  # the first warms up
            requests: list[bytes] = []
            for _ in range(size):
                sent += 1
                remote, now = remotes[sent % ACTORS], clock.now()
                requests.append(material.push(remote, material.create(remote, sent, now), sent, inbox, now))
            at = nodes.cpu(), server.cpu(), sum(load.cpu_times()[:2])
            seconds = await send("127.0.0.1", port, requests, CONNECTIONS)
            spent = nodes.cpu() - at[0], server.cpu() - at[1], sum(load.cpu_times()[:2]) - at[2]
            if size == ACTIVITIES:
                rounds.append((seconds, *spent))
        with app.look_into(data, settings) as reads:
            stored = reads.the("SELECT COUNT(*) AS n FROM activity WHERE type = 'Create' AND raw IS NOT NULL")["n"]
            shown = reads.the("SELECT COUNT(*) AS n FROM item")["n"]
        if not sent == stored == shown:
            raise BenchError(f"{sent} sent, but {stored} stored and {shown} in the catalog")
        seconds, node, base, generator = (median(part) for part in zip(*rounds, strict=True))
        each = 1e6 / ACTIVITIES
        grown = (_size(data, settings) - before) / sent
        return Line(ACTIVITIES / seconds, node * each, base * each, generator * each, grown)


def _size(data: Path, settings: config.Settings) -> float:
    """Bytes of the database."""
    if settings.postgres is None:
        return float(sum(path.stat().st_size for path in data.glob("commonweave.db*")))
    with app.look_into(data, settings) as reads:
        return float(reads.the("SELECT pg_database_size(current_database()) AS n")["n"])


async def scaling(directory: Path) -> dict[str, Line]:
    """Every layout, one after the other."""
    return {f"{engine} x{processes}": await layout(directory, engine, processes) for engine, processes in LAYOUTS}


def show(lines: dict[str, Line]) -> None:
    """The table: rates as ratios to SQLite, costs as ratios to one process on the same engine."""
    heads = f"{'':<14}{'rate/s':>8}{'ratio':>7}{'node us':>9}{'ratio':>7}{'db us':>8}{'load us':>9}{'bytes':>8}"
    print(f"{heads}  cores: node, database, load")
    first = lines["sqlite x1"]
    for name, line in lines.items():
        one = lines[f"{name.partition(' ')[0]} x1"]
        node, database, load = line.cores
        print(
            f"{name:<14}{line.rate:>8,.0f}{line.rate / first.rate:>7.2f}{line.node:>9,.0f}{line.node / one.node:>7.2f}"
            f"{line.database:>8,.0f}{line.load:>9,.0f}{line.stored:>8,.0f}  {node:.2f} {database:.2f} {load:.2f}"
        )
