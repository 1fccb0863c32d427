"""Sweeping away rows that nobody reads any more, a few at a time, so that nobody waits for it."""

from datetime import timedelta
from typing import Any

import structlog
from django.db.models.functions import Now

from apps.executions.models import Execution
from apps.journal import archive
from apps.keeping.models import Leftover
from apps.keeping.tables import TABLES

log = structlog.get_logger("keeping")


def remember(execution_id: int, grace_seconds: float = 0.0) -> None:
    """Let the execution's rows be swept; within the transaction after which nobody looks for them in the tables."""
    due_at: Any = Now() + timedelta(seconds=grace_seconds) if grace_seconds else Now()
    Leftover.objects.bulk_create([Leftover(execution_id=execution_id, due_at=due_at)], ignore_conflicts=True)


def sweep() -> int:
    """Delete what is due; returns how many rows. Whatever ends it half-way, the next sweep goes on."""
    swept = 0
    for execution_id in Leftover.objects.filter(due_at__lte=Now()).order_by("pk").values_list("pk", flat=True):
        swept += _sweep(execution_id)
    return swept


def _sweep(execution_id: int) -> int:
    leftover = Leftover.objects.filter(pk=execution_id)
    archived_at = Execution.objects.filter(pk=execution_id).values_list("archived_at", flat=True)
    is_there = archived_at.exists()
    if is_there and archived_at.get() is None:
        log.error("rows of a living execution were left over", execution_id=execution_id)
        leftover.delete()
        return 0
    rows = sum(table.delete(execution_id) for table in TABLES)
    if not is_there:
        archive.path_of(execution_id).unlink(missing_ok=True)
    leftover.delete()
    log.info("rows swept", execution_id=execution_id, rows=rows)
    return rows
