"""What the figures of a run mean. Fractions, not percents; money unrounded, in the account's currency.

Conventions, the same for every figure: equity is marked at each bar's close with the open position in it; a day is a
UTC date that has bars, and its return is measured between last equities, the first day's against the initial cash;
the risk-free rate is 0; annual figures use `periods_per_year` days. A trade is a closed round trip and is judged after
fees. Times are microseconds UTC. What is undefined is None, never nan or infinite.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from apps.engine.metrics import benchmark as _benchmark
from apps.engine.metrics import drawdowns, exposure, holding, ratios, returns, trades
from apps.engine.metrics.definitions import METRICS, Definition, Figure
from apps.engine.metrics.dialects import DIALECTS, report_as
from apps.engine.metrics.run import DAY, Run
from apps.engine.metrics.running import cagr, daily_figures, figures, trade_figures

if TYPE_CHECKING:
    from apps.engine.types import Array, Column

SECTIONS: Final = (returns, ratios, drawdowns, trades, holding, exposure, _benchmark)
"""The modules that define the figures, in the order of the page."""

__all__ = [
    "DAY",
    "DIALECTS",
    "METRICS",
    "SECTIONS",
    "Definition",
    "Figure",
    "Run",
    "cagr",
    "daily_figures",
    "figures",
    "report",
    "report_as",
    "trade_figures",
]


def report(
    equity: Array,
    trades: Array,
    fills: Array,
    *,
    periods_per_year: int,
    initial_cash: float,
    benchmark: Column | None = None,
) -> dict[str, Any]:
    """Every figure of METRICS by its name, tables as lists of rows, and `samples`: behind each, how many values.

    equity: (n,) EQUITY of the whole run. trades: TRADE. fills: FILL. benchmark: (n,) its prices at the same closes.
    Raises ValueError for a benchmark or cash that has no returns.
    """
    run = Run(equity, trades, fills, periods_per_year, initial_cash, benchmark)
    found: dict[str, Any] = {name: definition.value(run) for name, definition in METRICS.items()}
    found["samples"] = {name: run.samples[definition.sample] for name, definition in METRICS.items()}
    return found
