"""Golden cases: computed by a reference simulator and confirmed by public engines; `cross_check` names them.

Tolerances are those of the case files: bars and times exact, prices 1e-9 relative, money 1e-6.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.types import ExitReason
from tests.golden import cases
from tests.golden.cases import Case, Outcome, micros

if TYPE_CHECKING:
    from pathlib import Path

MONEY = 1e-6
SIDES = {"long": 1, "short": -1}
REASONS = {"signal": ExitReason.SIGNAL, "stop": ExitReason.STOP, "target": ExitReason.TARGET}
METRICS = {  # the golden name, ours
    "volatility_annual": "volatility",
    "closed_trades": "total_trades",
    "wins": "winning_trades",
    "losses": "losing_trades",
    "avg_trade": "expectancy",
    "avg_win": "average_win",
    "avg_loss": "average_loss",
    "avg_bars_held": "average_bars_held",
}
SUMS_OF_TRADES = {"net_profit_closed"}
POSITIVE_HERE = {"avg_loss"}  # a size, not a signed amount


def merged(fills: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The round trips of a long position: all its entries as one, at their mean price, and the fill that ends it."""
    trips, entries = [], []
    for fill in fills:
        entries.append(fill)
        if fill["tag"] != "exit":
            continue
        *adds, last = entries
        entries = []
        fees = sum(each["fee"] for each in (*adds, last))
        trips.append(
            {
                "entry_bar": adds[0]["bar"],
                "entry_time": adds[0]["time"],
                "entry_price": adds[-1]["avg_price_after"],
                "exit_bar": last["bar"],
                "exit_time": last["time"],
                "exit_price": last["price"],
                "side": "long",
                "qty": -last["qty"],
                "gross_pnl": last["realised_gross"],
                "fees": fees,
                "net_pnl": last["realised_gross"] - fees,
                "exit_reason": "signal",
            }
        )
    return trips


@pytest.fixture(scope="module", params=[number for number in cases.RUNS if number not in ("S19", "S20")])
def played(request: pytest.FixtureRequest, shared: Path) -> tuple[Case, Outcome]:
    case = cases.load(shared, request.param)
    return case, case.run()


def test_every_trade_is_the_golden_one(played: tuple[Case, Outcome]) -> None:
    case, outcome = played
    expected = case.content.get("trades", merged(case.content.get("fills", [])))

    assert len(outcome.trades) == len(expected)
    for trade, golden in zip(outcome.trades, expected, strict=True):
        assert (trade["opened_bar"], trade["closed_bar"]) == (golden["entry_bar"], golden["exit_bar"])
        assert (trade["opened_at"], trade["closed_at"]) == (micros(golden["entry_time"]), micros(golden["exit_time"]))
        assert trade["side"] == SIDES[golden["side"]]
        assert trade["quantity"] == golden["qty"]
        assert trade["entry_price"] == pytest.approx(golden["entry_price"], rel=1e-9, abs=0)
        assert trade["exit_price"] == pytest.approx(golden["exit_price"], rel=1e-9, abs=0)
        assert trade["gross_pnl"] == pytest.approx(golden["gross_pnl"], abs=MONEY)
        assert trade["fees"] == pytest.approx(golden["fees"], abs=MONEY)
        assert trade["pnl"] == pytest.approx(golden["net_pnl"], abs=MONEY)
        assert trade["exit_reason"] == REASONS[golden["exit_reason"]]


def test_every_fill_of_a_pyramid_is_the_golden_one(shared: Path) -> None:
    case = cases.load(shared, "S16")
    expected = case.content["fills"]

    fills = case.run().fills

    assert len(fills) == len(expected)
    for fill, golden in zip(fills, expected, strict=True):
        assert (fill["bar"], fill["time"]) == (golden["bar"], micros(golden["time"]))
        assert fill["side"] * fill["quantity"] == golden["qty"]
        assert fill["price"] == golden["price"]
        assert fill["fee"] == pytest.approx(golden["fee"], abs=MONEY)
        assert fill["position"] == golden["position_after"]
        assert fill["average_price"] == pytest.approx(golden["avg_price_after"], rel=1e-9, abs=0)
        assert fill["gross_pnl"] == pytest.approx(golden["realised_gross"], abs=MONEY)


def test_equity_is_the_golden_curve_at_every_close(played: tuple[Case, Outcome]) -> None:
    case, outcome = played

    assert outcome.equity["time"].tolist() == case.bars["time"].tolist()
    assert np.abs(outcome.equity["equity"] - case.equity).max() <= MONEY


def test_the_final_state_is_the_golden_one(played: tuple[Case, Outcome]) -> None:
    case, outcome = played

    assert outcome.equity["cash"][-1] == pytest.approx(case.content["final_cash"], abs=MONEY)
    assert outcome.fills["position"][-1] == case.content["final_position"]
    opened = case.content.get("open_trade")
    if opened:
        assert outcome.fills["average_price"][-1] == pytest.approx(opened["entry_price"], rel=1e-9, abs=0)


def test_the_metrics_are_the_golden_ones(played: tuple[Case, Outcome]) -> None:
    case, outcome = played
    golden = {name: value for name, value in case.content["metrics"].items() if name not in SUMS_OF_TRADES}

    found = {name: outcome.metrics[METRICS.get(name, name)] for name in golden}

    expected = {name: abs(value) if name in POSITIVE_HERE else value for name, value in golden.items()}
    assert found == pytest.approx(expected, rel=1e-9, abs=MONEY)


def test_typical_mistakes_would_be_seen(played: tuple[Case, Outcome]) -> None:
    case, outcome = played
    wrong = case.content.get("known_wrong_answers", {}).get("final_equity", {})

    for answer in wrong.values():
        assert abs(outcome.metrics["final_equity"] - answer) > 1.0


def test_equal_averages_are_no_cross(shared: Path) -> None:
    """Two bars where SMA(5) and SMA(20) are equal on paper: rounding must not decide."""
    case = cases.load(shared, "S20")

    outcome = case.run()

    entries = outcome.fills[outcome.fills["side"] == 1]["bar"] - 1
    exits = outcome.fills[outcome.fills["side"] == -1]["bar"] - 1
    assert entries.tolist() == case.content["entry_signal_bars"]
    assert exits.tolist() == case.content["exit_signal_bars"]
    assert np.abs(outcome.equity["equity"] - case.equity).max() <= MONEY


def test_a_grid_of_parameters_is_the_golden_one(shared: Path) -> None:
    case = cases.load(shared, "S19")

    for golden in case.content["grid"]:
        metrics = case.run(fast=golden["fast"], slow=golden["slow"]).metrics

        assert metrics["final_equity"] == pytest.approx(golden["final_equity"], abs=MONEY)
        assert metrics["total_trades"] == golden["closed_trades"]
        assert metrics["max_drawdown"] == pytest.approx(golden["max_drawdown"], rel=1e-9)


@pytest.mark.parametrize("number", ["S06", "S07"])
def test_a_bracket_that_works_at_the_wrong_time_gives_the_known_wrong_answer(number: str, shared: Path) -> None:
    case = cases.load(shared, number)
    (wrong,) = case.content["known_wrong_answers"]["final_equity"].values()

    final = case.run(exit_in_entry_bar=number == "S07").metrics["final_equity"]

    assert final == pytest.approx(wrong, abs=MONEY)
