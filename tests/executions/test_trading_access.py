"""Who may see and steer what is traded (T1, T74): its owner, and nobody else."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.executions.models import Execution, TradingTask

pytestmark = pytest.mark.django_db
URL = "/api/trading/trading-tasks/"
PATHS = [
    ("get", ""),
    ("put", ""),
    ("patch", ""),
    ("delete", ""),
    ("post", "start/"),
    ("post", "stop/"),
    ("post", "pause/"),
    ("post", "resume/"),
    ("post", "restart/"),
    ("post", "copy/"),
    ("get", "executions/"),
]


@pytest.mark.case("T74")
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_t74_a_stranger_does_not_find_a_task(
    stranger_api: APIClient, traded: Execution, method: str, path: str
) -> None:
    answer = getattr(stranger_api, method)(f"{URL}{traded.trading_task_id}/{path}")

    assert answer.status_code == 404
    assert isinstance(answer.json()["error"], str)
    assert Execution.objects.get(pk=traded.pk).status == "created"
    assert TradingTask.objects.count() == 1


@pytest.mark.case("T1")
@pytest.mark.parametrize(("method", "path"), PATHS)
def test_t1_without_a_token(anonymous_api: APIClient, traded: Execution, method: str, path: str) -> None:
    answer = getattr(anonymous_api, method)(f"{URL}{traded.trading_task_id}/{path}")

    assert answer.status_code == 401
    assert Execution.objects.get(pk=traded.pk).status == "created"


@pytest.mark.case("T74")
def test_t74_a_stranger_is_refused_the_execution(stranger_api: APIClient, traded: Execution) -> None:
    for path in ("", "status/", "events/", "trades/", "equity/", "metrics/latest/"):
        assert stranger_api.get(f"/api/trading/executions/{traded.pk}/{path}").status_code == 403
    for path in ("pause/", "resume/", "stop/", "restart/", "retry/"):
        assert stranger_api.post(f"/api/trading/executions/{traded.pk}/{path}").status_code == 403
    assert stranger_api.get(URL).json()["results"] == []
    assert Execution.objects.get(pk=traded.pk).status == "created"


def test_a_stranger_cannot_use_anothers_things(
    stranger_api: APIClient, traded: Execution, stranger: Any, make_config: Any
) -> None:
    task = traded.trading_task
    own = make_config(owner=stranger, name="own")
    for config, dataset, wrong in ((task.config_id, task.dataset_id, "config"), (own.pk, task.dataset_id, "dataset")):
        answer = stranger_api.post(URL, {"name": "borrowed", "config": config, "dataset": dataset})

        assert answer.status_code == 400
        assert wrong in answer.json()["error"]
