"""Durable verified inbound on both engines: SQLite with one process, PostgreSQL with one, two and four.

On few cores the rate says little, for the load, the node and the database share them: what counts is what an activity
costs each of the three, in CPU as the kernel counts it, in bytes written and in bytes kept. All layouts stand at once
and take turns, in another order each round, so that a machine that slows down slows all of them; the medians are
compared. Everything that is answered 202 must be stored.
"""

import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

import msgspec
import psutil

from node import app, config
from node.clock import SystemClock
from tests.bench import material, prepare
from tests.bench.material import Remote
from tests.bench.measure import Result, Results
from tests.bench.processes import ROOT, BenchError
from tests.bench.wire import send
from tests.postgres import Server

ACTORS = 20
CONNECTIONS = 64
ACTIVITIES = 2_000  # a round; the kernel counts CPU in hundredths of a second
WARMING = 500
ROUNDS = 5
LAYOUTS = (("sqlite", 1), ("postgres", 1), ("postgres", 2), ("postgres", 4))
# Unlike in the tests: an answer survives a power cut.
DURABLE = {"fsync": "on", "full_page_writes": "on", "shared_buffers": "256MB", "autovacuum": "on"}
UNIT = "activity"


class Round(msgspec.Struct, frozen=True):
    """What one round took: seconds; seconds of CPU of node, database and load; bytes written, and of those WAL."""

    seconds: float
    node: float
    database: float
    load: float
    written: float
    wal: float


class Line(msgspec.Struct, frozen=True):
    """A layout: activities a second; an activity's microseconds of CPU for each part, and its bytes: kept, written to
    the disk, and of those WAL (PostgreSQL)."""

    rate: float
    node: float
    database: float
    load: float
    stored: float
    written: float
    wal: float

    @property
    def cores(self) -> tuple[float, float, float]:
        """How much of one core node, database and load had, on average."""
        node, database, load = (part * self.rate / 1e6 for part in (self.node, self.database, self.load))
        return node, database, load


class _Processes:
    """What runs, and what it has cost so far, its children included."""

    def __init__(self, pids: list[int]) -> None:
        self._roots = [psutil.Process(pid) for pid in pids]

    def _children(self, read: Callable[[psutil.Process], float]) -> float:
        """Of whoever lives; who ends meanwhile is in its parent's count from then on."""
        total = 0.0
        for root in self._roots:
            for process in root.children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    total += read(process)
        return total

    def cpu(self) -> float:
        """Seconds, user and system."""
        ended = sum(sum(root.cpu_times()[2:4]) for root in self._roots)
        return ended + sum(map(_cpu, self._roots)) + self._children(_cpu)

    def written(self) -> float:
        """Bytes on their way to the disk."""
        return sum(map(_written, self._roots)) + self._children(_written)


def _cpu(process: psutil.Process) -> float:
    return sum(process.cpu_times()[:2])


def _written(process: psutil.Process) -> float:
    return float(process.io_counters().write_bytes)


class Layout:
    """A node of so many processes on one engine, from an empty database, and the requests made for it."""

    def __init__(self, directory: Path, engine: str, processes: int, database: Server | None) -> None:
        self.name = f"{engine} x{processes}"
        self.rounds: list[Round] = []
        self._processes = processes
        self._port, self._data = prepare.free_port(), directory / f"{engine}-{processes}"
        self._remotes = [Remote.at(f"http://{prepare.host(number)}:8420", "method") for number in range(ACTORS)]
        at = f"127.0.0.1:{self._port}"
        self._settings = config.Settings(origin=f"http://{at}", listen=at)
        self._database = database
        if database is not None:
            self._settings = msgspec.structs.replace(self._settings, database=database.database())
        self._sent = 0

    async def start(self, stack: ExitStack) -> None:
        await prepare.found(self._data, self._port, settings=self._settings)
        await prepare.follow(self._data, self._remotes)
        self._empty = self._size()
        self._nodes = _Processes([self._node(stack) for _ in range(self._processes)])
        self._server = _Processes([] if self._database is None else [self._database.pid])

    def _node(self, stack: ExitStack) -> int:
        process = subprocess.Popen(
            [sys.executable, "-m", "node", "run", "--data", str(self._data)],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        stack.callback(process.communicate)
        stack.callback(process.terminate)
        assert process.stdout is not None
        while "is running" not in (line := process.stdout.readline()):
            if not line:
                raise BenchError(f"a node ended with status {process.wait()}")
        return process.pid

    async def round(self, size: int) -> Round:
        """Send so many new activities, signed before the clock starts."""
        inbox, clock, load = f"http://127.0.0.1:{self._port}/inbox", SystemClock(), psutil.Process()
        requests: list[bytes] = []
        for _ in range(size):
            self._sent += 1
            remote, now = self._remotes[self._sent % ACTORS], clock.now()
            body = material.create(remote, self._sent, now)
            requests.append(material.push(remote, body, self._sent, inbox, now))

        def costs() -> tuple[float, ...]:
            written = self._nodes.written() + self._server.written()
            return self._nodes.cpu(), self._server.cpu(), _cpu(load), written

        wal, before = self._wal(), costs()
        seconds = await send("127.0.0.1", self._port, requests, CONNECTIONS)
        spent = [after - at for after, at in zip(costs(), before, strict=True)]
        return Round(seconds, *spent, self._wal() - wal)

    def line(self) -> Line:
        """The medians; BenchError if not everything is there."""
        with app.look_into(self._data, self._settings) as reads:
            stored = reads.the("SELECT COUNT(*) AS n FROM activity WHERE type = 'Create' AND raw IS NOT NULL")["n"]
            shown = reads.the("SELECT COUNT(*) AS n FROM item")["n"]
        if not self._sent == stored == shown:
            raise BenchError(f"{self.name}: {self._sent} sent, but {stored} stored and {shown} in the catalog")
        each = 1e6 / ACTIVITIES
        of = {name: median(getattr(one, name) for one in self.rounds) for name in Round.__struct_fields__}
        # A checkpoint writes what several rounds have changed: only the sum says what one activity costs the disk.
        written = sum(one.written for one in self.rounds) / (ACTIVITIES * len(self.rounds))
        return Line(
            ACTIVITIES / of["seconds"], of["node"] * each, of["database"] * each, of["load"] * each,
            (self._size() - self._empty) / self._sent, written, of["wal"] / ACTIVITIES,
        )  # fmt: skip

    def _size(self) -> float:
        """Bytes of the database."""
        if self._settings.postgres is None:
            return float(sum(path.stat().st_size for path in self._data.glob("commonweave.db*")))
        with app.look_into(self._data, self._settings) as reads:
            return float(reads.the("SELECT pg_database_size(current_database()) AS n")["n"])

    def _wal(self) -> float:
        """Bytes of WAL that the whole server has written so far: only one layout works at a time."""
        if self._settings.postgres is None:
            return 0.0
        with app.look_into(self._data, self._settings) as reads:
            return float(reads.the("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn AS n")["n"])


async def scaling(directory: Path) -> dict[str, Line]:
    """Every layout, round by round."""
    with ExitStack() as stack:
        database = Server(str(ROOT), **DURABLE)
        stack.callback(database.remove)
        database.start()
        layouts = [
            Layout(directory, engine, count, database if engine == "postgres" else None) for engine, count in LAYOUTS
        ]
        for layout in layouts:
            await layout.start(stack)
        for layout in layouts:
            await layout.round(WARMING)
        for number in range(ROUNDS):
            first = number % len(layouts)
            for layout in (*layouts[first:], *layouts[:first]):
                layout.rounds.append(await layout.round(ACTIVITIES))
        return {layout.name: layout.line() for layout in layouts}


def results(lines: dict[str, Line]) -> Results:
    """For bench.json. The baseline of one process on PostgreSQL is SQLite, that of several is one; a ratio is 1 where
    they are level, and less is worse, whatever the unit: 0.83 is 1.2 times the cost."""
    made: Results = {}
    for name, line in lines.items():
        engine, _, count = name.partition(" x")
        key = f"scaling_{engine}_{count}"
        base = None if engine == "sqlite" else lines["sqlite x1" if count == "1" else f"{engine} x1"]
        rate = None if base is None else base.rate
        made[key] = Result(line.rate, f"{UNIT}/s", rate, None if rate is None else line.rate / rate)
        for part, unit in (("node", "us CPU"), ("database", "us CPU"), ("stored", "B"), ("written", "B"), ("wal", "B")):
            value, at = getattr(line, part), None if base is None else getattr(base, part)
            word = "cpu" if part == "node" else f"{part}_cpu" if unit == "us CPU" else part
            made[f"{key}_{word}"] = Result(value, f"{unit}/{UNIT}", at or None, at / value if at and value else None)
        for part, share in zip(("node", "database", "load"), line.cores, strict=True):
            made[f"{key}_cores_{part}"] = Result(share, "cores")
    return made


def show(lines: dict[str, Line]) -> None:
    """The table: rates as ratios to SQLite, costs as ratios to one process on the same engine."""
    heads = f"{'':<14}{'rate/s':>8}{'ratio':>7}{'node us':>9}{'ratio':>7}{'db us':>8}{'load us':>9}"
    print(f"{heads}{'kept B':>8}{'written':>9}{'WAL B':>8}  cores: node, database, load")
    first = lines["sqlite x1"]
    for name, line in lines.items():
        one = lines[f"{name.partition(' ')[0]} x1"]
        node, database, load = line.cores
        print(
            f"{name:<14}{line.rate:>8,.0f}{line.rate / first.rate:>7.2f}{line.node:>9,.0f}{line.node / one.node:>7.2f}"
            f"{line.database:>8,.0f}{line.load:>9,.0f}{line.stored:>8,.0f}{line.written:>9,.0f}{line.wal:>8,.0f}"
            f"  {node:.2f} {database:.2f} {load:.2f}"
        )
