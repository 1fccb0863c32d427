"""What every importer gives: bars as the file has them, and where in the file each of them stands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from apps.engine.types import BAR, Array
from apps.errors import Invalid

PRICES = ("open", "high", "low", "close")
MAX_BARS = 20_000_000  # 38 years of minutes; keeps an import below 3 GB of memory, whatever was compressed into a file

SYNONYMS = {
    "time": ("timestamp", "time", "date", "datetime", "date_time", "open_time", "unix", "epoch", "ts", "gmt_time"),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v", "tick_volume"),
}
_MEANINGS = {name: meaning for meaning, names in SYNONYMS.items() for name in names}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Under each limit a Unix time is of that unit: seconds up to the year 5138, the finer ones from March 1973 on.
_UNITS = ((100_000_000_000, 1_000_000), (100_000_000_000_000, 1_000), (100_000_000_000_000_000, 1))


class BadFile(Invalid):
    """The file cannot be imported; the message names the first place that is wrong."""

    code = "bad_file"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"file": [message]})


@dataclass(frozen=True)
class RawBars:
    """bars: (n,) BAR in the file's order. places: (n,) int64, the number of each one's line or row, from 1."""

    bars: Array
    places: Array
    place_name: str = "Line"
    has_volume: bool = True

    def place(self, index: int) -> str:
        return f"{self.place_name} {self.places[index]}"


def columns_of(names: Sequence[str]) -> dict[str, int]:
    """Which column holds what: `time`, the four prices, and `volume` if there is one. Raises BadFile."""
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if meaning := _MEANINGS.get(name.strip().strip("<>").lower().replace(" ", "_")):
            found.setdefault(meaning, []).append(index)
    if missing := [meaning for meaning in ("time", *PRICES) if meaning not in found]:
        seen = ", ".join(name.strip()[:20] for name in names[:12])
        raise BadFile(
            f"The header has no column for {', '.join(missing)}; it has {seen!r}. "
            "Name the columns timestamp, open, high, low, close, volume."
        )
    for meaning, indexes in found.items():
        if len(indexes) > 1:
            raise BadFile(f"The header has {len(indexes)} columns for {meaning}: leave one of them.")
    return {meaning: indexes[0] for meaning, indexes in found.items()}


def microseconds(texts: Iterable[str]) -> list[int]:
    """Microseconds UTC of times as texts: ISO 8601, where without an offset it is UTC, or a Unix time.

    A Unix time is in seconds, milliseconds or microseconds, which its size tells. Raises ValueError.
    """
    return [_moment(text) for text in texts]


def from_unix(number: int) -> int:
    """A Unix time in seconds, milliseconds or microseconds as microseconds. Raises ValueError."""
    for limit, factor in _UNITS:
        if abs(number) < limit:
            return number * factor
    raise ValueError(f"{number} is no Unix time in seconds, milliseconds or microseconds")


def chunk(times: list[int], columns: dict[str, Array]) -> Array:
    """(n,) BAR of one chunk; without a volume column the volume is 0."""
    bars = np.zeros(len(times), BAR)
    bars["time"] = times
    for name, values in columns.items():
        bars[name] = values
    return bars


def joined(chunks: list[Array]) -> Array:
    return np.concatenate(chunks) if chunks else np.empty(0, BAR)


def refuse_too_many(count: int) -> None:
    if count > MAX_BARS:
        raise BadFile(f"The file has more than {MAX_BARS:,} lines: import it in parts, as several datasets.")


def _moment(text: str) -> int:
    text = text.strip()
    # eight digits are a date of ISO 8601, as 20240131, and not a second of the year 1970
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) != 8:
        return from_unix(int(text[:25]))
    moment = datetime.fromisoformat(text)
    elapsed = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
