"""Laws of all indicators: no future, no memory across a hole, no nonsense for quiet markets."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine import indicators
from apps.engine.desk.lines import PRICES
from apps.engine.errors import StrategyError
from apps.engine.indicators import CATALOGUE
from apps.engine.indicators.__main__ import page
from apps.engine.strategy import Strategy
from tests.engine.runs import at, bars_at, session_of, walks

if TYPE_CHECKING:
    from apps.engine.types import Array

NAMES = sorted(CATALOGUE)
OF_CLOSES = ["sma", "ema", "wilder", "wma", "kama", "rsi", "standard_deviation", "linear_regression", "highest", "cmo"]


def compute(name: str, bars: Array) -> tuple[Array, ...]:
    """An indicator over bars by its own parameters' names; a period without a default is 3."""
    function = CATALOGUE[name]
    arguments: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in (*PRICES, "time"):
            arguments[parameter.name] = bars[parameter.name]
        elif parameter.name == "values":
            arguments["values"] = bars["close"]
        elif parameter.default is inspect.Parameter.empty:
            arguments[parameter.name] = 3
    found = function(**arguments)
    return found if isinstance(found, tuple) else (found,)


@pytest.mark.parametrize("name", NAMES)
@given(bars=walks(shortest=2, longest=150), data=st.data())
@settings(deadline=None, max_examples=10)
def test_a_prefix_of_the_bars_gives_a_prefix_of_the_values(name: str, bars: Array, data: st.DataObject) -> None:
    bars["volume"] = np.arange(len(bars)) % 7
    cut = data.draw(st.integers(1, len(bars)), "cut")

    early, whole = compute(name, bars[:cut]), compute(name, bars)

    for known, later in zip(early, whole, strict=True):
        np.testing.assert_array_equal(known, later[:cut])


@pytest.mark.parametrize("name", NAMES)
def test_a_market_that_stands_still_gives_defined_values_or_none(name: str) -> None:
    for each in compute(name, bars_at([7.0] * 120)):
        assert np.isfinite(each[-1]) or name in {"vortex", "vwap"}  # 0 / 0: nothing moved, nothing was traded


@pytest.mark.parametrize("name", NAMES)
def test_fewer_bars_than_the_warm_up_are_no_error(name: str) -> None:
    for each in compute(name, bars_at([5.0, 6.0])):
        assert len(each) == 2
    for each in compute(name, bars_at([])):
        assert len(each) == 0


@pytest.mark.parametrize("hole", [np.nan, np.inf])
@pytest.mark.parametrize("name", OF_CLOSES)
def test_after_a_hole_an_indicator_begins_anew(name: str, hole: float) -> None:
    values = np.sin(np.arange(40.0))
    values[17] = hole

    found = CATALOGUE[name](values, 4)

    parts = (CATALOGUE[name](values[:17], 4), [np.nan], CATALOGUE[name](values[18:], 4))
    np.testing.assert_array_equal(found, np.concatenate(parts))


@pytest.mark.parametrize("name", ["sma", "wma", "standard_deviation", "linear_regression"])
@given(seed=st.integers(0, 2**32 - 1), period=st.integers(2, 40))
@settings(deadline=None, max_examples=25)
def test_windows_that_slide_are_as_exact_as_those_formed_anew(name: str, seed: int, period: int) -> None:
    random = np.random.default_rng(seed)
    values = 1e6 + random.normal(0, 1, 300) * random.choice([1e-6, 1, 1e5], 300)

    found = CATALOGUE[name](values, period)

    windows = np.lib.stride_tricks.sliding_window_view(values, period)
    steps = np.arange(period) - (period - 1) / 2
    means = windows.mean(axis=1)
    slopes = ((windows - means[:, None]) * steps).sum(axis=1) / (steps**2).sum()
    expected = {
        "sma": means,
        "wma": (windows * np.arange(1, period + 1)).sum(axis=1) / (period * (period + 1) / 2),
        "standard_deviation": windows.std(axis=1),
        "linear_regression": means + slopes * (period - 1) / 2,
    }
    np.testing.assert_allclose(found[period - 1 :], expected[name], rtol=1e-9, atol=1e-6)


def test_the_deviation_and_mean_of_equal_values_are_exact_after_a_jump() -> None:
    values = np.array([1e15, -3.7, 0.1, 1e-9] + [0.1] * 10)

    assert indicators.standard_deviation(values, 5)[-1] == 0.0
    assert indicators.sma(values, 5)[-1] == 0.1


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda values: indicators.sma(values, 0), "must be 1 or more"),
        (lambda values: indicators.momentum(values, -1), "must be 1 or more"),
        (lambda values: indicators.hma(values, 1), "must be 1 or more"),
        (lambda values: indicators.true_range(values, values[1:], values), "differ in length: 5, 4, 5"),
    ],
)
def test_impossible_periods_and_columns_are_refused(call: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        call(np.ones(5))


def test_half_a_bar_is_no_period() -> None:
    with pytest.raises(TypeError):
        indicators.sma(np.ones(5), 2.5)  # type: ignore[arg-type]


def test_a_line_that_knows_the_future_is_refused_in_a_strategy() -> None:
    def init(strategy: Any) -> None:
        strategy.lagging = strategy.indicator(indicators.chikou, 3)

    with pytest.raises(StrategyError, match="looks ahead"):
        session_of(type("Seer", (Strategy,), {"init": init, "on_bar": at()}), bars_at(range(1, 60)))


def test_a_strategy_declares_an_indicator_of_the_time_of_its_bars() -> None:
    class Anchored(Strategy):
        def init(self) -> None:
            self.fair = self.indicator(indicators.vwap)
            self.seen: list[float] = []

        def on_bar(self) -> None:
            self.seen.append(self.fair[-1])

    bars = bars_at(range(1, 60))
    bars["volume"] = np.arange(59) % 5 + 1.0
    session = session_of(Anchored, bars)

    session.advance(59)

    expected = indicators.vwap(bars["time"], bars["high"], bars["low"], bars["close"], bars["volume"])
    assert session._strategy.seen == expected.tolist()


def test_the_catalogue_loads_without_the_compiler() -> None:
    code = "import sys; from apps.engine import indicators, metrics; assert 'numba' not in sys.modules"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_indicator_says_when_it_is_first_defined() -> None:
    for name, function in CATALOGUE.items():
        text = inspect.getdoc(function) or ""
        assert "efined" in text or "from bar" in text or "From bar" in text, name


def test_the_page_of_the_indicators_is_the_present_one() -> None:
    written = (Path(__file__).parents[2] / "docs" / "indicators.md").read_text()

    assert written == page(), "python -m apps.engine.indicators > docs/indicators.md"
