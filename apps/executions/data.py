"""The rows that an execution runs on, as its manifest names them: for the worker that plays them and for charts."""

from bisect import bisect_left
from datetime import UTC, datetime
from typing import Any

import numpy as np

from apps.engine.series.quotes import TICK
from apps.errors import Invalid
from apps.market import sessions, store
from apps.market.folding import as_bars, by_period

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bars_of(data: dict[str, Any], equity_seconds: int = 0) -> np.ndarray:
    """(n,) BAR within the period and the trading hours, one for each point of the equity; Invalid when none is left.

    data: the member `data` of a manifest. equity_seconds: of a run on ticks. Of quote bars and ticks the prices are the
    middle of bid and ask.
    """
    rows, warm_up = rows_of(data)
    if rows.dtype == TICK and equity_seconds:
        return by_period(rows[warm_up:], equity_seconds)
    return as_bars(rows[warm_up:])


def rows_of(data: dict[str, Any]) -> tuple[np.ndarray, int]:
    """The rows with those of the warm-up before them, (w + n,) BAR, QUOTE_BAR or TICK, and w.

    Raises Invalid when the period holds no row, and when there are fewer before it than the warm-up needs.
    """
    start, end = _microseconds(data["start_time"]), _microseconds(data["end_time"])
    warm_up = data.get("warm_up_bars", 0)  # an older manifest says nothing of it
    rows = store.load(data["content_hash"], start=None if warm_up else start, end=end)
    row = "tick" if rows.dtype == TICK else "bar"
    if data["session"]:
        rows = rows[sessions.parse(data["session"]).mask(rows["time"])]
    first = bisect_left(rows["time"], start) if warm_up and start is not None else 0
    if first == len(rows):
        period = f"{data['start_time'] or f'the first {row}'} … {data['end_time'] or f'the last {row}'}"
        raise Invalid(f"The dataset has no {row} in the period {period}{_hours(data)}.")
    if first < warm_up:
        there = f"is {first} {row}" if first == 1 else f"are {first} {row}s"
        sentence = f"There {there} before {data['start_time']}{_hours(data)}; a warm-up of {warm_up} needs as many."
        raise Invalid(sentence, fields={"warm_up_bars": [sentence]})
    return rows[first - warm_up :], warm_up


def _hours(data: dict[str, Any]) -> str:
    return f" and the hours {data['session']}" if data["session"] else ""


def _microseconds(moment: str | None) -> int | None:
    if moment is None:
        return None
    elapsed = datetime.fromisoformat(moment) - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
