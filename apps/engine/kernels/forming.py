"""Candles as they form, seen from inside: what their closes and ranges come to at every row, the present one included.

Prices are whole numbers of grains, so that sums of ranges are exact and no order of adding decides a comparison.
"""

import numpy as np
from numba import njit, types

from apps.engine.kernels import COLUMN, INPUT, OPTIONS
from apps.engine.types import Array, Column

TIMES = types.Array(types.int64, 1, "C", readonly=True)
SCRATCH = types.float64[::1]

READY, RISING, STORMY, CALM, WIDE, NARROW = 1, 2, 4, 8, 16, 32  # bits of a sign
TOLD_OF = READY | STORMY | CALM  # where one of these begins, or …
SCALES = WIDE | NARROW  # … one of these changes, whoever sleeps is woken


@njit(
    types.void(
        TIMES, INPUT, INPUT, INPUT, types.float64, types.int64, types.int64, types.int64, types.int64,
        types.float64[::1], types.int64, SCRATCH, SCRATCH, COLUMN, COLUMN, COLUMN, COLUMN,
    ),
    **OPTIONS,
)  # fmt: skip
def watch(
    times: Array, high: Column, low: Column, close: Column, grains: float, length: int, closes: int, period: int,
    baseline: int, ratios: Column, heeded: int, ranges: Column, ends: Column,
    signs: Column, short: Column, long: Column, wakes: Column,
) -> None:  # fmt: skip
    """Signs of the candles at every row.

    grains: to a unit of price. length: of a candle, microseconds since the epoch. closes: candles whose closes tell
    the direction. ratios: (4,) at which the short mean range is stormy, calm, wide and narrow, each as a numerator, and
    then their denominators. heeded: bits that wake. ranges, ends: rings of baseline and of closes finished candles.
    short, long: sums of the last period and baseline true ranges, the forming candle's included; nan before there are
    baseline candles with one before each. signs: bits.
    """
    finished, ends_at, before = 0, -(2**63), np.nan
    top = bottom = last = first = 0.0
    short_sum = long_sum = short_now = long_now = np.nan
    sign = ranging = 0
    for i in range(len(times)):
        peak, dip, end = np.rint(high[i] * grains), np.rint(low[i] * grains), np.rint(close[i] * grains)
        if times[i] >= ends_at:
            if ends_at != -(2**63):
                ranges[finished % baseline] = max(top, before) - min(bottom, before) if finished > 0 else top - bottom
                ends[finished % closes] = last
                before = last
                finished += 1
                first = ends[(finished + 1 - closes) % closes]
                short_sum = long_sum = 0.0
                for k in range(1, min(baseline, finished + 1)):
                    if k < period:
                        short_sum += ranges[(finished - k) % baseline]
                    long_sum += ranges[(finished - k) % baseline]
            ends_at = (times[i] // length + 1) * length
            top, bottom = peak, dip
            is_other = True
        else:
            is_other = peak > top or dip < bottom
            top, bottom = max(top, peak), min(bottom, dip)
        last = end
        if is_other and finished >= baseline:
            reach = max(top, before) - min(bottom, before)
            short_now, long_now = short_sum + reach, long_sum + reach
            mean, usual = short_now * baseline, long_now * period
            ranging = 0
            if usual > 0.0:
                ranging |= STORMY if mean * ratios[4] >= usual * ratios[0] else 0
                ranging |= CALM if mean * ratios[5] <= usual * ratios[1] else 0
                ranging |= WIDE if mean * ratios[6] >= usual * ratios[2] else 0
                ranging |= NARROW if mean * ratios[7] <= usual * ratios[3] else 0
        now = ranging
        if finished + 1 >= closes:
            now |= READY
            if last >= first:
                now |= RISING
        short[i], long[i] = short_now, long_now
        begun, changed = now & ~sign & TOLD_OF, (now ^ sign) & SCALES
        wakes[i] = 1.0 if (begun | changed) & heeded != 0 else 0.0
        sign = now
        signs[i] = now
