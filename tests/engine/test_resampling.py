"""Timeframes, coarser bars and what is refused, on rows small enough to check by eye."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from apps.engine.series.calendars import US_EQUITIES
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.series.resampling import (
    Aggregator,
    BadSeries,
    bars_of,
    closes_of,
    prints_of,
    resample,
    tick_bars,
)
from apps.engine.series.timeframes import Timeframe, Unit
from apps.engine.types import BAR

if TYPE_CHECKING:
    from apps.engine.types import Array

MINUTE = 60_000_000
HOUR = 60 * MINUTE
NEW_YORK = "America/New_York"
FIVE = Timeframe.parse("5m")
MINUTES = Timeframe.parse("1m")


def at(text: str, zone: str = "UTC") -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()) * 1_000_000


def bars_at(*times: int) -> Array:
    """Bars whose open is their number from 1, high one more, low one less, close a half more, volume 1."""
    bars = np.ones(len(times), BAR)
    number = np.arange(1.0, len(times) + 1)
    bars["time"], bars["open"], bars["high"], bars["low"] = times, number, number + 1, number - 1
    bars["close"] = number + 0.5
    return bars


def ticks_at(*rows: tuple[int, float, float]) -> Array:
    return np.array(list(rows), TICK)


def test_a_bar_is_the_first_open_the_extremes_the_last_close_and_the_sum_of_the_volumes() -> None:
    rows = bars_at(*(at("2024-01-02T10:00") + MINUTE * i for i in (0, 1, 4, 5)))

    five = resample(rows, FIVE)

    assert five.rows.tolist() == [
        (at("2024-01-02T10:00"), 1.0, 4.0, 0.0, 3.5, 3.0),
        (at("2024-01-02T10:05"), 4.0, 5.0, 3.0, 4.5, 1.0),
    ]
    assert five.firsts.tolist() == [0, 3]
    assert five.lasts.tolist() == [2, 3]
    assert five.ends.tolist() == [at("2024-01-02T10:05"), at("2024-01-02T10:10")]


def test_a_tick_on_a_border_belongs_to_the_bar_that_begins_there() -> None:
    ticks = ticks_at((0, 1.0, 1.1), (MINUTE - 1, 0.9, 1.3), (MINUTE, 5.0, 5.1), (MINUTE, 4.0, 4.1))

    minutes = resample(ticks, MINUTES)

    assert minutes.rows.tolist() == [
        (0, 1.0, 1.0, 0.9, 0.9, 1.1, 1.3, 1.1, 1.3, 2),
        (MINUTE, 5.0, 5.0, 4.0, 4.0, 5.1, 5.1, 4.1, 4.1, 2),
    ]
    assert minutes.visible_from(ticks["time"]).tolist() == [2, 4]  # the second one is not complete in these ticks


def test_a_minute_without_a_row_delays_the_coarse_bar_to_the_next_close() -> None:
    rows = bars_at(*(at("2024-01-02T10:00") + MINUTE * i for i in (0, 3, 7, 9)))

    visible = resample(rows, FIVE).visible_from(closes_of(rows, MINUTES))

    assert visible.tolist() == [2, 3]  # 10:03 closes at 10:04, and nothing tells then that 10:04 will stay empty


def test_the_hours_of_a_session_are_counted_from_its_open_and_the_last_is_short() -> None:
    hours = Timeframe.parse("1h", calendar=US_EQUITIES, from_open=True)
    minutes = np.arange(at("2024-07-01T09:00", NEW_YORK), at("2024-07-01T17:00", NEW_YORK), MINUTE)
    rows = bars_at(*minutes.tolist())

    found = resample(rows, hours)

    assert found.rows["time"].tolist() == [at("2024-07-01T09:30", NEW_YORK) + HOUR * i for i in range(7)]
    assert found.rows["volume"].tolist() == [60.0] * 6 + [30.0]
    assert found.closes[-1] == at("2024-07-01T16:00", NEW_YORK)
    assert rows["time"][found.lasts[-1]] == at("2024-07-01T15:59", NEW_YORK)


@pytest.mark.parametrize(
    ("night", "hours"), [("2024-03-10", 23), ("2024-06-01", 24), ("2024-11-03", 25)], ids=["spring", "summer", "autumn"]
)
def test_a_new_york_day_is_as_long_as_its_clocks_say(night: str, hours: int) -> None:
    begin = at(f"{night}T00:00", NEW_YORK)
    rows = bars_at(*(begin + HOUR * i for i in range(hours + 1)))

    days = resample(rows, Timeframe.parse("1d", zone=NEW_YORK))

    assert days.rows["volume"].tolist() == [float(hours), 1.0]
    assert days.ends[0] - days.rows["time"][0] == hours * HOUR


@pytest.mark.parametrize(
    ("timeframe", "time", "start"),
    [
        ("7m", "1970-01-01T00:08", "1970-01-01T00:07"),
        ("1w", "2024-03-10T23:59", "2024-03-04T00:00"),
        ("2w", "2024-03-12T00:00", "2024-03-04T00:00"),
        ("1mo", "2024-02-29T23:59", "2024-02-01T00:00"),
        ("3mo", "2024-12-31T23:59", "2024-10-01T00:00"),
        ("12mo", "1969-12-31T23:59", "1969-01-01T00:00"),
        ("1h", "1969-12-31T23:59", "1969-12-31T23:00"),
    ],
)
def test_a_bar_is_labelled_with_the_start_of_its_bucket(timeframe: str, time: str, start: str) -> None:
    assert resample(bars_at(at(time)), Timeframe.parse(timeframe)).rows["time"].tolist() == [at(start)]


def test_the_forex_week_and_month_begin_at_five_in_the_evening_before() -> None:
    clock: dict[str, Any] = {"zone": NEW_YORK, "day_begins": -7}
    rows = bars_at(at("2024-03-31T16:59", NEW_YORK), at("2024-03-31T17:00", NEW_YORK))  # a Sunday

    weeks = resample(rows, Timeframe.parse("1w", **clock)).rows["time"]
    months = resample(rows, Timeframe.parse("1mo", **clock)).rows["time"]

    assert weeks.tolist() == [at("2024-03-24T17:00", NEW_YORK), at("2024-03-31T17:00", NEW_YORK)]
    assert months.tolist() == [at("2024-02-29T17:00", NEW_YORK), at("2024-03-31T17:00", NEW_YORK)]


def test_no_rows_make_no_bars() -> None:
    nothing = resample(bars_at(), FIVE)

    assert len(nothing.rows) == len(nothing.ends) == len(nothing.visible_from(np.empty(0, np.int64))) == 0
    assert len(Aggregator(TICK, FIVE).add(ticks_at())) == 0


def test_one_side_of_quotes_is_bars_whose_volume_counts_ticks() -> None:
    ticks = ticks_at((0, 1.0, 3.0), (1, 2.0, 2.5), (2, 1.5, 4.5))
    quotes = resample(ticks, MINUTES).rows

    assert bars_of(quotes, "bid").tolist() == [(0, 1.0, 2.0, 1.0, 1.5, 3.0)]
    assert bars_of(quotes, "ask").tolist() == [(0, 3.0, 4.5, 2.5, 4.5, 3.0)]
    assert bars_of(quotes, "mid").tolist() == [(0, 2.0, 3.25, 1.75, 3.0, 3.0)]
    assert tick_bars(ticks, MINUTES, "mid").tolist() == [(0, 2.0, 3.0, 2.0, 3.0, 3.0)]
    assert prints_of(ticks, "ask")["price"].tolist() == [3.0, 2.5, 4.5]


def test_the_clock_closes_a_bar_that_no_further_row_does() -> None:
    aggregator = Aggregator(TICK, MINUTES)
    aggregator.add(ticks_at((5, 1.0, 1.1)))

    assert len(aggregator.close(MINUTE - 1)) == 0
    assert aggregator.close(MINUTE)["time"].tolist() == [0]
    assert len(aggregator.growing) == len(aggregator.close(2 * MINUTE)) == 0


def test_a_row_for_a_bar_that_is_complete_is_refused_and_changes_nothing() -> None:
    aggregator = Aggregator(TICK, MINUTES)
    aggregator.add(ticks_at((5, 1.0, 1.1)))
    aggregator.close(MINUTE)
    before = aggregator.state()

    with pytest.raises(BadSeries, match=r"Row 0 \(1970-01-01T00:00:00\.000006\+00:00\): its bar of 1m is complete"):
        aggregator.add(ticks_at((6, 1.0, 1.1)))

    assert aggregator.state() == before


@pytest.mark.parametrize("clock", [{}, {"calendar": US_EQUITIES}], ids=["clock", "calendar"])
@pytest.mark.parametrize("order", [[0, 2, 1, 3], [0, 3, 1, 2], [3, 0, 1, 2], [0, 1, 3, 2]])
def test_rows_out_of_order_are_refused_by_their_number(order: list[int], clock: dict[str, Any]) -> None:
    rows = bars_at(*(at("2024-01-02T15:00") + MINUTE * 7 * i for i in order))
    row = next(i for i in range(1, 4) if order[i] < order[i - 1])

    with pytest.raises(BadSeries, match=f"Row {row} .*does not come after the row before it") as refusal:
        resample(rows, Timeframe.parse("5m", **clock))

    assert refusal.value.row == row


def test_rows_earlier_than_the_last_chunk_are_refused_and_change_nothing() -> None:
    aggregator = Aggregator(BAR, FIVE, of=MINUTES)
    aggregator.add(bars_at(0, MINUTE))
    before = aggregator.state()

    for rows in (bars_at(MINUTE), bars_at(0), bars_at(3 * MINUTE, 2 * MINUTE)):
        with pytest.raises(BadSeries):
            aggregator.add(rows)

    assert aggregator.state() == before


def test_two_bars_of_one_minute_are_refused() -> None:
    with pytest.raises(BadSeries, match=r"Row 1 .*does not come after the bar of 1m before it"):
        closes_of(bars_at(0, MINUTE // 2), MINUTES)


def test_a_bar_with_a_label_off_the_grid_closes_with_its_bucket() -> None:
    assert closes_of(bars_at(5 * MINUTE, HOUR), Timeframe.parse("1h")).tolist() == [HOUR, 2 * HOUR]


def test_a_fine_bar_that_reaches_into_the_next_coarse_one_is_refused() -> None:
    rows = bars_at(0, 3 * MINUTE, 6 * MINUTE)

    with pytest.raises(BadSeries, match=r"Row 1 .*reaches out of its bar of 5m"):
        resample(rows, FIVE).visible_from(closes_of(rows, Timeframe.parse("3m")))
    aggregator = Aggregator(BAR, FIVE, of=Timeframe.parse("3m"))
    with pytest.raises(BadSeries, match=r"Row 1 .*reaches out of its bar of 5m"):
        aggregator.add(rows)

    assert len(aggregator.growing) == 0


def test_a_fine_bar_outside_its_own_sessions_is_refused() -> None:
    rows = bars_at(at("2024-01-02T15:00"), at("2024-01-02T22:00"))

    with pytest.raises(BadSeries, match=r"Row 1 .*outside the sessions"):
        closes_of(rows, Timeframe.parse("1m", calendar=US_EQUITIES))


def test_rows_of_another_layout_are_refused() -> None:
    with pytest.raises(TypeError, match="can be resampled"):
        resample(np.zeros(3), FIVE)
    with pytest.raises(TypeError, match="takes rows of"):
        Aggregator(PRINT, FIVE).add(bars_at(0))
    with pytest.raises(ValueError, match="need their timeframe"):
        Aggregator(QUOTE_BAR, FIVE)


@pytest.mark.parametrize("text", ["", "5", "m", "0m", "-1h", "1.5h", "5 m", "1y", "5mo5", "9999999m"])
def test_what_is_not_a_timeframe_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a timeframe"):
        Timeframe.parse(text)


def test_a_timeframe_reads_and_shows_the_field_s_shorthand() -> None:
    assert [str(Timeframe.parse(text)) for text in ("15m", "1D", "1W", "1M", "3mo")] == [
        "15m",
        "1d",
        "1w",
        "1mo",
        "3mo",
    ]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"count": 0}, "cannot be 0 hours long"),
        ({"day_begins": 24.0}, "within a day"),
        ({"from_open": True}, "name one"),
        ({"unit": Unit.DAY, "from_open": True, "calendar": US_EQUITIES}, "longer than a session"),
        ({"zone": "America/Nowhere"}, "America/Nowhere"),
    ],
)
def test_a_timeframe_that_cannot_be_is_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises((ValueError, KeyError), match=problem):
        Timeframe(**{"count": 1, "unit": Unit.HOUR, **changes})
