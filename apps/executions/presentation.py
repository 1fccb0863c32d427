"""Executions and their metrics as the native API says them: strings with two decimals, percents, UTC with Z."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from apps.executions import queue
from apps.executions.models import Checkpoint, Execution

_PERCENT = ("total_return", "win_rate", "max_drawdown")
_PLAIN = ("realized_pnl", "unrealized_pnl", "sharpe_ratio", "profit_factor", "average_win")
_CANONICAL = {"sharpe_ratio": "sharpe"}


def checkpoint_answer(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """The documented checkpoint object; undefined figures are null, never an invented number.

    Its document has every trade won or lost. So one that earned exactly nothing, which the engine counts as neither, is
    lost here, also in the average loss; then wins and losses times their averages are what was realised.
    """
    if checkpoint is None:
        return None
    metrics = checkpoint.metrics
    realized, unrealized = metrics["realized_pnl"], metrics["unrealized_pnl"]
    losing, lost = metrics["total_trades"] - metrics["winning_trades"], metrics.get("gross_loss")
    return {
        "id": checkpoint.pk,
        "processed": checkpoint.processed,
        "total_pnl": two_decimals(realized + unrealized),
        **{name: two_decimals(_percent(metrics, name)) for name in _PERCENT},
        **{name: two_decimals(metrics.get(_CANONICAL.get(name, name))) for name in _PLAIN},
        "average_loss": two_decimals(lost / losing if losing and lost is not None else None),
        "total_trades": metrics["total_trades"],
        "winning_trades": metrics["winning_trades"],
        "losing_trades": losing,
        "created_at": checkpoint.created_at,
    }


def status_answer(execution: Execution, checkpoint: Checkpoint | None, place: queue.Place | None) -> dict[str, Any]:
    """The documented status; `queue` says why no worker carries it out, null where one does or it is over."""
    return {
        **heading(execution),
        "execution_number": execution.execution_number,
        "status": execution.status,
        "progress": execution.progress,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "error_message": execution.error_message,
        "failure": execution.failure,
        "queue": None if place is None else asdict(place),
        **checkpoint_part(checkpoint),
    }


def metrics_answer(execution: Execution, checkpoint: Checkpoint | None) -> dict[str, Any]:
    return {**heading(execution), **checkpoint_part(checkpoint)}


def heading(execution: Execution) -> dict[str, Any]:
    """The three members that every answer about an execution begins with."""
    return {"execution_id": execution.pk, "task_type": execution.task_type, "task_id": execution.task_id}


def checkpoint_part(checkpoint: Checkpoint | None) -> dict[str, Any]:
    return {"has_checkpoint": checkpoint is not None, "checkpoint": checkpoint_answer(checkpoint)}


def two_decimals(value: float | None) -> str | None:
    """12.5 as "12.50"; what rounds to zero carries no sign."""
    if value is None:
        return None
    text = f"{value:.2f}"
    return "0.00" if text == "-0.00" else text


def _percent(metrics: Mapping[str, Any], name: str) -> float | None:
    fraction = metrics.get(name)
    return None if fraction is None else fraction * 100.0
