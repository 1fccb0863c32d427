"""Contestants, measured by turns: a fresh process for each in each round, so that a busy minute meets all of them."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tests.benchmarks.figures import environments, works
from tests.benchmarks.figures.works import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

CONTESTANTS = Path(__file__).resolve().parents[1] / "contestants"
SCRATCH = works.CACHE / "scratch"
OF_THE_HOUSE = {"ours", "loop"}
TIMEOUT_SECONDS = 1_800


class OutOfTheRace(Exception):
    """A contestant that could not be measured; the text says why."""


@dataclass(frozen=True)
class Contestant:
    """file: a module of contestants/ by name. function: in it, whose name begins with the work's."""

    file: str
    function: str

    @property
    def work(self) -> str:
        return self.function.partition("_")[0]

    @property
    def is_there(self) -> bool:
        return self.file in OF_THE_HOUSE or environments.is_there(self.file)


@dataclass(frozen=True)
class Speed:
    """rate: bars or ticks per CPU second. clock_rate: per second of the clock. count: how many a run was given."""

    rate: float
    clock_rate: float
    count: int

    def __str__(self) -> str:
        scale, letter = (1e6, "M") if self.rate >= 1e6 else (1e3, "k")
        return f"{self.rate / scale:.3g} {letter}/CPU-s"


def race(contestants: Iterable[Contestant], rounds: int, *, whole: bool) -> dict[Contestant, Speed]:
    """The median speed of each that is there and does its work right; who does not is told in a line.

    whole: give everyone all rows. Raises OutOfTheRace when one of the house is wrong.
    """
    running = list(dict.fromkeys(contestants))
    seconds: dict[Contestant, list[tuple[float, float]]] = {each: [] for each in running}
    counts: dict[Contestant, int] = {}
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds}: {len(running)} to run", file=sys.stderr, flush=True)
        for each in list(running):
            try:
                counts[each], *spent = carried_out(each, whole=whole)
            except OutOfTheRace as reason:
                if each.file in OF_THE_HOUSE:
                    raise
                print(f"{each.file} {each.function}: skipped, {reason}", file=sys.stderr, flush=True)
                running.remove(each)
            else:
                seconds[each].append((spent[0], spent[1]))
    return {each: _speed(counts[each], seconds[each]) for each in running}


def _speed(count: int, seconds: list[tuple[float, float]]) -> Speed:
    cpu, clock = (statistics.median(spent) for spent in zip(*seconds, strict=True))
    return Speed(count / cpu, count / clock, count)


def carried_out(contestant: Contestant, *, whole: bool) -> tuple[int, float, float]:
    """Bars or ticks of one run, its CPU seconds, and those of the clock.

    Raises OutOfTheRace when the contestant is absent, fails, or comes to something else.
    """
    if not contestant.is_there:
        raise OutOfTheRace("it is not installed (--peers installs it).")
    work, file = works.WORKS[contestant.work], works.data(contestant.work)
    data = np.load(file, mmap_mode="r")
    arguments = [f"{contestant.file}.py", contestant.function, str(file), str(len(data) if whole else 0)]
    result = json.loads(_last_line(contestant, arguments))
    part = data[: result["rows"]]
    expected = work.loop(part, **result["variant"])
    outcome = Outcome(result["count"], result["equity"])
    if not outcome.is_near(expected, result["tolerance"] or work.tolerance):
        raise OutOfTheRace(f"it came to {outcome}, not to {expected}.")
    return part.size * work.passes, result["cpu_seconds"], result["seconds"]


def _last_line(contestant: Contestant, arguments: list[str]) -> str:
    """What `carry_out` prints, run by the contestant's interpreter."""
    folder = SCRATCH / contestant.file  # some leave files where they run
    folder.mkdir(parents=True, exist_ok=True)
    environment = dict(os.environ)
    python = environments.python_of(contestant.file)
    if contestant.file in OF_THE_HOUSE:
        python = Path(sys.executable)
        environment["PYTHONPATH"] = str(environments.ROOT)
    answer = subprocess.run(
        [python, "-P", CONTESTANTS / "carry_out.py", CONTESTANTS / arguments[0], *arguments[1:]],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_SECONDS,
    )  # fmt: skip
    if answer.returncode:
        raise OutOfTheRace(f"it failed: {answer.stderr.strip().splitlines()[-1]}")
    return answer.stdout.strip().splitlines()[-1]
