"""The status of an execution and its latest metrics, as documented (T2 to T16, T57 to T63)."""

import re
from typing import Any

import pytest
from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

STATUS_KEYS = {
    "execution_id", "task_type", "task_id", "execution_number", "status", "progress", "started_at", "completed_at",
    "error_message", "failure", "queue", "has_checkpoint", "checkpoint",
}  # fmt: skip
CHECKPOINT_KEYS = {
    "id", "processed", "total_return", "total_pnl", "realized_pnl", "unrealized_pnl", "total_trades",
    "winning_trades", "losing_trades", "win_rate", "max_drawdown", "sharpe_ratio", "profit_factor", "average_win",
    "average_loss", "created_at",
}  # fmt: skip
COUNTS = {"id", "processed", "total_trades", "winning_trades", "losing_trades"}
UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")
TWO_DECIMALS = re.compile(r"-?\d+\.\d\d")


def status_of(api: APIClient, execution: Any) -> dict[str, Any]:
    answer = api.get(f"/api/trading/executions/{execution.pk}/status/")
    assert answer.status_code == 200, answer.content
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.case("T2", "T5", "T8")
def test_t2_t5_t8_before_its_first_chunk(api: APIClient, execution: Any) -> None:
    body = status_of(api, execution)

    assert body.pop("queue")["position"] == 1
    assert body == {
        "execution_id": execution.pk,
        "task_type": "backtest",
        "task_id": execution.backtest_task_id,
        "execution_number": 1,
        "status": "created",
        "progress": 0.0,
        "started_at": None,
        "completed_at": None,
        "error_message": None,
        "failure": None,
        "has_checkpoint": False,
        "checkpoint": None,
    }
    assert isinstance(body["progress"], float)


@pytest.mark.case("T2", "T3", "T6")
def test_t2_t3_t6_when_completed(api: APIClient, finished: Any) -> None:
    body = status_of(api, finished)

    assert set(body) == STATUS_KEYS
    assert set(body["checkpoint"]) == CHECKPOINT_KEYS
    assert (body["status"], body["progress"], body["error_message"]) == ("completed", 100.0, None)
    assert isinstance(body["progress"], float)
    assert body["has_checkpoint"] is True
    assert body["checkpoint"]["processed"] == 300


@pytest.mark.case("T4")
def test_t4_times_are_utc_with_z(api: APIClient, finished: Any) -> None:
    body = status_of(api, finished)

    for moment in (body["started_at"], body["completed_at"], body["checkpoint"]["created_at"]):
        assert UTC_TIME.fullmatch(moment), moment
    assert body["started_at"] <= body["completed_at"]


@pytest.mark.case("T7")
def test_t7_counts_are_integers_and_figures_have_two_decimals(api: APIClient, finished: Any) -> None:
    checkpoint = status_of(api, finished)["checkpoint"]

    for name in CHECKPOINT_KEYS - {"created_at"}:
        value = checkpoint[name]
        if name in COUNTS:
            assert type(value) is int, name
        elif value is not None:
            assert TWO_DECIMALS.fullmatch(value), (name, value)
            assert value != "-0.00", name


@pytest.mark.case("T9", "T11")
def test_t9_t11_the_figures_agree_with_each_other_and_with_the_tape(api: APIClient, finished: Any) -> None:
    checkpoint = status_of(api, finished)["checkpoint"]
    trades = api.get(f"/api/trading/executions/{finished.pk}/trades/").json()["trades"]
    curve = api.get(f"/api/trading/executions/{finished.pk}/equity/?page_size=1000").json()["equity_curve"]
    figure = {name: float(value) for name, value in checkpoint.items() if name != "created_at" and value is not None}
    profits = [float(row["trade"]["pnl"]) for row in trades]
    wins, losses = [pnl for pnl in profits if pnl > 0], [-pnl for pnl in profits if pnl <= 0]

    assert len(profits) > 5
    assert figure["total_pnl"] == pytest.approx(figure["realized_pnl"] + figure["unrealized_pnl"], abs=0.011)
    assert figure["total_pnl"] == pytest.approx(curve[-1]["balance"] - 10_000.0, abs=0.006)
    assert figure["total_return"] == pytest.approx(figure["total_pnl"] / 10_000.0 * 100, abs=0.006)
    assert figure["realized_pnl"] == pytest.approx(sum(profits), abs=0.005 * len(profits) + 0.006)
    assert (figure["total_trades"], figure["winning_trades"]) == (len(profits), len(wins))
    assert figure["losing_trades"] == len(losses)
    assert figure["win_rate"] == pytest.approx(100 * len(wins) / len(profits), abs=0.006)
    assert figure["average_win"] == pytest.approx(sum(wins) / len(wins), abs=0.011)
    assert figure["average_loss"] == pytest.approx(sum(losses) / len(losses), abs=0.011)
    assert 0 <= figure["max_drawdown"] <= 100


@pytest.mark.case("T9")
def test_t9_the_drawdown_is_a_positive_per_cent_of_the_curve(api: APIClient, finished: Any) -> None:
    curve = api.get(f"/api/trading/executions/{finished.pk}/equity/?page_size=1000").json()["equity_curve"]
    peak, fall = 10_000.0, 0.0
    for point in curve:
        peak = max(peak, point["balance"])
        fall = max(fall, (peak - point["balance"]) / peak)

    assert fall > 0
    assert status_of(api, finished)["checkpoint"]["max_drawdown"] == f"{fall * 100:.2f}"


@pytest.mark.case("T10")
def test_t10_what_is_undefined_is_null(api: APIClient, make_task: Any, make_config: Any) -> None:
    from apps.executions.services import start
    from apps.runner.run import run

    holding = make_config(name="holding", strategy_type="buy_and_hold", parameters={})
    execution = start(make_task(config=holding))

    run(execution.pk)

    checkpoint = status_of(api, execution)["checkpoint"]
    assert checkpoint["total_trades"] == 0
    for name in ("sharpe_ratio", "profit_factor", "win_rate", "average_win", "average_loss"):
        assert checkpoint[name] is None, (name, checkpoint[name])


@pytest.mark.case("T57", "T58")
def test_t57_t58_the_latest_metrics_are_the_checkpoint_of_the_status(api: APIClient, finished: Any) -> None:
    body = api.get(f"/api/trading/executions/{finished.pk}/metrics/latest/").json()

    status = status_of(api, finished)
    assert body == {
        name: status[name] for name in ("execution_id", "task_type", "task_id", "has_checkpoint", "checkpoint")
    }


@pytest.mark.case("T71")
def test_t71_an_older_execution_stays_readable(api: APIClient, finished: Any) -> None:
    from apps.executions.services import start
    from apps.runner.run import run

    before = status_of(api, finished)

    second = start(finished.backtest_task)
    run(second.pk)

    assert status_of(api, finished) == before
    assert status_of(api, second)["execution_number"] == 2
    assert status_of(api, second)["checkpoint"]["id"] != before["checkpoint"]["id"]


@pytest.mark.case("T15")
@pytest.mark.parametrize("path", ["status", "metrics/latest", "events", "trades", "equity"])
@pytest.mark.parametrize("number", ["x", "1.5", "-1", "", "0x1"])
def test_t15_a_path_without_a_whole_number_leads_nowhere(api: APIClient, path: str, number: str) -> None:
    answer = api.get(f"/api/trading/executions/{number}/{path}/")

    assert answer.status_code == 404
    assert isinstance(answer.json()["error"], str)


@pytest.mark.case("T13")
@pytest.mark.parametrize("path", ["status", "metrics/latest", "events", "trades", "equity"])
@pytest.mark.parametrize("number", [0, 987654321, 2**63 - 1, 2**63, 10**30])
def test_t13_an_execution_that_is_not_there(api: APIClient, path: str, number: int) -> None:
    answer = api.get(f"/api/trading/executions/{number}/{path}/")

    assert answer.status_code == 404
    if number < 10**18:
        assert answer.json()["error"] == "Execution not found"


@pytest.mark.case("T16")
def test_t16_without_its_slash_the_path_leads_there(api: APIClient, execution: Any) -> None:
    answer = api.get(f"/api/trading/executions/{execution.pk}/status", follow=True)

    assert answer.json()["execution_id"] == execution.pk


@pytest.mark.case("T77")
@pytest.mark.parametrize(
    "path",
    [
        "status/",
        "events/?page_size=100",
        "events/?since_sequence=50",
        "events/?event_type=trade_executed",
        "trades/?instrument=EUR_USD",
        "trades/?direction=long",
        "equity/?start_time=2026-01-12T10:00:00Z&end_time=2026-01-12T12:00:00Z",
        "equity/?max_points=100",
        "metrics/latest/",
    ],
)
def test_t77_the_documented_examples_answer(api: APIClient, finished: Any, path: str) -> None:
    answer = api.get(f"/api/trading/executions/{finished.pk}/{path}", headers={"accept": "*/*"})

    assert answer.status_code == 200
    assert answer.json()["execution_id"] == finished.pk
