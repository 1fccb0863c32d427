"""What a user may take of the server, exactly, however many ask at once; and what would free room."""

import threading
from typing import Any

import pytest
from django.db import connection
from rest_framework.test import APIClient

from apps.accounts.models import Quota
from apps.executions import lifecycle
from apps.executions.models import Execution
from apps.executions.services import start
from apps.runner import recorder
from tests.conftest import signed_in

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
URL = "/api/trading/quota/"


@pytest.fixture
def tasks(make_task: Any, make_config: Any, import_dataset: Any) -> list[Any]:
    config, dataset = make_config(name="own"), import_dataset(name="own")
    return [make_task(name=f"task {number}", config=config, dataset=dataset) for number in range(8)]


def begin(api: APIClient, task: Any) -> Any:
    return api.post(f"/api/trading/backtest-tasks/{task.pk}/start/")


def test_no_more_are_started_than_may_be_unfinished(api: APIClient, settings: Any, tasks: list[Any]) -> None:
    settings.QUOTA_UNFINISHED = 2
    for task in tasks[:2]:
        assert begin(api, task).status_code == 202

    answer = begin(api, tasks[2])

    body = answer.json()
    assert (answer.status_code, body["code"]) == (429, "quota_exceeded")
    assert "Stop one" in body["error"]
    assert Execution.objects.count() == 2
    lifecycle.stop(Execution.objects.first())  # type: ignore[arg-type]
    assert begin(api, tasks[2]).status_code == 202


def test_paused_ones_count_and_those_that_are_over_do_not(api: APIClient, settings: Any, tasks: list[Any]) -> None:
    settings.QUOTA_UNFINISHED = 1
    begin(api, tasks[0])
    claim = recorder.claim_next()
    assert claim is not None
    lifecycle.pause(claim.execution)

    assert begin(api, tasks[1]).status_code == 429
    lifecycle.stop(claim.execution)
    assert begin(api, tasks[1]).status_code == 202


def test_who_keeps_too_many_rows_starts_nothing_until_some_are_deleted(
    api: APIClient, settings: Any, finished: Any, tasks: list[Any]
) -> None:
    rows = finished.events_head + finished.trades_head + finished.equity_head
    settings.QUOTA_ROWS = rows

    answer = begin(api, tasks[0])

    assert answer.status_code == 429
    assert f"execution {finished.pk} with {rows:,}" in answer.json()["error"]
    assert begin(api, finished.backtest_task).status_code == 429
    assert api.delete(f"/api/trading/executions/{finished.pk}/").status_code == 204
    assert begin(api, tasks[0]).status_code == 202


def test_restart_and_retry_count_as_starts(api: APIClient, settings: Any, execution: Any, tasks: list[Any]) -> None:
    claim = recorder.claim_next()
    assert claim is not None
    lifecycle.fail(claim.execution, "no", {})
    begin(api, tasks[0])
    settings.QUOTA_UNFINISHED = 1

    for deed in ("restart", "retry"):
        assert api.post(f"/api/trading/executions/{execution.pk}/{deed}/").status_code == 429
    assert Execution.objects.count() == 2


def test_an_administrator_says_otherwise_for_one_user(
    api: APIClient, stranger: Any, owner: Any, settings: Any, tasks: list[Any]
) -> None:
    settings.QUOTA_UNFINISHED = 1
    Quota.objects.create(user=stranger, unfinished=0)
    Quota.objects.create(user=owner, unfinished=3)

    assert [begin(api, task).status_code for task in tasks[:4]] == [202, 202, 202, 429]
    Quota.objects.filter(user=owner).update(unfinished=0)
    assert begin(api, tasks[3]).status_code == 202


def test_everyone_sees_ones_own(
    api: APIClient, stranger_api: APIClient, anonymous_api: APIClient, owner: Any, settings: Any, tasks: list[Any]
) -> None:
    settings.QUOTA_RUNNING, settings.QUOTA_UNFINISHED, settings.QUOTA_ROWS = 4, 50, 0
    Quota.objects.create(user=owner, rows=7_000_000)
    for task in tasks[:3]:
        begin(api, task)
    recorder.claim_next()

    body = api.get(URL).json()

    assert body["limits"] == {"running": 4, "unfinished": 50, "rows": 7_000_000}
    assert body["usage"] == {"running": 1, "waiting": 2, "paused": 0, "unfinished": 3, "rows": 1}
    assert stranger_api.get(URL).json()["usage"] == dict.fromkeys(body["usage"], 0)
    assert anonymous_api.get(URL).status_code == 401


@pytest.mark.django_db(transaction=True)
def test_of_fifty_posts_at_once_no_more_are_started_than_may_be(
    owner: Any, make_task: Any, make_config: Any, import_dataset: Any, settings: Any
) -> None:
    settings.QUOTA_UNFINISHED = 5
    config, dataset = make_config(), import_dataset()
    made = [make_task(name=f"task {number}", config=config, dataset=dataset) for number in range(50)]
    begins, answers, gate = threading.Barrier(10), [], threading.Lock()

    def post(part: list[Any]) -> None:
        client = signed_in(owner)
        try:
            begins.wait()
            codes = [begin(client, task).status_code for task in part]
            with gate:
                answers.extend(codes)
        finally:
            connection.close()

    threads = [threading.Thread(target=post, args=[made[number::10]]) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [202] * 5 + [429] * 45
    assert Execution.objects.count() == 5


@pytest.mark.django_db(transaction=True)
def test_of_many_claims_at_once_no_more_run_than_may(
    owner: Any, make_task: Any, make_config: Any, import_dataset: Any
) -> None:
    Quota.objects.create(user=owner, running=2)
    config, dataset = make_config(), import_dataset()
    for number in range(8):
        start(make_task(name=f"task {number}", config=config, dataset=dataset))
    begins, claims = threading.Barrier(8), []

    def claim() -> None:
        try:
            begins.wait()
            claims.append(recorder.claim_next())
        finally:
            connection.close()

    threads = [threading.Thread(target=claim) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    taken = [each.execution.pk for each in claims if each is not None]
    assert len(taken) == len(set(taken)) == 2
    assert sorted(Execution.objects.filter(status="running").values_list("pk", flat=True)) == sorted(taken)
