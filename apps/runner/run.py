"""Carry an execution out: read its data, advance the engine chunk by chunk, record each chunk."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from apps.engine.errors import EngineError, StrategyError
from apps.engine.session import Session
from apps.engine.types import Rows, moment
from apps.errors import DomainError
from apps.executions import messages
from apps.executions.models import Snapshot
from apps.journal.text import iso_time
from apps.runner import feeds, handover, recorder, retries
from apps.runner.patience import patiently
from apps.runner.recorder import Claim, OverBudget, Progress, Superseded
from apps.runner.watch import TimeLimit, Watch

log = structlog.get_logger("runner")

CHUNK_SECONDS = 0.2
MAX_CHUNK_SECONDS = 1.0  # bars that get more expensive all at once are begun again in smaller chunks
CHECKPOINT_SECONDS = 1.0
FIRST_CHUNK_BARS = 1
MAX_CHUNK_BARS = 500_000
GROWTH = 10  # one lucky chunk must not lead to a huge one


class Stuck(DomainError):
    code = "stuck"


@dataclass
class Pace:
    """How many bars to do next: as many as fit CHUNK_SECONDS, and no more than the asked speed allows by now."""

    bars_per_second: float | None
    bars: int = FIRST_CHUNK_BARS
    started: float = field(default_factory=time.monotonic)
    done: int = 0
    slow: int = -1  # how many bars come before one that is done by itself, because it may take very long; or one less

    def next(self) -> int:
        """Bars of the next chunk."""
        bars = self.bars
        if self.bars_per_second is not None:
            bars = min(bars, max(1, int(self.bars_per_second * CHUNK_SECONDS)))
        if self.slow >= self.done:
            bars = min(bars, max(1, self.slow - 1 - self.done))
        return bars

    def ahead(self) -> float:
        """Seconds until the next chunk is due at the asked speed."""
        if self.bars_per_second is None:
            return 0.0
        return self.started + (self.done + self.next()) / self.bars_per_second - time.monotonic()

    def took(self, bars: int, seconds: float) -> None:
        self.done += bars
        fitting = int(bars * CHUNK_SECONDS / max(seconds, 1e-6))
        self.bars = min(max(fitting, 1), self.bars * GROWTH, MAX_CHUNK_BARS)

    def was_cut_off(self, bars: int) -> None:
        """So many bars were booked when MAX_CHUNK_SECONDS were over; one with fills is so before its `on_bar`."""
        self.bars = max(1, int(bars * CHUNK_SECONDS / MAX_CHUNK_SECONDS))
        self.slow = self.done + bars


def run(execution_id: int) -> None:
    """Carry an execution out to its end, or until it is paused, stopped, taken over, or another one's turn."""
    claim = recorder.claim(execution_id)
    if claim is None:
        return
    with structlog.contextvars.bound_contextvars(execution_id=execution_id, attempt=claim.attempt):
        log.info("execution taken up", from_bar=claim.execution.processed)
        try:
            with Watch(claim) as watch:
                is_over = _carry_out(claim, watch)
            if not is_over:
                _hand_over(claim)
        except Superseded:
            log.info("execution let go")
        except StrategyError as error:
            _fail(claim, str(error), _place_of(error))
        except (DomainError, EngineError) as refusal:
            _fail(claim, str(refusal), {"error_type": type(refusal).__name__})
        except (DatabaseError, InterfaceError) as error:
            log.error("execution left to the sweep", error=str(error).strip())  # safe up to the last commit
            with suppress(DatabaseError, InterfaceError):
                recorder.release(claim)
            raise
        except Exception as error:
            log.exception("execution failed on our side")
            name = type(error).__name__
            _fail(claim, f"Tapedeck itself failed ({name}); the log of the worker says where.", {"error_type": name})


def _carry_out(claim: Claim, watch: Watch) -> bool:
    """Advance and record; False when the rest is left to another worker, or to another turn."""
    if not retries.carry_over(claim):
        return False
    session = _open(claim)
    task = claim.execution.backtest_task
    pace = Pace(task.bars_per_second if task else None)
    began, checked_at = time.monotonic(), 0.0
    while True:
        while (ahead := pace.ahead()) > 0 and not handover.is_requested():
            watch.rest(ahead)
        if handover.is_requested():
            return False
        started, before, bars = time.monotonic(), session.processed, pace.next()
        try:
            rows = watch.advance(session, bars, MAX_CHUNK_SECONDS if bars > 1 else _most_seconds())
        except TimeLimit as interruption:
            if bars == 1:
                raise _stuck(interruption) from interruption
            pace.was_cut_off(session.processed - before)
            session = _open(claim)
            continue
        except StrategyError as error:
            _fail(claim, str(error), _place_of(error), _last_rows(session, error))
            return True
        is_due = session.finished or time.monotonic() - checked_at >= CHECKPOINT_SECONDS
        _record(claim, rows, _progress(session, with_metrics=is_due), is_finished=session.finished)
        watch.heard()
        if session.finished:
            return True
        pace.took(session.processed - before, time.monotonic() - started)
        if is_due:
            checked_at = time.monotonic()
            if checked_at - began > settings.TURN_SECONDS and recorder.others_wait(claim):
                return False


def _record(claim: Claim, rows: Rows, progress: Progress, *, is_finished: bool) -> None:
    """Record the chunk, whatever the database goes through meanwhile; once, also where the answer to it was lost."""

    def once() -> None:
        try:
            recorder.record(claim, rows, progress, is_finished=is_finished)
        except Superseded:
            if not recorder.stands(claim, progress):
                raise

    patiently(once)


def _fail(claim: Claim, reason: str, failure: Mapping[str, Any], last: tuple[Rows, Progress] | None = None) -> None:
    log.info("execution failed", reason=reason, **failure)
    with suppress(Superseded):  # it was stopped or taken over meanwhile: then its end is not ours to write
        try:
            patiently(lambda: recorder.fail(claim, reason, failure, last))
        except OverBudget:  # the reason counts, the last rows do not fit
            patiently(lambda: recorder.fail(claim, reason, failure))


def _hand_over(claim: Claim) -> None:
    """Leave the rest to another worker, or to a later turn of this one: it goes on from the last recorded row."""
    recorder.release(claim)
    messages.send(claim.execution.pk)
    log.info("execution handed over")


def _open(claim: Claim) -> Session:
    """The session at its start, or at the last recorded row of an earlier attempt."""
    session = feeds.session_of(claim.execution.manifest)
    snapshot = Snapshot.objects.filter(execution=claim.execution).first()
    if snapshot is not None:
        session.restore(bytes(snapshot.state))
    if session.processed != claim.processed:
        raise RuntimeError(f"{claim.processed} bars are recorded, and the snapshot is of {session.processed}")
    return session


def _progress(session: Session, *, with_metrics: bool) -> Progress:
    return Progress(
        processed=session.processed,
        total=session.total,
        time=session.time,
        snapshot=session.snapshot(),
        metrics=session.metrics() if with_metrics else None,
    )


def _last_rows(session: Session, error: StrategyError) -> tuple[Rows, Progress] | None:
    """What was booked before the author's code failed, in the middle of which no snapshot can be taken."""
    if error.rows is None:
        return None
    return error.rows, Progress(session.processed, session.total, session.time, b"", session.metrics())


def _most_seconds() -> float:
    return float(settings.EXECUTION_MAX_SECONDS_PER_BAR)


def _stuck(interruption: TimeLimit) -> Exception:
    """The author's own error where it says which bar and line that was."""
    if isinstance(interruption.__cause__, StrategyError):
        return interruption.__cause__
    return Stuck(f"The strategy takes longer than {_most_seconds():g} s over one bar (EXECUTION_MAX_SECONDS_PER_BAR).")


def _place_of(error: StrategyError) -> dict[str, Any]:
    return {
        "error_type": type(error.__cause__).__name__,
        "file": error.file,
        "line": error.line,
        "bar": error.bar,
        "time": None if error.time is None else iso_time(moment(error.time)),
    }
