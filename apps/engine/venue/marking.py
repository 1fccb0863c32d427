"""Marking the books at each close: the curve of the equity, and what open trades remember."""

import numpy as np
from numba import njit, types

from apps.engine.kernels import INLINE, INNER
from apps.engine.types import Record
from apps.engine.venue.accounting import cash_of, mark_excursion, rate_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_BARS,
    OF_TICKS,
    account_of,
    bar_at,
    contract_at,
    currency_at,
    holding_at,
    leaf,
    number_at,
    point_at,
    tally_at,
    tick_at,
    time_of,
)
from apps.engine.venue.margin import equity_of, open_count
from apps.engine.venue.scene import close_of, high_of, is_missing, low_of
from apps.engine.venue.tally import count_day, measure_drawdown

STRIDE = 8  # rows to leap over while looking for the end of a period


@njit(**INLINE)
def is_point(books: Record, index: int) -> bool:
    """Whether the equity has a point in this row: each has, or the last one of each period."""
    if books.point_period == 0 or index + 1 == books.rows:
        return True
    time, following = time_of(books, index), time_of(books, index + 1)
    return following // books.point_period != time // books.point_period


@njit(**INLINE)
def set_rates(books: Record, index: int) -> None:
    if books.rates == 0:
        return
    for i in range(books.currencies_count):
        currency_at(books.currencies, i).rate = number_at(books.rates, index * books.currencies_count + i)


@njit(**INNER)
def set_prices(books: Record, index: int) -> None:
    """Value every instrument by this row where it shows it, and let open trades remember its extremes."""
    for j in range(books.instruments):
        if not is_missing(books, index, j):
            contract = contract_at(books.contracts, j)
            contract.bid = close_of(books, index, j, False)
            contract.ask = close_of(books, index, j, True)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position == 0.0 or is_missing(books, index, holding.instrument):
            continue
        contract, short = contract_at(books.contracts, holding.instrument), holding.position < 0.0
        rate = rate_of(books, contract)
        mark_excursion(contract, holding, low_of(books, index, holding.instrument, short), rate)
        mark_excursion(contract, holding, high_of(books, index, holding.instrument, short), rate)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def mark_bars(books: Record, first: int, stop: int) -> None:
    """Of one position in an instrument with bars: day by day, since what a bar costs here is what a run costs."""
    account, contract, holding = account_of(books), contract_at(books.contracts, 0), holding_at(books.holdings, 0)
    tally, bars = tally_at(books.tally, 0), books.series
    cash, position, points = cash_of(books), holding.position, books.points
    inverse, multiplier = contract.is_inverse, contract.multiplier  # else they are read anew for every bar
    lowest, highest = bar_at(bars, first).low, bar_at(bars, first).high
    place, index = account.points, first
    while index < stop:
        if bar_at(bars, index).time >= tally.day_ends:
            count_day(tally, bar_at(bars, index).time)
        day_ends, value = tally.day_ends, cash
        peak, drawdown, fall_abs = tally.peak, tally.drawdown, tally.drawdown_abs
        while index < stop:
            bar = bar_at(bars, index)
            if bar.time >= day_ends:
                break
            if position != 0.0:
                value = cash + position * (-multiplier / bar.close if inverse else multiplier * bar.close)
                lowest, highest = min(lowest, bar.low), max(highest, bar.high)
                if value < peak:
                    fall = peak - value
                    fall_abs = max(fall_abs, fall)
                    if fall > drawdown * peak:
                        drawdown = fall / peak
                else:
                    peak = value
            if points != 0:
                point = point_at(points, place)
                point.time = bar.time
                point.equity = value
                point.cash = cash
            place += 1
            index += 1
        tally.equity = value
        tally.peak, tally.drawdown, tally.drawdown_abs = peak, drawdown, fall_abs
        measure_drawdown(tally, value)
    account.points = place
    tally.bars += stop - first
    last = bar_at(bars, stop - 1)
    contract.bid = last.close
    contract.ask = last.close
    if position != 0.0:
        tally.bars_exposed += stop - first
        mark_excursion(contract, holding, lowest, 1.0)
        mark_excursion(contract, holding, highest, 1.0)


@leaf(BOOKS_RECORD, types.int64)
def write_point(books: Record, index: int) -> None:
    """The equity of this row as a point of the curve."""
    account, tally = account_of(books), tally_at(books.tally, 0)
    time, value = time_of(books, index), equity_of(books)
    point = point_at(books.points, account.points)
    point.time = time
    point.equity = value
    point.cash = cash_of(books)
    account.points += 1
    if time >= tally.day_ends:
        count_day(tally, time)
    tally.equity = value
    measure_drawdown(tally, value)
    tally.bars += 1
    tally.bars_exposed += open_count(books) > 0


@leaf(BOOKS_RECORD, types.int64, types.int64)
def mark_ticks(books: Record, first: int, stop: int) -> None:
    """Of one instrument with ticks: between two points only the extremes count, and these only for what is held."""
    contract, ticks = contract_at(books.contracts, 0), books.series
    index = first
    while index < stop:
        ends = (time_of(books, index) // books.point_period + 1) * books.point_period
        while index + STRIDE < stop and time_of(books, index + STRIDE) < ends:
            index += STRIDE
        while index < stop and time_of(books, index) < ends:
            index += 1
        last = tick_at(ticks, index - 1)
        contract.bid = last.bid
        contract.ask = last.ask
        if index == books.rows or time_of(books, index) >= ends:
            write_point(books, index - 1)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position == 0.0:
            continue
        asks = holding.position < 0.0
        lowest, highest = np.inf, -np.inf
        for index in range(first, stop):
            tick = tick_at(ticks, index)
            price = tick.ask if asks else tick.bid
            lowest = price if price < lowest else lowest
            highest = price if price > highest else highest
        mark_excursion(contract, holding, lowest, 1.0)
        mark_excursion(contract, holding, highest, 1.0)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def mark_all(books: Record, first: int, stop: int) -> None:
    is_held = open_count(books) > 0
    for index in range(first, stop):
        set_rates(books, index)
        at_point = is_point(books, index)
        if is_held or at_point:
            set_prices(books, index)
        if at_point:
            write_point(books, index)


@njit(**INLINE)
def mark(books: Record, first: int, stop: int) -> None:
    """Mark the rows [first, stop) at their closes, with the positions and the cash as they are."""
    if books.layout == OF_BARS and books.instruments == 1 and books.holdings_count == 1 and books.rates == 0:
        mark_bars(books, first, stop)
    elif books.layout == OF_TICKS and books.instruments == 1 and books.point_period != 0 and books.rates == 0:
        mark_ticks(books, first, stop)
    else:
        mark_all(books, first, stop)
