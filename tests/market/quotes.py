"""Made-up ticks and quote bars, and the files they come in."""

import numpy as np

from apps.engine.series.quotes import QUOTE_BAR, TICK
from tests.conftest import MINUTE, MONDAY


def random_ticks(count: int, *, seed: int = 1) -> np.ndarray:
    """(count,) TICK of a pair; some share a time, and some have no spread."""
    generator = np.random.default_rng(seed)
    ticks = np.empty(count, TICK)
    ticks["time"] = MONDAY + np.cumsum(generator.integers(0, 900, count)) * 1000
    ticks["bid"] = np.round(1.1 + np.cumsum(generator.normal(0, 5e-5, count)), 5)
    ticks["ask"] = np.round(ticks["bid"] + generator.integers(0, 9, count) * 1e-5, 5)
    return ticks


def random_quotes(count: int, *, seed: int = 1) -> np.ndarray:
    """(count,) QUOTE_BAR of minutes, with the same spread throughout."""
    generator = np.random.default_rng(seed)
    quotes = np.zeros(count, QUOTE_BAR)
    quotes["time"] = MONDAY + MINUTE * np.arange(count)
    middle = np.round(1.1 + np.cumsum(generator.normal(0, 5e-4, (count, 4)).reshape(-1)), 5).reshape(count, 4)
    for side, distance in (("bid", 0.0), ("ask", 1e-4)):
        quotes[f"{side}_open"], quotes[f"{side}_close"] = middle[:, 0] + distance, middle[:, 3] + distance
        quotes[f"{side}_high"], quotes[f"{side}_low"] = middle.max(axis=1) + distance, middle.min(axis=1) + distance
    quotes["ticks"] = generator.integers(1, 90, count)
    return quotes


def as_csv(rows: np.ndarray) -> bytes:
    """Rows of any layout with a header of their fields."""
    times = np.datetime_as_string(rows["time"].astype("datetime64[us]"))
    columns = (rows[name].tolist() for name in rows.dtype.names[1:])
    lines = [f"{time}Z,{','.join(map(repr, values))}" for time, *values in zip(times, *columns, strict=True)]
    return "\n".join([",".join(["timestamp", *rows.dtype.names[1:]]), *lines, ""]).encode()
