"""Journals filled by their own writers, without an engine: what is tested is how rows are kept and read."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from django.db import transaction

from tests.conftest import MINUTE, MONDAY

CREATED_AT = "2024-01-02T00:00:00Z"


@pytest.fixture
def append(execution: Any) -> Callable[[str, int], None]:
    """append("events", 5): five further rows in that journal of `execution`."""

    def add(name: str, count: int) -> None:
        with transaction.atomic():
            {"events": _append_events, "trades": _append_trades, "equity": _append_equity}[name](execution.pk, count)

    return add


def _append_events(execution_id: int, count: int) -> None:
    from apps.events.journal import content, events
    from apps.journal.journal import NewRows

    kinds = (["strategy_signal", "trade_executed"] * count)[:count]
    contents = [content(kind, "sma_cross", CREATED_AT, "{}") for kind in kinds]
    events.append(execution_id, NewRows((kinds,), contents, CREATED_AT))


def _append_trades(execution_id: int, count: int) -> None:
    from apps.journal.journal import NewRows
    from apps.trades.journal import trades

    directions = (["long", "short"] * count)[:count]
    contents = [f'"trade":{{"direction":"{side}"}}' for side in directions]
    trades.append(execution_id, NewRows((["EUR_USD"] * count, directions), contents, CREATED_AT))


def _append_equity(execution_id: int, count: int) -> None:
    from apps.equity.journal import equity
    from apps.executions.models import Execution

    head = Execution.objects.values_list("equity_head", flat=True).get(pk=execution_id)
    equity.write(execution_id, head + 1, points(count, first=head))
    Execution.objects.filter(pk=execution_id).update(equity_head=head + count)


def points(count: int, *, first: int = 0) -> np.ndarray:
    """(count,) POINT: a minute apart, with balances that tell each point from every other."""
    from apps.equity.blocks import POINT

    made = np.empty(count, POINT)
    numbers = np.arange(first, first + count)
    made["time"] = MONDAY + MINUTE * numbers
    made["balance"] = 10_000.0 + 100.0 * np.sin(numbers / 7.0) + numbers * 1e-3
    return made
