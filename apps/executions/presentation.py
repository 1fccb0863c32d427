"""Executions and their metrics as the native API says them: strings with two decimals, percents, UTC with Z."""

from collections.abc import Mapping
from typing import Any

from apps.executions.models import Checkpoint, Execution

_PERCENT = ("total_return", "win_rate", "max_drawdown")
_PLAIN = ("realized_pnl", "unrealized_pnl", "sharpe_ratio", "profit_factor", "average_win", "average_loss")
_CANONICAL = {"sharpe_ratio": "sharpe"}


def checkpoint_answer(checkpoint: Checkpoint | None) -> dict[str, Any] | None:
    """The documented checkpoint object; undefined figures are null, never an invented number."""
    if checkpoint is None:
        return None
    metrics = checkpoint.metrics
    realized, unrealized = metrics["realized_pnl"], metrics["unrealized_pnl"]
    return {
        "id": checkpoint.pk,
        "processed": checkpoint.processed,
        "total_pnl": two_decimals(realized + unrealized),
        **{name: two_decimals(_percent(metrics, name)) for name in _PERCENT},
        **{name: two_decimals(metrics.get(_CANONICAL.get(name, name))) for name in _PLAIN},
        **{name: metrics[name] for name in ("total_trades", "winning_trades", "losing_trades")},
        "created_at": checkpoint.created_at,
    }


def status_answer(execution: Execution, checkpoint: Checkpoint | None) -> dict[str, Any]:
    return {
        **heading(execution),
        "execution_number": execution.execution_number,
        "status": execution.status,
        "progress": execution.progress,
        "started_at": execution.started_at,
        "completed_at": execution.completed_at,
        "error_message": execution.error_message,
        "failure": execution.failure,
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
