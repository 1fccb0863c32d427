"""Laws of the made-up market."""

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.engine.series.quotes import TICK
from apps.engine.types import BAR
from apps.market.synthetic import FX_INCREMENTS, MINUTE, START_PRICE, minute_bars, ticks

NEW_YEAR = 1_704_067_200_000_000  # 2024-01-01T00:00:00Z


@pytest.fixture(scope="module")
def half_a_year():
    return minute_bars(NEW_YEAR, 180 * 1440)


def test_one_seed_gives_the_same_bytes_on_every_machine():
    assert (
        hashlib.sha256(minute_bars(0, 1000).tobytes()).hexdigest()
        == "b9328ac2b57a1acbd602ba8e0dd79fb60fe1f28febd418159e9d845aef87d255"
    )


@given(count=st.integers(0, 300), more=st.integers(0, 300), seed=st.integers(0, 2**32))
def test_a_longer_series_begins_with_the_shorter_one(count, more, seed):
    shorter, longer = minute_bars(NEW_YEAR, count, seed), minute_bars(NEW_YEAR, count + more, seed)

    assert shorter.dtype == BAR
    assert (longer[:count] == shorter).all()


@given(count=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_bars_are_consistent_and_follow_each_other(count, seed):
    bars = minute_bars(NEW_YEAR, count, seed)

    assert (bars["time"] == NEW_YEAR + MINUTE * np.arange(count)).all()
    assert bars["open"][0] == START_PRICE
    assert (bars["open"][1:] == bars["close"][:-1]).all()
    assert (bars["low"] <= np.minimum(bars["open"], bars["close"])).all()
    assert (bars["high"] >= np.maximum(bars["open"], bars["close"])).all()
    assert (bars["low"] > 0).all()
    assert (bars["volume"] > 0).all()
    for field in ("open", "high", "low", "close"):
        assert (np.rint(bars[field] * 100) / 100 == bars[field]).all()


def test_another_seed_is_another_market():
    assert (minute_bars(0, 100, seed=1)["close"] != minute_bars(0, 100, seed=2)["close"]).any()


def test_returns_have_the_stated_volatility_and_no_memory_of_direction(half_a_year):
    returns = np.diff(half_a_year["close"]) / half_a_year["close"][:-1]

    assert returns.std() * np.sqrt(1440) == pytest.approx(0.03, rel=0.05)
    assert abs(np.corrcoef(returns[:-1], returns[1:])[0, 1]) < 0.01


def test_volatility_comes_in_clusters_and_brings_volume(half_a_year):
    size = np.abs(np.diff(half_a_year["close"]))

    assert np.corrcoef(size[:-60], size[60:])[0, 1] > 0.1
    assert np.corrcoef(size, half_a_year["volume"][1:])[0, 1] > 0.1


# Ticks


def test_one_seed_gives_the_same_ticks_on_every_machine():
    assert hashlib.sha256(ticks(0, 1000).tobytes()).hexdigest() == (
        "30e38ded3aa4c2db3f1cbda1d9db8089546768b8b64a02ae8886984d6a880dc1"
    )


@given(count=st.integers(0, 300), more=st.integers(0, 300), seed=st.integers(0, 2**32))
def test_more_ticks_begin_with_the_fewer(count, more, seed):
    fewer, longer = ticks(NEW_YEAR, count, seed), ticks(NEW_YEAR, count + more, seed)

    assert fewer.dtype == TICK
    assert (longer[:count] == fewer).all()


@given(count=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_ticks_follow_each_other_with_a_spread_of_whole_increments(count, seed):
    made = ticks(NEW_YEAR, count, seed)

    spread = np.rint((made["ask"] - made["bid"]) * FX_INCREMENTS)
    assert (np.diff(made["time"]) >= 0).all()
    assert ((spread >= 6) & (spread <= 18)).all()
    for side in ("bid", "ask"):
        assert (np.rint(made[side] * FX_INCREMENTS) / FX_INCREMENTS == made[side]).all()


def test_the_middle_of_the_ticks_is_a_random_walk():
    made = ticks(NEW_YEAR, 100_000)
    steps = np.diff((made["bid"] + made["ask"]) / 2) * FX_INCREMENTS

    assert steps.std() == pytest.approx(3.0, rel=0.05)
    assert abs(np.corrcoef(steps[:-1], steps[1:])[0, 1]) < 0.05
