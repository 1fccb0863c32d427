"""`python -m tests.faults --count 100 --seed 1`: play schedules of faults and say what they broke, if anything.

A schedule is a handful of executions and what goes wrong meanwhile, drawn from the seed and its number. Afterwards
every execution must have left, byte for byte, what it leaves undisturbed. `--only NUMBER` plays a single one again.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tests.environment  # noqa: F401 - before anything reads settings, and for the processes that are started
from tests.faults.cluster import Unavailable
from tests.faults.deeds import KINDS, weights_of
from tests.faults.points import ABLATIONS
from tests.faults.schedules import STACKS, Schedule, draw
from tests.faults.theatre import Outcome, Theatre, keep_logs, log_sizes, open_theatre

LINE_EVERY_SECONDS = 30.0


@dataclass
class Total:
    """What all schedules of one stack came to."""

    stack: str
    schedules: int = 0
    broken: int = 0
    executions: int = 0
    attempts: int = 0
    rows: int = 0
    lines_lost: int = 0
    silence: float = 0.0
    delay: float = 0.0
    seconds: float = 0.0
    played: float = 0.0
    """Seconds without the starts of stacks."""
    faults: Counter[str] = field(default_factory=Counter)
    troubles: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)
    deaths: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome) -> None:
        self.schedules += 1
        self.played += outcome.seconds
        self.broken += bool(outcome.violations)
        self.executions += outcome.executions
        self.attempts += outcome.attempts
        self.rows += outcome.rows
        self.lines_lost += outcome.lines_lost
        self.silence = max(self.silence, outcome.silence)
        self.delay = max(self.delay, outcome.delay)
        self.faults += outcome.faults
        self.violations += [f"schedule {outcome.schedule.number}: {text}" for text in outcome.violations]

    def as_json(self) -> dict[str, Any]:
        return {**vars(self), "deaths": Counter(self.deaths)}

    def table(self) -> str:
        figures = {
            "schedules": f"{self.schedules}, with violations {self.broken}",
            "executions": f"{self.executions} in {self.attempts} attempts, {self.rows:,} rows",
            "faults": f"{self.faults.total()}",
            **{f"    {name}": str(count) for name, count in self.faults.most_common()},
            "longest silence": f"{self.silence:.1f} s after the last fault",
            "lines lost": f"{self.lines_lost} by readers, who heard of an end within {self.delay:.1f} s",
            "no answer": ", ".join(f"{name}: {count}" for name, count in self.troubles.most_common()) or "never",
            "died by itself": ", ".join(f"{n}: {c}" for n, c in Counter(self.deaths).most_common()) or "nothing",
            "violations": str(len(self.violations)),
            "time": f"{self.seconds:.0f} s, {self.played / max(self.schedules, 1):.1f} s a schedule",
        }
        return "\n".join(f"{name:28}{figure}" for name, figure in figures.items())


def main(arguments: list[str]) -> int:
    options = _options(arguments)
    weights = weights_of(options.stack, only=tuple(options.kinds), without=tuple(options.without))
    numbers = [options.only] if options.only is not None else range(options.start, options.start + options.count)
    logs = Path(options.logs or tempfile.mkdtemp(prefix=f"tapedeck-faults-{options.stack}-logs-")).resolve()
    logs.mkdir(parents=True, exist_ok=True)
    total, began = Total(options.stack), time.monotonic()
    say = Progress(len(numbers), sys.stderr if options.json else sys.stdout)
    left = [draw(options.stack, options.seed, number, weights) for number in reversed(numbers)]
    try:
        while left:
            with open_theatre(options.stack, logs, options.ablation) as theatre:
                is_standing = True
                while left and is_standing:
                    sizes, schedule = log_sizes(logs), left.pop()
                    outcome = _play(theatre, schedule)
                    is_standing = outcome.is_judged  # on what is left of another stack nothing more is played
                    total.add(outcome)
                    if outcome.violations or options.only is not None:
                        say.tell(_account(outcome, keep_logs(logs, outcome, sizes)))
                    total.seconds = time.monotonic() - began
                    say.progress(total)
                total.violations += [f"the database is damaged: {text}" for text in theatre.deck.tables.damage()]
                total.troubles += theatre.visitor.troubles
                total.deaths += theatre.deck.deaths
    except Unavailable as lack:
        sys.exit(f"{options.stack}: {lack}")
    except KeyboardInterrupt:
        say.tell("interrupted")
    say.tell(f"\n{options.stack}, seed {options.seed}\n{total.table()}")
    if options.json:
        print(json.dumps({"seed": options.seed, **total.as_json()}))
    if not total.violations and not options.logs:
        shutil.rmtree(logs, ignore_errors=True)
    return int(bool(total.violations))


def _play(theatre: Theatre, schedule: Schedule) -> Outcome:
    """Play; a schedule that could not be played to its end and judged is a violation as well."""
    try:
        return theatre.play(schedule)
    except Exception:
        return Outcome(schedule, [f"not judged: {traceback.format_exc()}"], [], is_judged=False)


class Progress:
    """One line that moves on a terminal, else one now and then."""

    def __init__(self, count: int, stream: Any) -> None:
        self.count, self.stream, self.said = count, stream, time.monotonic()

    def progress(self, total: Total) -> None:
        is_terminal = self.stream.isatty()
        if is_terminal or time.monotonic() - self.said > LINE_EVERY_SECONDS:
            self.said = time.monotonic()
            words = (
                f"{total.schedules} of {self.count} schedules, {total.faults.total()} faults,"
                f" {len(total.violations)} violations, {total.seconds:.0f} s"
            )
            print(
                f"\r\x1b[K{words}" if is_terminal else words,
                end="" if is_terminal else "\n",
                file=self.stream,
                flush=True,
            )

    def tell(self, text: str) -> None:
        print(("\r\x1b[K" if self.stream.isatty() else "") + text, file=self.stream, flush=True)


def _account(outcome: Outcome, folder: Path) -> str:
    schedule = outcome.schedule
    again = f"manage.py faults --stack {schedule.stack} --seed {schedule.seed} --only {schedule.number}"
    parts = [f"schedule {schedule.number} of seed {schedule.seed} ({again}); logs in {folder}"]
    parts += [f"    {run}" for run in schedule.runs]
    parts += [f"    {line}" for line in outcome.lines]
    parts += [f"    VIOLATION {text}" for text in outcome.violations]
    return "\n".join(parts)


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("manage.py faults", description="Let things go wrong and compare every tape.")
    parser.add_argument("--stack", choices=STACKS, default="served")
    parser.add_argument("--count", type=int, default=20, help="How many schedules (default: 20).")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=1, help="The number of the first one.")
    parser.add_argument("--only", type=int, metavar="NUMBER", help="Play this one alone and tell all of it.")
    parser.add_argument(
        "--kinds", nargs="+", choices=sorted(KINDS), default=[], metavar="KIND", help="Draw only these faults."
    )
    parser.add_argument(
        "--without", nargs="+", choices=sorted(KINDS), default=[], metavar="KIND", help="Do not draw these."
    )
    parser.add_argument("--ablation", choices=sorted(ABLATIONS), default="", help="Take a safeguard out: it must fail.")
    parser.add_argument("--logs", metavar="FOLDER", help="Keep what the processes say there, whatever comes out.")
    parser.add_argument("--json", action="store_true", help="Print the figures as JSON as well.")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
