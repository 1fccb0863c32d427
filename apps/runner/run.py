"""Carry an execution out: read its data, advance the engine chunk by chunk, record each chunk."""

import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from enum import Enum, auto
from typing import Any

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from apps.brokers.broker import Broker
from apps.engine.errors import EngineError, StrategyError
from apps.engine.session import Session
from apps.engine.types import Rows, moment
from apps.errors import DomainError
from apps.executions import messages, queue
from apps.executions.models import TradingTask
from apps.journal.text import iso_time
from apps.runner import handover, recorder, retries, trading
from apps.runner.pace import Pace
from apps.runner.patience import patiently
from apps.runner.recorder import Claim, OverBudget, Progress, Superseded
from apps.runner.watch import TimeLimit, Watch

log = structlog.get_logger("runner")

MAX_CHUNK_SECONDS = 1.0  # bars that get more expensive all at once are begun again in smaller chunks
CHECKPOINT_SECONDS = 1.0


class Ending(Enum):
    """How a run's time with a worker ends."""

    OVER = auto()
    HANDED_OVER = auto()
    WAITS = auto()
    """For its next row, which somebody else will look for."""


class Stuck(DomainError):
    code = "stuck"


def run_next() -> None:
    """Carry out the execution whose turn it is, if any waits."""
    claim = recorder.claim_next()
    if claim is not None:
        _run(claim)


def run(execution_id: int) -> None:
    """Carry an execution out to its end, or until it is paused, stopped, taken over, or another one's turn."""
    claim = recorder.claim(execution_id)
    if claim is not None:
        _run(claim)


def _run(claim: Claim) -> None:
    with structlog.contextvars.bound_contextvars(execution_id=claim.execution.pk, attempt=claim.attempt):
        log.info("execution taken up", from_bar=claim.execution.processed)
        try:
            with Watch(claim) as watch:
                ending = _carry_out(claim, watch)
            if ending == Ending.HANDED_OVER:
                _hand_over(claim)
            elif ending == Ending.WAITS:
                recorder.release(claim, due_at=claim.due_at)
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


def _carry_out(claim: Claim, watch: Watch) -> Ending:
    """Advance and record, until it is over or the rest is left to another worker, or to another turn."""
    if not retries.carry_over(claim):
        return Ending.HANDED_OVER
    broker, pace = _open(claim), _pace_of(claim)
    if broker.is_closed:
        recorder.stop(claim)
        return Ending.OVER
    began, checked_at = time.monotonic(), 0.0
    while True:
        while (ahead := pace.ahead()) > 0 and not handover.is_requested():
            if ahead > pace.longest_rest:
                claim.due_at = pace.due_at(broker.session.processed)
                return Ending.WAITS
            watch.rest(ahead)
        if handover.is_requested():
            return Ending.HANDED_OVER
        session = broker.session
        is_closing = claim.execution.closing_from is not None  # then bar by bar, to end with the one that closes
        started, before, bars = time.monotonic(), session.processed, 1 if is_closing else pace.next()
        try:
            rows = watch.advance(session, bars, MAX_CHUNK_SECONDS if bars > 1 else _most_seconds())
        except TimeLimit as interruption:
            if bars == 1:
                raise _stuck(interruption) from interruption
            pace.was_cut_off(session.processed - before, MAX_CHUNK_SECONDS)
            broker = _open(claim)
            continue
        except StrategyError as error:
            _fail(claim, str(error), _place_of(error), _last_rows(session, error))
            return Ending.OVER
        is_over = session.finished or broker.is_closed
        is_due = is_over or time.monotonic() - checked_at >= CHECKPOINT_SECONDS
        progress = _progress(session, pace.due_at(session.processed), with_metrics=is_due)
        _record(claim, rows, progress, is_finished=session.finished, is_closed=broker.is_closed)
        watch.heard()
        if is_over:
            return Ending.OVER
        pace.took(session.processed - before, time.monotonic() - started)
        if is_due:
            checked_at = time.monotonic()
            if checked_at - began > settings.TURN_SECONDS and (progress.due_at or queue.should_yield(claim.execution)):
                return Ending.HANDED_OVER


def _record(claim: Claim, rows: Rows, progress: Progress, **ending: bool) -> None:
    """Record the chunk, whatever the database goes through meanwhile; once, also where the answer to it was lost."""

    def once() -> None:
        try:
            recorder.record(claim, rows, progress, **ending)
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


def _open(claim: Claim) -> Broker:
    """Its session is at its start, or at the last recorded row of an earlier attempt."""
    broker = trading.broker_of(claim.execution)
    done = broker.session.processed
    if done != claim.processed:
        raise RuntimeError(f"{claim.processed} bars are recorded, and the snapshot is of {done}")
    return broker


def _pace_of(claim: Claim) -> Pace:
    """As it is asked for: a speed, or a feed on its clock."""
    task = claim.execution.task
    if isinstance(task, TradingTask):
        return trading.pace_of(claim, task)
    return Pace(task.bars_per_second if task else None)


def _progress(session: Session, due_at: datetime | None, *, with_metrics: bool) -> Progress:
    return Progress(
        processed=session.processed,
        total=session.total,
        time=session.time,
        snapshot=session.snapshot(),
        metrics=session.metrics() if with_metrics else None,
        due_at=due_at,
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
