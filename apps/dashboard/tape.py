"""The newest rows of an execution's journals, newest first, for tables that grow at the top."""

from dataclasses import dataclass
from typing import Any

import orjson

from apps.events.journal import events
from apps.executions.models import Execution
from apps.journal.journal import Journal
from apps.trades.journal import trades

TRADE_ROWS = 50
EVENT_ROWS = 30


@dataclass(frozen=True)
class Rows:
    """Rows as the API serves them, newest first; `before` is where older ones go on, None at the journal's begin."""

    rows: list[dict[str, Any]]
    before: int | None


def newest_trades(execution: Execution, before: int | None = None) -> Rows:
    """Up to TRADE_ROWS trades with sequences below `before`."""
    return _newest(trades, execution, TRADE_ROWS, before)


def newest_events(execution: Execution) -> Rows:
    return _newest(events, execution, EVENT_ROWS, None)


def margin_calls(execution: Execution) -> int:
    """How many there have been."""
    return int(events.bodies(execution.pk, 0, event_type="margin_called").count())


def _newest(journal: Journal, execution: Execution, limit: int, before: int | None) -> Rows:
    head = journal.head(execution)
    last = head if before is None else min(head, before - 1)
    after = max(0, last - limit)  # sequences have no gaps: the window is arithmetic
    rows = [orjson.loads(row) for row in journal.since(execution.pk, after, last - after)] if last > after else []
    return Rows(rows[::-1], after + 1 if after else None)
