"""From an empty account to the golden figures, over HTTP alone."""

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.acceptance.client import Person

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="session")
def golden(shared: Path) -> dict[str, Any]:
    """Buy and hold SPY over five regular sessions, its equity computed by an independent simulator."""
    case: dict[str, Any] = json.loads((shared / "golden" / "cases" / "S04_buy_hold_spy_1m.json").read_text())
    case["equity"] = np.load(shared / "golden" / "equity.npz")[case["id"]]
    case["path"] = (
        shared.parent / case["data"] if shared.name == "shared" else shared / Path(*Path(case["data"]).parts[1:])
    )
    return case


def golden_task(person: Person, golden: dict[str, Any], **changes: Any) -> int:
    instrument = {
        "symbol": "SPY",
        "kind": "equity",
        "price_increment": 0.01,
        "quantity_step": 1,
        "periods_per_year": 252,
    }
    person.call("post", "/api/market/instruments/", 201, json=instrument)
    dataset = person.upload(golden["path"], symbol="SPY", timeframe="1m")
    config = person.configure("buy_and_hold", quantity=golden["params"]["qty"])
    return person.save_task(
        config,
        dataset,
        session="13:30-20:00 UTC",
        initial_balance=golden["cash"],
        commission_per_trade=golden["params"]["commission_fixed_per_order"],
        **changes,
    )


def test_a_program_gets_exactly_the_golden_equity(person: Person, golden: dict[str, Any]) -> None:
    execution = person.start(golden_task(person, golden))
    seen: list[dict[str, Any]] = []
    progress: list[float] = []

    while True:
        status = person.status(execution)
        progress.append(status["progress"])
        seen += person.rows(execution, "equity", after=seen[-1]["sequence"] if seen else 0, page_size=400)
        if status["status"] in ("completed", "failed"):
            break
    events, trades = person.rows(execution, "events"), person.rows(execution, "trades")

    assert status["error_message"] is None
    assert [point["sequence"] for point in seen] == list(range(1, golden["rows_used"] + 1))
    assert [point["balance"] for point in seen] == golden["equity"].tolist()
    assert (seen[0]["timestamp"], seen[-1]["timestamp"]) == (golden["first_bar"], golden["last_bar"])
    assert progress == sorted(progress)
    assert progress[-1] == 100.0
    assert [row["sequence"] for row in events] == list(range(1, len(events) + 1))
    assert [row["event_type"] for row in events].count("trade_executed") == 1
    fill = next(row for row in events if row["event_type"] == "trade_executed")
    assert fill["timestamp"] == golden["open_trade"]["entry_time"]
    assert float(fill["event"]["price"]) == golden["open_trade"]["entry_price"]
    assert fill["event"]["units"] == 500
    assert trades == []


def test_its_metrics_are_the_golden_ones(person: Person, golden: dict[str, Any]) -> None:
    execution = person.start(golden_task(person, golden))
    person.wait(execution)

    checkpoint = person.get(f"/api/trading/executions/{execution}/metrics/latest/")["checkpoint"]

    truth = golden["metrics"]
    assert checkpoint["processed"] == golden["rows_used"]
    assert checkpoint["total_return"] == f"{truth['total_return'] * 100:.2f}"
    assert checkpoint["total_pnl"] == f"{truth['final_equity'] - truth['initial_cash']:.2f}"
    assert checkpoint["max_drawdown"] == f"{truth['max_drawdown'] * 100:.2f}"
    assert checkpoint["sharpe_ratio"] == f"{truth['sharpe']:.2f}"
    assert checkpoint["total_trades"] == 0


def test_equal_bars_in_another_file_have_the_same_hash(person: Person, golden: dict[str, Any], tmp_path: Path) -> None:
    plain = tmp_path / "plain.csv"
    plain.write_bytes(gzip.decompress(golden["path"].read_bytes()))

    first = person.upload(golden["path"], symbol="SPY", timeframe="1m")
    second = person.upload(plain, symbol="SPY", timeframe="60")

    hashes = [
        person.get(f"/api/market/datasets/{number}/")["versions"][0]["content_hash"] for number in (first, second)
    ]
    assert hashes[0] == hashes[1]
