"""The replay of a trading execution: its rows on its clock, and how far it is behind them."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils import timezone

from apps.brokers import replay
from apps.brokers.replay import SECOND, Clock, Replay
from apps.engine.series.quotes import TICK
from apps.errors import DomainError
from apps.executions import data
from apps.executions.models import Execution, Status, TradingTask

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Lag:
    """What has come and is not played yet.

    rows: None where the data cannot be read. seconds: since the first of them came.
    """

    rows: int | None
    seconds: float


def feed_of(execution: Execution, task: TradingTask, clock: Clock) -> Replay:
    """The rows of the execution's manifest on a clock that goes; of a task that has one."""
    rows, warm_up = data.rows_of(execution.manifest["data"])
    if task.bars_per_second is not None:
        return Replay(replay.evenly(len(rows) - warm_up), clock, rate=task.bars_per_second)
    assert task.speed is not None
    opens = rows["time"][warm_up:]
    length = 0 if rows.dtype == TICK else execution.manifest["data"]["timeframe_seconds"] * SECOND
    return Replay(opens, clock, rate=task.speed, origin=int(opens[0]) - length)


def lag_of(execution: Execution) -> Lag | None:
    """None for one whose clock does not go."""
    task, clock_at, due_at = execution.trading_task, execution.clock_at, execution.due_at
    if execution.status != Status.RUNNING or task is None or clock_at is None or due_at is None:
        return None
    now = timezone.now()
    if due_at > now:
        return Lag(0, 0.0)
    try:
        feed = feed_of(execution, task, Clock(microseconds(clock_at), execution.clock_row))
        rows = feed.come(microseconds(now)) - execution.processed
    except (DomainError, FileNotFoundError):
        rows = None
    return Lag(rows, (now - due_at).total_seconds())


def microseconds(moment: datetime) -> int:
    """Since 1970, UTC."""
    elapsed = moment - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * SECOND + elapsed.microseconds
