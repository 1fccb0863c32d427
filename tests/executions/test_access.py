"""Who may see and steer an execution (T1, T12 to T14, T60, T74): its owner, and nobody else."""

from datetime import timedelta
from typing import Any

import pytest
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken, RefreshToken

pytestmark = pytest.mark.django_db

EXECUTION_PATHS = [
    ("get", ""),
    ("get", "status/"),
    ("get", "events/"),
    ("get", "trades/"),
    ("get", "equity/"),
    ("get", "metrics/latest/"),
    ("post", "pause/"),
    ("post", "resume/"),
    ("post", "stop/"),
    ("post", "restart/"),
    ("post", "retry/"),
]
TASK_PATHS = [
    ("get", ""),
    ("put", ""),
    ("patch", ""),
    ("delete", ""),
    ("post", "start/"),
    ("post", "stop/"),
    ("post", "pause/"),
    ("post", "resume/"),
    ("post", "restart/"),
    ("get", "executions/"),
]
LISTS = ["executions/", "backtest-tasks/", "strategy-configs/"]


@pytest.fixture
def call(execution: Any) -> Any:
    def send(client: APIClient, method: str, path: str) -> Any:
        return getattr(client, method)(f"/api/trading/executions/{execution.pk}/{path}")

    return send


def as_it_was(execution: Any) -> bool:
    before = dict(execution.__dict__)
    execution.refresh_from_db()
    after = dict(execution.__dict__)
    return all(before[name] == after[name] for name in before if not name.startswith("_"))


@pytest.mark.case("T14", "T74")
@pytest.mark.parametrize(("method", "path"), EXECUTION_PATHS)
def test_t14_a_stranger_is_refused(stranger_api: APIClient, execution: Any, call: Any, method: str, path: str) -> None:
    answer = call(stranger_api, method, path)

    assert answer.status_code == 403
    assert answer.json()["error"] == "Access denied"
    assert as_it_was(execution)


@pytest.mark.parametrize(("method", "path"), EXECUTION_PATHS)
@pytest.mark.parametrize("query", ["?since_sequence=x", "?page=0", "?max_points=1"])
def test_a_stranger_learns_nothing_from_a_wrong_query(
    stranger_api: APIClient, call: Any, method: str, path: str, query: str
) -> None:
    answer = call(stranger_api, method, path + query)

    assert answer.status_code in (400, 403)
    if answer.status_code == 400:  # a parameter that is not there is refused before it is looked whose the thing is
        nobodys = getattr(stranger_api, method)(f"/api/trading/executions/999999/{path}{query}")
        assert (nobodys.status_code, nobodys.json()["error"]) == (400, answer.json()["error"])


@pytest.mark.case("T1")
@pytest.mark.parametrize(("method", "path"), EXECUTION_PATHS)
def test_t1_without_a_token(anonymous_api: APIClient, execution: Any, call: Any, method: str, path: str) -> None:
    answer = call(anonymous_api, method, path)

    assert answer.status_code == 401
    assert isinstance(answer.json()["error"], str)
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert as_it_was(execution)


def bad_tokens(user: Any) -> dict[str, str]:
    lapsed = AccessToken.for_user(user)
    lapsed.set_exp(lifetime=-timedelta(seconds=5))
    good = str(AccessToken.for_user(user))
    head, body, signature = good.split(".")
    return {
        "lapsed": f"Bearer {lapsed}",
        "garbage": "Bearer garbage",
        "empty": "Bearer ",
        "two": f"Bearer {good} {good}",
        "signed by another": f"Bearer {head}.{body}.{signature[::-1]}",
        "unsigned": f"Bearer {head}.{body}.",
        "a refresh token": f"Bearer {RefreshToken.for_user(user)}",
        "not ASCII": "Bearer \u00e4\u00f6",
    }


@pytest.mark.case("T1")
@pytest.mark.parametrize(
    "kind", ["lapsed", "garbage", "empty", "two", "signed by another", "unsigned", "a refresh token", "not ASCII"]
)
def test_t1_with_a_token_that_is_none(anonymous_api: APIClient, owner: Any, call: Any, kind: str) -> None:
    anonymous_api.credentials(HTTP_AUTHORIZATION=bad_tokens(owner)[kind])

    answer = call(anonymous_api, "get", "status/")

    assert answer.status_code == 401
    assert isinstance(answer.json()["error"], str)
    assert answer["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.case("T1")
def test_t1_a_token_of_a_closed_account(api: APIClient, owner: Any, call: Any) -> None:
    owner.is_active = False
    owner.save()

    assert call(api, "get", "status/").status_code == 401


@pytest.mark.case("T74")
@pytest.mark.parametrize(("method", "path"), TASK_PATHS)
def test_t74_a_stranger_does_not_find_a_task(stranger_api: APIClient, execution: Any, method: str, path: str) -> None:
    answer = getattr(stranger_api, method)(f"/api/trading/backtest-tasks/{execution.backtest_task_id}/{path}")

    assert answer.status_code in (403, 404)
    assert isinstance(answer.json()["error"], str)
    assert as_it_was(execution)
    assert execution.backtest_task.executions.count() == 1


@pytest.mark.case("T74")
@pytest.mark.parametrize("path", LISTS)
def test_t74_lists_hold_ones_own_only(api: APIClient, stranger_api: APIClient, execution: Any, path: str) -> None:
    assert api.get(f"/api/trading/{path}").json()["count"] == 1
    assert stranger_api.get(f"/api/trading/{path}").json()["count"] == 0
    assert stranger_api.get(f"/api/trading/{path}").json()["results"] == []


def test_a_stranger_cannot_use_anothers_things(
    stranger_api: APIClient, execution: Any, stranger: Any, make_config: Any
) -> None:
    from apps.executions.models import BacktestTask

    task = execution.backtest_task
    own = make_config(owner=stranger, name="own")
    for config, dataset, wrong in ((task.config_id, task.dataset_id, "config"), (own.pk, task.dataset_id, "dataset")):
        answer = stranger_api.post(
            "/api/trading/backtest-tasks/", {"name": "borrowed", "config": config, "dataset": dataset}
        )

        assert answer.status_code == 400
        assert wrong in answer.json()["error"]
    assert not BacktestTask.objects.filter(owner=stranger).exists()


@pytest.mark.case("T60")
def test_t60_an_unknown_route_answers_in_the_common_form(api: APIClient) -> None:
    answer = api.get("/api/trading/no-such-thing/")

    assert answer.status_code == 404
    assert isinstance(answer.json()["error"], str)
