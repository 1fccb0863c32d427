"""Marking the books at each close: the curve of the equity, and what open trades remember."""

from numba import njit, types

from apps.engine.kernels import INNER
from apps.engine.kernels.bars import BAR_BLOCK
from apps.engine.kernels.ticks import AHEAD, TICK_BYTES, fetch
from apps.engine.types import EQUITY, Record
from apps.engine.venue.accounting import cash_of, mark_excursion, rate_of
from apps.engine.venue.books import (
    BOOKS_RECORD,
    OF_BARS,
    OF_TICKS,
    account_of,
    bar_at,
    contract_at,
    currency_at,
    first_at,
    holding_at,
    leaf,
    number_at,
    point_at,
    tally_at,
    tick_at,
    time_of,
)
from apps.engine.venue.extremes import bar_block_at, scan_span
from apps.engine.venue.margin import equity_of, open_count
from apps.engine.venue.scene import close_of, high_of, is_missing, low_of
from apps.engine.venue.tally import count_day, measure_drawdown

POINT_BYTES = EQUITY.itemsize
WINDOW = 16  # ticks around where the end of a period should be …
STRIDE = 8  # … and the first leap where it is not
LINE = 64  # bytes that memory brings at a time; those of a short period are all asked for …
SHORT = 256  # ticks


@njit(**INNER)
def is_point(books: Record, index: int) -> bool:
    """Whether the equity has a point in this row: each has, or the last one of each period."""
    if books.point_period == 0 or index + 1 == books.rows:
        return True
    time, following = time_of(books, index), time_of(books, index + 1)
    return following // books.point_period != time // books.point_period


@njit(**INNER)
def set_rates(books: Record, index: int) -> None:
    if books.rates == 0:
        return
    for i in range(books.currencies_count):
        currency_at(books.currencies, i).rate = number_at(books.rates, index * books.currencies_count + i)


@leaf(BOOKS_RECORD, types.int64)
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


@leaf(types.int64, types.int64, types.int64, types.int64, returns=types.int64)
def first_from(bars: int, first: int, stop: int, time: int) -> int:
    """The first of the bars [first, stop) at this time or later; `stop` for none."""
    if bar_at(bars, stop - 1).time < time:  # most spans end on the day they begin
        return stop
    last = stop - 1
    while first < last:
        middle = (first + last) // 2
        if bar_at(bars, middle).time < time:
            first = middle + 1
        else:
            last = middle
    return first


@njit(**INNER)
def mark_held(
    tally: Record, bars: int, points: int, first: int, stop: int, held: tuple[float, ...], inverse: bool
) -> tuple[float, float, float]:
    """Mark a position at the bars [first, stop) of one day; the last value, and the extremes of the bars.

    held: (cash, position, multiplier, lowest, highest). points: where the rows of the curve go; 0 for nowhere.
    """
    cash, position, multiplier, lowest, highest = held
    value = cash
    peak, drawdown, fall_abs = tally.peak, tally.drawdown, tally.drawdown_abs
    limit = drawdown * peak
    for i in range(first, stop):
        bar = bar_at(bars, i)
        value = cash + position * (-multiplier / bar.close if inverse else multiplier * bar.close)
        lowest, highest = min(lowest, bar.low), max(highest, bar.high)
        if value < peak:
            fall = peak - value
            fall_abs = max(fall_abs, fall)
            if fall > limit:
                drawdown = fall / peak
                limit = drawdown * peak
                tally.drawdown = drawdown  # written here, lest the compiler divide for every bar
        else:
            peak = value
            limit = drawdown * peak
            tally.peak = peak
        if points != 0:
            point = point_at(points, i - first)
            point.time = bar.time
            point.equity = value
            point.cash = cash
    tally.drawdown_abs = fall_abs
    return value, lowest, highest


@njit(**INNER)
def mark_quietly(
    books: Record, tally: Record, first: int, stop: int, held: tuple[float, ...]
) -> tuple[float, float, float]:
    """As `mark_held` of a contract that is not inverse, without points.

    A block whose extremes bring no new peak and no deeper fall needs no closer look: the value never falls while the
    price rises (nor the other way round, of a short position), however it is rounded.
    """
    cash, position, multiplier, lowest, highest = held
    index = first
    while index < stop:
        until = min(index // BAR_BLOCK * BAR_BLOCK + BAR_BLOCK, stop)
        block = bar_block_at(books.extremes, index // BAR_BLOCK)
        low = cash + position * (multiplier * block.lowest_close)
        high = cash + position * (multiplier * block.highest_close)
        fall = tally.peak - min(low, high)
        if max(low, high) < tally.peak and fall <= tally.drawdown_abs and fall <= tally.drawdown * tally.peak:
            if until - index == BAR_BLOCK:
                lowest, highest = min(lowest, block.low), max(highest, block.high)
            else:
                for i in range(index, until):
                    bar = bar_at(books.series, i)
                    lowest, highest = min(lowest, bar.low), max(highest, bar.high)
        else:
            _, lowest, highest = mark_held(
                tally, books.series, 0, index, until, (cash, position, multiplier, lowest, highest), False
            )
        index = until
    return cash + position * (multiplier * bar_at(books.series, stop - 1).close), lowest, highest


@leaf(BOOKS_RECORD, types.int64, types.int64)
def mark_bars(books: Record, first: int, stop: int) -> None:
    """Of one position in an instrument with bars: day by day, since what a bar costs here is what a run costs."""
    account, contract, holding = account_of(books), contract_at(books.contracts, 0), holding_at(books.holdings, 0)
    tally, bars = tally_at(books.tally, 0), books.series
    cash, position, multiplier, points = cash_of(books), holding.position, contract.multiplier, 0
    lowest, highest = bar_at(bars, first).low, bar_at(bars, first).high
    index = first
    while index < stop:
        if bar_at(bars, index).time >= tally.day_ends:
            count_day(tally, bar_at(bars, index).time)
        until, value = first_from(bars, index, stop, tally.day_ends), cash
        if books.keeps_rows != 0:
            points = books.points + (account.points + index - first) * POINT_BYTES
        held = (cash, position, multiplier, lowest, highest)
        if position == 0.0:
            for i in range(index, until if points != 0 else index):
                point = point_at(points, i - index)
                point.time = bar_at(bars, i).time
                point.equity = cash
                point.cash = cash
        elif contract.is_inverse != 0:  # each way is compiled apart: together they are twice as slow
            value, lowest, highest = mark_held(tally, bars, points, index, until, held, True)
        elif points != 0:
            value, lowest, highest = mark_held(tally, bars, points, index, until, held, False)
        else:
            value, lowest, highest = mark_quietly(books, tally, index, until, held)
        tally.equity = value
        measure_drawdown(tally, value)
        index = until
    account.points += stop - first
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
    if books.keeps_rows != 0:
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


@njit(**INNER)
def first_tick_from(books: Record, first: int, stop: int, time: int, guess: int) -> int:
    """The first of the ticks (first, stop) at this time or later; `stop` for none. guess: where it may be.

    Around the guess, the earlier ones are counted: a search would have to guess at every step how it goes on.
    """
    ticks = books.series
    if tick_at(ticks, stop - 1).time < time:
        return stop
    near = max(guess - WINDOW // 2, first)
    if near + WINDOW <= stop and tick_at(ticks, near).time < time:
        earlier = 0
        for i in range(WINDOW):
            earlier += tick_at(ticks, near + i).time < time
        if earlier < WINDOW:
            return near + earlier
        first = near + WINDOW - 1
    step = STRIDE
    while first + step < stop and tick_at(ticks, first + step).time < time:
        first += step
        step += step
    return first_at(books, first, min(first + step, stop), time)


@njit(**INNER)
def fetch_span(address: int, size: int) -> None:
    """Ask for memory of this many bytes, which is needed later."""
    for offset in range(0, size, LINE):
        fetch(address + offset)


@leaf(BOOKS_RECORD, types.int64, types.int64)
def mark_ticks(books: Record, first: int, stop: int) -> None:
    """Of one instrument with ticks: between two points only the extremes count, and these only for what is held."""
    contract, ticks = contract_at(books.contracts, 0), books.series
    period = books.point_period
    index, ends = first, (time_of(books, first) // period + 1) * period
    lasted = time_of(books, stop - 1) - time_of(books, first)
    length = int((stop - first) * (period / lasted)) if lasted > period else WINDOW  # of a period, in ticks
    while index < stop:
        time, start = time_of(books, index), index
        if time >= ends:
            ends = (time // period + 1) * period if time >= ends + period else ends + period
        if length <= SHORT:
            fetch_span(ticks + start * TICK_BYTES + AHEAD, length * TICK_BYTES)
        index = first_tick_from(books, start, stop, ends, start + length)
        last = tick_at(ticks, index - 1)
        contract.bid = last.bid
        contract.ask = last.ask
        if index == books.rows or time_of(books, index) >= ends:
            write_point(books, index - 1)
    if open_count(books) == 0:
        return
    scan_span(books, contract, first, stop)
    for i in range(books.holdings_count):
        holding = holding_at(books.holdings, i)
        if holding.position > 0.0:
            mark_excursion(contract, holding, contract.lowest_bid, 1.0)
            mark_excursion(contract, holding, contract.highest_bid, 1.0)
        elif holding.position < 0.0:
            mark_excursion(contract, holding, contract.lowest_ask, 1.0)
            mark_excursion(contract, holding, contract.highest_ask, 1.0)


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


@njit(**INNER)
def mark(books: Record, first: int, stop: int) -> None:
    """Mark the rows [first, stop) at their closes, with the positions and the cash as they are."""
    if books.layout == OF_BARS and books.instruments == 1 and books.holdings_count == 1 and books.rates == 0:
        mark_bars(books, first, stop)
    elif books.layout == OF_TICKS and books.instruments == 1 and books.point_period != 0 and books.rates == 0:
        mark_ticks(books, first, stop)
    else:
        mark_all(books, first, stop)
