"""A finished run as its figures look at it: the curve, its days and months, and the closed trades."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from apps.engine.metrics.curve import Drawdown, episodes

if TYPE_CHECKING:
    from apps.engine.types import Array, Column

DAY: Final = 86_400_000_000  # microseconds


@dataclass(frozen=True)
class Run:
    """equity: (n,) EQUITY, a row a bar. trades: TRADE, in the order they closed. fills: FILL.

    benchmark: (n,) price or value of the benchmark at the same bars' closes. Raises ValueError where these do not fit.
    """

    equity: Array
    trades: Array
    fills: Array
    periods_per_year: int
    initial_cash: float
    benchmark: Column | None = None

    def __post_init__(self) -> None:
        if not (math.isfinite(self.initial_cash) and self.initial_cash > 0):
            raise ValueError(f"An initial cash of {self.initial_cash} has no returns; it must be above 0.")
        if self.periods_per_year < 1:
            raise ValueError(f"{self.periods_per_year} periods a year are impossible; it must be 1 or more.")
        if self.benchmark is None:
            return
        prices = np.asarray(self.benchmark, dtype=np.float64)
        if prices.shape != self.equity.shape:
            raise ValueError(f"The benchmark has shape {prices.shape}; one price a bar is needed, {self.equity.shape}.")
        if not (np.isfinite(prices).all() and (prices > 0).all()):
            raise ValueError("The benchmark has a price that is not a finite number above 0.")

    @cached_property
    def curve(self) -> Column:
        """(n + 1,) the initial cash, then the equity at every close."""
        return np.concatenate(([self.initial_cash], self.equity["equity"]))

    @cached_property
    def day_ends(self) -> Array:
        """Rows that are the last of their UTC date."""
        return _last_of_each(self.equity["time"] // DAY)

    @cached_property
    def month_ends(self) -> Array:
        return _last_of_each(self.equity["time"].astype("M8[us]").astype("M8[M]").astype(np.int64))

    @cached_property
    def year_ends(self) -> Array:
        return _last_of_each(self.equity["time"].astype("M8[us]").astype("M8[Y]").astype(np.int64))

    @cached_property
    def daily_curve(self) -> Column:
        """(days + 1,) the initial cash, then the last equity of every date that has bars."""
        return self._curve_at(self.day_ends)

    @cached_property
    def returns(self) -> Column:
        """(days,) of each date, the first against the initial cash."""
        return changes(self.daily_curve)

    @cached_property
    def monthly_returns(self) -> Column:
        return changes(self._curve_at(self.month_ends))

    @cached_property
    def yearly_returns(self) -> Column:
        return changes(self._curve_at(self.year_ends))

    @cached_property
    def benchmark_returns(self) -> Column | None:
        """(days,) of each date, the first against the first price."""
        if self.benchmark is None or not len(self.equity):
            return None
        prices = np.asarray(self.benchmark, dtype=np.float64)
        return changes(np.concatenate((prices[:1], prices[self.day_ends])))

    @cached_property
    def span_days(self) -> float:
        """From the first bar's time to the last one's."""
        times = self.equity["time"]
        return int(times[-1] - times[0]) / DAY if len(times) else 0.0

    @cached_property
    def results(self) -> Column:
        """(trades,) what each earned after fees."""
        return self.trades["pnl"]

    @cached_property
    def falls(self) -> list[Drawdown]:
        """Every drawdown of the curve, in time order."""
        return episodes(self.curve)

    @cached_property
    def sharpe_bounds(self) -> tuple[float, float] | None:
        from apps.engine.metrics.bootstrap import sharpe_bounds

        return sharpe_bounds(self.returns, self.periods_per_year)

    @cached_property
    def samples(self) -> dict[str, int]:
        """How many of each a figure can rest on."""
        results, sides = self.results, self.trades["side"]
        return {
            "bars": len(self.equity),
            "days": len(self.day_ends),
            "months": len(self.month_ends),
            "years": len(self.year_ends),
            "trades": len(results),
            "wins": int((results > 0).sum()),
            "losses": int((results < 0).sum()),
            "longs": int((sides > 0).sum()),
            "shorts": int((sides < 0).sum()),
            "fills": len(self.fills),
            "drawdowns": len(self.falls),
        }

    def _curve_at(self, rows: Array) -> Column:
        return np.concatenate(([self.initial_cash], self.equity["equity"][rows]))


def changes(values: Column) -> Column:
    """Relative changes from each value to the next; nan or infinite where the base is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return values[1:] / values[:-1] - 1.0


def _last_of_each(labels: Array) -> Array:
    return np.flatnonzero(np.append(labels[1:] != labels[:-1], True)) if len(labels) else np.empty(0, np.int64)
