"""A start may reuse: the newest completed run of the same manifest, of the same user, instead of a new one."""

from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from apps.executions import services
from apps.executions.models import Execution
from apps.runner.run import run
from tests.conftest import random_bars, signed_in
from tests.runner.test_races import CONTENDERS, at_once

pytestmark = pytest.mark.django_db


def start(client: APIClient, task: Any, **body: Any) -> Any:
    return client.post(f"/api/trading/backtest-tasks/{task.pk}/start/", body)


def test_an_equal_run_is_reused(api: APIClient, finished: Any) -> None:
    answer = start(api, finished.backtest_task, reuse=True)

    assert answer.status_code == 200
    assert answer.json() == {
        "message": "Execution reused",
        "task_id": finished.backtest_task_id,
        "execution_id": finished.pk,
    }
    assert answer["Location"] == f"/api/trading/executions/{finished.pk}/"
    assert Execution.objects.count() == 1


@pytest.mark.parametrize("body", [{}, {"reuse": False}])
def test_nothing_is_reused_unasked(api: APIClient, finished: Any, body: dict[str, Any]) -> None:
    answer = start(api, finished.backtest_task, **body)

    assert answer.status_code == 202
    assert answer.json()["message"] == "Execution created"
    assert answer.json()["execution_id"] != finished.pk


def test_without_an_equal_run_it_starts_as_usual(api: APIClient, make_task: Any) -> None:
    answer = start(api, make_task(), reuse=True)

    assert answer.status_code == 202
    assert Execution.objects.get().pk == answer.json()["execution_id"]


def test_the_newest_of_several_equal_runs_is_reused_of_whatever_task(api: APIClient, finished: Any) -> None:
    task = finished.backtest_task
    second = services.start(task)
    run(second.pk)
    other = services.create_backtest_task(owner=task.owner, name="another", config=task.config, dataset=task.dataset)

    answer = start(api, other, reuse=True)

    assert answer.status_code == 200
    assert answer.json()["execution_id"] == second.pk
    assert not other.executions.exists()


@pytest.mark.parametrize("status", ["stopped", "failed", "paused", "running"])
def test_only_what_was_completed_is_reused(api: APIClient, finished: Any, status: str) -> None:
    task = finished.backtest_task
    Execution.objects.update(status=status)
    other = services.create_backtest_task(owner=task.owner, name="another", config=task.config, dataset=task.dataset)

    answer = start(api, other, reuse=True)

    assert answer.status_code == 202
    assert answer.json()["execution_id"] != finished.pk


def test_an_archived_run_is_reused(api: APIClient, finished: Any) -> None:
    Execution.objects.update(archived_at=timezone.now())

    assert start(api, finished.backtest_task, reuse=True).json()["execution_id"] == finished.pk


def test_another_users_run_is_never_reused(
    api: APIClient, stranger_api: APIClient, stranger: Any, make_task: Any, make_config: Any, import_dataset: Any
) -> None:
    bars = random_bars(60)
    own = services.start(make_task(dataset=import_dataset(bars)))
    run(own.pk)
    config = make_config(owner=stranger, name="theirs")
    dataset = import_dataset(bars, owner=stranger, name="same minutes")
    task = make_task(owner=stranger, name="theirs", config=config, dataset=dataset)

    answer = start(stranger_api, task, reuse=True)

    assert answer.status_code == 202
    execution = Execution.objects.get(pk=answer.json()["execution_id"])
    assert execution.owner == stranger
    assert execution.manifest_hash == own.manifest_hash


def test_another_term_or_other_data_is_computed(api: APIClient, finished: Any, import_dataset: Any) -> None:
    task = finished.backtest_task
    services.update_backtest_task(task, initial_balance=20_000.0)
    dearer = start(api, task, reuse=True)
    run(dearer.json()["execution_id"])
    services.update_backtest_task(task, initial_balance=10_000.0)
    assert start(api, task, reuse=True).json()["execution_id"] == finished.pk

    import_dataset(random_bars(301))
    longer = start(api, task, reuse=True)

    assert (dearer.status_code, longer.status_code) == (202, 202)


def test_a_task_that_runs_is_reused_and_not_disturbed(api: APIClient, finished: Any) -> None:
    running = services.start(finished.backtest_task)

    assert start(api, finished.backtest_task, reuse=True).status_code == 200
    assert start(api, finished.backtest_task).status_code == 409
    running.refresh_from_db()
    assert running.status == "created"


@pytest.mark.parametrize("reuse", ["perhaps", 7, None, [], {}])
def test_anything_but_true_or_false_is_refused(api: APIClient, finished: Any, reuse: Any) -> None:
    answer = start(api, finished.backtest_task, reuse=reuse)

    assert answer.status_code == 400
    assert "reuse" in answer.json()["error"]
    assert Execution.objects.count() == 1


def test_a_stranger_reuses_nothing(stranger_api: APIClient, finished: Any) -> None:
    assert start(stranger_api, finished.backtest_task, reuse=True).status_code in (403, 404)


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_one_starts_and_afterwards_all_reuse_it(owner: Any, make_task: Any) -> None:
    task, client = make_task(), signed_in(owner)

    first = at_once(*[lambda: start(client, task, reuse=True)] * CONTENDERS)
    run(Execution.objects.get().pk)
    then = at_once(*[lambda: start(client, task, reuse=True)] * CONTENDERS)

    assert sorted(answer.status_code for answer in first) == [202] + [409] * (CONTENDERS - 1)
    assert {answer.status_code for answer in then} == {200}
    assert {answer.json()["execution_id"] for answer in then} == {Execution.objects.get().pk}
