"""One schedule as it is played: runs started, faults done at their times, runs watched to their ends, records taken."""

import heapq
import itertools
import os
import signal
import sqlite3
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

import psycopg
import redis
from celery import Celery
from kombu.exceptions import OperationalError

from tests.acceptance.client import FINAL
from tests.faults import points
from tests.faults.deck import LEASE_SECONDS, Deck
from tests.faults.deeds import KINDS
from tests.faults.readers import Follower
from tests.faults.schedules import Fault, Run
from tests.faults.tables import Away
from tests.faults.visitor import Visitor

TICK_SECONDS = 0.02
LOOK_SECONDS = 0.1
OVERSLEPT_SECONDS = 0.7
STUCK_SECONDS = 2 * LEASE_SECONDS
HOPELESS_SECONDS = 30.0  # then the next schedule begins, whatever hangs
TROUBLES = (OSError, redis.RedisError, psycopg.Error, sqlite3.Error, OperationalError, Away, TimeoutError)
"""What a deed may meet when another one is being done."""


@dataclass
class Playing:
    """A run on the stage."""

    run: Run
    execution: int
    may_stop: bool = False
    hand: threading.Lock = field(default_factory=threading.Lock)
    """Held by whoever pauses, resumes or stops it."""
    seen: tuple[object, ...] = ()
    moved_at: float = 0.0
    silence: float = 0.0
    """The longest that it stood still while it should have run and nothing went wrong any more."""

    @property
    def is_over(self) -> bool:
        return bool(self.seen) and self.seen[0] in FINAL


class Stage:
    """What deeds are done to."""

    def __init__(self, deck: Deck, visitor: Visitor, sender: Celery, ended: list[int]) -> None:
        self.deck, self.visitor, self.ended = deck, visitor, ended
        self.playing: list[Playing] = []
        self.lines: list[str] = []
        self.violations: list[str] = []
        self.done: Counter[str] = Counter()
        self.server = threading.Lock()
        """Held by whoever does something to the database's server."""
        self._sender = sender
        self._began = time.monotonic()
        self._last_fault = 0.0
        self._due: list[tuple[float, int, str, Callable[[], object]]] = []
        self._numbers = itertools.count()
        self._pool = ThreadPoolExecutor(8, "deed")
        self._pending: list[tuple[str, Future[None]]] = []
        self._armed: set[str] = set()

    # What deeds use -------------------------------------------------------------------------------------------------

    def say(self, text: str) -> None:
        self.lines.append(f"{self.now():7.3f}  {text}")

    def now(self) -> float:
        """Seconds since the schedule began."""
        return time.monotonic() - self._began

    def aim(self, fault: Fault) -> Playing:
        return self.playing[fault.target % len(self.playing)]

    def worker_of(self, playing: Playing) -> int | None:
        """The process that carries the run out just now, as its row says."""
        with suppress(Away):
            name = self.deck.tables.rows("SELECT worker FROM executions_execution WHERE id = %s", playing.execution)
            if name and name[0][0]:
                return int(name[0][0].rpartition(":")[2])
        return None

    def arm(self, point: str, deed: str) -> None:
        """Let the next process that comes to the point do the deed."""
        path = self.deck.points / f".{point}"
        path.write_text(deed)
        path.rename(self.deck.points / point)
        self._armed.add(point)

    def send(self, execution: int) -> None:
        """A message to the workers, as the server itself sends it."""
        with suppress(*TROUBLES):
            self._sender.send_task("run_execution", [execution], queue="backtests", retry=False)

    def soon(self, deed: Callable[[], object]) -> None:
        """Do something that takes its time, beside the timeline."""

        def guarded() -> None:
            try:
                deed()
            except (*TROUBLES, subprocess.SubprocessError) as error:
                self.say(f"came to nothing: {type(error).__name__}: {error}")
            self._last_fault = self.now()

        self._pending.append(("", self._pool.submit(guarded)))

    def storm(self, playing: Playing, times: int, gap: float) -> None:
        """Pause and resume; what is paused by our word must write nothing until ours again."""
        for _ in range(times):
            with playing.hand:
                is_paused = self.visitor.move(playing.execution, "pause") == 200
                before = self._heads(playing) if is_paused else None
                time.sleep(gap)
                if before is not None and (after := self._heads(playing)) is not None and after != before:
                    self.violations.append(
                        f"execution {playing.execution}: paused with {before}, and then wrote: {after}"
                    )
                self.visitor.move(playing.execution, "resume")
            time.sleep(gap)

    def stop(self, playing: Playing) -> None:
        with playing.hand:
            playing.may_stop = True
            answer = self.visitor.move(playing.execution, "stop")
            before = self._heads(playing) if answer == 200 else None
        if before is not None:
            time.sleep(0.2)
            if (after := self._heads(playing)) is not None and after != before:
                self.violations.append(f"execution {playing.execution}: stopped with {before}, and then wrote: {after}")

    def _heads(self, playing: Playing) -> tuple[object, ...] | None:
        columns = "status, events_head, trades_head, equity_head, processed"
        with suppress(Away):
            return self.deck.tables.rows(
                f"SELECT {columns} FROM executions_execution WHERE id = %s", playing.execution
            )[0]
        return None

    # The play -------------------------------------------------------------------------------------------------------

    def play(self, faults: tuple[Fault, ...], followers: list[Follower]) -> None:
        """Until every run has ended, everything that went wrong is over, and every follower has read to its end."""
        self._began = time.monotonic()
        for fault in faults:
            self._plan(fault.at, fault.kind, lambda fault=fault: self._do(fault))
        looked = 0.0
        try:
            while self._is_going_on(followers):
                self._do_what_is_due()
                deaths = len(self.deck.deaths)
                self.deck.supervise()
                for name in self.deck.deaths[deaths:]:
                    self.say(f"{name} ended, and nobody had told it to")
                if self.now() - looked >= LOOK_SECONDS:
                    looked = self.now()
                    self._look(followers)
                    if looked > HOPELESS_SECONDS:
                        self._give_up()
                        break
                time.sleep(TICK_SECONDS)
        finally:
            for _, _, name, undo in self._due:
                if not name:
                    with suppress(*TROUBLES):
                        undo()
            self._pool.shutdown(wait=True)
            self.deck.tables.close()  # each thread had its own line
        for follower in followers:
            follower.hear_of_end()
            follower.join(60)
        self._disarm()
        self._wake()
        for path in self.deck.points.iterdir():
            path.unlink(missing_ok=True)

    def _is_going_on(self, followers: list[Follower]) -> bool:
        if all(playing.is_over for playing in self.playing):
            self._due = [entry for entry in self._due if not entry[2]]  # there is nobody left to do it to
            heapq.heapify(self._due)
            return bool(self._due) or self._is_busy() or any(follower.is_alive() for follower in followers)
        return True

    def _is_busy(self) -> bool:
        self._pending = [entry for entry in self._pending if not entry[1].done()]
        return bool(self._pending)

    def _plan(self, at: float, name: str, deed: Callable[[], object]) -> None:
        """name: of a fault; what ends one has none, and is done in any case."""
        heapq.heappush(self._due, (at, next(self._numbers), name, deed))

    def _do_what_is_due(self) -> None:
        while self._due and self._due[0][0] <= self.now():
            deed = heapq.heappop(self._due)[3]
            try:
                deed()
            except TROUBLES as error:
                self.say(f"came to nothing: {type(error).__name__}: {error}")
            self._last_fault = self.now()

    def _do(self, fault: Fault) -> None:
        self.say(f"{fault.kind} (target {fault.target}, seconds {fault.seconds})")
        self.done[fault.kind] += 1
        lasting = KINDS[fault.kind].deed(self, fault)
        if lasting is not None:
            seconds, undo = lasting

            def end() -> None:
                undo()
                self.say(f"{fault.kind} is over")

            self._plan(self.now() + seconds, "", end)

    def _look(self, followers: list[Follower]) -> None:
        """See how far the runs are; who is still paused when all is over is told to go on."""
        is_arming = self._is_arming()
        is_quiet = not (self._due or self._is_busy() or is_arming)
        for playing in self.playing:
            if playing.is_over:
                continue
            seen = self._heads(playing)
            if seen is None:
                continue
            if seen != playing.seen:
                playing.seen, playing.moved_at = seen, self.now()
                if playing.is_over:
                    self.say(f"execution {playing.execution} is {seen[0]}")
                    for follower in followers:
                        if follower.execution == playing.execution:
                            follower.hear_of_end()
            elif is_quiet:
                if seen[0] == "paused":
                    self.soon(lambda playing=playing: self._settle(playing))
                    continue
                playing.silence = max(playing.silence, self.now() - max(playing.moved_at, self._last_fault))

    def _is_arming(self) -> bool:
        """Somebody may still meet an armed point: the last fault is not over before."""
        reached = {point for point in self._armed if not (self.deck.points / point).exists()}
        for point in reached:
            self._armed.discard(point)
            self.say(f"{point} was reached")
            self._last_fault = self.now()
            if point == points.BEFORE_RECORD:
                self._plan(self.now() + LEASE_SECONDS + OVERSLEPT_SECONDS, "", self._wake)
        if self._armed and all(self.now() - playing.moved_at > STUCK_SECONDS / 2 for playing in self.playing):
            self._disarm()
        return bool(self._armed)

    def _wake(self) -> None:
        """Let those go on who fell asleep at a point."""
        for path in self.deck.points.glob(f"{points.BEFORE_RECORD}.*"):
            with suppress(ProcessLookupError):
                os.kill(int(path.suffix[1:]), signal.SIGCONT)
                self.say("a sleeper was woken")
            path.unlink()

    def _disarm(self) -> None:
        for point in self._armed:
            (self.deck.points / point).unlink(missing_ok=True)
            self.say(f"{point} was not reached")
        self._armed.clear()

    def _settle(self, playing: Playing) -> None:
        with playing.hand:
            if playing.may_stop:
                self.visitor.move(playing.execution, "stop")
            else:
                self.visitor.move(playing.execution, "resume")

    def _give_up(self) -> None:
        for playing in self.playing:
            if not playing.is_over:
                self.violations.append(
                    f"execution {playing.execution}: is {playing.seen[:1]} and stands still for {playing.silence:.1f} s"
                )
                self.visitor.move(playing.execution, "stop")
