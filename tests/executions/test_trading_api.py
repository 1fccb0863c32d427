"""Trading tasks: saved, started, steered, copied, deleted (T61, T76, T79)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions.models import Execution, TradingTask
from apps.runner.run import run

pytestmark = pytest.mark.django_db
URL = "/api/trading/trading-tasks/"


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


def post(client: APIClient, task: Any, deed: str, body: Any = None, **more: Any) -> Any:
    return client.post(f"{URL}{task.pk}/{deed}/", body, **more)


@pytest.mark.case("T79")
def test_a_task_is_made_with_the_documented_defaults(api: APIClient, things: dict[str, Any], owner: Any) -> None:
    answer = api.post(URL, things)

    body = answer.json()
    assert answer.status_code == 201, body
    assert {**things, "initial_balance": 10_000.0, "sell_on_stop": False}.items() <= body.items()
    assert (body["mode"], body["feed"], body["broker"]) == ("paper", "replay", "paper")
    assert (body["status"], body["can_resume"], body["has_strategy_state"], body["lag"]) == (
        "created", False, False, None,
    )  # fmt: skip
    assert TradingTask.objects.get().owner == owner


WRONG = {
    "an empty name": ({"name": " "}, "name"),
    "no balance": ({"initial_balance": 0}, "initial_balance"),
    "live": ({"mode": "live"}, "mode"),
    "an unknown mode": ({"mode": "dream"}, "mode"),
    "an unknown feed": ({"feed": "oanda"}, "feed"),
    "an unknown broker": ({"broker": "oanda"}, "broker"),
    "a clock that stands": ({"bars_per_second": 0}, "bars_per_second"),
    "a clock that goes back": ({"speed": -1}, "speed"),
    "a speed of nan": ({"speed": "nan"}, "speed"),
    "two clocks": ({"bars_per_second": 1, "speed": 1}, "speed"),
    "hours that are none": ({"session": "all day long"}, "session"),
    "an unknown config": ({"config": 987654}, "config"),
    "an unknown dataset": ({"dataset": 987654}, "dataset"),
    "a decision that is none": ({"sell_on_stop": "perhaps"}, "sell_on_stop"),
    "a name with a NUL": ({"name": "a\x00b"}, "name"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_by_field(
    api: APIClient, things: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    answer = api.post(URL, {**things, **changes})

    body = answer.json()
    assert answer.status_code == 400, body
    assert f"/{field}" in [problem["pointer"] for problem in body["errors"]]
    assert not TradingTask.objects.exists()


def test_live_is_refused_with_the_reason(api: APIClient, things: dict[str, Any]) -> None:
    assert "no venue" in api.post(URL, {**things, "mode": "live"}).json()["error"]


@pytest.mark.case("T61", "T76", "T79")
def test_start_answers_202_and_numbers_from_one(api: APIClient, make_trading_task: Any) -> None:
    task = make_trading_task()

    for number in (1, 2, 3):
        answer = post(api, task, "start")
        execution = Execution.objects.get(pk=answer.json()["execution_id"])

        assert answer.status_code == 202
        assert answer.json()["task_id"] == task.pk
        assert answer["Location"] == f"/api/trading/executions/{execution.pk}/"
        assert (execution.task_type, execution.execution_number) == ("trading", number)
        assert post(api, task, "stop").json()["status"] == "stopped"


@pytest.mark.case("T79")
def test_a_task_runs_once_at_a_time_and_is_not_changed_meanwhile(api: APIClient, traded: Execution) -> None:
    task = traded.trading_task

    assert post(api, task, "start").status_code == 409
    assert post(api, task, "restart").status_code == 409
    assert api.patch(f"{URL}{task.pk}/", {"speed": 5.0}).status_code == 409
    assert Execution.objects.count() == 1


@pytest.mark.case("T63", "T79")
def test_pause_and_resume_go_to_and_fro(api: APIClient, traded: Execution) -> None:
    task = traded.trading_task
    run(traded.pk)

    paused = post(api, task, "pause")
    shown = api.get(f"{URL}{task.pk}/").json()
    resumed = post(api, task, "resume")

    assert (paused.json()["status"], resumed.json()["status"]) == ("paused", "running")
    assert (shown["status"], shown["can_resume"]) == ("paused", True)
    assert post(api, task, "resume").status_code == 409


@pytest.mark.case("T79")
@pytest.mark.parametrize("mode", ["immediate", "graceful", "graceful_close"])
def test_a_stop_says_how(api: APIClient, traded: Execution, mode: str) -> None:
    answer = post(api, traded.trading_task, "stop", {"mode": mode})

    assert answer.status_code == 200
    assert {"id", "execution_id", "status", "message"} == set(answer.json())
    assert answer.json()["status"] == "stopped"


def test_a_stop_that_closes_is_answered_while_it_runs(api: APIClient, traded: Execution) -> None:
    run(traded.pk)

    answer = post(api, traded.trading_task, "stop", {"mode": "graceful_close"})

    assert answer.json()["status"] == "running"
    assert "closes" in answer.json()["message"]


@pytest.mark.parametrize("body", [{"mode": "sell"}, {"mode": None}, {"mode": 1}, []])
def test_a_stop_that_says_something_else_is_refused(api: APIClient, traded: Execution, body: Any) -> None:
    answer = post(api, traded.trading_task, "stop", body)

    assert answer.status_code == 400
    assert Execution.objects.get(pk=traded.pk).status == "created"


def test_a_restart_keeps_no_state(api: APIClient, traded: Execution) -> None:
    task = traded.trading_task
    post(api, task, "stop")

    assert post(api, task, "restart", {"clear_state": False}).status_code == 400
    assert post(api, task, "restart", {"clear_state": True}).status_code == 202
    assert task.executions.count() == 2


@pytest.mark.case("T79")
def test_a_copy_says_the_same_under_another_name(api: APIClient, make_trading_task: Any) -> None:
    task = make_trading_task(speed=60.0, sell_on_stop=True, initial_balance=123.0)

    answer = post(api, task, "copy", {"new_name": "another"})

    own = {"id", "name", "created_at", "updated_at"}
    original, copy = api.get(f"{URL}{task.pk}/").json(), answer.json()
    assert answer.status_code == 201
    assert copy["name"] == "another"
    assert {name: value for name, value in copy.items() if name not in own} == {
        name: value for name, value in original.items() if name not in own
    }
    assert post(api, task, "copy", {"new_name": "another"}).status_code == 400
    assert post(api, task, "copy", {}).status_code == 400
    assert TradingTask.objects.count() == 2


def test_a_start_that_is_sent_twice_is_done_once(api: APIClient, make_trading_task: Any) -> None:
    task = make_trading_task()

    first = post(api, task, "start", HTTP_IDEMPOTENCY_KEY="one wish")
    second = post(api, task, "start", HTTP_IDEMPOTENCY_KEY="one wish")

    assert first.json() == second.json()
    assert Execution.objects.count() == 1


def test_it_is_told_how_far_it_is_behind_its_feed(api: APIClient, make_trading_task: Any) -> None:
    from datetime import timedelta

    from django.utils import timezone

    from apps.executions.trading_tasks import start

    task = make_trading_task(bars_per_second=2.0)
    execution = start(task)
    run(execution.pk)
    began = timezone.now() - timedelta(seconds=10)
    Execution.objects.filter(pk=execution.pk).update(
        clock_at=began, clock_row=0, processed=4, due_at=began + timedelta(seconds=2.5)
    )

    lag = api.get(f"{URL}{task.pk}/").json()["lag"]

    assert lag["rows"] >= 16
    assert 7.5 <= lag["seconds"] < 300


@pytest.mark.case("T2", "T17", "T37", "T47", "T57", "T61")
def test_t61_the_execution_is_read_like_any_other(api: APIClient, make_trading_task: Any) -> None:
    from apps.executions.trading_tasks import start

    task = make_trading_task()
    execution = start(task)
    run(execution.pk)

    heading = {"execution_id": execution.pk, "task_type": "trading", "task_id": task.pk}
    for path in ("status/", "events/", "trades/", "equity/", "metrics/latest/"):
        answer = api.get(f"/api/trading/executions/{execution.pk}/{path}")
        assert answer.status_code == 200
        assert heading.items() <= answer.json().items()
    detail = api.get(f"/api/trading/executions/{execution.pk}/").json()
    assert (detail["task_type"], detail["task_id"], detail["status"]) == ("trading", task.pk, "completed")
    listed = api.get(f"{URL}{task.pk}/executions/").json()
    assert [row["id"] for row in listed["results"]] == [execution.pk]


def test_the_list_of_executions_is_narrowed_by_type_and_task(api: APIClient, traded: Execution, make_task: Any) -> None:
    from apps.executions.services import start

    task = traded.trading_task
    backtest = start(make_task(config=task.config, dataset=task.dataset))

    def found(query: str) -> list[int]:
        return [row["id"] for row in api.get(f"/api/trading/executions/?{query}").json()["results"]]

    assert found("task_type=trading") == [traded.pk]
    assert found("task_type=backtest") == [backtest.pk]
    assert found(f"task_type=trading&task_id={task.pk}") == [traded.pk]
    assert found(f"task_type=backtest&task_id={backtest.backtest_task_id}") == [backtest.pk]


def test_a_parameter_set_that_trades_is_in_use(api: APIClient, traded: Execution) -> None:
    url = f"/api/trading/strategy-configs/{traded.trading_task.config_id}/"

    assert api.get(url).json()["is_in_use"] is True
    assert api.delete(url).status_code == 409


def test_a_back_test_is_not_answered_with_a_trading_execution(api: APIClient, make_trading_task: Any) -> None:
    from apps.executions.services import create_backtest_task
    from apps.executions.trading_tasks import start

    execution = start(make_trading_task())
    run(execution.pk)
    task = execution.trading_task
    same = create_backtest_task(owner=task.owner, name="same", config=task.config, dataset=task.dataset)

    answer = api.post(f"/api/trading/backtest-tasks/{same.pk}/start/", {"reuse": True})

    assert answer.status_code == 202
    assert answer.json()["execution_id"] != execution.pk


def test_deleting_a_task_deletes_what_it_traded(api: APIClient, traded: Execution) -> None:
    answer = api.delete(f"{URL}{traded.trading_task_id}/")

    assert answer.status_code == 204
    assert not Execution.objects.filter(pk=traded.pk).exists()


def test_the_lists_of_people_show_it(client: Any, owner: Any, traded: Execution) -> None:
    client.force_login(owner)

    assert traded.trading_task.name in client.get("/executions/").content.decode()
    assert client.get(f"/executions/{traded.pk}/").status_code == 200
    assert client.get(f"/backtests/new/?like={traded.pk}").status_code == 200
