"""What every importer gives: rows as the file has them, and where in the file each of them stands."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from apps.engine.series.quotes import QUOTE_BAR, TICK
from apps.engine.types import BAR, Array
from apps.errors import Invalid

PRICES = ("open", "high", "low", "close")
BIDS, ASKS = (tuple(f"{side}_{price}" for price in PRICES) for side in ("bid", "ask"))
NAMES = {"bars": BAR, "quote_bars": QUOTE_BAR, "ticks": TICK}
"""What the layouts are called by those who import."""
MAX_ROWS = {BAR: 20_000_000, QUOTE_BAR: 10_000_000, TICK: 200_000_000}
"""Bars and quote bars are checked as a whole: 38 and 19 years of minutes keep that below 3 GB of memory, whatever was
compressed into a file. Ticks are taken piece by piece: these are 5 GB on disk, about eight years of a currency pair."""

SYNONYMS = {
    "time": (
        "timestamp", "time", "date", "datetime", "date_time", "open_time", "unix", "epoch", "ts", "gmt_time",
        "utc_time", "time_(utc)",
    ),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "vol", "v", "tick_volume"),
    "bid": ("bid", "bid_price", "bidprice", "best_bid", "best_bid_price"),
    "ask": ("ask", "ask_price", "askprice", "best_ask", "best_ask_price"),
    "ticks": ("ticks", "tick_count", "tickqty", "tick_qty"),
    **{
        f"{side}_{price}": (f"{side}_{price}", f"{side}{price}", f"{price}_{side}", f"{side}_{price[0]}")
        for side in ("bid", "ask")
        for price in PRICES
    },
}  # fmt: skip
_OPTIONAL = frozenset({"volume", "ticks"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Under each limit a Unix time is of that unit: seconds up to the year 5138, the finer ones from March 1973 on.
_UNITS = ((100_000_000_000, 1_000_000), (100_000_000_000_000, 1_000), (100_000_000_000_000_000, 1))


class BadFile(Invalid):
    """The file cannot be imported; the message names the first place that is wrong."""

    code = "bad_file"

    def __init__(self, message: str) -> None:
        super().__init__(message, fields={"file": [message]})


@dataclass(frozen=True)
class Piece:
    """rows: (n,) of the file's layout and in its order. places: (n,) int64, the number of each one's line, from 1."""

    rows: Array
    places: Array
    place_name: str = "Line"

    def place(self, index: int) -> str:
        return f"{self.place_name} {self.places[index]}"


@dataclass(frozen=True)
class RawRows:
    """The rows of a file, piece by piece; they are read, and refused with BadFile, as the pieces are taken.

    columns: which fields of the layout the file has.
    """

    layout: np.dtype[Any]
    columns: frozenset[str]
    pieces: Iterator[Piece]

    def whole(self) -> Piece:
        """All of them at once."""
        pieces = list(self.pieces)
        if not pieces:
            return Piece(np.empty(0, self.layout), np.empty(0, np.int64))
        rows, places = (np.concatenate(parts) for parts in zip(*((p.rows, p.places) for p in pieces), strict=True))
        return Piece(rows, places, pieces[0].place_name)


def columns_of(names: Sequence[str], layout: np.dtype[Any]) -> dict[str, int]:
    """Which column holds which field of the layout: all of them but `volume` and `ticks`. Raises BadFile."""
    found = _found(names, layout)
    if missing := _missing(found, layout):
        seen = ", ".join(name.strip()[:20] for name in names[:12])
        wanted = ", ".join(["timestamp", *(layout.names or ())[1:]])
        raise BadFile(
            f"The header has no column for {', '.join(missing)}; it has {seen!r}. "
            f"Name the columns {wanted}.{_better(names)}"
        )
    for meaning, indexes in found.items():
        if len(indexes) > 1:
            raise BadFile(f"The header has {len(indexes)} columns for {meaning}: leave one of them.")
    return {meaning: indexes[0] for meaning, indexes in found.items()}


def microseconds(texts: Iterable[str]) -> list[int]:
    """Microseconds UTC of times as texts: ISO 8601, where without an offset it is UTC, or a Unix time.

    A Unix time is in seconds, milliseconds or microseconds, which its size tells. A date may also be written as
    31.01.2024. Raises ValueError.
    """
    return [_moment(text) for text in texts]


def from_unix(number: int) -> int:
    """A Unix time in seconds, milliseconds or microseconds as microseconds. Raises ValueError."""
    for limit, factor in _UNITS:
        if abs(number) < limit:
            return number * factor
    raise ValueError(f"{number} is no Unix time in seconds, milliseconds or microseconds")


def chunk(layout: np.dtype[Any], times: Sequence[int], columns: dict[str, Array]) -> Array:
    """(n,) of the layout; without a column of volumes, or of numbers of ticks, these are 0."""
    rows = np.zeros(len(times), layout)
    rows["time"] = times
    with np.errstate(invalid="ignore"):  # what is no number of ticks becomes one below 0, which is refused
        for name, values in columns.items():
            rows[name] = values
    return rows


def refuse_too_many(count: int, layout: np.dtype[Any]) -> None:
    if count > MAX_ROWS[layout]:
        raise BadFile(f"The file has more than {MAX_ROWS[layout]:,} lines: import it in parts, as several datasets.")


def _found(names: Sequence[str], layout: np.dtype[Any]) -> dict[str, list[int]]:
    meanings = {name: meaning for meaning in layout.names or () for name in SYNONYMS[meaning]}
    found: dict[str, list[int]] = {}
    for index, name in enumerate(names):
        if meaning := meanings.get(name.strip().strip("<>").lower().replace(" ", "_")):
            found.setdefault(meaning, []).append(index)
    return found


def _missing(found: dict[str, list[int]], layout: np.dtype[Any]) -> list[str]:
    return [meaning for meaning in layout.names or () if meaning not in found and meaning not in _OPTIONAL]


def _better(names: Sequence[str]) -> str:
    """The layout that the header is of, if there is one."""
    for name, layout in NAMES.items():
        if not _missing(_found(names, layout), layout):
            return f" These are {name.replace('_', ' ')}: import them as such (layout {name})."
    return ""


def _moment(text: str) -> int:
    text = text.strip()
    # eight digits are a date of ISO 8601, as 20240131, and not a second of the year 1970
    if text.isascii() and text.removeprefix("-").isdigit() and len(text) != 8:
        return from_unix(int(text[:25]))
    if text[2:3] == "." == text[5:6]:  # 31.01.2024
        text = f"{text[6:10]}-{text[3:5]}-{text[:2]}{text[10:]}"
    moment = datetime.fromisoformat(text)
    elapsed = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * 1_000_000 + elapsed.microseconds
