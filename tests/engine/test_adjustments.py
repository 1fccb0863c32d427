"""Splits and dividends, on tables small enough for a pencil and on real shares."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.series.adjustments import FACTOR, BadFactors, adjusted, events
from apps.engine.types import BAR
from tests.golden.series import read_series

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

NEW_YORK = ZoneInfo("America/New_York")


def midnight(day: str) -> int:
    return round(datetime.fromisoformat(day).replace(tzinfo=NEW_YORK).timestamp()) * 1_000_000


def table(*rows: tuple[str, float, float, float]) -> Array:
    return np.array(list(rows), FACTOR)


def days(*rows: tuple[str, float]) -> Array:
    """Daily bars of these dates and prices, volume 1000."""
    bars = np.empty(len(rows), BAR)
    bars["time"] = [midnight(day) for day, _ in rows]
    for name in ("open", "high", "low", "close"):
        bars[name] = [price for _, price in rows]
    bars["volume"] = 1000.0
    return bars


# By hand: 2 a share is paid on the 4th after a close of 100; one share becomes four on the 8th after a close of 120.
HAND = table(("2024-01-03", 0.98, 0.25, 100.0), ("2024-01-05", 1.0, 0.25, 120.0), ("2050-12-31", 1.0, 1.0, 0.0))
PRICES = days(("2024-01-03", 100.0), ("2024-01-04", 98.0), ("2024-01-05", 120.0), ("2024-01-08", 30.0))


def test_events_are_on_the_day_after_the_factors_last_held() -> None:
    assert events(HAND).tolist() == [
        (midnight("2024-01-04"), pytest.approx(2.0), 1.0),
        (midnight("2024-01-06"), 0.0, 4.0),
    ]


def test_adjusted_prices_have_no_steps_and_volumes_are_in_shares_of_today() -> None:
    bars = adjusted(PRICES, HAND)

    np.testing.assert_allclose(bars["close"], [24.5, 24.5, 30.0, 30.0], rtol=1e-15)
    assert bars["volume"].tolist() == [4000.0, 4000.0, 4000.0, 1000.0]
    assert bars["time"].tolist() == PRICES["time"].tolist()
    assert PRICES["close"].tolist() == [100.0, 98.0, 120.0, 30.0]


def test_splits_and_dividends_can_be_taken_out_alone() -> None:
    np.testing.assert_allclose(adjusted(PRICES, HAND, dividends=False)["close"], [25.0, 24.5, 30.0, 30.0])
    np.testing.assert_allclose(adjusted(PRICES, HAND, splits=False)["close"], [98.0, 98.0, 120.0, 30.0])
    assert adjusted(PRICES, HAND, splits=False)["volume"].tolist() == [1000.0] * 4


def test_a_dividend_on_the_day_of_a_split_is_for_the_shares_before_it() -> None:
    factors = table(("2024-01-03", 0.95, 0.5, 80.0), ("2050-12-31", 1.0, 1.0, 0.0))

    assert events(factors).tolist() == [(midnight("2024-01-04"), pytest.approx(4.0), 2.0)]


def test_a_share_to_which_nothing_happened_has_no_events() -> None:
    factors = table(("2050-12-31", 1.0, 1.0, 0.0))

    assert len(events(factors)) == 0
    assert adjusted(PRICES, factors).tobytes() == PRICES.tobytes()


@pytest.mark.parametrize(
    ("row", "column", "value", "problem"),
    [
        (1, "price_factor", np.nan, "price_factor is not"),
        (1, "split_factor", 0.0, "split_factor is not"),
        (2, "date", np.datetime64("2024-01-05"), "not later"),
        (1, "date", np.datetime64("NaT"), "not one before"),
        (2, "date", np.datetime64("9999-12-31"), "not one before"),
        (0, "reference_price", 0.0, "a dividend follows"),
    ],
)
def test_a_table_that_cannot_be_is_refused_by_its_row(row: int, column: str, value: float, problem: str) -> None:
    factors = HAND.copy()
    factors[column][row] = value

    for use in (events, lambda factors: adjusted(PRICES, factors)):
        with pytest.raises(BadFactors, match=f"Row {row} .*{problem}"):
            use(factors)


def test_an_empty_table_is_refused() -> None:
    with pytest.raises(BadFactors, match="no rows"):
        events(table())


@st.composite
def shares(draw: st.DrawFn) -> tuple[Array, Array]:
    """Raw daily bars of a share and its factors, made from its events."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(2, 60))
    dates = np.datetime64("2024-01-01") + np.arange(count)
    bars = days(*((str(day), 1.0) for day in dates))
    happened = np.flatnonzero(random.random(count - 1) < 0.2)
    factors = np.zeros(len(happened) + 1, FACTOR)
    factors["date"] = [*dates[happened], np.datetime64("2050-12-31")]
    factors[-1] = (factors["date"][-1], 1.0, 1.0, 0.0)
    price = np.round(100 * np.exp(np.cumsum(random.normal(0, 0.02, count))), 2)
    for row in range(len(happened) - 1, -1, -1):
        pays, splits = random.random() < 0.7, random.random() < 0.4
        ratio = random.choice([2.0, 3.0, 7.0, 0.1]) if splits else 1.0
        factors["price_factor"][row] = factors["price_factor"][row + 1] * (random.uniform(0.9, 0.999) if pays else 1)
        factors["split_factor"][row] = factors["split_factor"][row + 1] / ratio
    factors["reference_price"][:-1] = price[happened]
    for name in ("open", "high", "low", "close"):
        bars[name] = price
    return bars, factors


@given(share=shares())
@settings(deadline=None)
def test_living_through_the_events_earns_what_the_adjusted_prices_show(share: tuple[Array, Array]) -> None:
    bars, factors = share
    happenings = events(factors)

    assert reinvested(bars, happenings) == pytest.approx(growth(adjusted(bars, factors)), rel=1e-9)


def reinvested(bars: Array, happenings: Array) -> float:
    """What one share's value becomes, each dividend put back at the price of the day before, less the dividend."""
    held = 1.0
    for time, cash, ratio in happenings.tolist():
        before = bars["close"][np.searchsorted(bars["time"], time) - 1]
        held *= before / (before - cash) * ratio
    return held * bars["close"][-1] / bars["close"][0]


def growth(bars: Array) -> float:
    return float(bars["close"][-1] / bars["close"][0])


def read_factors(path: Path) -> Array:
    rows = [line.split(",") for line in path.read_text().splitlines()]
    return table(*((f"{day[:4]}-{day[4:6]}-{day[6:]}", *map(float, rest)) for day, *rest in rows))


@pytest.fixture
def apple(shared: Path) -> tuple[Array, Array]:
    bars = read_series(shared / "data" / "bars" / "equity_aapl_1d_1998_2021.csv.gz", BAR)
    return bars, read_factors(shared / "data" / "raw" / "lean" / "equity" / "usa" / "factor_files" / "aapl.csv")


def test_the_splits_and_dividends_of_a_real_share(apple: tuple[Array, Array]) -> None:
    happenings = events(apple[1])

    splits = happenings[happenings["shares_per_share"] != 1.0]
    on = [str(time)[:10] for time in splits["time"].astype("M8[us]")]
    assert on == ["2000-06-21", "2005-02-26", "2014-06-07", "2020-08-29"]
    np.testing.assert_allclose(splits["shares_per_share"], [2.0, 2.0, 7.0, 4.0], rtol=1e-5)
    dividends = happenings[happenings["cash_per_share"] > 0]["cash_per_share"]
    assert len(dividends) == 35
    np.testing.assert_allclose(dividends[[0, -1]], [2.65, 0.205], atol=2e-4)  # paid on 2012-08-09 and 2021-02-05


def test_adjusted_prices_of_a_real_share_do_not_step_at_its_splits(apple: tuple[Array, Array]) -> None:
    bars, factors = apple

    without = adjusted(bars, factors)

    raw, clean = (np.diff(np.log(each["close"])) for each in (bars, without))
    assert (raw < np.log(0.6)).sum() == 5
    assert (clean < np.log(0.6)).sum() == 1  # 2000-09-29 was a real loss
    assert reinvested(bars, events(factors)) == pytest.approx(growth(without), rel=1e-3)
