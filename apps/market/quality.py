"""Whether rows are bars that can be traded on, and what is remarkable about them.

What cannot be true of a market is refused at its first place in the file; what can (gaps, flat bars) is counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from apps.engine.series.quotes import QUOTE_BAR
from apps.engine.types import BAR, Array
from apps.market.importers.raw import ASKS, BIDS, PRICES, BadFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
FIRST, LAST = ((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) for year in (1800, 2200))
SIDES = {BAR: (PRICES,), QUOTE_BAR: (BIDS, ASKS)}
AMOUNT = {BAR: "volume", QUOTE_BAR: "ticks"}

REFUSE, DROP = "refuse", "drop"
CROSSED = (REFUSE, DROP)
"""What an import does with quotes whose ask is below their bid."""

Place = Callable[[int], str]
"""Where the row of an index stands in its file: "Line 17"."""


@dataclass(frozen=True)
class Checked:
    """rows: (n,) of one layout in ascending time, n > 0. report: what is remarkable about them, see `describe`."""

    rows: Array
    report: dict[str, Any]


def check(
    rows: Array,
    timeframe_seconds: int,
    place: Place = lambda index: f"Row {index + 1}",
    *,
    crossed: str = REFUSE,
) -> Checked:
    """The rows, (n,) BAR or QUOTE_BAR, without exact repetitions, and of CROSSED without those that are to be left out.

    Raises BadFile, which names the place of the first bad row.
    """
    if not len(rows):
        raise BadFile("There is not a single bar in the file.")
    _refuse_impossible_bars(rows, place)
    _refuse_disorder(rows, place)
    _refuse_conflicts(rows, place)
    is_single = np.concatenate(([True], np.diff(rows["time"]) > 0))
    is_crossed = _crossed(rows)
    if crossed == REFUSE and is_crossed.any():
        index = int(np.argmax(is_crossed))
        raise crossed_at(place(index), next(_crossings(rows[index])))
    single = rows[is_single & ~is_crossed]
    if not len(single):
        raise BadFile("Of every bar in the file the ask is below the bid.")
    _refuse_wrong_timeframe(single, timeframe_seconds)
    single[AMOUNT[rows.dtype]] += 0  # a volume of -0.0 is the same bar, and must have the same hash
    report = {**describe(single, timeframe_seconds), "duplicates_dropped": int(np.sum(~is_single))}
    if rows.dtype == QUOTE_BAR:
        report["crossed_dropped"] = int(np.sum(is_single & is_crossed))
    return Checked(single, report)


def describe(rows: Array, timeframe_seconds: int) -> dict[str, Any]:
    """What is remarkable about bars or quote bars (n,) in ascending time, n > 0.

    gaps: steps longer than the timeframe. missing_bars: bars that gaps shorter than a day leave out, where longer ones
    are nights, week-ends and holidays. flat_bars: open = high = low = close, on both sides. locked_bars: the ask at the
    bid, at the open or at the close. usual_step_seconds: the median step.
    """
    steps = np.diff(rows["time"])
    step = timeframe_seconds * _SECOND
    gaps = steps[steps > step]
    short_gaps = gaps[gaps < _DAY]
    flat = np.all([rows[high] == rows[low] for _, high, low, _ in SIDES[rows.dtype]], axis=0)
    report = {
        "rows": len(rows),
        "gaps": len(gaps),
        "missing_bars": int(np.sum(short_gaps // step - 1)),
        "longest_gap_seconds": int(gaps.max()) / _SECOND if len(gaps) else 0.0,
        "usual_step_seconds": float(np.median(steps)) / _SECOND if len(steps) else None,
        "flat_bars": int(np.sum(flat)),
    }
    if rows.dtype == BAR:
        return {**report, "zero_volume_bars": int(np.sum(rows["volume"] == 0))}
    locked = (rows["ask_open"] == rows["bid_open"]) | (rows["ask_close"] == rows["bid_close"])
    return {**report, "locked_bars": int(np.sum(locked))}


def moment(time: int) -> datetime:
    """Microseconds UTC as a datetime."""
    return _EPOCH + timedelta(microseconds=int(time))


def microseconds(when: datetime) -> int:
    """A datetime with an offset as microseconds UTC."""
    return (when - _EPOCH) // timedelta(microseconds=1)


def crossed_at(place: str, problem: str) -> BadFile:
    """The refusal of a quote whose ask is below its bid."""
    return BadFile(f"{place}: {problem}. Correct it, or import the file without its crossed quotes (crossed {DROP}).")


def late_at(place: str, time: int, before: int, advice: str) -> BadFile:
    """The refusal of a row that is earlier than the one before it."""
    told, earlier = (f"{moment(at):%Y-%m-%d %H:%M:%S.%f}".removesuffix(".000000") for at in (time, before))
    return BadFile(f"{place}: {told} comes after {earlier}. {advice} by time.")


def price_problem(name: str, price: float) -> str | None:
    """What is wrong with a price, if anything is."""
    if not np.isfinite(price):
        return f"{name} is missing or is no finite number"
    return None if price > 0 else f"{name} is {price}, and a price is more than 0"


def _refuse_impossible_bars(rows: Array, place: Place) -> None:
    """Refuse the first row that no market can have made."""
    amount = rows[AMOUNT[rows.dtype]]
    with np.errstate(invalid="ignore"):  # comparing what is not a number is how it is found
        sound = (rows["time"] >= FIRST) & (rows["time"] < LAST) & (amount >= 0) & np.isfinite(amount)
        for side in SIDES[rows.dtype]:
            _, high, low, _ = side
            for name in side:
                sound &= (rows[name] > 0) & (rows[name] <= rows[high]) & (rows[name] >= rows[low])
                sound &= np.isfinite(rows[name])
    if not sound.all():
        index = int(np.argmin(sound))
        raise BadFile(f"{place(index)}: {next(_problems(rows[index]))}.")


def _problems(row: np.void) -> Iterator[str]:
    """What is wrong with a bar that is not sound, the plainest first."""
    amount, sides = AMOUNT[row.dtype], SIDES[row.dtype]
    names = [name for side in sides for name in side]
    if not FIRST <= row["time"] < LAST:
        yield "its time is not between the years 1800 and 2200"
    for name in (*names, amount):
        if not np.isfinite(row[name]):
            yield f"{name} is missing or is no finite number"
    yield from filter(None, (price_problem(name, row[name]) for name in names))
    if row[amount] < 0:
        yield f"{amount} is {row[amount]}, and {_a(amount)} is 0 or more"
    for open_, high, low, close in sides:
        if row[high] < row[low]:
            yield f"{high} {row[high]} is below {low} {row[low]}"
        for name in (open_, close):
            if not row[low] <= row[name] <= row[high]:
                yield f"{name} {row[name]} is outside {low} {row[low]} to {high} {row[high]}"


def _a(amount: str) -> str:
    return "a volume" if amount == "volume" else "a number of ticks"


def _crossed(rows: Array) -> Array:
    """(n,) bool: whether an ask is below the bid of the same moment, or an extreme of one side beyond the other's."""
    if rows.dtype == BAR:
        return np.zeros(len(rows), bool)
    return np.any([rows[ask] < rows[bid] for bid, ask in zip(BIDS, ASKS, strict=True)], axis=0)


def _crossings(row: np.void) -> Iterator[str]:
    for bid, ask in zip(BIDS, ASKS, strict=True):
        if row[ask] < row[bid]:
            yield f"{ask} {row[ask]} is below {bid} {row[bid]}"


def _refuse_disorder(rows: Array, place: Place) -> None:
    steps = np.diff(rows["time"])
    if not (backward := steps < 0).any():
        return
    index = int(np.argmax(backward)) + 1
    advice = "The file is newest first: sort it" if (steps <= 0).all() else "Sort the file"
    raise late_at(place(index), rows["time"][index], rows["time"][index - 1], advice)


def _refuse_conflicts(rows: Array, place: Place) -> None:
    """Refuse two bars of one time that differ: nobody can tell which is right."""
    conflicting = (np.diff(rows["time"]) == 0) & (rows[1:] != rows[:-1])
    if conflicting.any():
        index = int(np.argmax(conflicting)) + 1
        time = moment(rows["time"][index])
        raise BadFile(f"{place(index)}: this is another bar of {time:%Y-%m-%d %H:%M:%S}, with other values.")


def _refuse_wrong_timeframe(rows: Array, timeframe_seconds: int) -> None:
    """Single short steps occur (a broker's daily break); when half of them are short, the timeframe is a wrong one."""
    steps = np.diff(rows["time"])
    if len(steps) and (usual := float(np.median(steps)) / _SECOND) < timeframe_seconds:
        raise BadFile(f"The bars are {usual:g} s apart, but a timeframe of {timeframe_seconds} s was named.")
