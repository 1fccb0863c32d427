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
    from apps.events.journal import events, tail

    kinds = ["strategy_signal", "trade_executed"]
    rows = [(kind, tail(kind, "sma_cross", CREATED_AT, "{}", CREATED_AT)) for kind in (kinds * count)[:count]]
    events.append(execution_id, rows)


def _append_trades(execution_id: int, count: int) -> None:
    from apps.trades.journal import trades

    directions = ["long", "short"]
    tails = [f',"trade":{{"direction":"{side}"}},"created_at":"{CREATED_AT}"}}' for side in directions]
    rows = [("EUR_USD", directions[n % 2], tails[n % 2]) for n in range(count)]
    trades.append(execution_id, rows)


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
