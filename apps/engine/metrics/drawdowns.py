"""Drawdowns: falls of the curve from its highest value so far, the initial cash included."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from apps.engine.metrics.curve import Drawdown, depths
from apps.engine.metrics.definitions import Figure, metric
from apps.engine.metrics.moments import mean, ratio, total
from apps.engine.metrics.run import DAY

if TYPE_CHECKING:
    from apps.engine.metrics.run import Run

TABLE_ROWS = 10
MARTIN = 'Martin & McCann, "The Investor\'s Guide to Fidelity Funds", 1989'
MAGDON = 'Magdon-Ismail & Atiya, "Maximum Drawdown", Risk 17(10), 2004'


@metric("max((peak − E) / peak)", unit="fraction", sample="bars", source=MAGDON)
def max_drawdown(run: Run) -> float:
    """Largest fall of the equity from its highest value so far, at every bar's close."""
    return max((fall.depth for fall in run.falls), default=0.0)


@metric("max(peak − E)", unit="money", sample="bars")
def max_drawdown_abs(run: Run) -> float:
    """Largest fall in money; not always the same fall as the deepest in percent."""
    return max((fall.depth_abs for fall in run.falls), default=0.0)


@metric("of the equity's peak before the deepest drawdown", unit="time", sample="bars")
def max_drawdown_started_at(run: Run) -> int | None:
    """When the deepest drawdown began."""
    return _time(run, _deepest(run).peak) if run.falls else None


@metric("of the lowest equity of the deepest drawdown", unit="time", sample="bars")
def max_drawdown_bottom_at(run: Run) -> int | None:
    """When the deepest drawdown was at its lowest."""
    return _time(run, _deepest(run).bottom) if run.falls else None


@metric("of the first close back at the peak; none before that", unit="time", sample="bars")
def max_drawdown_recovered_at(run: Run) -> int | None:
    """When the deepest drawdown was made good."""
    recovery = _deepest(run).recovery if run.falls else None
    return None if recovery is None else _time(run, recovery)


@metric("from peak to recovery, or to the run's end", unit="days", sample="drawdowns")
def longest_drawdown_days(run: Run) -> float | None:
    """The longest time the equity stayed below a former peak."""
    return max((_days(run, fall.peak, fall.recovery) for fall in run.falls), default=None)


@metric("mean of the drawdowns' depths", unit="fraction", sample="drawdowns")
def average_drawdown(run: Run) -> float | None:
    """How deep a drawdown is on average."""
    return mean([fall.depth for fall in run.falls])


@metric("mean of the drawdowns' lengths", unit="days", sample="drawdowns")
def average_drawdown_days(run: Run) -> float | None:
    """How long a drawdown lasts on average."""
    return mean([_days(run, fall.peak, fall.recovery) for fall in run.falls])


@metric("number of stretches below a peak", unit="count", sample="bars")
def drawdown_count(run: Run) -> int:
    """How often the equity fell from a peak."""
    return len(run.falls)


@metric("bars below a peak / bars", unit="fraction", sample="bars")
def time_under_water(run: Run) -> float | None:
    """The share of the time spent below a former peak."""
    return ratio(float((depths(run.curve)[1:] > 0.0).sum()), len(run.equity))


@metric("(peak − E) / peak at the last close", unit="fraction", sample="bars")
def current_drawdown(run: Run) -> float:
    """How far below its peak the run ended."""
    return float(depths(run.curve)[-1])


@metric("√(mean(d²)), d = drawdown at each day's end", unit="fraction", sample="days", source=MARTIN)
def ulcer_index(run: Run) -> float | None:
    """Depth and length of all drawdowns in one number: their root mean square."""
    square = mean(depths(run.daily_curve)[1:] ** 2)
    return None if square is None else math.sqrt(square)


@metric("mean(d), d = drawdown at each day's end", unit="fraction", sample="days", source="Becker & Moore, 2006")
def pain_index(run: Run) -> float | None:
    """The average drawdown over all days, those at a peak included."""
    return mean(depths(run.daily_curve)[1:])


@metric("net profit / largest fall in money", unit="ratio", sample="bars")
def recovery_factor(run: Run) -> Figure:
    """How often the worst fall has been earned back."""
    return ratio(float(run.curve[-1] - run.curve[0]), max_drawdown_abs(run))


@metric(
    f"the {TABLE_ROWS} deepest: times of peak, bottom and recovery, depth and lengths", unit="table", sample="drawdowns"
)
def drawdowns(run: Run) -> list[dict[str, Any]]:
    """The deepest drawdowns, deepest first."""
    deepest = sorted(run.falls, key=lambda fall: -fall.depth)[:TABLE_ROWS]
    return [_row(run, fall) for fall in deepest]


def squares_of_depths(run: Run) -> float:
    return total([fall.depth**2 for fall in run.falls])


def _row(run: Run, fall: Drawdown) -> dict[str, Any]:
    recovered = fall.recovery is not None
    return {
        "started_at": _time(run, fall.peak),
        "bottom_at": _time(run, fall.bottom),
        "recovered_at": _time(run, fall.recovery) if fall.recovery is not None else None,
        "depth": fall.depth,
        "depth_abs": fall.depth_abs,
        "days": _days(run, fall.peak, fall.recovery),
        "days_to_bottom": _days(run, fall.peak, fall.bottom),
        "days_to_recover": _days(run, fall.bottom, fall.recovery) if recovered else None,
    }


def _deepest(run: Run) -> Drawdown:
    return max(run.falls, key=lambda fall: fall.depth)


def _time(run: Run, row: int) -> int:
    """Of a row of the curve, whose row 0 is the initial cash: it stands at the first bar."""
    return int(run.equity["time"][max(row - 1, 0)])


def _days(run: Run, first: int, last: int | None) -> float:
    return (_time(run, len(run.equity) if last is None else last) - _time(run, first)) / DAY
