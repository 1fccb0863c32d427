"""Running figures of a run, one step a bar and one a trade; `apps.engine.metrics` says what they mean."""

from numba import njit, types

from apps.engine.accounting import mark_excursion
from apps.engine.kernels import OPTIONS, TALLIES
from apps.engine.kernels.books import Books
from apps.engine.state import NO_DAY
from apps.engine.types import Array, Record

DAY = 86_400_000_000  # microseconds


@njit(**OPTIONS)
def mark(books: Books, first: int, stop: int) -> None:
    """Mark the bars [first, stop) at their closes, with the position and the cash as they are."""
    account, holding, tally = books.account[0], books.holdings[0], books.tally[0]
    cash, position = account.cash, holding.position
    for i in range(first, stop):
        bar = books.bars[i]
        value = cash
        if position != 0.0:
            value = cash + position * bar.close
            mark_excursion(holding, bar.low)
            mark_excursion(holding, bar.high)
            tally.bars_exposed += 1
        point = books.equity[i - account.equity_from]
        point.time = bar.time
        point.equity = value
        point.cash = cash
        if bar.time >= tally.day_ends:
            count_day(tally, bar.time)
        tally.equity = value
        measure_drawdown(tally, value)
    tally.bars += stop - first


@njit(**OPTIONS)
def measure_drawdown(tally: Record, value: float) -> None:
    if value > tally.peak:
        tally.peak = value
        return
    fall = tally.peak - value
    if fall > tally.drawdown_abs:
        tally.drawdown_abs = fall
    if fall > tally.drawdown * tally.peak:
        tally.drawdown = fall / tally.peak


@njit(**OPTIONS)
def count_day(tally: Record, time: int) -> None:
    """End the day of the bar before, should there be one, and begin that of `time`."""
    if tally.day_ends != NO_DAY:
        add_day(tally)
    tally.day_base = tally.equity
    tally.day_ends = (time // DAY + 1) * DAY


@njit(**OPTIONS)
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


@njit(**OPTIONS)
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


@njit(types.void(TALLIES), **OPTIONS)
def end_day(tallies: Array) -> None:
    """Count the day that is not over as if it were: what a reader of the figures so far wants."""
    if tallies[0].day_ends != NO_DAY:
        add_day(tallies[0])
