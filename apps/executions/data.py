"""The bars that an execution runs on, as its manifest names them: for the worker that plays them and for charts."""

from datetime import UTC, datetime
from typing import Any

import numpy as np

from apps.errors import Invalid
from apps.market import sessions, store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def bars_of(data: dict[str, Any]) -> np.ndarray:
    """(n,) BAR within the period and the trading hours; Invalid when none is left.

    data: the member `data` of a manifest.
    """
    start, end = _microseconds(data["start_time"]), _microseconds(data["end_time"])
    bars = store.load(data["content_hash"], start=start, end=end)
    if data["session"]:
        bars = bars[sessions.parse(data["session"]).mask(bars["time"])]
    if not len(bars):
        period = f"{data['start_time'] or 'the first bar'} … {data['end_time'] or 'the last bar'}"
        hours = f" and the hours {data['session']}" if data["session"] else ""
        raise Invalid(f"The dataset has no bar in the period {period}{hours}.")
    return bars


def _microseconds(moment: str | None) -> int | None:
    if moment is None:
        return None
    elapsed = datetime.fromisoformat(moment) - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
