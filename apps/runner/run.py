"""Carry an execution out: read its data, advance the engine chunk by chunk, record each chunk."""

import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field

import structlog
from django.db import DatabaseError, InterfaceError

from apps.engine.errors import EngineError, StrategyError
from apps.engine.session import Session
from apps.engine.types import Rows
from apps.errors import DomainError
from apps.executions import messages
from apps.executions.models import Snapshot
from apps.runner import feeds, handover, recorder
from apps.runner.recorder import Claim, Progress, Superseded

log = structlog.get_logger("runner")

CHUNK_SECONDS = 0.2  # a pause takes hold within one chunk
CHECKPOINT_SECONDS = 1.0
NAP_SECONDS = 1.0  # between two signs of life of a run that is slowed down; a pause wakes it as late
FIRST_CHUNK_BARS = 1000
MAX_CHUNK_BARS = 500_000


@dataclass
class Pace:
    """How many bars to do next: as many as fit CHUNK_SECONDS, or as many as the asked speed allows by now."""

    bars_per_second: float | None
    bars: int = FIRST_CHUNK_BARS
    started: float = field(default_factory=time.monotonic)
    done: int = 0

    def next(self) -> int:
        """Bars of the next chunk."""
        return self.bars if self.bars_per_second is None else max(1, int(self.bars_per_second * CHUNK_SECONDS))

    def naps(self) -> Iterator[float]:
        """Seconds to sleep, one nap after the other, until the next chunk is due at the asked speed."""
        if self.bars_per_second is None:
            return
        due = self.started + (self.done + self.next()) / self.bars_per_second
        while (ahead := due - time.monotonic()) > 0:
            yield min(ahead, NAP_SECONDS)

    def took(self, bars: int, seconds: float) -> None:
        self.done += bars
        fitting = int(bars * CHUNK_SECONDS / max(seconds, 1e-6))
        self.bars = min(max(fitting, 1), self.bars * 4, MAX_CHUNK_BARS)  # one lucky chunk must not lead to a huge one


def run(execution_id: int) -> None:
    """Carry an execution out to its end, or until it is paused, stopped or taken over."""
    claim = recorder.claim(execution_id)
    if claim is None:
        return
    with structlog.contextvars.bound_contextvars(execution_id=execution_id, attempt=claim.attempt):
        log.info("execution taken up", from_bar=claim.execution.processed)
        try:
            _carry_out(claim)
        except Superseded:
            log.info("execution let go")
        except (DomainError, EngineError) as refusal:
            log.info("execution failed", reason=str(refusal))
            _fail(claim, str(refusal))
        except (DatabaseError, InterfaceError):
            raise  # the rows are safe up to the last commit: the lease lapses, and the next attempt goes on there
        except Exception as error:
            log.exception("execution failed on our side")
            _fail(claim, f"Tapedeck itself failed ({type(error).__name__}); the log of the worker says where.")


def _fail(claim: Claim, reason: str) -> None:
    with suppress(Superseded):  # it was stopped or taken over meanwhile: then its end is not ours to write
        recorder.fail(claim, reason)


def _carry_out(claim: Claim) -> None:
    session = _open(claim)
    pace = Pace(claim.execution.backtest_task.bars_per_second if claim.execution.backtest_task else None)
    checked_at = 0.0
    while not handover.is_requested():
        _rest(claim, pace)
        wanted = pace.next()
        started, before = time.monotonic(), session.processed
        rows = _advance(claim, session, wanted)
        is_due = session.finished or time.monotonic() - checked_at >= CHECKPOINT_SECONDS
        if is_due:
            checked_at = time.monotonic()
        recorder.record(claim, rows, _progress(session, with_metrics=is_due), is_finished=session.finished)
        if session.finished:
            return
        pace.took(session.processed - before, time.monotonic() - started)
    _hand_over(claim)


def _rest(claim: Claim, pace: Pace) -> None:
    """Sleep until the next chunk is due, with a sign of life at each nap; a request to hand over ends it."""
    for nap in pace.naps():
        time.sleep(nap)
        recorder.renew(claim)
        if handover.is_requested():
            return


def _hand_over(claim: Claim) -> None:
    """Leave the rest to another worker, at once: it goes on from the last recorded row."""
    recorder.release(claim)
    messages.send(claim.execution.pk)
    log.info("execution handed over")


def _advance(claim: Claim, session: Session, bars: int) -> Rows:
    """The next rows; where the author's code raised, what was booked before is recorded first."""
    try:
        return session.advance(bars)
    except StrategyError as error:
        if error.rows is not None:
            recorder.record(claim, error.rows, _progress(session, with_metrics=True))
        raise


def _open(claim: Claim) -> Session:
    """The session at its start, or at the last recorded row of an earlier attempt."""
    session = feeds.session_of(claim.execution.manifest)
    snapshot = Snapshot.objects.filter(execution=claim.execution).first()
    if snapshot is not None:
        session.restore(bytes(snapshot.state))
    return session


def _progress(session: Session, *, with_metrics: bool) -> Progress:
    return Progress(
        processed=session.processed,
        total=session.total,
        time=session.time,
        snapshot=session.snapshot(),
        metrics=session.metrics() if with_metrics else None,
    )
