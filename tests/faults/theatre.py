"""A stack on which schedule after schedule is played, and the undisturbed runs that all others are compared with."""

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from celery import Celery

from tests.faults import record
from tests.faults.deck import Deck, standing
from tests.faults.readers import FOLLOWERS, Follower, has_streams
from tests.faults.record import Record
from tests.faults.schedules import REPERTOIRE, Schedule
from tests.faults.stage import STUCK_SECONDS, Playing, Stage
from tests.faults.visitor import Visitor

LOOK_BACK = 40  # so many executions that have ended are looked at again


@dataclass
class Outcome:
    """What a schedule came to."""

    schedule: Schedule
    violations: list[str]
    lines: list[str]
    seconds: float = 0.0
    faults: Counter[str] = field(default_factory=Counter)
    executions: int = 0
    attempts: int = 0
    rows: int = 0
    silence: float = 0.0
    delay: float = 0.0
    lines_lost: int = 0
    is_judged: bool = True


class Theatre:
    """The stack, its user, the repertoire as tasks, and the undisturbed record of each tape."""

    def __init__(self, deck: Deck) -> None:
        self.deck = deck
        self.visitor = Visitor(deck)
        url = deck.redis_url
        self.sender = Celery(broker=f"redis+socket://{url[7:]}" if url.startswith("unix://") else url)
        self.sender.conf.broker_transport_options = {"socket_timeout": 2, "socket_connect_timeout": 2, "max_retries": 0}
        self.ended: list[Record] = []
        self._configs: dict[str, int] = {}
        self._datasets: dict[int, int] = {}
        self._tasks = 0
        self.undisturbed = {name: self._undisturbed(name) for name in REPERTOIRE}
        self.transports = set(FOLLOWERS)
        if not has_streams(self.visitor, self.undisturbed["short"].execution):
            self.transports.discard("stream")

    def play(self, schedule: Schedule) -> Outcome:
        """Play one schedule and judge it."""
        began = time.monotonic()
        stage = Stage(self.deck, self.visitor, self.sender, [ended.execution for ended in self.ended])
        for run in schedule.runs:
            pace = REPERTOIRE[run.tape].bars / run.seconds if run.seconds else None
            stage.playing.append(Playing(run, self._start(run.tape, pace)))
        followers = [
            FOLLOWERS[reader.transport](self.visitor, stage.playing[reader.run].execution, reader.seed)
            for reader in schedule.readers
            if reader.transport in self.transports
        ]
        for follower in followers:
            follower.start()
        stage.play(schedule.faults, followers)
        self.deck.bury()
        self.deck.wait_for_web()  # it may have been killed last of all
        outcome = Outcome(schedule, stage.violations, stage.lines, faults=stage.done)
        self._judge(stage.playing, followers, outcome)
        outcome.seconds = time.monotonic() - began
        return outcome

    def _judge(self, playing: list[Playing], followers: list[Follower], outcome: Outcome) -> None:
        records = {}
        for play in playing:
            mine = self._record(play.execution)
            records[play.execution] = mine
            outcome.violations += record.violations(mine, self.undisturbed[play.run.tape], may_stop=play.may_stop)
            outcome.executions += 1
            outcome.attempts += mine.row["attempt"]
            outcome.rows += sum(mine.row[f"{journal}_head"] for journal in mine.served)
            outcome.silence = max(outcome.silence, play.silence)
            if play.silence > STUCK_SECONDS:
                outcome.violations.append(f"execution {play.execution}: stood still for {play.silence:.1f} s")
        for follower in followers:
            outcome.lines_lost += follower.lines - 1
            outcome.delay = max(outcome.delay, follower.delay)
            outcome.lines.append(
                f"         {follower.name}: {follower.lines} lines, the end after {follower.delay:.1f} s"
            )
            outcome.violations += _of_follower(follower, records[follower.execution])
        for earlier in self.ended[-LOOK_BACK:]:
            if record.row_of(self.deck.tables, earlier.execution) != earlier.row:
                outcome.violations.append(f"execution {earlier.execution}: has changed since it ended")
        self.ended = [*self.ended, *records.values()][-LOOK_BACK:]

    def _record(self, execution: int) -> Record:
        return record.record_of(self.deck.tables, self.visitor, execution)

    def _start(self, name: str, pace: float | None) -> int:
        tape = REPERTOIRE[name]
        if tape.bars not in self._datasets:
            self._datasets[tape.bars] = self._upload(tape.bars)
        if name not in self._configs:
            self._configs[name] = self.visitor.configure(tape.strategy, **dict(tape.parameters))
        changes: dict[str, Any] = {"bars_per_second": pace} if pace else {}
        return self.visitor.start(self.visitor.save_task(self._configs[name], self._datasets[tape.bars], **changes))

    def _undisturbed(self, name: str) -> Record:
        execution = self._start(name, None)
        self.visitor.wait(execution)
        mine = self._record(execution)
        if wrong := record.violations(mine, mine, may_stop=False):
            raise RuntimeError(f"The undisturbed run of {name!r} is none: {wrong}")
        return mine

    def _upload(self, bars: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"{bars}.csv"
            path.write_text(random_bars(bars))
            return self.visitor.upload(path, symbol=f"WALK{bars}", timeframe="60", kind="crypto")


def _of_follower(follower: Follower, mine: Record) -> Iterator[str]:
    name = f"{follower.transport} reader of execution {follower.execution}"
    if follower.failure is not None:
        yield f"{name}: {follower.failure}"
        return
    for journal, rows in follower.rows.items():
        if rows != mine.served[journal]:
            got, due = [row["sequence"] for row in rows], [row["sequence"] for row in mine.served[journal]]
            missing, more = sorted(set(due) - set(got)), [number for number in got if got.count(number) > 1]
            yield f"{name}: {len(got)} rows of {journal} and not {len(due)}; missing {missing[:5]}, double {more[:5]}"
    if follower.last_status.get("status") != mine.status:
        yield f"{name}: was last told {follower.last_status.get('status')}, and it is {mine.status}"


def random_bars(count: int) -> str:
    """A seeded walk of minutes in the layout of our CSV files."""
    chance = np.random.default_rng(count)
    close = np.round(100.0 * np.exp(np.cumsum(chance.normal(0.0, 0.001, count))), 2)
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close) + 0.05, np.minimum(opened, close) - 0.05
    times = np.datetime_as_string(np.datetime64("2024-01-01T00:00:00") + np.arange(count) * np.timedelta64(60, "s"))
    lines = [
        f"{time}Z,{a:.2f},{b:.2f},{c:.2f},{d:.2f},1"
        for time, a, b, c, d in zip(times, opened, high, low, close, strict=True)
    ]
    return "\n".join(["timestamp,open,high,low,close,volume", *lines, ""])


@contextmanager
def open_theatre(stack: str, logs: Path, ablation: str = "") -> Iterator[Theatre]:
    """A stack that is up, with its undisturbed runs done."""
    with standing(stack, logs, ablation) as deck:
        theatre = Theatre(deck)
        try:
            yield theatre
        finally:
            theatre.visitor.http.close()
            theatre.sender.close()


def keep_logs(logs: Path, outcome: Outcome, sizes: dict[str, int]) -> Path:
    """Put what the processes said during a schedule, and its faults, into a folder that stays."""
    folder = logs / f"schedule-{outcome.schedule.seed}-{outcome.schedule.number}"
    folder.mkdir(exist_ok=True)
    for log in logs.glob("*.log"):
        with log.open("rb") as source, (folder / log.name).open("wb") as target:
            source.seek(sizes.get(log.name, 0))
            shutil.copyfileobj(source, target)
    (folder / "faults.txt").write_text("\n".join([*outcome.lines, "", *outcome.violations, ""]))
    return folder


def log_sizes(logs: Path) -> dict[str, int]:
    with suppress(OSError):
        return {log.name: log.stat().st_size for log in logs.glob("*.log")}
    return {}
