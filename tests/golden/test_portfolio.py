"""A portfolio of two shares that goes back to its weights at each month's end, S18; backtrader gives the same fills."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from apps.engine.listing import Listing
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Costs, Instrument
from tests.golden.cases import micros, read_bars

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array, Rows

MONEY = 1e-6
START = datetime(2006, 1, 1, tzinfo=UTC)


class Rebalance(Strategy):
    """At a month's last close, orders what is missing to each weight; sales first."""

    weights: ClassVar[list[float]] = []
    month_ends: ClassVar[set[int]] = set()

    def on_bar(self) -> None:
        if self.index not in self.month_ends:
            return
        equity = self.equity
        orders = [
            (weight * equity // market.close[-1] - market.position, market)
            for weight, market in zip(self.weights, self.markets, strict=True)
        ]
        for missing, market in sorted(orders, key=lambda order: order[0] > 0):
            if missing > 0:
                market.buy(missing)
            elif missing < 0:
                market.sell(-missing)


def month_ends(bars: Array) -> set[int]:
    months = bars["time"].astype("M8[us]").astype("M8[M]")
    return set(np.flatnonzero(months[1:] != months[:-1]).tolist())


@pytest.fixture(scope="module")
def played(shared: Path) -> tuple[dict[str, Any], Rows, Session]:
    (path,) = (shared / "golden" / "cases").glob("S18_*.json")
    case = json.loads(path.read_text())
    series = [read_bars(shared.parent / name) for name in case["data"]]
    series = [bars[bars["time"] >= round(START.timestamp()) * 1_000_000] for bars in series]
    symbols = ["equity_aapl_1d_wiki_2000_2013", "equity_msft_1d_wiki_2000_2013"]
    members = {"weights": case["params"]["weights"], "month_ends": month_ends(series[0])}
    session = Session(
        type("Scripted", (Rebalance,), members),
        {},
        [Listing(Instrument(symbol), bars) for symbol, bars in zip(symbols, series, strict=True)],
        cash=case["cash"],
        costs=Costs(commission_rate=case["params"]["commission_rate"]),
    )
    return case, session.advance(session.total), session


def test_every_fill_of_the_portfolio_is_the_golden_one(played: tuple[dict[str, Any], Rows, Session]) -> None:
    case, rows, _ = played
    symbols = ["equity_aapl_1d_wiki_2000_2013", "equity_msft_1d_wiki_2000_2013"]

    assert len(rows.fills) == len(case["fills"])
    for fill, golden in zip(rows.fills, case["fills"], strict=True):
        assert (fill["bar"], fill["time"]) == (golden["bar"], micros(golden["time"]))
        assert symbols[fill["instrument"]] == golden["symbol"]
        assert fill["side"] * fill["quantity"] == golden["qty"]
        assert fill["price"] == pytest.approx(golden["price"], rel=1e-9, abs=0)
        assert fill["fee"] == pytest.approx(golden["fee"], abs=MONEY)


def test_the_curve_and_the_end_of_the_portfolio_are_the_golden_ones(
    played: tuple[dict[str, Any], Rows, Session], shared: Path
) -> None:
    case, rows, session = played
    with np.load(shared / "golden" / "equity.npz") as curves:
        curve = curves[case["id"]]

    metrics = session.metrics()

    assert np.abs(rows.equity["equity"] - curve).max() <= MONEY
    assert rows.equity["cash"][-1] == pytest.approx(case["final_cash"], abs=MONEY)
    positions = [rows.fills["position"][rows.fills["instrument"] == place][-1] for place in (0, 1)]
    assert positions == case["final_position"]
    for name in ("final_equity", "total_return", "max_drawdown", "max_drawdown_abs", "total_fees", "cagr", "sharpe"):
        assert metrics[name] == pytest.approx(case["metrics"][name], rel=1e-9, abs=MONEY)
