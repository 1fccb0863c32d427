"""Requests with one Idempotency-Key at once, and after processes that fell half-way: one deed, whole or not at all."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone
from rest_framework.test import APIClient

from apps.accounts import idempotency
from apps.accounts.models import KeyedRequest
from apps.executions import services
from apps.executions.models import Execution
from apps.keeping.tasks import sweep_leftovers
from apps.strategies.models import StrategyConfig
from tests.accounts.test_idempotency import CONFIG, CONFIGS, post
from tests.conftest import signed_in


@pytest.mark.storage
@pytest.mark.django_db(transaction=True)
def test_of_fifty_posts_at_once_one_starts_a_run(owner: Any, make_task: Any) -> None:
    path = f"/api/trading/backtest-tasks/{make_task().pk}/start/"
    barrier = threading.Barrier(50)
    statuses: list[int] = []

    def send(_: int) -> int:
        client = signed_in(owner)
        barrier.wait()
        try:
            while (answer := post(client, path)).status_code == 409:
                assert (answer["Retry-After"], answer.json()["code"]) == ("1", "under_way")
                time.sleep(0.05)
            statuses.append(answer.status_code)
            return answer.json()["execution_id"]
        finally:
            connection.close()

    with ThreadPoolExecutor(50) as pool:
        started = set(pool.map(send, range(50)))

    assert started == {Execution.objects.get().pk}
    assert statuses == [202] * 50


@pytest.mark.storage
def test_while_the_first_is_under_way_others_wait(api: APIClient, execution: Any, monkeypatch: Any) -> None:
    inner: list[Any] = []
    create = services.create_backtest_task

    def slow(**fields: Any) -> Any:
        inner.append(post(api, path, body))
        return create(**fields)

    monkeypatch.setattr(services, "create_backtest_task", slow)
    task, path = execution.backtest_task, "/api/trading/backtest-tasks/"
    body = {"name": "mine", "config": task.config_id, "dataset": task.dataset_id, "initial_balance": "1000.0"}

    answer = post(api, path, body)

    assert answer.status_code == 201
    assert [(each.status_code, each["Retry-After"], each.json()["code"]) for each in inner] == [(409, "1", "under_way")]


@pytest.mark.storage
def test_what_breaks_down_leaves_nothing_and_may_be_sent_again(api: APIClient, monkeypatch: Any) -> None:
    def broken(*_: Any) -> None:
        raise OperationalError("away")

    with monkeypatch.context() as patched:
        patched.setattr(idempotency, "store", broken)  # after the work, before the commit
        assert post(api, CONFIGS, CONFIG).status_code == 503
        assert not StrategyConfig.objects.exists()

    assert post(api, CONFIGS, CONFIG).status_code == 201


def test_an_error_of_ours_gives_the_key_back(api: APIClient, monkeypatch: Any) -> None:
    api.raise_request_exception = False
    with monkeypatch.context() as patched:
        patched.setattr("apps.strategies.services.create_config", None)
        assert post(api, CONFIGS, CONFIG).status_code == 500

    assert post(api, CONFIGS, CONFIG).status_code == 201


def claimed(user: Any, api: APIClient, age: timedelta) -> KeyedRequest:
    """As a process leaves it that fell before it answered the request for CONFIG."""
    assert post(api, CONFIGS, CONFIG).status_code == 201
    StrategyConfig.objects.all().delete()
    KeyedRequest.objects.update(status=None, body="", claimed_at=timezone.now() - age)
    return KeyedRequest.objects.get(user=user)


@pytest.mark.storage
def test_the_claim_of_a_process_that_fell_holds_for_a_minute(owner: Any, api: APIClient) -> None:
    claimed(owner, api, timedelta(seconds=55))
    assert post(api, CONFIGS, CONFIG).status_code == 409
    assert not StrategyConfig.objects.exists()

    KeyedRequest.objects.update(claimed_at=timezone.now() - timedelta(seconds=61))
    assert post(api, CONFIGS, CONFIG).status_code == 201
    assert "Idempotency-Replayed" in post(api, CONFIGS, CONFIG)
    assert StrategyConfig.objects.count() == 1


@pytest.mark.storage
def test_a_process_whose_claim_was_taken_over_commits_nothing(owner: Any, api: APIClient, monkeypatch: Any) -> None:
    store = idempotency.store

    def late(mine: KeyedRequest, *rest: Any) -> bool:
        monkeypatch.setattr(idempotency, "store", store)
        KeyedRequest.objects.update(claimed_at=timezone.now() - timedelta(seconds=61))
        assert idempotency.claim(owner, mine.key, mine.digest).claim != mine.claim
        return store(mine, *rest)

    monkeypatch.setattr(idempotency, "store", late)

    assert post(api, CONFIGS, CONFIG).status_code == 409
    assert not StrategyConfig.objects.exists()


@pytest.mark.storage
def test_answers_are_kept_for_a_day_and_then_swept(owner: Any, api: APIClient) -> None:
    post(api, CONFIGS, CONFIG)
    KeyedRequest.objects.update(claimed_at=timezone.now() - timedelta(hours=23, minutes=59))
    sweep_leftovers()
    assert "Idempotency-Replayed" in post(api, CONFIGS, CONFIG)

    KeyedRequest.objects.update(claimed_at=timezone.now() - timedelta(hours=24))
    StrategyConfig.objects.all().delete()
    other = post(api, CONFIGS, CONFIG | {"name": "other"})  # an answer that is too old binds nobody
    assert (other.status_code, "Idempotency-Replayed" in other) == (201, False)

    KeyedRequest.objects.update(claimed_at=timezone.now() - timedelta(hours=24))
    sweep_leftovers()
    assert not KeyedRequest.objects.exists()
