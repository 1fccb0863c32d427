"""The works as plain numba loops: what each work is, exactly, and how fast this machine could do it.

Columns and fills, with nothing around them: no orders, no rows, no figures. Values that are nan compare false.
"""

from __future__ import annotations

import numpy as np
from numba import njit

OPTIONS = {"cache": True, "nogil": True}


@njit(**OPTIONS)
def mean(values, period):  # type: ignore[no-untyped-def]
    """(n,) means of the last `period` values, nan before the first."""
    means = np.full(len(values), np.nan)
    total = 0.0
    for i in range(len(values)):
        total += values[i]
        if i >= period:
            total -= values[i - period]
        if i >= period - 1:
            means[i] = total / period
    return means


@njit(**OPTIONS)
def exponential_mean(values, period):  # type: ignore[no-untyped-def]
    """(n,) exponential means of weight 2 / (period + 1), seeded by the first value, nan before `period - 1`."""
    means = np.full(len(values), np.nan)
    weight, present = 2.0 / (period + 1.0), values[0]
    for i in range(len(values)):
        present += weight * (values[i] - present)
        if i >= period - 1:
            means[i] = present
    return means


@njit(**OPTIONS)
def hold_while_above(prices, closes, fast, slow, fee, cash, equity, first_decision):  # type: ignore[no-untyped-def]
    """One unit while fast > slow, ordered at a close and filled at the next of `prices`; fills and the last position.

    equity: (n,) receives the curve. first_decision: the first bar at whose close an order is given.
    """
    position, wanted, fills = 0.0, 0.0, 0
    for i in range(len(closes)):
        if wanted != position:
            cash -= (wanted - position) * prices[i] + abs(wanted - position) * prices[i] * fee
            position = wanted
            fills += 1
        equity[i] = cash + position * closes[i]
        if i >= first_decision:
            wanted = 1.0 if fast[i] > slow[i] else 0.0
    return fills, position


@njit(**OPTIONS)
def enter_on_cross(highs, lows, closes, fast, slow, length, fee, stop_share, target_share, cash, equity):  # type: ignore[no-untyped-def]
    """One unit at the close of a longer bar in which the averages cross; out at a stop or a target; number of trades.

    highs, lows, closes, equity: (n,) of one minute. fast, slow: (n // length,) of the longer bars. The levels work from
    the minute after the entry on; where one minute touches both, the stop counts.
    """
    position, stop, target, trades = 0.0, 0.0, 0.0, 0
    for i in range(len(closes)):
        if position != 0.0:
            is_stopped = lows[i] <= stop if position > 0.0 else highs[i] >= stop
            is_reached = highs[i] >= target if position > 0.0 else lows[i] <= target
            if is_stopped or is_reached:
                price = stop if is_stopped else target
                cash += position * price - price * fee
                position = 0.0
                trades += 1
        last = (i + 1) // length - 1
        if (i + 1) % length == 0 and last > 0 and position == 0.0:
            if fast[last - 1] <= slow[last - 1] and fast[last] > slow[last]:
                position = 1.0
            elif fast[last - 1] >= slow[last - 1] and fast[last] < slow[last]:
                position = -1.0
            if position != 0.0:
                cash -= position * closes[i] + closes[i] * fee
                stop = closes[i] * (1.0 - position * stop_share)
                target = closes[i] * (1.0 + position * target_share)
        equity[i] = cash + position * closes[i]
    return trades, position


@njit(**OPTIONS)
def add_layers(bids, asks, step, profit, loss, quantity, layers, cash):  # type: ignore[no-untyped-def]
    """A layer at the ask when flat and at each `step` below the last, all out at the bid; fills, cycles, equity.

    Out `profit` above the mean entry, or `loss` below the last entry once all layers are in.
    """
    held, last, cost, fills, cycles = 0, 0.0, 0.0, 0, 0
    for i in range(len(bids)):
        position = held * quantity
        is_full = held == layers
        if held and (bids[i] >= cost / position + profit or (is_full and bids[i] <= last - loss)):
            cash += position * bids[i]
            held, cost = 0, 0.0
            fills += 1
            cycles += 1
        elif held == 0 or (not is_full and asks[i] <= last - step):
            last = asks[i]
            cost += last * quantity
            cash -= last * quantity
            held += 1
            fills += 1
    return fills, cycles, cash + held * quantity * bids[-1]


@njit(**OPTIONS)
def hold_many_while_above(opens, closes, fast, slow, fee, cash, equity):  # type: ignore[no-untyped-def]
    """`hold_while_above` for many instruments in one account, arrays (bars, instruments); number of fills."""
    count = opens.shape[1]
    positions, wanted, fills = np.zeros(count), np.zeros(count), 0
    for i in range(len(opens)):
        worth = 0.0
        for j in range(count):
            change = wanted[j] - positions[j]
            if change != 0.0:
                cash -= change * opens[i, j] + abs(change) * opens[i, j] * fee
                positions[j] = wanted[j]
                fills += 1
            worth += positions[j] * closes[i, j]
            wanted[j] = 1.0 if fast[i, j] > slow[i, j] else 0.0
        equity[i] = cash + worth
    return fills
