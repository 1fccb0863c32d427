"""The figures of every golden case, from its equity curve, trades and fills alone: no engine has run."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine import metrics
from apps.engine.types import EQUITY, FILL, TRADE
from tests.golden.cases import micros

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array

CASES = [f"S{number:02}" for number in range(1, 21) if number != 19]  # S19 is a grid of runs and has no curve
SIDES = {"long": 1, "short": -1}
OURS = {  # the golden name, ours
    "volatility_annual": "volatility",
    "closed_trades": "total_trades",
    "wins": "winning_trades",
    "losses": "losing_trades",
    "avg_trade": "expectancy",
    "avg_win": "average_win",
    "avg_loss": "average_loss",
    "avg_bars_held": "average_bars_held",
}
POSITIVE_HERE = {"avg_loss"}  # a size, not a signed amount
ELSEWHERE = {"net_profit_closed"}  # the long and the short trades' results together


def times(shared: Path, case: dict[str, Any]) -> Array:
    """Of the bars that the case uses; of the first instrument where there are several."""
    name = case["data"] if isinstance(case["data"], str) else case["data"][0]
    with gzip.open(shared.parent / name, "rt", newline="") as file:
        labels = np.array([micros(row[0]) for row in list(csv.reader(file))[1:]])
    first, last = micros(case.get("first_bar", "1900-01-01")), micros(case.get("last_bar", "2200-01-01"))
    labels = labels[(labels >= first) & (labels <= last)]
    if case.get("filter") == "13:30<=UTC time<=19:59":
        minutes = labels // 60_000_000 % 1440
        labels = labels[(minutes >= 13 * 60 + 30) & (minutes <= 19 * 60 + 59)]
    return labels


def closed(case: dict[str, Any]) -> Array:
    rows = np.zeros(len(case.get("trades", [])), TRADE)
    for row, trade in zip(rows, case.get("trades", []), strict=True):
        row["opened_bar"], row["closed_bar"] = trade["entry_bar"], trade["exit_bar"]
        row["opened_at"], row["closed_at"] = micros(trade["entry_time"]), micros(trade["exit_time"])
        row["side"], row["quantity"] = SIDES[trade["side"]], trade["qty"]
        row["entry_price"], row["exit_price"] = trade["entry_price"], trade["exit_price"]
        row["gross_pnl"], row["fees"], row["pnl"] = trade["gross_pnl"], trade["fees"], trade["net_pnl"]
    return rows


def filled(case: dict[str, Any], labels: Array) -> Array:
    """The case's fills, or those that its trades and its open trade must have had."""
    steps = [
        (fill["bar"], fill.get("symbol", ""), fill["qty"], fill["price"], fill["fee"]) for fill in case.get("fills", [])
    ]
    if not steps:
        for trade in case.get("trades", []):
            size = SIDES[trade["side"]] * trade["qty"]
            steps.append((trade["entry_bar"], "", size, trade["entry_price"], 0.0))
            steps.append((trade["exit_bar"], "", -size, trade["exit_price"], trade["fees"]))
        opened = case.get("open_trade")
        if opened:
            bar = int(np.searchsorted(labels, micros(opened["entry_time"])))
            size = SIDES[opened.get("side", "long")] * opened["qty"]
            fee = case["metrics"]["total_fees"] - sum(trade["fees"] for trade in case["trades"])
            steps.append((bar, "", size, opened["entry_price"], fee))
    symbols = sorted({symbol for _, symbol, *_ in steps})
    positions = dict.fromkeys(symbols, 0.0)
    rows = np.zeros(len(steps), FILL)
    for row, (bar, symbol, quantity, price, fee) in zip(rows, steps, strict=True):
        positions[symbol] += quantity
        row["bar"], row["instrument"], row["position"] = bar, symbols.index(symbol), positions[symbol]
        row["side"], row["quantity"], row["price"], row["fee"] = np.sign(quantity), abs(quantity), price, fee
    return rows


@pytest.mark.parametrize("number", CASES)
def test_the_figures_of_a_case_follow_from_its_curve_and_trades(number: str, shared: Path) -> None:
    (path,) = (shared / "golden" / "cases").glob(f"{number}_*.json")
    case = json.loads(path.read_text())
    with np.load(shared / "golden" / "equity.npz") as curves:
        curve = curves[path.stem]
    labels = times(shared, case)
    equity = np.zeros(len(curve), EQUITY)
    equity["time"], equity["equity"] = labels, curve

    found = metrics.report(
        equity,
        closed(case),
        filled(case, labels),
        periods_per_year=case["metrics"]["periods_per_year"],
        initial_cash=case["cash"],
    )

    golden = {name: value for name, value in case["metrics"].items() if name not in ELSEWHERE}
    if golden["exposure"] is None:  # not stated for the portfolio
        del golden["exposure"]
    for name, value in golden.items():
        if value is None:
            assert found[OURS.get(name, name)] is None, name
            continue
        expected = abs(value) if name in POSITIVE_HERE else value
        assert found[OURS.get(name, name)] == pytest.approx(expected, rel=1e-9, abs=1e-9), name
    if "net_profit_closed" in case["metrics"]:
        both = found["net_pnl_long"] + found["net_pnl_short"]
        assert both == pytest.approx(case["metrics"]["net_profit_closed"], rel=1e-9, abs=1e-6)
