"""The golden case of bid and ask bars: a cross of averages of the middle, bought at the ask and sold at the bid."""

from __future__ import annotations

import csv
import gzip
import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from apps.engine import strategies
from apps.engine.listing import Listing
from apps.engine.series.quotes import QUOTE_BAR
from apps.engine.session import Session
from apps.engine.types import Instrument
from tests.golden.cases import micros
from tests.golden.test_cases import METRICS, MONEY, POSITIVE_HERE, SIDES, SUMS_OF_TRADES

if TYPE_CHECKING:
    from pathlib import Path

    from apps.engine.types import Array, Rows

NAME = "S14_bid_ask_spread_eurusd_1m"


def quotes(path: Path) -> Array:
    with gzip.open(path, "rt", newline="") as file:
        rows = [(micros(row[0]), *map(float, row[1:9]), 0) for row in list(csv.reader(file))[1:]]
    return np.array(rows, QUOTE_BAR)


@pytest.fixture(scope="module")
def case(shared: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((shared / "golden" / "cases" / f"{NAME}.json").read_text())
    return content


@pytest.fixture(scope="module")
def session(shared: Path, case: dict[str, Any]) -> Session:
    rows = quotes(shared.parent / case["data"])
    params = case["params"]
    return Session(
        strategies.get("sma_cross"),
        {"fast": params["fast"], "slow": params["slow"], "quantity": params["qty"]},
        Listing(Instrument("EURUSD", price_increment=1e-5, pip_size=1e-4), rows),
        cash=case["cash"],
    )


@pytest.fixture(scope="module")
def rows(session: Session) -> Rows:
    return session.advance(session.total)


def test_every_trade_is_bought_at_the_ask_and_sold_at_the_bid(case: dict[str, Any], rows: Rows) -> None:
    assert len(rows.trades) == len(case["trades"])
    for trade, golden in zip(rows.trades, case["trades"], strict=True):
        assert (trade["opened_bar"], trade["closed_bar"]) == (golden["entry_bar"], golden["exit_bar"])
        assert (trade["opened_at"], trade["closed_at"]) == (micros(golden["entry_time"]), micros(golden["exit_time"]))
        assert trade["side"] == SIDES[golden["side"]]
        assert trade["quantity"] == golden["qty"]
        assert trade["entry_price"] == pytest.approx(golden["entry_price"], rel=1e-9, abs=0)
        assert trade["exit_price"] == pytest.approx(golden["exit_price"], rel=1e-9, abs=0)
        assert trade["pnl"] == pytest.approx(golden["net_pnl"], abs=MONEY)


def test_equity_is_marked_at_the_bid_at_every_close(shared: Path, rows: Rows) -> None:
    with np.load(shared / "golden" / "equity.npz") as curves:
        golden = curves[NAME]

    assert np.abs(rows.equity["equity"] - golden).max() <= MONEY


def test_the_final_state_and_the_metrics_are_the_golden_ones(
    case: dict[str, Any], session: Session, rows: Rows
) -> None:
    golden = {name: value for name, value in case["metrics"].items() if name not in SUMS_OF_TRADES}
    metrics = session.metrics()

    assert rows.equity["cash"][-1] == pytest.approx(case["final_cash"], abs=MONEY)
    assert rows.fills["position"][-1] == case["final_position"]
    assert rows.fills["average_price"][-1] == pytest.approx(case["open_trade"]["entry_price"], rel=1e-9, abs=0)
    expected = {name: abs(value) if name in POSITIVE_HERE else value for name, value in golden.items()}
    found = {name: metrics[METRICS.get(name, name)] for name in golden}
    assert found == pytest.approx(expected, rel=1e-9, abs=MONEY)
