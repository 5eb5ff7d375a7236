"""Programs under measure: one core for them, another for whoever loads them, and what they cost.

The cost is CPU time as the kernel counts it, in all threads: unlike the clock it does not grow when others use the
machine. Never decides what is run.
"""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType

import psutil

ROOT = Path(__file__).resolve().parents[2]
_LINES = 200  # a program that says more than this before it is ready is not going to be


class BenchError(Exception):
    """The benchmark is void. The text says why."""


def cores() -> tuple[int | None, int | None]:
    """A core for the program under measure and one for the load; None where they cannot be told apart."""
    if not hasattr(os, "sched_setaffinity"):
        return None, None
    mine = sorted(os.sched_getaffinity(0))
    return (mine[0], mine[1]) if len(mine) > 1 else (mine[0], mine[0])


def pin(core: int | None) -> None:
    """Keep this process, and those it starts from now on, to one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


class Program:
    """A process on the measured core: `with Program(…) as program`. Its standard input and output are lines."""

    def __init__(self, arguments: Sequence[str], ready: str) -> None:
        """`arguments` follow the interpreter; a line that holds `ready` says that it is."""
        self._arguments = [sys.executable, *arguments]
        self._ready = ready

    def __enter__(self) -> "Program":
        measured, load = cores_of_run()
        pin(measured)  # inherited at birth, so that every thread has it
        try:
            self._process = subprocess.Popen(
                self._arguments, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            )
        finally:
            pin(load)
        self._kernel = psutil.Process(self._process.pid)
        for _ in range(_LINES):
            line = self.line()
            if self._ready in line:
                return self
        raise BenchError(f"{self._arguments} never became ready")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.terminate()
        try:
            self._process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

    @property
    def pid(self) -> int:
        return self._process.pid

    def line(self) -> str:
        """The next line it says."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise BenchError(f"{self._arguments} ended with status {self._process.wait()}")
        return line.strip()

    def tell(self, line: str) -> None:
        """Say a line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def cpu(self) -> float:
        """Seconds of CPU so far, user and system."""
        times = self._kernel.cpu_times()
        return times.user + times.system

    def resident(self) -> float:
        """MiB of resident memory."""
        return self._kernel.memory_info().rss / 2**20


_BOTH = cores()  # before anything is pinned


def cores_of_run() -> tuple[int | None, int | None]:
    """The two cores of this run, as they were told apart at its start."""
    return _BOTH
