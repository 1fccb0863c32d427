"""Holding: how long trades last, and how far they go right and wrong before they end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from apps.engine.metrics.definitions import metric
from apps.engine.metrics.moments import mean, ratio, total

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run
    from apps.engine.types import Array, Column

HOUR = 3_600_000_000  # microseconds
SWEENEY = 'Sweeney, "Maximum Adverse Excursion", 1997'


@metric("mean(bar of exit − bar of entry)", unit="bars", sample="trades")
def average_bars_held(run: Run) -> float | None:
    """How many bars a trade lasts on average."""
    return mean(run.trades["closed_bar"] - run.trades["opened_bar"])


@metric("mean(exit − entry)", unit="hours", sample="trades")
def average_hours_held(run: Run) -> float | None:
    """How long a trade lasts on average."""
    return mean(hours_held(run.trades))


@metric("mean(exit − entry) of winning trades", unit="hours", sample="wins")
def average_hours_held_winning(run: Run) -> float | None:
    """How long a winning trade lasts on average."""
    return mean(hours_held(run.trades[run.results > 0.0]))


@metric("mean(exit − entry) of losing trades", unit="hours", sample="losses")
def average_hours_held_losing(run: Run) -> float | None:
    """How long a losing trade lasts on average."""
    return mean(hours_held(run.trades[run.results < 0.0]))


@metric("max(exit − entry)", unit="hours", sample="trades")
def longest_hours_held(run: Run) -> float | None:
    """The longest trade."""
    return float(hours_held(run.trades).max()) if len(run.trades) else None


@metric("min(exit − entry)", unit="hours", sample="trades")
def shortest_hours_held(run: Run) -> float | None:
    """The shortest trade."""
    return float(hours_held(run.trades).min()) if len(run.trades) else None


@metric("mean(MAE)", unit="money", sample="trades", source=SWEENEY)
def average_mae(run: Run) -> float | None:
    """Maximum adverse excursion: the largest open loss on the way, on average."""
    return mean(run.trades["mae"])


@metric("mean(MFE)", unit="money", sample="trades", source=SWEENEY)
def average_mfe(run: Run) -> float | None:
    """Maximum favourable excursion: the largest open profit on the way, on average."""
    return mean(run.trades["mfe"])


@metric("max(MAE)", unit="money", sample="trades", source=SWEENEY)
def worst_mae(run: Run) -> float | None:
    """The largest open loss any closed trade went through."""
    return float(run.trades["mae"].max()) if len(run.trades) else None


@metric("Σ MFE / Σ MAE", unit="ratio", sample="trades", source=SWEENEY)
def edge_ratio(run: Run) -> float | None:
    """How far trades go right before they are closed, against how far they go wrong."""
    return ratio(total(run.trades["mfe"]), total(run.trades["mae"]))


@metric("Σ gross result / Σ MFE", unit="ratio", sample="trades")
def exit_efficiency(run: Run) -> float | None:
    """The part of the best open profit that the exits kept, before fees."""
    return ratio(total(run.trades["gross_pnl"]), total(run.trades["mfe"]))


def hours_held(trades: Array) -> Column:
    return (trades["closed_at"] - trades["opened_at"]) / HOUR
