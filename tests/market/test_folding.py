import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.market.folding import fold
from tests.conftest import random_bars


@given(count=st.integers(1, 300), limit=st.integers(1, 400), seed=st.integers(0, 1000))
def test_folding_hides_no_extreme_and_loses_no_volume(count, limit, seed):
    bars = random_bars(count, seed=seed)

    folded = fold(bars, limit)

    assert 1 <= len(folded) <= limit
    assert (folded["high"].max(), folded["low"].min()) == (bars["high"].max(), bars["low"].min())
    assert (folded["open"][0], folded["close"][-1], folded["time"][0]) == (
        bars["open"][0],
        bars["close"][-1],
        bars["time"][0],
    )
    assert folded["volume"].sum() == pytest.approx(bars["volume"].sum())
    assert (np.diff(folded["time"]) > 0).all()
    assert ((folded["low"] <= folded["open"]) & (folded["close"] <= folded["high"])).all()


def test_bars_that_are_few_enough_stay_as_they_are():
    bars = random_bars(10)

    assert np.array_equal(fold(bars, 10), bars)


def test_no_bars_fold_to_none():
    assert len(fold(random_bars(10)[:0], 5)) == 0


def test_three_bars_in_two_by_hand():
    bars = random_bars(3)
    for name, values in {
        "open": [1, 2, 3],
        "high": [5, 9, 4],
        "low": [1, 2, 0.5],
        "close": [2, 3, 1],
        "volume": [1, 2, 4],
    }.items():
        bars[name] = values

    assert [row[1:] for row in fold(bars, 2).tolist()] == [(1, 9, 1, 3, 3), (3, 4, 0.5, 1, 4)]
