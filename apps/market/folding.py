"""Fewer bars for a chart: neighbours become one, which opens with the first, closes with the last, hides no extreme."""

import numpy as np

from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, Array

PIECE_ROWS = 1_000_000  # of ticks there may be more than the memory of a web process should take at once


def fold(rows: Array, limit: int) -> Array:
    """At most `limit` (≥ 1) bars (m,) BAR that cover rows (n,) of any layout, one for each row when n ≤ limit."""
    size = max(1, -(-len(rows) // limit))
    whole = max(1, PIECE_ROWS // size) * size
    pieces = [
        _folded(as_bars(rows[at : at + whole]), np.arange(0, min(whole, len(rows) - at), size))
        for at in range(0, len(rows), whole)
    ]
    return np.concatenate(pieces) if pieces else np.empty(0, BAR)


def by_period(ticks: Array, seconds: int) -> Array:
    """(m,) BAR of the middle of ticks (n,): one for each period of so many seconds since 1970 that has a tick."""
    made: list[Array] = []
    for at in range(0, len(ticks), PIECE_ROWS):
        bars = as_bars(ticks[at : at + PIECE_ROWS])
        bars["time"] -= bars["time"] % (seconds * 1_000_000)
        folded = _folded(bars, np.flatnonzero(np.diff(bars["time"], prepend=bars["time"][0] - 1)))
        if made and made[-1]["time"][-1] == folded["time"][0]:
            folded[:1] = _folded(np.concatenate((made[-1][-1:], folded[:1])), np.zeros(1, np.int64))
            made[-1] = made[-1][:-1]
        made.append(folded)
    return np.concatenate(made) if made else np.empty(0, BAR)


def as_bars(rows: Array) -> Array:
    """Rows (n,) of any layout as (n,) BAR: of quotes the middle, with the number of ticks for the volume."""
    if rows.dtype == BAR:
        return rows
    bars = np.empty(len(rows), BAR)
    bars["time"] = rows["time"]
    for name in ("open", "high", "low", "close"):
        bid, ask = (name_of(side, name, rows) for side in ("bid", "ask"))
        bars[name] = (rows[bid] + rows[ask]) / 2.0
    bars["volume"] = rows["ticks"] if rows.dtype == QUOTE_BAR else 1.0
    return bars


def name_of(side: str, price: str, rows: Array) -> str:
    return side if rows.dtype == TICK else f"{side}_{price}"


def _folded(bars: Array, starts: Array) -> Array:
    """(m,) BAR of the neighbours that begin at each of `starts` (m,)."""
    folded = np.empty(len(starts), BAR)
    folded["time"], folded["open"] = bars["time"][starts], bars["open"][starts]
    folded["close"] = bars["close"][np.append(starts[1:], len(bars)) - 1]
    folded["high"] = np.maximum.reduceat(bars["high"], starts)
    folded["low"] = np.minimum.reduceat(bars["low"], starts)
    folded["volume"] = np.add.reduceat(bars["volume"], starts)
    return folded
