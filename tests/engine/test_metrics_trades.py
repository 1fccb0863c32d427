"""The report's figures of trades, exposure and costs, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from apps.engine.types import FILL, TRADE, Array
from tests.engine.test_metrics_report import CASH, NO_TRADES, daily, report


def results(*pnl: float, sides: Any = 1) -> Array:
    rows = np.zeros(len(pnl), TRADE)
    rows["pnl"], rows["gross_pnl"], rows["side"] = pnl, pnl, sides
    rows["quantity"], rows["entry_price"] = 1.0, 100.0
    rows["mae"], rows["mfe"] = np.maximum(-rows["pnl"], 1.0), np.maximum(rows["pnl"], 1.0) * 2
    rows["closed_at"] = 3_600_000_000 * (1 + np.arange(len(pnl)))
    rows["closed_bar"] = 1 + np.arange(len(pnl))
    return rows


def test_figures_of_trades_by_hand() -> None:
    """By hand: long 10, -5, 20; short 0, -5, -10, 30."""
    trades = results(10, -5, 20, 0, -5, -10, 30, sides=[1, 1, 1, -1, -1, -1, -1])

    found = report(daily([CASH] * 3), trades)

    assert (found["total_trades"], found["winning_trades"], found["losing_trades"], found["even_trades"]) == (
        7,
        3,
        3,
        1,
    )
    assert (found["long_trades"], found["short_trades"]) == (3, 4)
    assert (found["win_rate"], found["win_rate_long"], found["win_rate_short"]) == (3 / 7, 2 / 3, 1 / 4)
    assert (found["gross_profit"], found["gross_loss"], found["profit_factor"]) == (60, 20, 3)
    assert (found["net_pnl_long"], found["net_pnl_short"]) == (25, 15)
    assert (found["profit_factor_long"], found["profit_factor_short"]) == (6, 2)
    assert (found["average_win"], found["average_loss"], found["payoff_ratio"]) == (
        20,
        pytest.approx(20 / 3),
        pytest.approx(3),
    )
    assert found["expectancy"] == pytest.approx(40 / 7)
    assert found["expectancy_ratio"] == pytest.approx(40 / 7 / (20 / 3))
    assert (found["median_trade"], found["best_trade"], found["worst_trade"]) == (0, 30, -10)
    assert found["kelly"] == pytest.approx(3 / 7 - 4 / 7 / 3)
    assert (found["max_consecutive_wins"], found["max_consecutive_losses"], found["current_streak"]) == (1, 2, 1)
    assert found["sqn"] == pytest.approx(math.sqrt(7) * trades["pnl"].mean() / trades["pnl"].std(ddof=1))
    assert found["average_trade_return"] == pytest.approx(40 / 7 / 100)
    assert (found["longest_hours_held"], found["shortest_hours_held"], found["average_bars_held"]) == (7, 1, 4)
    assert found["average_hours_held_winning"] == pytest.approx((1 + 3 + 7) / 3)
    assert (found["average_mae"], found["worst_mae"]) == (pytest.approx((1 + 5 + 1 + 1 + 5 + 10 + 1) / 7), 10)
    assert found["edge_ratio"] == pytest.approx(2 * (10 + 1 + 20 + 1 + 1 + 1 + 30) / 24)
    assert found["samples"]["average_win"] == 3


def test_exposure_turnover_and_costs_by_hand() -> None:
    """By hand: two instruments over ten closes; one long from bar 2 to 5, one short from bar 4 to the end."""
    fills = np.zeros(3, FILL)
    fills["bar"], fills["instrument"] = [2, 4, 6], [0, 1, 0]
    fills["position"], fills["average_price"] = [2, -1, 0], [100, 50, 0]
    fills["quantity"], fills["price"], fills["fee"], fills["gross_pnl"] = (
        [2, 1, 2],
        [100, 50, 110],
        [1, 1, 2],
        [0, 0, 20],
    )

    found = report(daily([CASH] * 9 + [1030.0]), NO_TRADES, fills)

    assert (found["exposure"], found["exposure_long"], found["exposure_short"]) == (0.8, 0.4, 0.6)
    assert found["volume_traded"] == 470
    assert found["turnover"] == pytest.approx(470 / 2 / 1003 / (9 / 365.25))
    assert found["max_leverage"] == pytest.approx(0.25)
    assert (found["total_fees"], found["average_fee"]) == (4, pytest.approx(4 / 3))
    assert found["fees_in_basis_points"] == pytest.approx(4 / 470 * 10_000)
    assert (found["realized_pnl"], found["unrealized_pnl"]) == (16, 14)
