"""Whether rows are bars that can be traded on, and what is remarkable about them.

What cannot be true of a market is refused at its first place in the file; what can (gaps, flat bars) is counted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from apps.engine.types import Array
from apps.market.importers.raw import PRICES, BadFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = 1_000_000
_DAY = 86_400 * _SECOND
_FIRST, _LAST = ((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1) for year in (1800, 2200))


Place = Callable[[int], str]
"""Where the row of an index stands in its file: "Line 17"."""


@dataclass(frozen=True)
class Checked:
    """bars: (n,) BAR in strictly ascending time, n > 0. report: what is remarkable about them, see `describe`."""

    bars: Array
    report: dict[str, Any]


def check(bars: Array, timeframe_seconds: int, place: Place = lambda index: f"Row {index + 1}") -> Checked:
    """The bars (n,) BAR without exact repetitions. Raises BadFile, which names the place of the first bad row."""
    if not len(bars):
        raise BadFile("There is not a single bar in the file.")
    _refuse_impossible_bars(bars, place)
    _refuse_disorder(bars, place)
    _refuse_conflicts(bars, place)
    single = bars[np.concatenate(([True], np.diff(bars["time"]) > 0))]
    _refuse_wrong_timeframe(single, timeframe_seconds)
    single["volume"] += 0.0  # a volume of -0.0 is the same bar, and must have the same hash
    report = describe(single, timeframe_seconds)
    return Checked(single, {**report, "duplicates_dropped": len(bars) - len(single)})


def describe(bars: Array, timeframe_seconds: int) -> dict[str, Any]:
    """What is remarkable about bars (n,) in ascending time, n > 0.

    gaps: steps longer than the timeframe. missing_bars: bars that gaps shorter than a day leave out, where longer ones
    are nights, week-ends and holidays. flat_bars: open = high = low = close. usual_step_seconds: the median step.
    """
    steps = np.diff(bars["time"])
    step = timeframe_seconds * _SECOND
    gaps = steps[steps > step]
    short_gaps = gaps[gaps < _DAY]
    return {
        "rows": len(bars),
        "gaps": len(gaps),
        "missing_bars": int(np.sum(short_gaps // step - 1)),
        "longest_gap_seconds": int(gaps.max()) / _SECOND if len(gaps) else 0.0,
        "usual_step_seconds": float(np.median(steps)) / _SECOND if len(steps) else None,
        "flat_bars": int(np.sum(bars["high"] == bars["low"])),
        "zero_volume_bars": int(np.sum(bars["volume"] == 0)),
    }


def moment(time: int) -> datetime:
    """Microseconds UTC as a datetime."""
    return _EPOCH + timedelta(microseconds=int(time))


def microseconds(when: datetime) -> int:
    """A datetime with an offset as microseconds UTC."""
    return (when - _EPOCH) // timedelta(microseconds=1)


def _refuse_impossible_bars(bars: Array, place: Place) -> None:
    """Refuse the first row that no market can have made."""
    with np.errstate(invalid="ignore"):  # comparing what is not a number is how it is found
        sound = (bars["time"] >= _FIRST) & (bars["time"] < _LAST) & (bars["volume"] >= 0) & np.isfinite(bars["volume"])
        for name in PRICES:
            sound &= (bars[name] > 0) & (bars[name] <= bars["high"]) & (bars[name] >= bars["low"])
            sound &= np.isfinite(bars[name])
    if not sound.all():
        index = int(np.argmin(sound))
        raise BadFile(f"{place(index)}: {next(_problems(bars[index]))}.")


def _problems(bar: np.void) -> Iterator[str]:
    """What is wrong with a bar that is not sound, the plainest first."""
    if not _FIRST <= bar["time"] < _LAST:
        yield "its time is not between the years 1800 and 2200"
    for name in (*PRICES, "volume"):
        if not np.isfinite(bar[name]):
            yield f"{name} is missing or is no finite number"
    for name in PRICES:
        if bar[name] <= 0:
            yield f"{name} is {bar[name]}, and a price is more than 0"
    if bar["volume"] < 0:
        yield f"volume is {bar['volume']}, and a volume is 0 or more"
    if bar["high"] < bar["low"]:
        yield f"high {bar['high']} is below low {bar['low']}"
    for name in ("open", "close"):
        if not bar["low"] <= bar[name] <= bar["high"]:
            yield f"{name} {bar[name]} is outside low {bar['low']} to high {bar['high']}"


def _refuse_disorder(bars: Array, place: Place) -> None:
    steps = np.diff(bars["time"])
    if not (backward := steps < 0).any():
        return
    index = int(np.argmax(backward)) + 1
    before, after = (f"{moment(bars['time'][at]):%Y-%m-%d %H:%M:%S}" for at in (index - 1, index))
    advice = "The file is newest first: sort it" if (steps <= 0).all() else "Sort the file"
    raise BadFile(f"{place(index)}: {after} comes after {before}. {advice} by time.")


def _refuse_conflicts(bars: Array, place: Place) -> None:
    """Refuse two bars of one time that differ: nobody can tell which is right."""
    conflicting = (np.diff(bars["time"]) == 0) & (bars[1:] != bars[:-1])
    if conflicting.any():
        index = int(np.argmax(conflicting)) + 1
        time = moment(bars["time"][index])
        raise BadFile(f"{place(index)}: this is another bar of {time:%Y-%m-%d %H:%M:%S}, with other values.")


def _refuse_wrong_timeframe(bars: Array, timeframe_seconds: int) -> None:
    """Single short steps occur (a broker's daily break); when half of them are short, the timeframe is a wrong one."""
    steps = np.diff(bars["time"])
    if len(steps) and (usual := float(np.median(steps)) / _SECOND) < timeframe_seconds:
        raise BadFile(f"The bars are {usual:g} s apart, but a timeframe of {timeframe_seconds} s was named.")
