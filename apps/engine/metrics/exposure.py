"""Exposure and costs: how much of the time and how much money was in the market, and what that cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from apps.engine.metrics.definitions import metric
from apps.engine.metrics.moments import mean, product, ratio, total
from apps.engine.metrics.trades import gains

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.metrics.run import Run
    from apps.engine.types import Array

YEAR = 365.25


@metric("bars with a position at the close / bars", unit="fraction", sample="bars")
def exposure(run: Run) -> float | None:
    """The share of the time in the market."""
    return _share(run, lambda position: position != 0.0)


@metric("bars with a long position at the close / bars", unit="fraction", sample="bars")
def exposure_long(run: Run) -> float | None:
    """The share of the time with something bought."""
    return _share(run, lambda position: position > 0.0)


@metric("bars with a short position at the close / bars", unit="fraction", sample="bars")
def exposure_short(run: Run) -> float | None:
    """The share of the time with something sold short."""
    return _share(run, lambda position: position < 0.0)


@metric("n", unit="count", sample="fills")
def total_fills(run: Run) -> int:
    """Fills of all orders."""
    return len(run.fills)


@metric("Σ quantity × price of all fills", unit="money", sample="fills")
def volume_traded(run: Run) -> float:
    """The value of everything bought and sold."""
    return total(run.fills["quantity"] * run.fills["price"])


@metric("volume_traded / 2 / mean equity / years", unit="a year", sample="fills")
def turnover(run: Run) -> float | None:
    """How often a year the whole account is bought and sold again."""
    average = mean(run.equity["equity"])
    return ratio(ratio(volume_traded(run) / 2, average), run.span_days / YEAR)


@metric("max(Σ |position| × average price / equity) after a bar's fills", unit="ratio", sample="fills")
def max_leverage(run: Run) -> float | None:
    """The largest value of all positions, at their entry prices, for each unit of equity."""
    if not len(run.fills):
        return None
    values = np.zeros(len(run.equity))
    for held in _by_instrument(run):
        bars, spans = _steps(run, held)
        values += _spread(run, np.abs(held["position"]) * held["average_price"], bars, spans)
    equity = run.equity["equity"]
    return float((values[equity > 0.0] / equity[equity > 0.0]).max(initial=0.0))


@metric("Σ gross result of fills − total_fees", unit="money", sample="fills")
def realized_pnl(run: Run) -> float:
    """What closed quantities earned, after all fees paid so far."""
    return total(run.fills["gross_pnl"]) - total_fees(run)


@metric("net_pnl − realized_pnl", unit="money", sample="fills")
def unrealized_pnl(run: Run) -> float:
    """What open positions are worth above their entry prices, at the last close."""
    return float(run.curve[-1] - run.curve[0]) - realized_pnl(run)


@metric("Σ fees of all fills", unit="money", sample="fills")
def total_fees(run: Run) -> float:
    """Commissions paid."""
    return total(run.fills["fee"])


@metric("total_fees / total_fills", unit="money", sample="fills")
def average_fee(run: Run) -> float | None:
    """What a fill costs on average."""
    return ratio(total_fees(run), len(run.fills))


@metric("total_fees / volume_traded × 10,000", unit="ratio", sample="fills")
def fees_in_basis_points(run: Run) -> float | None:
    """What ten thousand traded cost."""
    return product(ratio(total_fees(run), volume_traded(run)), 10_000.0)


@metric("fees of closed trades / Σ gross results > 0", unit="fraction", sample="trades")
def fees_of_gross_profit(run: Run) -> float | None:
    """The part of what winning trades earned before fees that fees took."""
    return ratio(total(run.trades["fees"]), gains(run.trades["gross_pnl"]))


def _share(run: Run, is_counted: Callable[[Array], Array]) -> float | None:
    """The share of bars at whose close some instrument's position is counted."""
    found = np.zeros(len(run.equity), dtype=bool)
    for held in _by_instrument(run):
        found |= _spread(run, is_counted(held["position"]), *_steps(run, held))
    return ratio(float(found.sum()), len(run.equity))


def _by_instrument(run: Run) -> list[Array]:
    """The fills of each instrument."""
    instruments = run.fills["instrument"]
    return [run.fills[instruments == each] for each in np.unique(instruments)]


def _steps(run: Run, held: Array) -> tuple[Array, Array]:
    """For fills of one instrument: their bars, and for how many closes the position after each stands."""
    bars = held["bar"]
    return bars, np.diff(bars, append=len(run.equity))


def _spread(run: Run, values: Array, bars: Array, spans: Array) -> Array:
    """(n,) each value at as many closes as it stands, and nothing before the first."""
    return np.concatenate((np.zeros(bars[0], values.dtype), np.repeat(values, spans)))
