"""Figures of our engine that need no peer, each measured in a fresh process."""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.benchmarks.figures import works
from tests.benchmarks.figures.environments import ROOT
from tests.benchmarks.figures.rows import Row

if TYPE_CHECKING:
    from collections.abc import Callable


def rows() -> list[Row]:
    return [row for figure in FIGURES.values() for row in figure()]


def memory() -> list[Row]:
    """Absent where there is no /proc to read it from."""
    if not Path("/proc/self/statm").exists():
        return []
    return [_limit("memory that a million bars add", _measured("added_megabytes"), "MB", 100)]


def cold_start() -> list[Row]:
    """From nothing to the first result, of a thousand bars; the compiler's work is done at installation."""
    _measured("first_run")  # leaves its kernels in the cache
    with tempfile.TemporaryDirectory() as empty:
        compiling = _cpu_of_process("first_run", NUMBA_CACHE_DIR=empty)
    compiled = min(_cpu_of_process("first_run") for _ in range(3))
    return [
        _limit("fresh process to its first result", compiled, "CPU-s", 0.8),
        _limit("the same with nothing compiled", compiling, "CPU-s", 8),
        _limit("first run in a worker that was warmed", _measured("forked_run"), "CPU-ms", 10),
    ]


def resumption() -> list[Row]:
    share, milliseconds = _measured("equal_resumptions"), _measured("snapshot_time")
    return [
        Row("resumed anywhere, equal to the bit", share, "%", 100, f"{share:g} %", is_gate=True),
        _limit("the state of an ordinary run as bytes", milliseconds, "CPU-ms", 1),
    ]


def store() -> list[Row]:
    """Absent where the market's store is."""
    if importlib.util.find_spec("apps.market.store") is None:
        return []
    first, again = json.loads(_process("stored_load").stdout)
    return [
        _limit("a million bars from the store", again, "CPU-ms", 30),
        Row("the same, hashed at a process's first load", first, "CPU-ms", None, f"{first:.3g} CPU-ms"),
    ]


def ladders() -> list[Row]:
    works.data("w4")  # the probe reads it
    return [_limit("floor on the ticks of w4, in times of w4's class", _measured("floor_to_w4"), "x", 3)]


FIGURES: dict[str, Callable[[], list[Row]]] = {
    "memory": memory,
    "cold start": cold_start,
    "resumption": resumption,
    "store": store,
    "ladders": ladders,
}


def _limit(name: str, value: float, unit: str, goal: float) -> Row:
    """A gate unless it is a time: those depend on the machine, and only ratios of them hold everywhere."""
    return Row(name, value, unit, goal, f"{value:.3g} {unit}", is_limit=True, is_gate=not unit.startswith("CPU"))


def _process(probe: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.benchmarks.figures.probes", probe]
    answer = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    if answer.returncode:
        raise SystemExit(f"{probe} failed:\n{answer.stderr}")
    return answer


def _measured(probe: str) -> float:
    return float(_process(probe).stdout)


def _cpu_of_process(probe: str, **environment: str) -> float:
    """User and system seconds from the start of the interpreter to its end."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _process(probe, **environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
