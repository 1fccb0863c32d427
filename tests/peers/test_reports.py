"""Reports as backtesting.py and as Jesse, against those packages themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine import metrics
from tests.engine.test_metrics_dialects import CASH, days, reported, run_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Array

EQUITY, TRADES, PRICES = run_of(4)
RUN = {
    "times": EQUITY["time"],
    "equity": EQUITY["equity"],
    "daily": np.append(CASH, days(EQUITY)),
    "prices": PRICES,
    **{
        name: TRADES[name]
        for name in ("opened_at", "closed_at", "opened_bar", "closed_bar", "quantity", "entry_price", "pnl")
    },
}


def test_backtesting_py_computes_the_same(figures: Callable[[str, dict[str, Array]], dict[str, float]]) -> None:
    theirs = figures("backtesting", RUN)

    mine = reported("backtesting.py", EQUITY, TRADES, PRICES)
    dialect = metrics.DIALECTS["backtesting.py"]
    keys = {name: each.key for name, each in dialect.items() if name != "average_hours_held"}  # a duration there
    assert {name: mine[name] for name in keys} == pytest.approx({n: theirs[key] for n, key in keys.items()}, rel=1e-9)


def test_jesse_computes_the_same(figures: Callable[[str, dict[str, Array]], dict[str, float]]) -> None:
    theirs = figures("jesse", RUN)

    mine = reported("jesse", EQUITY, TRADES)
    assert {name: mine[name] for name in theirs} == pytest.approx(theirs, rel=1e-9)
