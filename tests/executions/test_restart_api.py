"""Doors to another run of the same: restart from the first bar, retry from where a failed one ended (T79)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions import lifecycle
from apps.executions.models import Execution
from apps.executions.services import update_backtest_task
from apps.runner import recorder

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Ids of the executions whose messages went to the workers."""
    from celery import current_app

    ids: list[int] = []
    monkeypatch.setattr(current_app, "send_task", lambda name, arguments, **more: ids.extend(arguments))
    return ids


def restart(api: APIClient, execution: Any, door: str, body: Any = None) -> Any:
    path = f"backtest-tasks/{execution.backtest_task_id}" if door == "task" else f"executions/{execution.pk}"
    return api.post(f"/api/trading/{path}/restart/", body, format="json")


def retry(api: APIClient, execution: Any) -> Any:
    return api.post(f"/api/trading/executions/{execution.pk}/retry/")


def fail(execution: Any) -> None:
    claim = recorder.claim(execution.pk)
    assert claim is not None
    recorder.fail(claim, "It failed at bar 7.", {"error_type": "ZeroDivisionError", "bar": 7})


@pytest.mark.case("T79")
@pytest.mark.parametrize("door", ["task", "execution"])
def test_t79_a_restart_is_a_new_numbered_execution_of_the_task(
    api: APIClient, finished: Any, door: str, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    update_backtest_task(finished.backtest_task, initial_balance=5000.0)

    with django_capture_on_commit_callbacks(execute=True):
        answer = restart(api, finished, door)

    new = Execution.objects.get(pk=answer.json()["execution_id"])
    assert answer.status_code == 202
    assert answer.json() == {
        "message": "Execution created",
        "task_id": finished.backtest_task_id,
        "execution_id": new.pk,
    }
    assert answer["Location"] == f"/api/trading/executions/{new.pk}/"
    assert (new.status, new.execution_number, new.processed, new.retry_of) == ("created", 2, 0, None)
    assert new.manifest["account"]["initial_balance"] == 5000.0  # the task as it is now
    assert sent == [new.pk]


@pytest.mark.parametrize("door", ["task", "execution"])
@pytest.mark.parametrize("status", ["created", "running", "paused"])
def test_what_is_not_over_is_not_restarted(api: APIClient, execution: Any, door: str, status: str) -> None:
    if status != "created":
        assert recorder.claim(execution.pk) is not None
    if status == "paused":
        lifecycle.pause(Execution.objects.get(pk=execution.pk))

    answer = restart(api, execution, door)

    assert answer.status_code == 409
    assert status in answer.json()["error"]
    assert Execution.objects.count() == 1


def test_an_older_execution_is_not_restarted_beside_a_running_one(api: APIClient, finished: Any) -> None:
    assert restart(api, finished, "execution").status_code == 202

    assert restart(api, finished, "execution").status_code == 409
    assert Execution.objects.count() == 2


def test_a_task_that_was_never_started_is_not_restarted(api: APIClient, make_task: Any) -> None:
    task = make_task()

    answer = api.post(f"/api/trading/backtest-tasks/{task.pk}/restart/")

    assert answer.status_code == 409
    assert "never been started" in answer.json()["error"]


@pytest.mark.parametrize("door", ["task", "execution"])
@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"clear_state": True}, 202),
        ({}, 202),
        ({"clear_state": False}, 400),
        ({"clear_state": "perhaps"}, 400),
        ({"clear_state": None}, 400),
        (["clear_state"], 400),
        ("clear", 400),
    ],
)
def test_a_restart_clears_the_state(api: APIClient, finished: Any, door: str, body: Any, status: int) -> None:
    answer = restart(api, finished, door, body)

    assert answer.status_code == status, answer.content
    assert Execution.objects.count() == (2 if status == 202 else 1)
    if body == {"clear_state": False}:
        assert "retry/" in answer.json()["error"]


def test_a_retry_is_a_new_numbered_execution_of_the_same_manifest(
    api: APIClient, execution: Any, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    fail(execution)
    update_backtest_task(execution.backtest_task, initial_balance=5000.0)

    with django_capture_on_commit_callbacks(execute=True):
        answer = retry(api, execution)

    new = Execution.objects.get(pk=answer.json()["execution_id"])
    assert (answer.status_code, new.status, new.execution_number, new.retry_of) == (202, "created", 2, execution)
    assert new.manifest == execution.manifest  # not the task as it is now
    assert sent == [new.pk]
    assert api.get(f"/api/trading/executions/{new.pk}/").json()["retry_of"] == execution.pk


@pytest.mark.parametrize("status", ["created", "running", "paused", "stopped", "completed"])
def test_only_what_failed_is_retried(api: APIClient, execution: Any, status: str) -> None:
    Execution.objects.filter(pk=execution.pk).update(status=status)

    answer = retry(api, execution)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_failed")
    assert status in answer.json()["error"]
    assert Execution.objects.count() == 1


def test_nothing_is_retried_beside_a_running_one(api: APIClient, execution: Any) -> None:
    fail(execution)
    assert retry(api, execution).status_code == 202

    answer = retry(api, execution)

    assert (answer.status_code, answer.json()["code"]) == (409, "already_running")
    assert Execution.objects.count() == 2


@pytest.mark.case("T34")
def test_t34_a_failure_shows_its_place_in_every_answer(api: APIClient, execution: Any) -> None:
    fail(execution)

    path = f"/api/trading/executions/{execution.pk}"
    failure = {"error_type": "ZeroDivisionError", "bar": 7}
    assert api.get(f"{path}/status/").json()["failure"] == failure
    assert api.get(f"{path}/").json()["failure"] == failure
    (event,) = api.get(f"{path}/events/?event_type=error_occurred").json()["events"]
    assert event["event"]["error_message"] == "It failed at bar 7."
    assert event["event"]["context"] == {"bar": 7}


@pytest.mark.parametrize("door", ["restart", "retry"])
def test_a_get_starts_nothing(api: APIClient, finished: Any, door: str) -> None:
    answer = api.get(f"/api/trading/executions/{finished.pk}/{door}/")

    assert answer.status_code == 405
    assert Execution.objects.count() == 1
