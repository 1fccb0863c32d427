"""Many executions by one request: each item is carried out or refused by itself, and the whole only once."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.accounts.models import AuditEntry, Quota
from apps.executions import batch
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start
from apps.strategies.models import StrategyConfig

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
URL = "/api/trading/executions/batch/"
STATUSES = "/api/trading/executions/statuses/"


@pytest.fixture
def new(make_config: Any, import_dataset: Any) -> Any:
    """new(name, **changes): the fields of a new task."""
    config, dataset = make_config(name="a cross").pk, import_dataset(name="other minutes").pk
    return lambda name, **changes: {"name": name, "config": config, "dataset": dataset, **changes}


def sweep_of(new: Any, count: int) -> list[dict[str, Any]]:
    """Items that each bring a task and a configuration of their own."""
    return [
        {
            "task": {key: value for key, value in new(f"task {fast}").items() if key != "config"},
            "config": {"name": f"fast {fast}", "strategy_type": "sma_cross", "parameters": {"fast": fast, "slow": 50}},
        }
        for fast in range(1, count + 1)
    ]


@pytest.mark.case("T79")
def test_tasks_old_and_new_are_started(api: APIClient, new: Any) -> None:
    old = api.post("/api/trading/backtest-tasks/", new("old")).json()["id"]

    answer = api.post(URL, {"items": [{"task_id": old}, {"task": new("new")}, *sweep_of(new, 3)]})

    body = answer.json()
    assert (answer.status_code, body["started"], body["refused"]) == (200, 5, 0)
    assert [result["index"] for result in body["results"]] == [0, 1, 2, 3, 4]
    assert {result["status"] for result in body["results"]} == {202}
    made = Execution.objects.in_bulk([result["execution_id"] for result in body["results"]])
    assert [made[result["execution_id"]].task_id for result in body["results"]] == [
        result["task_id"] for result in body["results"]
    ]
    assert sorted(each.manifest["strategy"]["parameters"]["fast"] for each in made.values()) == [1, 2, 3, 3, 3]


def test_each_item_is_refused_by_itself_and_leaves_nothing(api: APIClient, new: Any, finished: Any) -> None:
    running = start(finished.backtest_task)
    things = BacktestTask.objects.count(), StrategyConfig.objects.count(), Execution.objects.count()
    broken = sweep_of(new, 1)[0]
    broken["task"]["initial_balance"] = -5
    items = [
        {"task": new("no balance", initial_balance=0)},
        {"task_id": running.backtest_task_id},
        {"task_id": 987654},
        broken,
        {"task": new("good")},
        {"task": new("good")},
        {},
        {"task_id": running.backtest_task_id, "task": new("both")},
        {"task": {key: value for key, value in new("none").items() if key != "config"}},
        {"task": new("two"), "config": sweep_of(new, 1)[0]["config"]},
        "x",
        None,
    ]

    body = api.post(URL, {"items": items}).json()

    statuses = [result["status"] for result in body["results"]]
    assert statuses == [400, 409, 404, 400, 202, 400, 400, 400, 400, 400, 400, 400]
    assert (body["started"], body["refused"]) == (1, 11)
    assert body["results"][0]["errors"][0]["pointer"] == "/initial_balance"
    assert body["results"][1]["code"] == "already_running"
    assert body["results"][8]["errors"][0]["pointer"] == "/task/config"
    assert all(isinstance(result["error"], str) for result in body["results"] if result["status"] != 202)
    made = BacktestTask.objects.count(), StrategyConfig.objects.count(), Execution.objects.count()
    assert made == (things[0] + 1, things[1], things[2] + 1)


def test_an_equal_run_is_answered_again(api: APIClient, finished: Any) -> None:
    body = api.post(URL, {"items": [{"task_id": finished.backtest_task_id, "reuse": True}]}).json()

    assert body["results"][0]["status"] == 200
    assert body["results"][0]["execution_id"] == finished.pk
    assert (body["started"], Execution.objects.count()) == (0, 1)


@pytest.mark.parametrize("body", [{}, {"items": []}, {"items": "x"}, {"items": {}}, [], {"items": [{}] * 101}])
def test_what_is_no_batch_is_refused_as_a_whole(api: APIClient, body: Any) -> None:
    answer = api.post(URL, body)

    assert answer.status_code == 400
    assert not Execution.objects.exists()


def test_as_a_whole_it_is_carried_out_once(api: APIClient, new: Any) -> None:
    items, headers = {"items": [{"task": new("one")}, {"task": new("two", warm_up_bars=-1)}]}, {"idempotency-key": "k"}

    first = api.post(URL, items, headers=headers)
    again = api.post(URL, items, headers=headers)

    assert first.json()["started"] == 1
    assert again.json() == first.json()
    assert again["Idempotency-Replayed"] == "true"
    assert Execution.objects.count() == 1
    assert api.post(URL, {"items": [{"task_id": 1}]}, headers=headers).status_code == 422


def test_the_quota_holds_within_a_batch(api: APIClient, owner: Any, new: Any) -> None:
    Quota.objects.create(user=owner, unfinished=3)

    body = api.post(URL, {"items": sweep_of(new, 5)}).json()

    assert [result["status"] for result in body["results"]] == [202, 202, 202, 429, 429]
    assert {result["code"] for result in body["results"][3:]} == {"quota_exceeded"}
    assert (Execution.objects.count(), BacktestTask.objects.count(), StrategyConfig.objects.count()) == (3, 3, 4)


def test_a_stranger_starts_nothing_of_mine(
    stranger_api: APIClient, anonymous_api: APIClient, execution: Any, new: Any
) -> None:
    items = {"items": [{"task_id": execution.backtest_task_id}, {"task": new("mine")}]}

    body = stranger_api.post(URL, items).json()

    assert [result["status"] for result in body["results"]] == [404, 400]
    assert anonymous_api.post(URL, items).status_code == 401
    assert Execution.objects.count() == 1
    assert not AuditEntry.objects.filter(owner__email="stranger@example.org").exclude(kind="account").exists()


# How far many are


def test_the_status_of_many_is_that_of_each(api: APIClient, finished: Any) -> None:
    waiting = start(finished.backtest_task)

    body = api.get(f"{STATUSES}?ids={waiting.pk},{finished.pk},{waiting.pk}").json()

    single = [api.get(f"/api/trading/executions/{pk}/status/").json() for pk in (waiting.pk, finished.pk)]
    assert body == {"results": single, "missing": []}


def test_many_cost_as_few_queries_as_one(api: APIClient, new: Any, django_assert_max_num_queries: Any) -> None:
    made = api.post(URL, {"items": sweep_of(new, 12)}).json()["results"]
    ids = ",".join(str(result["execution_id"]) for result in made)

    with django_assert_max_num_queries(10):
        body = api.get(f"{STATUSES}?ids={ids}").json()

    assert [result["queue"]["position"] for result in body["results"]] == list(range(1, 13))


def test_another_users_are_missing_as_if_there_were_none(
    stranger_api: APIClient, anonymous_api: APIClient, finished: Any
) -> None:
    url = f"{STATUSES}?ids={finished.pk},999999"

    assert stranger_api.get(url).json() == {"results": [], "missing": [finished.pk, 999999]}
    assert anonymous_api.get(url).status_code == 401


@pytest.mark.parametrize(
    "query", ["", "?ids=", "?ids=x", "?ids=1,", "?ids=-1", "?ids=1.5", "?ids=\u0661", "?ids=" + "9" * 40, "?id=1"]
)
def test_ids_that_are_none_are_refused_by_name(api: APIClient, query: str) -> None:
    answer = api.get(STATUSES + query)

    assert answer.status_code == 400
    assert "id" in answer.json()["errors"][0]["pointer"]


def test_more_than_there_may_be_are_refused(api: APIClient) -> None:
    ids = list(range(1, batch.MOST_ASKED + 2))

    assert api.get(f"{STATUSES}?ids={','.join(map(str, ids[:-1]))}").status_code == 200
    assert api.get(f"{STATUSES}?ids={','.join(map(str, ids))}").status_code == 400
