"""Several instruments on one clock, and warm-up before a start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.series.clock import MISSING, BadClock, Window, coarse_window, merged, window
from apps.engine.series.resampling import closes_of, resample
from apps.engine.series.timeframes import Timeframe
from apps.engine.types import BAR
from tests.golden.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = 60_000_000

series = st.lists(st.lists(st.integers(-50, 50), unique=True).map(sorted), min_size=1, max_size=5)


@given(times=series)
@settings(deadline=None)
def test_the_clock_has_every_time_once_and_places_every_bar(times: list[list[int]]) -> None:
    clock = merged([np.array(each, np.int64) for each in times])

    assert clock.times.tolist() == sorted(set().union(*times))
    for instrument, own in enumerate(times):
        placed = [own.index(time) if time in own else MISSING for time in clock.times.tolist()]
        assert clock.rows[:, instrument].tolist() == placed
        latest = [sum(each <= time for each in own) - 1 for time in clock.times.tolist()]
        assert clock.latest[:, instrument].tolist() == latest


def test_a_missing_bar_has_no_prices_and_no_volume() -> None:
    first, second = np.ones(2, BAR), np.full(1, 7, BAR)
    first["time"], second["time"] = [10, 30], [20]

    table = merged([first["time"], second["time"]]).table([first, second])

    assert table["time"].tolist() == [[10, 10], [20, 20], [30, 30]]
    np.testing.assert_array_equal(table["close"], [[1, np.nan], [np.nan, 7], [1, np.nan]])
    assert table["volume"].tolist() == [[1, 0], [0, 7], [1, 0]]


@pytest.mark.parametrize("wrong", [[1, 3, 3], [1, 3, 2]])
def test_times_that_do_not_rise_are_refused(wrong: list[int]) -> None:
    with pytest.raises(BadClock, match=r"Row 2 .* of instrument 1") as refusal:
        merged([np.array([1, 2, 3]), np.array(wrong)])

    assert (refusal.value.instrument, refusal.value.row) == (1, 2)


def test_a_clock_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="one instrument"):
        merged([])


def test_two_real_sets_share_a_clock(shared: Path) -> None:
    folder = shared / "data" / "bars"
    minutes = read_series(folder / "crypto_btcusd_1m_trade_coinbase_20161007_09.csv.gz", BAR)
    seconds = read_series(folder / "crypto_btcusd_1s_trade_coinbase_20161007_09.csv.gz", BAR)

    clock = merged([minutes["time"], seconds["time"]])

    assert clock.times.tolist() == np.union1d(minutes["time"], seconds["time"]).tolist()
    for instrument, bars in enumerate((minutes, seconds)):
        rows = clock.rows[:, instrument]
        assert (bars["time"][rows[rows != MISSING]] == clock.times[rows != MISSING]).all()
        assert (rows != MISSING).sum() == len(bars)


def test_a_window_is_the_rows_of_a_span_and_the_bars_before_it() -> None:
    times = np.arange(10) * 10

    assert window(times, 35, 70, warm_up=2) == Window(first=2, start=4, stop=7, lacking=0)
    assert window(times, 40, warm_up=6) == Window(first=0, start=4, stop=10, lacking=2)
    assert window(times, 500) == Window(first=10, start=10, stop=10, lacking=0)
    assert times[window(times, 35, 70, warm_up=2).rows].tolist() == [20, 30, 40, 50, 60]


def test_a_warm_up_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        window(np.arange(3), 1, warm_up=-1)


@given(begin=st.integers(0, 400), wanted=st.integers(0, 30), offset=st.integers(0, 9))
@settings(deadline=None)
def test_whole_coarse_bars_are_seen_before_the_start(begin: int, wanted: int, offset: int) -> None:
    bars = np.ones(400, BAR)
    bars["time"] = (np.arange(400) + offset) * MINUTE
    coarse = resample(bars, Timeframe.parse("5m"))
    visible = coarse.visible_from(closes_of(bars, Timeframe.parse("1m")))
    start = window(bars["time"], (begin + offset) * MINUTE)

    longer = coarse_window(start, coarse.firsts, visible, warm_up=wanted)

    kept = bars[longer.first : longer.start]
    again = resample(kept, Timeframe.parse("5m"))
    seen = (again.visible_from(closes_of(kept, Timeframe.parse("1m"))) < len(kept)).sum()
    assert seen >= wanted - longer.lacking
    assert longer.lacking == max(wanted - max((visible < start.start).sum() - 1, 0), 0)
    assert longer[1:3] == start[1:3]
