"""A run of the floor strategy through the platform: its events, its trades, and its own fill rules."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.events.models import Event
from apps.runner.run import run
from apps.runner.verify import verify

pytestmark = pytest.mark.django_db

PARAMETERS = {
    "retracement_pips": 3.0,
    "take_profit_pips": 2.0,
    "max_layers": 2,
    "max_retracements_per_layer": 2,
    "entry_signal_lookback_candles": 2,
    "volatility_lock_multiplier": 1.6,
    "volatility_unlock_multiplier": 1.0,
    "atr_period": 1,
    "atr_baseline_period": 3,
}
KINDS = {"initial_entry", "retracement", "take_profit", "add_layer", "remove_layer", "retracement_limit_reached"}


@pytest.fixture
def ladders(make_config: Callable[..., Any], make_task: Callable[..., Any]) -> Any:
    """An execution of the floor strategy on the random minutes, carried out to its end."""
    from apps.executions.services import start

    config = make_config(name="ladders", strategy_type="floor", parameters=PARAMETERS)
    execution = start(make_task(config=config, initial_balance=100_000.0, costs={"spread": 0.0001}))
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


def events(api: APIClient, execution: Any, **query: Any) -> list[dict[str, Any]]:
    answer = api.get(f"/api/trading/executions/{execution.pk}/events/", query)
    assert answer.status_code == 200, answer.json()
    rows: list[dict[str, Any]] = answer.json()["events"]
    assert answer.json()["count"] >= len(rows)
    return rows


@pytest.mark.case("T35")
def test_t35_each_kind_of_a_floor_is_found_by_its_name(api: APIClient, ladders: Any) -> None:
    everything = events(api, ladders)
    kinds = {row["event"].get("kind") for row in everything}

    assert {"initial_entry", "retracement", "take_profit"} <= kinds
    for kind in kinds & KINDS:
        found = events(api, ladders, event_type=kind)
        assert [row["sequence"] for row in found] == [
            row["sequence"] for row in everything if row["event"].get("kind") == kind
        ]
        assert {row["event_type"] for row in found} == {"strategy_signal"}


@pytest.mark.case("T32", "T34")
def test_a_documented_type_finds_what_a_strategy_tells_among_the_rest(api: APIClient, ladders: Any) -> None:
    found = events(api, ladders, event_type="strategy_signal")

    expected = [row for row in events(api, ladders) if row["event_type"] == "strategy_signal"]
    assert found == expected
    for row in found:
        if row["event"]["kind"] in ("initial_entry", "retracement"):
            assert row["event"]["signal"] in ("buy", "sell")
            assert isinstance(row["event"]["price"], str)
            assert type(row["event"]["units"]) is int


def test_an_entry_is_told_after_its_fill_and_before_its_end(api: APIClient, ladders: Any) -> None:
    told = events(api, ladders)
    entered = {row["event"]["entry_id"]: row["sequence"] for row in told if row["event"].get("planned_exit_price")}

    for row in told:
        if row["event"].get("kind") == "take_profit":
            assert entered[row["event"]["entry_id"]] < row["sequence"]
    first = next(row for row in told if row["event"].get("kind") == "initial_entry")
    before = told[first["sequence"] - 2]
    assert before["event_type"] == "trade_executed"
    assert Decimal(before["event"]["price"]) == Decimal(first["event"]["price"])


@pytest.mark.case("T39")
def test_t39_the_details_of_a_trade_tell_its_layer(api: APIClient, ladders: Any) -> None:
    trades = [row["trade"] for row in api.get(f"/api/trading/executions/{ladders.pk}/trades/").json()["trades"]]
    profits = {row["event"]["entry_id"]: row["event"] for row in events(api, ladders, event_type="take_profit")}

    assert len(profits) > 5
    assert {trade["details"]["entry_id"] for trade in trades} > profits.keys()
    for trade in trades:
        details = trade["details"]
        if details["entry_id"] not in profits:  # closed by a lock
            assert {"layer_number", "retracement_count"} <= details.keys()
            continue
        event = profits[details["entry_id"]]
        assert details["layer_number"] == event["layer_number"]
        assert details["retracement_count"] == event["retracement_count"]
        assert trade["pips"] == event["pips"]
        assert Decimal(trade["exit_price"]) == Decimal(event["exit_price"])
        assert details["planned_exit_price_formula"].startswith(event["entry_price"])


def test_its_orders_fill_at_the_prices_they_were_given_at_unless_the_task_says_otherwise(
    ladders: Any, make_config: Callable[..., Any], make_task: Callable[..., Any], import_dataset: Callable[..., Any]
) -> None:
    from apps.executions.services import start

    config = make_config(name="later", strategy_type="floor", parameters=PARAMETERS)
    dataset = ladders.backtest_task.dataset
    later = start(make_task(name="later", config=config, dataset=dataset, fill_rules={"market_at_close": False}))

    assert ladders.manifest["rules"]["market_at_close"] is True
    assert later.manifest["rules"]["market_at_close"] is False


def test_a_lock_is_a_change_of_status_and_the_history_of_the_execution_is_another(api: APIClient, ladders: Any) -> None:
    locks = events(api, ladders, event_type="volatility_lock")
    found = events(api, ladders, event_type="status_changed")

    assert {row["event_type"] for row in locks} == {"status_changed"}
    assert [row for row in found if row["event"].get("kind") == "volatility_lock"] == locks != []
    assert [row["event"]["to"] for row in found if "kind" not in row["event"]] == ["running", "completed"]


def test_a_run_of_it_comes_out_the_same_again(ladders: Any) -> None:
    findings = verify(ladders)

    assert findings.outcome == "equal", findings.report
    assert findings.compared["events"] == Event.objects.exclude(event_type="status_changed").count()
