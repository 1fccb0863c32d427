"""Back-test tasks: saved, started, steered, deleted (T63, T73, T76, T79)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions.models import BacktestTask, Execution

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


@pytest.mark.case("T79")
def test_a_task_is_made_with_the_documented_defaults(api: APIClient, things: dict[str, Any], owner: Any) -> None:
    answer = api.post(URL, things)

    body = answer.json()
    assert answer.status_code == 201
    assert {**things, "initial_balance": 10_000.0, "commission_per_trade": 0.0}.items() <= body.items()
    assert (body["status"], body["strategy_type"], body["instrument"]) == ("created", "sma_cross", "EUR_USD")
    assert BacktestTask.objects.get().owner == owner


WRONG = {
    "an empty name": ({"name": ""}, "name"),
    "a blank name": ({"name": "   "}, "name"),
    "no balance": ({"initial_balance": 0}, "initial_balance"),
    "a negative balance": ({"initial_balance": -5}, "initial_balance"),
    "a balance that is no number": ({"initial_balance": "much"}, "initial_balance"),
    "an infinite balance": ({"initial_balance": "1e400"}, "initial_balance"),
    "a balance of nan": ({"initial_balance": "nan"}, "initial_balance"),
    "a period that ends before it begins": (
        {"start_time": "2024-02-01T00:00:00Z", "end_time": "2024-01-01T00:00:00Z"},
        "start_time",
    ),
    "a time that is none": ({"start_time": "yesterday"}, "start_time"),
    "a negative commission": ({"commission_per_trade": -1}, "commission_per_trade"),
    "a commission of everything": ({"commission_rate": 1.0}, "commission_rate"),
    "hours that are none": ({"session": "all day long"}, "session"),
    "no pace": ({"bars_per_second": 0}, "bars_per_second"),
    "an unknown config": ({"config": 987654}, "config"),
    "an unknown dataset": ({"dataset": 987654}, "dataset"),
    "a config that is no id": ({"config": "x"}, "config"),
    "a name with a NUL": ({"name": "a\x00b"}, "name"),
    "a name that is too long": ({"name": "x" * 1000}, "name"),
}


@pytest.mark.parametrize(("changes", "field"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_by_field(
    api: APIClient, things: dict[str, Any], changes: dict[str, Any], field: str
) -> None:
    answer = api.post(URL, {**things, **changes})

    body = answer.json()
    assert answer.status_code == 400, body
    assert field in body["error"]
    assert f"/{field}" in [problem["pointer"] for problem in body["errors"]]
    assert not BacktestTask.objects.exists()


def test_every_problem_is_named_at_once(api: APIClient, things: dict[str, Any]) -> None:
    answer = api.post(URL, {**things, "initial_balance": -5, "commission_rate": 7, "session": "nonsense"})

    pointers = {problem["pointer"] for problem in answer.json()["errors"]}
    assert {"/initial_balance", "/commission_rate", "/session"} <= pointers


@pytest.mark.parametrize("body", ["{", "[]", "null", '"x"', "[1, 2]", "{}", "\x00", '{"name": NaN}'])
def test_a_body_that_is_no_task_is_refused(api: APIClient, body: str) -> None:
    answer = api.generic("POST", URL, body, content_type="application/json")

    assert answer.status_code == 400
    assert isinstance(answer.json()["error"], str)


def test_a_name_is_given_once(api: APIClient, things: dict[str, Any]) -> None:
    api.post(URL, things)

    answer = api.post(URL, things)

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/name"]
    assert BacktestTask.objects.count() == 1


@pytest.mark.case("T76", "T79")
def test_start_answers_202_and_numbers_from_one(api: APIClient, make_task: Any) -> None:
    task = make_task()

    for number in (1, 2, 3):
        answer = api.post(f"{URL}{task.pk}/start/")
        execution = Execution.objects.get(pk=answer.json()["execution_id"])

        assert answer.status_code == 202
        assert answer.json() == {
            "message": answer.json()["message"],
            "task_id": task.pk,
            "execution_id": execution.pk,
        }
        assert (execution.execution_number, execution.status) == (number, "created")
        api.post(f"{URL}{task.pk}/stop/")


@pytest.mark.case("T79")
def test_a_task_runs_once_at_a_time(api: APIClient, execution: Any) -> None:
    answer = api.post(f"{URL}{execution.backtest_task_id}/start/")

    assert answer.status_code == 409
    assert str(execution.pk) in answer.json()["error"]
    assert Execution.objects.count() == 1


def test_a_running_task_cannot_be_changed(api: APIClient, execution: Any) -> None:
    answer = api.patch(f"{URL}{execution.backtest_task_id}/", {"initial_balance": 5})

    assert answer.status_code == 409
    execution.backtest_task.refresh_from_db()
    assert execution.backtest_task.initial_balance == 10_000.0


def test_a_changed_task_leaves_older_executions_as_they_were_started(api: APIClient, finished: Any) -> None:
    before = finished.manifest

    answer = api.patch(f"{URL}{finished.backtest_task_id}/", {"initial_balance": 5_000.0})

    assert answer.status_code == 200
    finished.refresh_from_db()
    assert finished.manifest == before
    assert before["account"]["initial_balance"] == 10_000.0


@pytest.mark.case("T79")
def test_pause_and_resume_go_on_in_the_same_execution(api: APIClient, execution: Any) -> None:
    from apps.runner import recorder

    recorder.claim(execution.pk)
    url = f"{URL}{execution.backtest_task_id}/"

    paused = api.post(f"{url}pause/").json()
    resumed = api.post(f"{url}resume/").json()

    assert (paused["status"], resumed["status"]) == ("paused", "running")
    assert paused["execution_id"] == resumed["execution_id"] == execution.pk


@pytest.mark.case("T63", "T79")
def test_stop_ends_it_for_good(api: APIClient, execution: Any) -> None:
    url = f"{URL}{execution.backtest_task_id}/"

    assert api.post(f"{url}stop/").json()["status"] == "stopped"

    for step in ("stop", "pause", "resume"):
        answer = api.post(f"{url}{step}/")
        assert answer.status_code == 409, step
        assert isinstance(answer.json()["error"], str)
    execution.refresh_from_db()
    assert execution.status == "stopped"


def test_deleting_a_task_deletes_its_tape(
    api: APIClient, finished: Any, django_capture_on_commit_callbacks: Any
) -> None:
    from apps.equity.models import EquityBlock
    from apps.events.models import Event
    from apps.keeping import leftovers
    from apps.trades.models import Trade

    answer = api.delete(f"{URL}{finished.backtest_task_id}/")
    leftovers.sweep()

    assert answer.status_code == 204
    for model in (BacktestTask, Execution, Event, Trade, EquityBlock):
        assert not model.objects.exists(), model


@pytest.mark.case("T76")
def test_t76_numbers_are_unique_within_a_task(execution: Any) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Execution.objects.create(
            owner=execution.owner,
            task_type="backtest",
            backtest_task=execution.backtest_task,
            execution_number=execution.execution_number,
            dataset_version=execution.dataset_version,
            manifest={},
        )


@pytest.mark.case("T73")
def test_t73_lists_hold_results_and_pages(api: APIClient, finished: Any) -> None:
    for url in (URL, "/api/trading/executions/", f"{URL}{finished.backtest_task_id}/executions/"):
        body = api.get(url).json()

        assert set(body) == {"count", "next", "previous", "results"}
        assert body["count"] == len(body["results"]) == 1


def test_an_execution_shows_what_went_into_it(api: APIClient, finished: Any) -> None:
    body = api.get(f"/api/trading/executions/{finished.pk}/").json()

    assert body["manifest"]["strategy"] == {**body["manifest"]["strategy"], "type": "sma_cross"}
    assert body["manifest"]["strategy"]["parameters"]["fast"] == 3
    assert body["manifest"]["data"]["content_hash"] == finished.dataset_version.content_hash
    assert body["duration"] >= 0
    assert (body["id"], body["task_id"], body["total"]) == (finished.pk, finished.backtest_task_id, 300)
