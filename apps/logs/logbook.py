"""Writing the log of an execution: in the transaction of what it tells, so that neither is there without the other."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Max

from apps.executions.lifecycle import TERMINAL
from apps.executions.models import Execution
from apps.logs.models import Level, LogLine


def write(execution_id: int, level: Level, message: str, **context: Any) -> None:
    """Add a line; the caller holds the lock of the execution's row, and so nobody else counts lines meanwhile."""
    lines = LogLine.objects.filter(execution_id=execution_id)
    last = lines.aggregate(last=Max("sequence"))["last"] or 0
    LogLine.objects.create(execution_id=execution_id, sequence=last + 1, level=level, message=message, context=context)


def log_status_change(sender: Any, *, execution_id: int, before: str, after: str, **more: Any) -> None:
    message = f"It is {after}." if after in TERMINAL else f"It is {after}; it was {before}."
    write(execution_id, Level.INFO, message, before=str(before), after=str(after))


def log_failure(sender: Any, *, execution_id: int, message: str, failure: Mapping[str, Any], **more: Any) -> None:
    write(execution_id, Level.ERROR, message, **failure)


def log_claim(execution: Execution) -> None:
    """A worker has taken it up: told the first time, and where the one before was lost; not with each turn."""
    context = {"worker": execution.worker, "attempt": execution.attempt, "from_bar": execution.processed}
    if execution.workers_lost:
        text = f"Its worker was lost; {execution.worker} goes on from bar {execution.processed:,}."
        write(execution.pk, Level.WARNING, text, **context)
    elif execution.attempt == 1:
        write(execution.pk, Level.INFO, f"{execution.worker} has taken it up.", **context)
