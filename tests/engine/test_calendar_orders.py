"""Orders for the day, for its open and for its close, where days are the sessions of a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.listing import Listing
from apps.engine.series.calendars import ALWAYS, FOREX, US_EQUITIES, Calendar
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import BAR, EPOCH, Instrument, OrderEventKind, Rows
from tests.engine.runs import bits

if TYPE_CHECKING:
    from collections.abc import Callable

    from apps.engine.types import Array

HALF_HOUR = 30 * 60_000_000
FRIDAY, MONDAY = datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 11, tzinfo=UTC)  # summer time begins in between


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def half_hours(
    calendar: Calendar, *, first: datetime = FRIDAY, days: int = 5, before: int = 0, after: int = 0
) -> Array:
    """Flat half hours at 100 in all sessions of these days, and this many before and after each of them."""
    times = micros(first) + HALF_HOUR * np.arange(48 * days)
    inside = calendar.is_open(times)
    for shift in range(1, max(before, after) + 1):
        inside |= (shift <= before) & calendar.is_open(times + shift * HALF_HOUR)
        inside |= (shift <= after) & calendar.is_open(times - shift * HALF_HOUR)
    bars = np.zeros(int(inside.sum()), BAR)
    bars["time"] = times[inside]
    for price in ("open", "high", "low", "close"):
        bars[price] = 100.0
    bars["volume"] = 1.0
    return bars


def listed(symbol: str, bars: Array, calendar: Calendar | None) -> Listing:
    return Listing(Instrument(symbol), bars, calendar=calendar)


def session_of(listings: list[Listing], orders: dict[datetime, Callable[[Any], object]]) -> Session:
    """A session that gives these orders at the closes of the rows that open then."""

    def on_bar(strategy: Strategy) -> None:
        orders.get(strategy.time, lambda _: None)(strategy)

    return Session(type("Scripted", (Strategy,), {"on_bar": on_bar}), {}, listings, cash=10_000.0)


def played(listings: list[Listing], orders: dict[datetime, Callable[[Any], object]]) -> Rows:
    session = session_of(listings, orders)
    return session.advance(session.total)


def ends(rows: Rows) -> list[tuple[str, datetime]]:
    """How and when orders ended."""
    done = rows.orders[rows.orders["kind"] != OrderEventKind.SUBMITTED]
    return [(OrderEventKind(row["kind"]).name, EPOCH + timedelta(microseconds=int(row["time"]))) for row in done]


def at(day: datetime, clock: str) -> datetime:
    hours, minutes = clock.split(":")
    return day + timedelta(hours=int(hours), minutes=int(minutes))


SPY = listed("SPY", half_hours(US_EQUITIES), US_EQUITIES)
COIN = listed("COIN", half_hours(ALWAYS), None)


def test_the_data_are_what_the_tests_say() -> None:
    opens = [EPOCH + timedelta(microseconds=int(time)) for time in SPY.rows["time"]]

    assert (opens[0], opens[12], opens[13]) == (at(FRIDAY, "14:30"), at(FRIDAY, "20:30"), at(MONDAY, "13:30"))


@pytest.mark.parametrize(
    ("given_at", "over_at"),
    [
        (at(FRIDAY, "16:00"), at(FRIDAY, "21:00")),  # in the session: through its close
        (at(FRIDAY, "20:30"), at(MONDAY, "20:00")),  # at its last close: through the next one, in summer time
        (at(MONDAY, "15:00"), at(MONDAY, "20:00")),
    ],
)
def test_an_order_for_the_day_ends_with_the_session(given_at: datetime, over_at: datetime) -> None:
    """The coin trades all night: its rows show to the half hour when the order for the share is over."""
    script = {given_at: lambda s: s.market("SPY").buy(1, limit=50.0, tif="DAY")}

    assert ends(played([COIN, SPY], script)) == [("EXPIRED", over_at)]


def test_without_a_calendar_the_day_is_the_date_in_utc() -> None:
    bare = listed("SPY", half_hours(US_EQUITIES), None)
    script = {at(FRIDAY, "16:00"): lambda s: s.market("SPY").buy(1, limit=50.0, tif="DAY")}

    assert ends(played([COIN, bare], script)) == [("EXPIRED", at(FRIDAY, "24:00"))]


def test_alone_an_order_for_the_day_is_over_at_the_next_open() -> None:
    script = {at(FRIDAY, "16:00"): lambda s: s.buy(1, limit=50.0, tif="DAY")}

    assert ends(played([SPY], script)) == [("EXPIRED", at(MONDAY, "13:30"))]


def test_the_forex_day_ends_at_five_in_new_york() -> None:
    """17:00 in New York is 22:00 UTC on the Thursday before and 21:00 UTC on the Monday after the change."""
    bars = half_hours(FOREX, first=FRIDAY - timedelta(days=1), days=6)
    thursday = FRIDAY - timedelta(days=1)
    script = {
        at(thursday, "10:00"): lambda s: s.buy(1, limit=50.0, tif="DAY"),
        at(thursday, "22:00"): lambda s: s.buy(1, limit=50.0, tif="DAY"),
        at(MONDAY, "10:00"): lambda s: s.buy(1, limit=50.0, tif="DAY"),
    }

    found = ends(played([listed("EURUSD", bars, FOREX)], script))

    # the second one lives through Friday, and the first row after that is on Sunday, by then in summer time
    sunday = at(MONDAY, "21:00") - timedelta(days=1)
    assert found == [("EXPIRED", at(thursday, "22:00")), ("EXPIRED", sunday), ("EXPIRED", at(MONDAY, "21:00"))]


@pytest.mark.parametrize("rest", [0, 4])
def test_market_on_open_fills_at_the_open_of_the_next_session(rest: int) -> None:
    """Whether or not there are rows before the open and after the close."""
    bars = half_hours(US_EQUITIES, before=rest, after=rest)
    script = {at(FRIDAY, "16:00"): lambda s: s.buy(1, at="open")}

    assert ends(played([listed("SPY", bars, US_EQUITIES)], script)) == [("FILLED", at(MONDAY, "13:30"))]


@pytest.mark.parametrize("rest", [0, 4])
@pytest.mark.parametrize(
    ("given_at", "filled_in"),
    [
        (at(FRIDAY, "16:00"), at(FRIDAY, "20:30")),
        (at(FRIDAY, "20:00"), at(FRIDAY, "20:30")),
        (at(FRIDAY, "20:30"), at(MONDAY, "19:30")),
    ],
)
def test_market_on_close_fills_in_the_last_row_of_a_session(rest: int, given_at: datetime, filled_in: datetime) -> None:
    bars = half_hours(US_EQUITIES, before=rest, after=rest)
    script = {given_at: lambda s: s.buy(1, at="close")}

    assert ends(played([listed("SPY", bars, US_EQUITIES)], script)) == [("FILLED", filled_in)]


def test_every_instrument_has_the_days_of_its_own_calendar() -> None:
    euro = listed("EURUSD", half_hours(FOREX), FOREX)

    def everywhere(strategy: Any) -> None:
        for market in strategy.markets:
            market.buy(1, at="close")

    rows = played([COIN, SPY, euro], {at(MONDAY, "15:00"): everywhere})

    found = {rows.fills["instrument"][i]: rows.fills["time"][i] for i in range(3)}
    assert {place: EPOCH + timedelta(microseconds=int(time)) for place, time in found.items()} == {
        0: at(MONDAY, "23:30"),
        1: at(MONDAY, "19:30"),
        2: at(MONDAY, "20:30"),
    }


@given(data=st.data(), seed=st.integers(0, 1000))
@settings(deadline=None)
def test_days_of_several_calendars_survive_every_cut(data: st.DataObject, seed: int) -> None:
    listings = [COIN, SPY, listed("EURUSD", half_hours(FOREX), FOREX)]

    class Days(Strategy):
        def on_bar(self) -> None:
            market = self.markets[self.random.integers(3)]
            kind = self.random.integers(5)
            if kind == 0:
                market.buy(1, at="close")
            elif kind == 1:
                market.sell(1, at="open")
            elif kind == 2:
                market.buy(1, limit=99.0, tif="DAY")
            elif kind == 3:
                market.close_position()

    def run() -> Session:
        return Session(Days, {}, listings, cash=10_000.0, seed=seed)

    whole, first, resumed = run(), run(), run()
    cut = data.draw(st.integers(1, whole.total), "cut")
    before = first.advance(cut)
    resumed.restore(first.snapshot())

    assert bits([before, resumed.advance(whole.total)]) == bits([whole.advance(whole.total)])
