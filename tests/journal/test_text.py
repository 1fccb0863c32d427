"""Columns are spelt as their values are one by one."""

from datetime import UTC, datetime, timedelta

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from apps.journal.text import (
    fixed_text,
    fixed_texts,
    iso_time,
    iso_times,
    price_text,
    price_texts,
    quantity_text,
    quantity_texts,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LAST = 253_402_300_799_999_999  # the last microsecond of the year 9999
near_decimals = st.integers(-(10**9), 10**9).flatmap(
    lambda units: st.integers(0, 10).map(lambda decimals: units / 10**decimals)
)
halves = st.integers(-(10**6), 10**6).map(lambda units: units / 200)  # just where two decimals are rounded
numbers = st.one_of(
    st.floats(-1e12, 1e12), near_decimals, halves, st.sampled_from([0.0, -0.0, 0.005, -0.001, 524288.1])
)


@given(st.lists(st.integers(-62_135_596_800_000_000, LAST), max_size=8))
@example([LAST, 0])
@example([0, 1, 1_000_000, 1_500_000])
def test_times_are_spelt_as_datetime_does_whatever_stands_beside_them(times: list[int]) -> None:
    expected = [iso_time(EPOCH + timedelta(microseconds=time)) for time in times]

    assert iso_times(np.array(times, np.int64)) == expected


@given(st.lists(numbers, max_size=8), st.integers(0, 10))
@example([0.1 + 0.2, 1.15, 100.0, 60_000.01, 524_287.99, 524_288.01], 2)
def test_prices_are_spelt_alike(prices: list[float], decimals: int) -> None:
    expected = [price_text(price, decimals) for price in prices]

    assert price_texts(np.array(prices, np.float64), decimals) == expected


@given(st.lists(numbers, max_size=8), st.integers(0, 4))
@example([0.125, 0.375, 2.675, 1.005, -0.004, -0.005, 1e300, 123_456_789_012.345], 2)
def test_amounts_are_spelt_alike(amounts: list[float], decimals: int) -> None:
    expected = [fixed_text(amount, decimals) for amount in amounts]

    assert fixed_texts(np.array(amounts, np.float64), decimals) == expected


@given(
    st.one_of(
        st.lists(st.integers(-(2**60), 2**60).map(float), max_size=8),
        st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=8),
        st.lists(numbers, max_size=8),
    )
)
@example([1e15, 1.5])
@example([0.0001, 0.00009])
@example([-0.0, 0.5])
def test_quantities_are_spelt_alike(quantities: list[float]) -> None:
    expected = [quantity_text(quantity) for quantity in quantities]

    assert quantity_texts(np.array(quantities, np.float64)) == expected


def test_what_rounds_to_zero_carries_no_sign() -> None:
    assert [fixed_text(value, 2) for value in (-0.0, -0.004, 0.004, -0.005, -0.006)] == [
        "0.00", "0.00", "0.00", "-0.01", "-0.01",
    ]  # fmt: skip
