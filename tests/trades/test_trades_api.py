"""What the trades of a real run look like (T38 to T46)."""

import re
from itertools import pairwise
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db
TRADE_KEYS = {
    "instrument", "direction", "entry_time", "entry_price", "units", "exit_time", "exit_price", "pnl", "pips",
    "details",
}  # fmt: skip


@pytest.fixture
def both_ways(make_task: Any, make_config: Any) -> Any:
    """An execution that was long and short."""
    from apps.executions.services import start
    from apps.runner.run import run

    parameters = {"fast": 3, "slow": 8, "direction": "both"}
    execution = start(make_task(config=make_config(parameters=parameters)))
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


@pytest.fixture
def trades(api: APIClient, both_ways: Any) -> Any:
    def read(**query: Any) -> list[dict[str, Any]]:
        answer = api.get(f"/api/trading/executions/{both_ways.pk}/trades/", query)
        assert answer.status_code == 200
        rows: list[dict[str, Any]] = answer.json()["trades"]
        return rows

    return read


@pytest.mark.case("T38", "T39")
def test_t38_t39_the_shape_of_a_row(trades: Any) -> None:
    rows = trades()

    assert len(rows) > 5
    assert [row["sequence"] for row in rows] == list(range(1, len(rows) + 1))
    for row in rows:
        trade = row["trade"]
        assert set(row) == {"sequence", "trade", "created_at"}
        assert set(trade) == TRADE_KEYS
        assert trade["instrument"] == "EUR_USD"
        assert type(trade["units"]) is int
        assert re.fullmatch(r"\d+\.\d{2,}", trade["entry_price"])
        assert re.fullmatch(r"-?\d+\.\d\d", trade["pnl"])
        assert re.fullmatch(r"-?\d+\.\d", trade["pips"])
        assert isinstance(trade["details"], dict)


@pytest.mark.case("T40")
def test_t40_pnl_and_pips_follow_from_the_prices(trades: Any, both_ways: Any) -> None:
    pip_size = both_ways.manifest["instrument"]["pip_size"]

    for row in trades():
        trade = row["trade"]
        gained = float(trade["exit_price"]) - float(trade["entry_price"])
        gained *= 1 if trade["direction"] == "long" else -1
        assert float(trade["pnl"]) == pytest.approx(gained * trade["units"], abs=0.0051)
        assert float(trade["pips"]) == pytest.approx(gained / pip_size, abs=0.051)


@pytest.mark.case("T46")
def test_t46_a_row_is_written_when_it_is_closed_and_never_overlaps_the_next(trades: Any) -> None:
    rows = [row["trade"] for row in trades()]

    for trade, following in pairwise(rows):
        assert trade["entry_time"] < trade["exit_time"] <= following["entry_time"]


@pytest.mark.case("T43", "T45")
def test_t43_t45_directions(trades: Any) -> None:
    everything = trades()

    for direction in ("long", "short"):
        expected = [row for row in everything if row["trade"]["direction"] == direction]
        assert expected
        assert trades(direction=direction) == expected


@pytest.mark.case("T43")
@pytest.mark.parametrize("direction", ["LONG", "up", ""])
def test_t43_another_direction_is_refused(api: APIClient, execution: Any, direction: str) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/trades/", {"direction": direction})

    assert answer.status_code == 400
    assert "direction" in answer.json()["error"]


@pytest.mark.case("T42")
def test_t42_an_instrument_matches_exactly(trades: Any) -> None:
    assert trades(instrument="EUR_USD") == trades()
    for other in ("eur_usd", "EUR", "EUR_USD ", "%"):
        assert trades(instrument=other) == []


@pytest.mark.case("T42", "T43")
def test_t42_t43_filters_combine(trades: Any) -> None:
    assert trades(instrument="EUR_USD", direction="short") == trades(direction="short")
    assert trades(instrument="USD_JPY", direction="short") == []


@pytest.mark.parametrize("symbol", ['A"B', "A\\B", "\u00e4\u00f6\u00fc", "A</script>B"])
def test_a_row_is_json_whatever_the_symbol(finished: Any, symbol: str) -> None:
    import numpy as np

    from apps.engine.types import EQUITY, FILL, ORDER_EVENT, PAYMENT, TRADE, Rows
    from apps.runner.rows import trade_rows

    finished.manifest["instrument"]["symbol"] = symbol
    closed = np.zeros(1, TRADE)
    closed["side"], closed["quantity"], closed["entry_price"], closed["exit_price"] = 1, 2.5, 10.0, 11.0
    closed["exit_reason"] = 1
    rows = Rows(
        orders=np.empty(0, ORDER_EVENT),
        fills=np.empty(0, FILL),
        trades=closed,
        equity=np.empty(0, EQUITY),
        payments=np.empty(0, PAYMENT),
    )

    made = trade_rows(finished, rows)

    assert made.columns == ([symbol], ["long"])
    assert orjson.loads(f"{{{made.contents[0]}}}")["trade"]["instrument"] == symbol
