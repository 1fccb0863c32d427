"""Claim and record: the two statements that let a crash, a pause, a second worker or a second delivery change nothing.

A claim raises the execution's `attempt`; every record is one transaction that begins by locking the row of the
execution *with that attempt and still running*. Until the commit nobody else can pause, take over or write; whoever
comes too late finds no row to lock and writes nothing.
"""

import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, QuerySet, When
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from django.utils import timezone

from apps.engine.types import Rows
from apps.equity.blocks import POINT, hashed
from apps.equity.journal import equity
from apps.errors import DomainError
from apps.events.journal import events
from apps.executions import lifecycle, queue
from apps.executions.models import Checkpoint, Execution, Snapshot, Status
from apps.executions.queue import has_lapsed
from apps.journal import doorbell
from apps.journal.digest import Digest, pack, tape_hash, unpack
from apps.journal.journal import NewRows
from apps.logs.logbook import log_claim
from apps.runner import rows as encoded
from apps.runner.tape import JOURNALS, digests_of
from apps.trades.journal import trades

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


BUDGETS = {
    "events": "EXECUTION_MAX_EVENTS",
    "trades": "EXECUTION_MAX_TRADES",
    "equity": "EXECUTION_MAX_EQUITY_POINTS",
}
"""The setting that limits each journal."""


class OverBudget(DomainError):
    code = "over_budget"


class Superseded(Exception):
    """The execution was paused, stopped or taken over: put the pen down."""


@dataclass
class Claim:
    """The right to write to an execution, for as long as nobody claims it anew.

    processed: the bars whose rows are recorded. A record begins there and nowhere else, so that one whose answer was
    lost and which is tried again adds nothing.
    """

    execution: Execution
    attempt: int
    processed: int
    due_at: datetime | None = None
    """When the row comes that it is given back to wait for."""


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
    due_at: datetime | None = None
    """When the next row comes, where a run waits for it."""


def claim(execution_id: int) -> Claim | None:
    """Take an execution up; None when there is nothing to do, or somebody else holds its lease."""
    with transaction.atomic():
        claimed = Execution.objects.filter(
            queue.is_free(),
            pk=execution_id,
            status__in=queue.MOVING,
        ).update(
            attempt=F("attempt") + 1,
            workers_lost=F("workers_lost") + Case(When(has_lapsed(), then=1), default=0),
            lease_until=_lease_end(),
            worker=_worker_name(),
        )
        if not claimed:
            return None
        execution = Execution.objects.with_tasks().select_related("dataset_version").get(pk=execution_id)
        if execution.status == Status.CREATED:
            lifecycle.begin(execution)
        log_claim(execution)
        return Claim(execution, execution.attempt, execution.processed)


def claim_next() -> Claim | None:
    """Take up the execution whose turn it is; None when none waits that may be taken up."""
    passed: set[int] = set()
    while (found := queue.next_up(passed)) is not None:
        owner_id, execution_id = found
        with transaction.atomic():
            if queue.take_turn(owner_id) and (claimed := claim(execution_id)) is not None:
                return claimed
            transaction.set_rollback(True)  # another worker was faster: the turn was not used
        passed.add(execution_id)
    return None


def record(
    claim: Claim,
    rows: Rows,
    progress: Progress,
    *,
    is_finished: bool = False,
    is_closed: bool = False,
    keeps_snapshot: bool = False,
) -> None:
    """Commit rows, heads, checkpoint, snapshot and progress together, or nothing; Superseded when it is not ours.

    keeps_snapshot: for the rows before a failure of the strategy. The snapshot stays the last good one, so the caller
    fails the execution in the same transaction: a next attempt would record these rows again.
    Raises OverBudget when the rows would pass one of the limits in the settings; none of them is recorded then.
    """
    execution = claim.execution
    points = _points(rows)
    with transaction.atomic():
        before = hold(claim)
        heads = [
            before.events_head + encoded.event_count(rows),
            before.trades_head + len(rows.trades),
            before.equity_head + len(points),
        ]
        _refuse_over_budget(heads, before)
        digests = _digests(before)
        if heads[0] > before.events_head:
            pieces = _hashing(encoded.event_pieces(execution, rows), digests[0])
            events.write(execution.pk, before.events_head + 1, pieces)
        if len(rows.trades):
            trade_rows = encoded.trade_rows(execution, rows)
            trades.write(execution.pk, before.trades_head + 1, _hashing([trade_rows], digests[1]))
        equity.write(execution.pk, before.equity_head + 1, points)
        digests[2].update(hashed(points))
        _advance(execution, progress, heads, tape_hash(digests))
        if not keeps_snapshot:
            _save(execution, progress, heads, pack(digests))
        if progress.metrics is not None:
            Checkpoint.objects.create(
                execution=execution, processed=progress.processed, metrics=progress.metrics, created_at=timezone.now()
            )
        if is_finished:
            lifecycle.complete(execution)
        elif is_closed:
            lifecycle.stop(execution)
        doorbell.ring(execution.pk)
    claim.processed = progress.processed


def stands(claim: Claim, progress: Progress) -> bool:
    """Whether a record that nobody confirmed is in the database after all; then the claim goes on behind it."""
    behind = Execution.objects.filter(pk=claim.execution.pk, attempt=claim.attempt, processed=progress.processed)
    if progress.processed <= claim.processed or not behind.exists():
        return False
    claim.processed = progress.processed
    return True


def fail(claim: Claim, message: str, failure: Mapping[str, Any], last: tuple[Rows, Progress] | None = None) -> None:
    """End the execution with a reason, if it is still ours to end.

    failure: as in `lifecycle.fail`. last: the rows before the failure, which no snapshot knows of, and where they end.
    """
    processed = claim.processed
    try:
        with transaction.atomic():
            if last is None:
                renew(claim)
            else:
                record(claim, *last, keeps_snapshot=True)
            lifecycle.fail(claim.execution, message, failure)
    except Exception:
        claim.processed = processed  # nothing of it stands
        raise


def stop(claim: Claim) -> None:
    """End the execution where it is, as its owner asked; Superseded when it is not ours any more."""
    with transaction.atomic():
        renew(claim)
        lifecycle.stop(claim.execution)


def renew(claim: Claim) -> None:
    """Show that the worker lives while it has nothing to record; Superseded when the execution is not ours any more."""
    if not _ours(claim).update(lease_until=_lease_end()):
        raise Superseded


def refuse_superseded(claim: Claim) -> None:
    if not _ours(claim).exists():
        raise Superseded


def hold(claim: Claim) -> Execution:
    """The execution with its heads as they are, and its row locked until the transaction ends. Raises Superseded."""
    row = _ours(claim).filter(processed=claim.processed).select_for_update()
    held = row.only("events_head", "trades_head", "equity_head").first()
    if held is None:
        raise Superseded
    return held


def release(claim: Claim, **changes: datetime | None) -> None:
    """Hand the execution over: the next worker need not wait for the lease to lapse."""
    _ours(claim).update(lease_until=None, sent_at=None, queued_at=Now(), **changes)


def _refuse_over_budget(heads: list[int], before: Execution) -> None:
    for journal, head in zip(JOURNALS, heads, strict=True):
        setting = BUDGETS[journal.name]
        if head > (limit := getattr(settings, setting)):
            raise OverBudget(
                f"The run brings more than {limit:,} rows of {journal.name}, which is the most that one execution may"
                f" keep on this server ({setting}); its tape ends with row {journal.head(before):,}."
            )


def _digests(before: Execution) -> list[Digest]:
    """Where the hashes of the journals stand; those of a tape without any are made of its rows."""
    packed = Snapshot.objects.filter(execution=before).values_list("digests", flat=True).first()
    return unpack(bytes(packed)) if packed else digests_of(before)


def _hashing(pieces: Iterable[NewRows], digest: Digest) -> Iterator[NewRows]:
    for rows in pieces:
        digest.update(rows.hashed())
        yield rows


def _advance(execution: Execution, progress: Progress, heads: list[int], tape: str) -> None:
    Execution.objects.filter(pk=execution.pk).update(
        events_head=heads[0],
        trades_head=heads[1],
        equity_head=heads[2],
        tape_hash=tape,
        processed=progress.processed,
        workers_lost=0,
        total=progress.total,
        progress=100.0 * progress.processed / max(progress.total, 1),
        simulated_at=_EPOCH + timedelta(microseconds=progress.time),
        due_at=progress.due_at,
        lease_until=_lease_end(),
    )


def _save(execution: Execution, progress: Progress, heads: list[int], digests: bytes) -> None:
    snapshot = Snapshot(
        execution=execution,
        processed=progress.processed,
        state=progress.snapshot,
        digests=digests,
        events_head=heads[0],
        trades_head=heads[1],
        equity_head=heads[2],
    )
    changed = ["processed", "state", "digests", "events_head", "trades_head", "equity_head"]
    Snapshot.objects.bulk_create([snapshot], update_conflicts=True, unique_fields=["execution"], update_fields=changed)


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
