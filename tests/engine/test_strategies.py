"""What an author may rely on, and what the catalogue of strategies says about itself."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from apps.engine import strategies
from apps.engine.errors import LookAhead, ParameterErrors, StrategyError, UnknownStrategy
from apps.engine.indicators import highest, sma
from apps.engine.strategy import Bool, Choice, Fill, Float, Int, Strategy, crossed_above, crossed_below
from apps.engine.types import FILL, Costs, Instrument
from tests.engine.runs import HOUR, MONDAY, at, bars_at, session_of

RISING = bars_at([100, 110, 120, 130, 140, 150])


def test_reading_the_catalogue_needs_neither_numba_nor_pandas() -> None:
    program = (
        "import sys; from apps.engine import indicators, strategies, types; "
        "[strategy.schema() for strategy in strategies.all().values()]; "
        "print([name for name in ('numba', 'pandas', 'llvmlite') if name in sys.modules])"
    )

    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert answer.stdout.strip() == "[]"


def test_the_built_in_strategies_run_with_their_defaults() -> None:
    bars = bars_at(100 + 20 * np.sin(np.arange(400) / 9))
    for strategy in strategies.BUILT_IN:
        terms: dict[str, Any] = {"cash": 1e7} if strategy.strategy_type.startswith("floor") else {}  # they order lots
        rows = session_of(strategy, bars, **terms).advance(len(bars))

        assert len(rows.fills) > 0, strategy.title


def test_a_breakout_goes_both_ways_only_when_asked() -> None:
    bars = bars_at(100 + 20 * np.sin(np.arange(400) / 9))
    breakout = strategies.get("donchian_breakout")

    long_only = session_of(breakout, bars, parameters={"direction": "long"}).advance(400)
    both = session_of(breakout, bars, parameters={"direction": "both"}).advance(400)

    assert set(long_only.trades["side"]) == {1}
    assert set(both.trades["side"]) == {1, -1}


def test_sizing_by_equity_pays_a_fraction_of_it() -> None:
    bars = bars_at([100, 90, 80, 90, 100, 110, 120])
    parameters = {"fast": 2, "slow": 3, "sizing": "equity", "fraction": 0.5}

    rows = session_of(strategies.get("sma_cross"), bars, parameters=parameters).advance(7)

    assert rows.fills["quantity"].tolist() == [50.0]  # half of 10,000 at the close of 100


def test_an_unknown_strategy_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(UnknownStrategy, match=r"no strategy 'sma_cros'\. Did you mean sma_cross\?"):
        strategies.get("sma_cros")


class Everything(Strategy):
    """One parameter of each kind."""

    count = Int(3, min=1, max=9, unit="bars", help="How many.")
    share = Float(0.5, min=0, max=1)
    loud = Bool(False)
    colour = Choice("red", ["red", "green"])


def test_parameters_become_a_json_schema() -> None:
    schema = Everything.schema()

    assert schema["properties"]["count"] == {
        "type": "integer",
        "default": 3,
        "title": "Count",
        "description": "How many.",
        "x-unit": "bars",
        "minimum": 1,
        "maximum": 9,
    }
    assert schema["properties"]["colour"]["enum"] == ["red", "green"]
    assert (schema["title"], schema["description"]) == ("Everything", "One parameter of each kind.")
    assert schema["additionalProperties"] is False


def test_parameters_are_read_as_forms_send_them() -> None:
    values = Everything.clean({"count": "4", "share": "0.25", "loud": "true"})

    assert values == {"count": 4, "share": 0.25, "loud": True, "colour": "red"}


def test_every_wrong_parameter_is_told_at_once() -> None:
    with pytest.raises(ParameterErrors) as refusal:
        Everything.clean({"count": 10, "share": float("nan"), "loud": 1, "colour": "blue", "cont": 3})

    assert refusal.value.problems == {
        "count": ["10 is too large; at most 9 is possible."],
        "share": ["nan is not a finite number."],
        "loud": ["1 is neither true nor false."],
        "colour": ["'blue' is not one of red, green."],
        "cont": ["Everything has no parameter cont. Did you mean count?"],
    }


@pytest.mark.parametrize("value", [True, None, [3], "three", 2.5, "1e999"])
def test_what_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(ParameterErrors):
        Everything.clean({"count": value})


def test_parameters_are_checked_against_each_other() -> None:
    with pytest.raises(ParameterErrors) as refusal:
        strategies.get("sma_cross").clean({"fast": 30, "slow": 30})

    assert list(refusal.value.problems) == ["fast"]


def test_a_subclass_may_close_a_parameter() -> None:
    class Three(Everything):
        count = 3

    assert "count" not in Three.parameters
    assert Three.clean({}) == {"share": 0.5, "loud": False, "colour": "red"}


def test_a_parameter_cannot_take_the_name_of_a_price() -> None:
    with pytest.raises(TypeError, match="close"):
        type("Wrong", (Strategy,), {"close": Int(3)})


def test_lines_end_at_the_bar_that_closed_and_begin_with_nan() -> None:
    seen: list[Any] = []
    script = at(bar_0=lambda s: seen.append(s.close[-3:]), bar_2=lambda s: seen.append(s.close[-3:]))

    session_of(script, RISING).advance(6)

    np.testing.assert_equal(seen, [[np.nan, np.nan, 100.0], [100.0, 110.0, 120.0]])


def test_a_price_first_read_late_has_its_past() -> None:
    seen: list[Any] = []
    script = at(bar_3=lambda s: seen.append(s.high[-2:]), bar_4=lambda s: seen.append(s.high[-2:]))

    session_of(script, RISING).advance(6)

    assert seen == [[120.0, 130.0], [130.0, 140.0]]


def test_a_strategy_knows_where_it_is() -> None:
    seen: list[Any] = []
    script = at(
        bar_0=lambda s: s.buy(2),
        bar_2=lambda s: seen.append((s.index, s.time, s.position, s.average_price, s.cash, s.equity)),
    )

    session_of(script, RISING, costs=Costs(commission_fixed=1)).advance(6)

    assert seen == [(2, datetime(2024, 1, 1, 2, tzinfo=UTC), 2.0, 100.0, 9799.0, 10_039.0)]


def test_a_fill_is_told_before_the_decision_of_its_bar() -> None:
    heard: list[Any] = []

    class Listener(Strategy):
        def on_fill(self, fill: Fill) -> None:
            heard.append(("fill", fill.bar, fill.price, self.position, self.index))

        def on_bar(self) -> None:
            heard.append(("bar", self.index))
            if self.index == 1:
                self.buy(1)

    session_of(Listener, RISING).advance(4)

    assert heard == [("bar", 0), ("bar", 1), ("fill", 2, 110.0, 1.0, 2), ("bar", 2), ("bar", 3)]


def test_a_fill_has_the_fields_of_its_row() -> None:
    assert Fill._fields == FILL.names


@pytest.mark.parametrize(
    ("line", "other", "above", "below"),
    [
        ([1.0, 3.0], [2.0, 2.0], True, False),
        ([2.0, 3.0], [2.0, 2.0], True, False),
        ([3.0, 1.0], [2.0, 2.0], False, True),
        ([3.0, 4.0], [2.0, 2.0], False, False),
        ([1.0, 2.0], [2.0, 2.0], False, False),
        ([1.0, 2.0 + 1e-13], [2.0, 2.0], False, False),
        ([float("nan"), 3.0], [2.0, 2.0], False, False),
        ([1.0, 3.0], [float("nan"), 2.0], False, False),
    ],
)
def test_a_cross_is_strict_now_and_was_not_before(line: Any, other: Any, above: bool, below: bool) -> None:
    assert (crossed_above(line, other), crossed_below(line, other)) == (above, below)


def test_an_indicator_takes_the_columns_it_names() -> None:
    seen: list[Any] = []

    def spread(high: Any, low: Any, factor: float) -> tuple[Any, Any]:
        return (high - low) * factor, high + low

    class Reader(Strategy):
        def init(self) -> None:
            self.wide, self.sum = self.indicator(spread, 2.0)
            self.top = self.indicator(highest, 2, of="low")
            self.smooth = self.indicator(sma, 2, of=self.top)

        def on_bar(self) -> None:
            seen.append((self.wide[-1], self.sum[-1], self.top[-1], self.smooth[-1]))

    session_of(Reader, RISING).advance(4)

    assert seen[3] == (20.0, 250.0, 120.0, 115.0)


def test_the_mean_of_equal_prices_is_that_price_whatever_came_before() -> None:
    prices = np.array([1e12, 3e-7, 7e9, *[0.1] * 50])

    assert set(sma(prices, 5)[-40:]) == {0.1}


def test_an_error_of_the_author_says_where_and_at_which_bar() -> None:
    class Broken(Strategy):
        def on_bar(self) -> None:
            if self.index == 1:
                self.buy(1)
            if self.index == 3:
                raise ZeroDivisionError("no volume")

    session = session_of(Broken, RISING)

    with pytest.raises(StrategyError, match=r"Broken failed at bar 3 .*: ZeroDivisionError: no volume") as failure:
        session.advance(6)

    error = failure.value
    assert (error.bar, error.time) == (3, MONDAY + 3 * HOUR)
    assert error.file == __file__
    assert error.line > 0
    assert isinstance(error.__cause__, ZeroDivisionError)
    assert error.rows is not None
    assert error.rows.equity["equity"].tolist() == [10_000, 10_000, 10_010]
    assert len(error.rows.fills) == 1
    with pytest.raises(StrategyError):
        session.advance(1)
    assert session.processed == 3


def test_an_exit_of_the_author_does_not_end_the_process() -> None:
    with pytest.raises(StrategyError, match="SystemExit"):
        session_of(at(bar_1=lambda s: sys.exit()), RISING).advance(6)


def test_a_strategy_that_shortens_a_line_is_stopped() -> None:
    with pytest.raises(StrategyError, match="lines are for reading"):
        session_of(at(bar_2=lambda s: s.close.pop()), RISING).advance(6)


def test_an_indicator_that_looks_ahead_is_refused() -> None:
    class Prophet(Strategy):
        def init(self) -> None:
            self.tomorrow = self.indicator(lambda values: np.append(values[1:], np.nan))

    with pytest.raises(StrategyError, match="looks ahead") as refusal:
        session_of(Prophet, RISING)

    assert isinstance(refusal.value.__cause__, LookAhead)
    assert refusal.value.bar is None


def test_a_scaling_by_the_highest_price_is_found_wherever_that_is() -> None:
    closes = np.concatenate((np.linspace(100, 200, 80), np.linspace(199, 150, 320)))  # the highest in the first quarter

    class Scaled(Strategy):
        def init(self) -> None:
            self.share = self.indicator(lambda close: close / close.max())

    with pytest.raises(StrategyError, match="looks ahead"):
        session_of(Scaled, bars_at(closes))


@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (lambda s: s.buy(1), "no bar has closed yet"),
        (lambda s: s.time, "no time before the first bar"),
        (lambda s: s.indicator(sma, 0), "must be 1 or more"),
        (lambda s: s.indicator(sma, 2, of="midpoint"), "no column 'midpoint'"),
        (lambda s: s.indicator(lambda values: values[:-1]), "one value a bar"),
    ],
)
def test_init_refuses_what_it_cannot_do(step: Any, reason: str) -> None:
    with pytest.raises(StrategyError, match=reason):
        session_of(type("Hasty", (Strategy,), {"init": step}), RISING)


def test_indicators_are_declared_in_init_only() -> None:
    with pytest.raises(StrategyError, match=r"declared in init\(\)"):
        session_of(at(bar_0=lambda s: s.indicator(sma, 2)), RISING).advance(1)


@pytest.mark.parametrize("changes", [{"quantity_step": 0}, {"periods_per_year": -1}, {"min_quantity": float("nan")}])
def test_an_instrument_without_sense_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(changes))):
        Instrument("TEST", **changes)


def test_a_negative_cost_is_refused() -> None:
    with pytest.raises(ValueError, match="commission_rate"):
        Costs(commission_rate=-0.1)
