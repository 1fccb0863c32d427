"""The older floor strategy beside its rules told once more."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.engine.errors import ParameterErrors
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategies.floor.progressions import MODES
from apps.engine.strategies.floor_classic import FloorClassic
from apps.engine.strategies.floor_classic.parameters import METHODS
from tests.engine.floor_cases import Case, drawn, events, run
from tests.engine.floor_rules_classic import ClassicRules, Fraction


def parameters_drawn(seed: int) -> dict[str, Any]:
    draw = random.Random(seed)
    return {
        "lot_unit_size": draw.choice([1000.0, 100.0]),
        "base_lot_size": draw.choice([1.0, 1.7]),
        "lot_size_progression": draw.choice(MODES),
        "retracement_lot_mode": draw.choice(["additive", "multiplicative"]),
        "retracement_lot_amount": draw.choice([1.5, 2.0]),
        "retracement_pips": draw.choice([3.0, 5.0, 8.5]),
        "retracement_trigger_progression": draw.choice(["constant", "additive", "subtractive"]),
        "retracement_trigger_increment": draw.choice([0.0, 1.0]),
        "take_profit_pips": draw.choice([3.0, 5.0, 8.25]),
        "max_layers": draw.randint(1, 4),
        "max_retracements_per_layer": draw.randint(1, 3),
        "volatility_lock_multiplier": draw.choice([1.5, 3.0, 5.0]),
        "momentum_lookback_source": draw.choice(["candles", "ticks"]),
        "entry_signal_lookback_ticks": draw.randint(4, 12),
        "entry_signal_lookback_candles": draw.randint(4, 8),
        "entry_signal_candle_granularity_seconds": draw.choice([1, 3, 7]),
        "direction_method": draw.choice(METHODS),
        "sma_fast_period": 2,
        "sma_slow_period": 4,
        "ema_fast_period": 2,
        "ema_slow_period": 3,
        "rsi_period": 3,
    }


def told(case: Case, parameters: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    session = Session(FloorClassic, parameters, Listing(case.instrument, case.rows()), cash=1e9)
    return events(run(session), case.times[-1])


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32))
def test_a_slow_restatement_of_the_rules_comes_to_the_same(seed: int) -> None:
    case, parameters = drawn(seed), parameters_drawn(seed)
    rules = ClassicRules(FloorClassic.clean(parameters), pip=case.instrument.pip_size, digits=case.digits)
    scale = 10**case.digits

    for time, bid, ask in zip(case.times, case.bids, case.asks, strict=True):
        rules.tick(time, Fraction(bid, scale), Fraction(ask, scale))

    assert told(case, parameters) == rules.events


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32), cut=st.integers(1, 20))
def test_a_resumed_run_tells_the_same(seed: int, cut: int) -> None:
    case, parameters = drawn(seed), parameters_drawn(seed)

    def session() -> Session:
        return Session(FloorClassic, parameters, Listing(case.instrument, case.rows()), cash=1e9)

    first = session()
    before = first.advance(cut)
    second = session()
    second.restore(first.snapshot())

    assert events([before, *run(second)], case.times[-1]) == told(case, parameters)


def test_contradictions_are_told_all_at_once_by_field() -> None:
    wrong = {
        "sma_fast_period": 30,
        "ema_fast_period": 26,
        "rsi_oversold": 70.0,
        "direction_method": "sma_crossover",
        "momentum_lookback_source": "ticks",
        "retracement_lot_mode": "multiplicative",
    }

    with pytest.raises(ParameterErrors) as refused:
        FloorClassic.clean(wrong)

    assert set(refused.value.problems) == {
        "sma_fast_period", "ema_fast_period", "rsi_oversold", "sma_slow_period", "retracement_lot_amount",
    }  # fmt: skip
