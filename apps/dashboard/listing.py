"""The rows of the list of executions: newest first, by keyset, each with its newest figures, all in one query."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import JSONField, OuterRef, QuerySet, Subquery
from django.utils.dateparse import parse_datetime

from apps.accounts.models import User
from apps.dashboard import charts
from apps.executions.models import Checkpoint, Execution
from apps.executions.presentation import two_decimals

PAGE_ROWS = 25


@dataclass(frozen=True)
class Row:
    """One execution as the list shows it; `metrics` are the newest checkpoint's, empty before the first."""

    execution: Execution
    metrics: dict[str, Any]

    @property
    def total_return(self) -> str | None:
        return _percent(self.metrics.get("total_return"))

    @property
    def max_drawdown(self) -> str | None:
        return _percent(self.metrics.get("max_drawdown"))

    @property
    def sharpe(self) -> str | None:
        return two_decimals(self.metrics.get("sharpe"))

    @property
    def total_trades(self) -> int | None:
        return self.metrics.get("total_trades")

    @property
    def curve(self) -> Sequence[float]:
        return charts.sparkline(self.execution)

    @property
    def period(self) -> tuple[datetime, datetime]:
        return period_of(self.execution)


@dataclass(frozen=True)
class Page:
    rows: Sequence[Row]
    before: int | None
    """Where the next older page begins; None on the last one."""


def page(user: User, *, status: str = "", before: int | None = None) -> Page:
    """Up to PAGE_ROWS executions of the user, older than the id `before`, of one status where it is given."""
    executions = _with_metrics(user)
    if status:
        executions = executions.filter(status=status)
    if before is not None:
        executions = executions.filter(pk__lt=before)
    found = list(executions.order_by("-pk")[: PAGE_ROWS + 1])
    rows = [_row(execution) for execution in found[:PAGE_ROWS]]
    return Page(rows, rows[-1].execution.pk if len(found) > PAGE_ROWS else None)


def rows_of(user: User, ids: Sequence[int]) -> list[Row]:
    """The rows of these executions, as far as the user may see them."""
    return [_row(execution) for execution in _with_metrics(user).filter(pk__in=ids).order_by("-pk")]


def period_of(execution: Execution) -> tuple[datetime, datetime]:
    """First and last moment of the data that a run reads: what was asked for, within what there is."""
    data, version = execution.manifest["data"], execution.dataset_version
    start = parse_datetime(data["start_time"]) if data["start_time"] else None
    end = parse_datetime(data["end_time"]) if data["end_time"] else None
    return max(start or version.starts_at, version.starts_at), min(end or version.ends_at, version.ends_at)


def _with_metrics(user: User) -> QuerySet[Execution]:
    newest = Checkpoint.objects.filter(execution=OuterRef("pk")).order_by("-id").values("metrics")[:1]
    executions = Execution.objects.visible_to(user)
    related = executions.with_tasks().select_related("dataset_version__dataset__instrument")
    return related.annotate(newest_metrics=Subquery(newest, output_field=JSONField()))


def _row(execution: Any) -> Row:
    return Row(execution, execution.newest_metrics or {})


def _percent(fraction: float | None) -> str | None:
    return None if fraction is None else two_decimals(fraction * 100.0)
