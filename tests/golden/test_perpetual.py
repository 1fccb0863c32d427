"""A perpetual with funding, S15: fills, payments, the curve and the end, by the closed form that the case states."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine.listing import Listing
from apps.engine.series.happenings import FUNDING
from apps.engine.session import Session
from apps.engine.strategy import Strategy
from apps.engine.types import Account, Costs, Instrument, PaymentKind
from tests.golden.cases import micros, read_bars

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array, Rows

MONEY = 1e-6
MINUTE = 60_000_000


class Short(Strategy):
    """Short from one bar to another."""

    def on_bar(self) -> None:
        if self.index == 911:
            self.sell(10_000)
        elif self.index == 1248:
            self.close_position()


def funding(rates: Path, marks: Path) -> Array:
    """The stored stamps carry milliseconds of jitter; the mark is the open of its hour, where it is known."""
    with gzip.open(marks, "rt", newline="") as file:
        opens = {micros(row[0]): float(row[1]) for row in list(csv.reader(file))[1:]}
    with gzip.open(rates, "rt", newline="") as file:
        rows = [(round(micros(row[0]) / MINUTE) * MINUTE, float(row[1])) for row in list(csv.reader(file))[1:]]
    return np.array([(time, rate, opens.get(time, np.nan)) for time, rate in rows], FUNDING)


@pytest.fixture(scope="module", params=["unchecked", "cross", "isolated"])
def played(request: pytest.FixtureRequest, shared: Path) -> tuple[dict[str, Any], Rows, Session]:
    """A margin account that is never short of margin has to give the same."""
    (path,) = (shared / "golden" / "cases").glob("S15_*.json")
    case = json.loads(path.read_text())
    bars, marks, rates = (shared.parent / name for name in case["data"])
    instrument = Instrument("XRPUSDT", price_increment=0.0001, initial_margin=0.5, periods_per_year=365)
    session = Session(
        Short,
        {},
        Listing(instrument, read_bars(bars), events=[funding(rates, marks)]),
        cash=case["cash"],
        account=Account(kind=request.param),
        costs=Costs(commission_rate=case["params"]["commission_rate"]),
    )
    return case, session.advance(session.total), session


def test_every_fill_is_the_golden_one(played: tuple[dict[str, Any], Rows, Session]) -> None:
    case, rows, _ = played

    assert len(rows.fills) == len(case["fills"])
    for fill, golden in zip(rows.fills, case["fills"], strict=True):
        assert (fill["bar"], fill["time"]) == (golden["bar"], micros(golden["time"]))
        assert fill["side"] * fill["quantity"] == golden["qty"]
        assert fill["price"] == pytest.approx(golden["price"], rel=1e-9, abs=0)
        assert fill["fee"] == pytest.approx(golden["fee"], abs=MONEY)


def test_every_payment_is_the_golden_one(played: tuple[dict[str, Any], Rows, Session]) -> None:
    case, rows, _ = played

    assert rows.payments["time"].tolist() == [micros(golden["time"]) for golden in case["funding_payments"]]
    assert set(rows.payments["kind"].tolist()) == {PaymentKind.FUNDING}
    for payment, golden in zip(rows.payments, case["funding_payments"], strict=True):
        assert payment["position"] == golden["position"]
        assert payment["price"] == golden["mark_price"]
        assert payment["rate"] == golden["rate"]
        assert payment["amount"] == pytest.approx(golden["payment"], abs=MONEY)


def test_the_trade_curve_and_end_are_the_golden_ones(
    played: tuple[dict[str, Any], Rows, Session], shared: Path
) -> None:
    case, rows, session = played
    (golden,) = case["trades"]
    with np.load(shared / "golden" / "equity.npz") as curves:
        curve = curves[case["id"]]

    (trade,) = rows.trades
    metrics = session.metrics()

    assert trade["gross_pnl"] == pytest.approx(golden["gross_pnl"], abs=MONEY)
    assert trade["fees"] == pytest.approx(golden["fees"], abs=MONEY)
    assert trade["pnl"] == pytest.approx(golden["net_pnl"], abs=MONEY)
    assert trade["payments"] == pytest.approx(golden["funding"], abs=MONEY)
    assert np.abs(rows.equity["equity"] - curve).max() <= MONEY
    assert rows.equity["cash"][-1] == pytest.approx(case["final_cash"], abs=MONEY)
    assert metrics["total_payments"] == pytest.approx(golden["funding"], abs=MONEY)
    for name in ("final_equity", "max_drawdown", "max_drawdown_abs", "sharpe", "sortino", "cagr", "calmar", "exposure"):
        assert metrics[name] == pytest.approx(case["metrics"][name], rel=1e-9, abs=MONEY)
