"""Running figures of a run, a step a point of the curve and one a trade; `apps.engine.metrics` says what they mean."""

from numba import njit, types

from apps.engine.kernels import INNER, QUICK, rows_of
from apps.engine.types import Array, Record
from apps.engine.venue.state import NO_DAY, TALLY

DAY = 86_400_000_000  # microseconds


@njit(**INNER)
def measure_drawdown(tally: Record, value: float) -> None:
    if value > tally.peak:
        tally.peak = value
        return
    fall = tally.peak - value
    if fall > tally.drawdown_abs:
        tally.drawdown_abs = fall
    if fall > tally.drawdown * tally.peak:
        tally.drawdown = fall / tally.peak


@njit(**INNER)
def count_day(tally: Record, time: int) -> None:
    """End the day of the bar before, should there be one, and begin that of `time`."""
    if tally.day_ends != NO_DAY:
        add_day(tally)
    tally.day_base = tally.equity
    tally.day_ends = (time // DAY + 1) * DAY


@njit(**INNER)
def add_day(tally: Record) -> None:
    """Take the present day's return into the running mean and squares.

    Source: Welford, "Note on a method for calculating corrected sums of squares and products", Technometrics 4, 1962.
    """
    change = tally.equity / tally.day_base - 1.0
    tally.days += 1
    distance = change - tally.day_mean
    tally.day_mean += distance / tally.days
    tally.day_squares += distance * (change - tally.day_mean)
    if change < 0.0:
        tally.day_downside += change * change


@njit(**INNER)
def count_trade(tally: Record, trade: Record) -> None:
    """Take a closed trade in; a trade that earned exactly nothing is neither won nor lost."""
    result = trade.pnl
    tally.best = result if tally.trades == 0 else max(tally.best, result)
    tally.worst = result if tally.trades == 0 else min(tally.worst, result)
    tally.trades += 1
    tally.bars_held += trade.closed_bar - trade.opened_bar
    distance = result - tally.trade_mean
    tally.trade_mean += distance / tally.trades
    tally.trade_squares += distance * (result - tally.trade_mean)
    if result < 0.0:
        tally.losses += 1
        tally.losses_in_a_row += 1
        tally.gross_loss -= result
        tally.longest_losing_run = max(tally.longest_losing_run, tally.losses_in_a_row)
        return
    tally.losses_in_a_row = 0
    if result > 0.0:
        tally.wins += 1
        tally.gross_profit += result


@njit(types.void(rows_of(TALLY)), **QUICK)
def end_day(tallies: Array) -> None:
    """Count the day that is not over as if it were: what a reader of the figures so far wants."""
    if tallies[0].day_ends != NO_DAY:
        add_day(tallies[0])
