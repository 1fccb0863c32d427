"""What holds for every timeframe and all rows: sizes of chunks leave no trace, and nothing is seen too early."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.series.calendars import ALWAYS, CME_GLOBEX, FOREX, HONG_KONG_EQUITIES, US_EQUITIES
from apps.engine.series.quotes import PRINT, QUOTE_BAR, TICK
from apps.engine.series.resampling import Aggregator, closes_of, resample
from apps.engine.series.timeframes import Timeframe
from apps.engine.types import BAR

if TYPE_CHECKING:
    from apps.engine.types import Array

MINUTE = 60_000_000
NEW_YORK = "America/New_York"
MINUTES = Timeframe.parse("1m")

TIMEFRAMES = [
    Timeframe.parse("1m"),
    Timeframe.parse("5m"),
    Timeframe.parse("1h"),
    Timeframe.parse("7h"),
    Timeframe.parse("4h", zone="Asia/Kolkata"),
    Timeframe.parse("1d"),
    Timeframe.parse("1d", zone=NEW_YORK, day_begins=-7),
    Timeframe.parse("1d", zone=NEW_YORK, day_begins=9.5),
    Timeframe.parse("3d", zone="Europe/Berlin"),
    Timeframe.parse("1w"),
    Timeframe.parse("1w", zone=NEW_YORK, day_begins=-7, calendar=FOREX),
    Timeframe.parse("1mo"),
    Timeframe.parse("1mo", zone=NEW_YORK),
    Timeframe.parse("1h", calendar=US_EQUITIES),
    Timeframe.parse("1h", calendar=US_EQUITIES, from_open=True),
    Timeframe.parse("1d", zone=NEW_YORK, calendar=US_EQUITIES),
    Timeframe.parse("2h", calendar=HONG_KONG_EQUITIES, from_open=True),
    Timeframe.parse("1d", zone="America/Chicago", day_begins=-7, calendar=CME_GLOBEX),
    Timeframe.parse("4h", calendar=ALWAYS, from_open=True),
]
BEGINNINGS = [  # in each of them clocks change somewhere, or a month or a year ends
    datetime(2024, 3, 8, 11, 58, tzinfo=UTC),
    datetime(2024, 3, 29, tzinfo=UTC),
    datetime(2024, 11, 1, 20, 1, tzinfo=UTC),
    datetime(2023, 12, 30, 23, 59, tzinfo=UTC),
    datetime(1969, 12, 31, 12, tzinfo=UTC),
]


@st.composite
def moments(draw: st.DrawFn, *, unit: int) -> Array:
    """Times in order, multiples of a unit: dense stretches with gaps of minutes to days between them."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(1, 120))
    gaps = random.choice([1, 2, 60, 977, 2 * 1440], count, p=[0.7, 0.1, 0.1, 0.07, 0.03])
    begin = draw(st.sampled_from(BEGINNINGS))
    return round(begin.timestamp() / 60) * MINUTE + np.cumsum(gaps) * unit


@st.composite
def fine_rows(draw: st.DrawFn, layouts: tuple[np.dtype, ...] = (BAR, QUOTE_BAR, TICK, PRINT)) -> Array:
    """Random rows of one of the layouts: bars of a minute, or ticks and prints some of which share a time."""
    layout = draw(st.sampled_from(layouts))
    is_bar = layout in (BAR, QUOTE_BAR)
    times = draw(moments(unit=MINUTE))
    if not is_bar:
        times = np.sort(np.concatenate((times, times[::3], times[::2] + 1)))
    random = np.random.default_rng(len(times))
    rows = np.empty(len(times), layout)
    rows["time"] = times
    for name in (layout.names or ())[1:]:
        rows[name] = random.integers(1, 50, len(times)) / (1 if name == "ticks" else 7)
    return rows


def closes(rows: Array) -> Array:
    return closes_of(rows, MINUTES) if rows.dtype in (BAR, QUOTE_BAR) else rows["time"]


def aggregator_of(rows: Array, timeframe: Timeframe) -> Aggregator:
    return Aggregator(rows.dtype, timeframe, of=MINUTES if rows.dtype in (BAR, QUOTE_BAR) else None)


timeframes = st.sampled_from(TIMEFRAMES)


@given(rows=fine_rows(), timeframe=timeframes, data=st.data())
@settings(deadline=None)
def test_the_sizes_of_the_chunks_and_a_resumption_leave_no_trace(
    rows: Array, timeframe: Timeframe, data: st.DataObject
) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(rows)), max_size=8).map(sorted), "cuts")
    aggregator = aggregator_of(rows, timeframe)
    found = []

    for chunk in np.split(rows, cuts):
        state = aggregator.state()
        aggregator = aggregator_of(rows, timeframe)
        aggregator.restore(state)
        found.append(aggregator.add(chunk))

    assert np.concatenate([*found, aggregator.growing]).tobytes() == resample(rows, timeframe).rows.tobytes()


@given(rows=fine_rows(), timeframe=timeframes)
@settings(deadline=None)
def test_row_by_row_a_bar_appears_exactly_where_it_is_said_to_become_visible(rows: Array, timeframe: Timeframe) -> None:
    aggregator = aggregator_of(rows, timeframe)

    appeared = [i for i in range(len(rows)) for _ in aggregator.add(rows[i : i + 1])]

    visible = resample(rows, timeframe).visible_from(closes(rows))
    assert appeared == visible[visible < len(rows)].tolist()


@given(rows=fine_rows(), timeframe=timeframes, data=st.data())
@settings(deadline=None)
def test_what_is_visible_does_not_depend_on_later_rows(rows: Array, timeframe: Timeframe, data: st.DataObject) -> None:
    whole = resample(rows, timeframe)
    now = data.draw(st.integers(0, len(rows) - 1), "now")

    visible = whole.visible_from(closes(rows)) <= now

    known = resample(rows[: now + 1], timeframe).rows[: visible.sum()]
    assert whole.rows[visible].tobytes() == known.tobytes()
    assert (whole.lasts[visible] <= now).all()


@given(rows=fine_rows(), timeframe=timeframes)
@settings(deadline=None)
def test_a_bar_becomes_visible_at_the_first_close_that_is_not_before_its_own(rows: Array, timeframe: Timeframe) -> None:
    coarse, fine_closes = resample(rows, timeframe), closes(rows)

    visible = coarse.visible_from(fine_closes)

    padded = np.concatenate(([-(2**62)], fine_closes, [2**62]))  # so that row i is at i + 1
    assert (padded[visible + 1] >= coarse.closes).all()
    assert (padded[visible] < coarse.closes).all()


@given(rows=fine_rows((BAR,)), timeframe=timeframes)
@settings(deadline=None)
def test_bars_are_what_a_plain_loop_with_a_wall_clock_makes(rows: Array, timeframe: Timeframe) -> None:
    bars: dict[int, list[float]] = {}
    for row in rows:
        start = started(int(row["time"]), timeframe)
        if start is None:
            continue
        _, open_, high, low, close, volume = row.tolist()
        bar = bars.setdefault(start, [open_, high, low, close, 0.0])
        bars[start] = [bar[0], max(bar[1], high), min(bar[2], low), close, bar[4] + volume]

    found = resample(rows, timeframe).rows

    assert found.tolist() == [(start, *values) for start, values in bars.items()]


def started(time: int, timeframe: Timeframe) -> int | None:
    """Where the bar of a time starts, by the words of the timeframe alone; None outside the sessions."""
    moment = datetime.fromtimestamp(time // 1_000_000, UTC)
    session = session_of(moment, timeframe)
    if timeframe.calendar and session is None:
        return None
    length = (
        timedelta(**{{"m": "minutes", "h": "hours"}[timeframe.unit]: timeframe.count}) if intraday(timeframe) else None
    )
    if timeframe.from_open and session is not None and length:
        return micros(session + (moment - session) // length * length)
    if timeframe.zone == "UTC" and length:
        return time // micros_of(length) * micros_of(length)
    begin = day_of(moment, timeframe)
    if length:
        return micros(begin + (moment - begin) // length * length)
    return micros(begin)


def intraday(timeframe: Timeframe) -> bool:
    return timeframe.unit in ("m", "h")


def micros(moment: datetime) -> int:
    return round(moment.timestamp()) * 1_000_000


def micros_of(length: timedelta) -> int:
    return round(length.total_seconds()) * 1_000_000


def day_of(moment: datetime, timeframe: Timeframe) -> datetime:
    """Where the day, the days, the week or the month of a moment began."""
    zone = ZoneInfo(timeframe.zone)

    def begins(day: date) -> datetime:
        wall = datetime(day.year, day.month, day.day) + timedelta(hours=timeframe.day_begins)  # noqa: DTZ001
        return wall.replace(tzinfo=zone).astimezone(UTC)

    day = moment.astimezone(zone).date() + timedelta(days=2)
    while begins(day) > moment or not first_of_its_kind(day, timeframe):
        day -= timedelta(days=1)
    return begins(day)


def first_of_its_kind(day: date, timeframe: Timeframe) -> bool:
    if timeframe.unit == "mo":
        return day.day == 1
    if timeframe.unit == "w":
        return day.weekday() == 0
    return timeframe.unit != "d" or (day - date(1970, 1, 1)).days % timeframe.count == 0


def session_of(moment: datetime, timeframe: Timeframe) -> datetime | None:
    """When the session that a moment is in opened."""
    if timeframe.calendar is None:
        return None
    zone = ZoneInfo(timeframe.calendar.zone)
    for back in range(9):
        day = moment.astimezone(zone).date() - timedelta(days=back)
        for hours in timeframe.calendar.week:
            wall = datetime(day.year, day.month, day.day) + hours.opens  # noqa: DTZ001
            opens = wall.replace(tzinfo=zone).astimezone(UTC)
            closes = (wall + hours.lasts).replace(tzinfo=zone).astimezone(UTC)
            if hours.weekday == day.weekday() and opens <= moment < closes:
                return opens
    return None
