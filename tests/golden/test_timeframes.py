"""Golden case of two timeframes: entries by the hour, filtered by the trend of closed four-hour bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from apps.engine.indicators import sma
from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Int, Line, Strategy, crossed_above, crossed_below
from apps.engine.types import Costs, Instrument
from tests.golden.cases import Case, Outcome, load, micros

if TYPE_CHECKING:
    from pathlib import Path

MONEY = 1e-6


class Filtered(Strategy):
    """Long where the fast average crosses above the slow one while the four-hour close is above its own average."""

    fast = Int(10)
    slow = Int(30)
    trend = Int(20)

    def init(self) -> None:
        self.fast_mean: Line = self.indicator(sma, self.fast)
        self.slow_mean: Line = self.indicator(sma, self.slow)
        self.four_hours = self.timeframe("4h")
        self.trend_mean: Line = self.four_hours.indicator(sma, self.trend)

    def on_bar(self) -> None:
        if not self.position:
            if crossed_above(self.fast_mean, self.slow_mean) and self.four_hours.close[-1] > self.trend_mean[-1]:
                self.buy(1)
        elif crossed_below(self.fast_mean, self.slow_mean):
            self.close_position()


@pytest.fixture(scope="module")
def case(shared: Path) -> Case:
    return load(shared, "S13")


@pytest.fixture(scope="module")
def outcome(case: Case) -> Outcome:
    listing = Listing(Instrument("BTCUSDT", price_increment=0.01, periods_per_year=365), case.bars)
    costs = Costs(commission_rate=case.content["params"]["commission_rate"])
    session = Session(Filtered, {}, listing, cash=case.content["cash"], costs=costs)
    rows = session.advance(session.total)
    return Outcome(rows.orders, rows.fills, rows.trades, rows.equity, session.metrics())


def test_every_trade_is_the_golden_one(case: Case, outcome: Outcome) -> None:
    expected = case.content["trades"]

    assert len(outcome.trades) == len(expected)
    for trade, golden in zip(outcome.trades, expected, strict=True):
        assert (trade["opened_bar"], trade["closed_bar"]) == (golden["entry_bar"], golden["exit_bar"])
        assert (trade["opened_at"], trade["closed_at"]) == (micros(golden["entry_time"]), micros(golden["exit_time"]))
        assert trade["entry_price"] == pytest.approx(golden["entry_price"], rel=1e-9, abs=0)
        assert trade["exit_price"] == pytest.approx(golden["exit_price"], rel=1e-9, abs=0)
        assert trade["fees"] == pytest.approx(golden["fees"], abs=MONEY)
        assert trade["pnl"] == pytest.approx(golden["net_pnl"], abs=MONEY)


def test_equity_is_the_golden_curve_at_every_close(case: Case, outcome: Outcome) -> None:
    assert outcome.equity["time"].tolist() == case.bars["time"].tolist()
    assert np.abs(outcome.equity["equity"] - case.equity).max() <= MONEY


def test_the_final_state_is_the_golden_one(case: Case, outcome: Outcome) -> None:
    assert outcome.equity["cash"][-1] == pytest.approx(case.content["final_cash"], abs=MONEY)
    assert outcome.fills["position"][-1] == case.content["final_position"]


def test_typical_mistakes_would_be_seen(case: Case, outcome: Outcome) -> None:
    """Among them a trend that is known before its bar has closed."""
    wrong = case.content["known_wrong_answers"]["final_equity"]

    assert wrong
    for answer in wrong.values():
        assert abs(outcome.metrics["final_equity"] - answer) > 1.0
