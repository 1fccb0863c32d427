"""Claim and record: the two statements that let a crash, a pause, a second worker or a second delivery change nothing.

A claim raises the execution's `attempt`; every record is one transaction that begins by moving the heads of the
execution *with that attempt and still running*. The UPDATE locks the row, so until the commit nobody else can pause,
take over or write; whoever comes too late finds no row to update and writes nothing.
"""

import os
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from apps.engine.types import Rows
from apps.equity.blocks import POINT
from apps.equity.journal import equity
from apps.events.journal import events
from apps.executions import lifecycle
from apps.executions.models import Checkpoint, Execution, Snapshot, Status
from apps.journal import doorbell
from apps.runner import rows as encoded
from apps.trades.journal import trades

MAX_ATTEMPTS = 20
LAPSED = Q(lease_until__lt=Now())
HOPELESS = Q(workers_lost__gte=MAX_ATTEMPTS - 1)  # the lapsed lease is that of the last worker it may take down
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Superseded(Exception):
    """The execution was paused, stopped or taken over: put the pen down."""


@dataclass(frozen=True)
class Claim:
    """The right to write to an execution, for as long as nobody claims it anew."""

    execution: Execution
    attempt: int


@dataclass(frozen=True)
class Progress:
    """Where a run stands after a chunk; `snapshot` is the state that a next attempt would go on from."""

    processed: int
    total: int
    time: int
    """Open of the last bar done, microseconds UTC."""
    snapshot: bytes
    metrics: dict[str, float | int | None] | None
    """None: too soon after the last checkpoint for another one."""


def claim(execution_id: int) -> Claim | None:
    """Take an execution up; None when there is nothing to do, or somebody else holds its lease."""
    with transaction.atomic():
        claimed = Execution.objects.filter(
            Q(lease_until=None) | (LAPSED & ~HOPELESS), pk=execution_id, status__in=(Status.CREATED, Status.RUNNING)
        ).update(
            attempt=F("attempt") + 1,
            workers_lost=F("workers_lost") + Case(When(LAPSED, then=1), default=0),
            lease_until=_lease_end(),
            worker=_worker_name(),
        )
        if not claimed:
            return None
        execution = Execution.objects.select_related("backtest_task", "dataset_version").get(pk=execution_id)
        if execution.status == Status.CREATED:
            lifecycle.begin(execution)
        return Claim(execution, execution.attempt)


def record(claim: Claim, rows: Rows, progress: Progress, *, is_finished: bool = False) -> None:
    """Commit rows, heads, checkpoint, snapshot and progress together, or nothing; Superseded when it is not ours."""
    execution = claim.execution
    event_rows = encoded.event_rows(execution, rows)
    trade_rows = encoded.trade_rows(execution, rows)
    points = _points(rows)
    with transaction.atomic():
        _advance(claim, progress, len(event_rows), len(trade_rows), len(points))
        events_head, trades_head, equity_head = Execution.objects.values_list(
            "events_head", "trades_head", "equity_head"
        ).get(pk=execution.pk)
        events.write(execution.pk, events_head - len(event_rows) + 1, event_rows)
        trades.write(execution.pk, trades_head - len(trade_rows) + 1, trade_rows)
        equity.write(execution.pk, equity_head - len(points) + 1, points)
        _save(execution, progress)
        if is_finished:
            lifecycle.complete(execution)
        doorbell.ring(execution.pk)


def fail(claim: Claim, message: str) -> None:
    """End the execution with a reason, if it is still ours to end."""
    with transaction.atomic():
        renew(claim)
        lifecycle.fail(claim.execution, message)


def renew(claim: Claim) -> None:
    """Show that the worker lives while it has nothing to record; Superseded when the execution is not ours any more."""
    if not _ours(claim).update(lease_until=_lease_end()):
        raise Superseded


def release(claim: Claim) -> None:
    """Hand the execution over: the next worker need not wait for the lease to lapse."""
    _ours(claim).update(lease_until=None, sent_at=None)


def lapsed() -> list[int]:
    """Ids of executions that should be running and whose worker is silent, or that no worker ever took up."""
    resend = Now() - timedelta(seconds=settings.RESEND_SECONDS)
    due = Execution.objects.filter(
        Q(lease_until=None) | LAPSED,
        Q(sent_at=None) | Q(sent_at__lt=resend),
        status__in=(Status.CREATED, Status.RUNNING),
    )
    return list(due.order_by("pk").values_list("pk", flat=True)[:1000])


def give_up() -> None:
    """Fail the executions that have taken down MAX_ATTEMPTS workers."""
    for execution in Execution.objects.filter(LAPSED, HOPELESS, status=Status.RUNNING):
        lifecycle.fail(
            execution, f"{MAX_ATTEMPTS} workers were lost while they carried it out; the last rows are kept."
        )


def _advance(claim: Claim, progress: Progress, new_events: int, new_trades: int, new_points: int) -> None:
    moved = _ours(claim).update(
        events_head=F("events_head") + new_events,
        trades_head=F("trades_head") + new_trades,
        equity_head=F("equity_head") + new_points,
        processed=progress.processed,
        total=progress.total,
        progress=100.0 * progress.processed / max(progress.total, 1),
        simulated_at=_EPOCH + timedelta(microseconds=progress.time),
        lease_until=_lease_end(),
    )
    if not moved:
        raise Superseded


def _save(execution: Execution, progress: Progress) -> None:
    Snapshot.objects.update_or_create(
        execution=execution, defaults={"processed": progress.processed, "state": progress.snapshot}
    )
    if progress.metrics is not None:
        Checkpoint.objects.create(
            execution=execution, processed=progress.processed, metrics=progress.metrics, created_at=timezone.now()
        )


def _ours(claim: Claim) -> QuerySet[Execution]:
    return Execution.objects.filter(pk=claim.execution.pk, attempt=claim.attempt, status=Status.RUNNING)


def _points(rows: Rows) -> np.ndarray:
    points = np.empty(len(rows.equity), POINT)
    points["time"], points["balance"] = rows.equity["time"], rows.equity["equity"]
    return points


def _lease_end() -> CombinedExpression:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)


def _worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:120]
