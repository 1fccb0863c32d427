"""A task carries every cost and fill rule of the engine, strictly, and hands them on to its executions."""

from dataclasses import fields
from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from apps.engine.types import Costs, FillRules
from apps.errors import Invalid
from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import create_backtest_task, start, update_backtest_task

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"
COSTS = {
    "maker_rate": -0.0001,
    "tiers": [[0.0, 0.001, 0.002], [100_000.0, -0.0005, 0.0015]],
    "spread": 0.02,
    "slippage_ticks": 1.5,
    "slippage_rate": 0.0001,
    "slippage_atr": 0.05,
    "slippage_impact": 0.1,
    "slippage_random": 0.0002,
}
RULES = {
    "intrabar": "ohlc",
    "exit_in_entry_bar": False,
    "market_at_close": True,
    "volume_share": 0.5,
    "latency_bars": 2,
    "latency_seconds": 0.25,
    "compare_opposite": False,
}


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


def test_every_term_of_the_engine_has_its_place() -> None:
    assert (
        {*terms.COSTS.defaults, *terms.COMMISSIONS}
        == {field.name for field in fields(Costs)}
        == {
            *COSTS,
            *terms.COMMISSIONS,
        }
    )
    assert set(terms.FILL_RULES.defaults) == {field.name for field in fields(FillRules)} == set(RULES)


@pytest.mark.storage
def test_terms_come_back_as_they_were_given_and_go_into_the_manifest_complete(make_task: Any) -> None:
    task = make_task(costs=COSTS, fill_rules=RULES, commission_per_trade=0.5)

    task = BacktestTask.objects.get(pk=task.pk)
    manifest = Execution.objects.get(pk=start(task).pk).manifest

    assert (task.costs, task.fill_rules) == (COSTS, RULES)
    commissions = {"commission_rate": 0.0, "commission_fixed": 0.5, "commission_per_unit": 0.0}
    assert manifest["costs"] == {**commissions, "commission_minimum": 0.0, **COSTS}
    assert manifest["rules"] == RULES
    assert manifest["instrument"]["max_quantity"] is None


@pytest.mark.storage
def test_a_task_from_before_there_were_terms_runs_by_the_defaults(make_task: Any) -> None:
    task = make_task()
    assert (task.costs, task.fill_rules) == ({}, {})

    manifest = start(task).manifest

    assert manifest["rules"] == terms.FILL_RULES.defaults
    assert {name: manifest["costs"][name] for name in COSTS} == {**terms.COSTS.defaults, "tiers": []}


def test_the_api_takes_terms_and_shows_them(api: APIClient, things: dict[str, Any]) -> None:
    made = api.post(URL, {**things, "costs": COSTS, "fill_rules": RULES})
    shown = api.get(f"{URL}{made.json()['id']}/").json()

    assert made.status_code == 201
    for body in (made.json(), shown, api.get(URL).json()["results"][0]):
        assert (body["costs"], body["fill_rules"]) == (COSTS, RULES)


def test_a_change_replaces_the_whole_object_and_leaves_the_other_alone(api: APIClient, things: dict[str, Any]) -> None:
    url = f"{URL}{api.post(URL, {**things, 'costs': COSTS, 'fill_rules': RULES}).json()['id']}/"

    answer = api.patch(url, {"costs": {"spread": 1}})

    assert answer.json()["costs"] == {"spread": 1.0}
    assert answer.json()["fill_rules"] == RULES
    assert api.patch(url, {"name": "another"}).json()["costs"] == {"spread": 1.0}
    assert api.put(url, {**things, "fill_rules": {}}).json()["fill_rules"] == {}


WRONG = {
    "a slip of the pen": ("costs", {"spred": 1}, "spred", "Did you mean spread?"),
    "what is the task's own": ("costs", {"commission_fixed": 1}, "commission_fixed", "commission_per_trade"),
    "a rate that is the task's own": ("costs", {"commission_rate": 0.1}, "commission_rate", "field of the task itself"),
    "a negative spread": ("costs", {"spread": -0.1}, "spread", "0 or more"),
    "a spread in words": ("costs", {"spread": "wide"}, "spread", "must be a number"),
    "a number in a text": ("costs", {"spread": "0.1"}, "spread", "must be a number"),
    "a spread of true": ("costs", {"spread": True}, "spread", "must be a number"),
    "no spread": ("costs", {"spread": None}, "spread", "must be a number"),
    "a spread beyond all prices": ("costs", {"spread": 1e300}, "spread", "less than 1e+09"),
    "slippage of the whole price": ("costs", {"slippage_rate": 1}, "slippage_rate", "less than 1"),
    "chance of the whole price": ("costs", {"slippage_random": 1.5}, "slippage_random", "less than 1"),
    "a maker who pays everything": ("costs", {"maker_rate": 1}, "maker_rate", "between -1 and 1"),
    "a tier that is a number": ("costs", {"tiers": [1]}, "tiers", "taker rate"),
    "tiers that are an object": ("costs", {"tiers": {}}, "tiers", "taker rate"),
    "an empty tier": ("costs", {"tiers": [[]]}, "tiers", "taker rate"),
    "a tier with a word": ("costs", {"tiers": [[0, "a", 0]]}, "tiers", "must be a number"),
    "a tier below nothing": ("costs", {"tiers": [[-1, 0, 0]]}, "tiers", "0 or more"),
    "tiers upside down": ("costs", {"tiers": [[9, 0, 0], [1, 0, 0]]}, "tiers", "ascending"),
    "the same tier twice": ("costs", {"tiers": [[1, 0, 0], [1, 0, 0]]}, "tiers", "ascending"),
    "a taker beyond everything": ("costs", {"tiers": [[1, 0, 2]]}, "tiers", "between -1 and 1"),
    "too many tiers": ("costs", {"tiers": [[n, 0, 0] for n in range(101)]}, "tiers", "100"),
    "an unknown rule": ("fill_rules", {"latency": 1}, "latency", "Did you mean latency_bars?"),
    "an unknown path": ("fill_rules", {"intrabar": "pesimistic"}, "intrabar", "Did you mean pessimistic?"),
    "a path in capitals": ("fill_rules", {"intrabar": "OHLC"}, "intrabar", "There is"),
    "a path that is a number": ("fill_rules", {"intrabar": 1}, "intrabar", "name of an intrabar rule"),
    "yes for true": ("fill_rules", {"market_at_close": "yes"}, "market_at_close", "true or false"),
    "one for true": ("fill_rules", {"exit_in_entry_bar": 1}, "exit_in_entry_bar", "true or false"),
    "more than the volume": ("fill_rules", {"volume_share": 1.1}, "volume_share", "between 0 and 1"),
    "half a bar": ("fill_rules", {"latency_bars": 0.5}, "latency_bars", "whole number"),
    "orders from the future": ("fill_rules", {"latency_bars": -1}, "latency_bars", "from 0 to"),
    "orders that never arrive": ("fill_rules", {"latency_bars": 2**63}, "latency_bars", "from 0 to"),
}


@pytest.mark.parametrize(("part", "value", "member", "right"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_term_is_refused_by_its_name_with_what_would_be_right(
    api: APIClient, things: dict[str, Any], part: str, value: Any, member: str, right: str
) -> None:
    answer = api.post(URL, {**things, part: value})

    assert answer.status_code == 400
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == f"/{part}/{member}"
    assert right in problem["detail"]
    assert f"{part}.{member}" in answer.json()["error"]
    assert not BacktestTask.objects.exists()


@pytest.mark.parametrize("part", ["costs", "fill_rules"])
@pytest.mark.parametrize("value", [None, [], "spread", 7, True, [["spread", 1]]])
def test_what_is_no_object_is_refused(api: APIClient, things: dict[str, Any], part: str, value: Any) -> None:
    answer = api.post(URL, {**things, part: value})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == [f"/{part}"]
    assert not BacktestTask.objects.exists()


def test_a_form_cannot_carry_them_and_is_told_so(api: APIClient, things: dict[str, Any]) -> None:
    answer = api.post(URL, {**things, "costs": '{"spread": 1}'}, format="multipart")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/costs"


def test_every_wrong_term_is_named_at_once_beside_the_other_problems(api: APIClient, things: dict[str, Any]) -> None:
    wrong = {"initial_balance": -5, "costs": {"spread": -1, "tiers": 1}, "fill_rules": {"volume_share": 2, "x": 1}}

    answer = api.post(URL, {**things, **wrong})

    pointers = {problem["pointer"] for problem in answer.json()["errors"]}
    assert pointers == {
        "/initial_balance",
        "/costs/spread",
        "/costs/tiers",
        "/fill_rules/volume_share",
        "/fill_rules/x",
    }


def test_of_endless_unknown_names_some_are_told(api: APIClient, things: dict[str, Any]) -> None:
    answer = api.post(URL, {**things, "costs": {"x" * 1000 + str(n): n for n in range(1000)}})

    assert answer.status_code == 400
    assert len(answer.content) < 20_000


@pytest.mark.storage
def test_a_refused_change_changes_nothing(make_task: Any) -> None:
    task = make_task(costs=COSTS, fill_rules=RULES)

    with pytest.raises(Invalid):
        update_backtest_task(task, costs={"spread": 2.0}, fill_rules={"latency_bars": -1})

    task.refresh_from_db()
    assert (task.costs, task.fill_rules) == (COSTS, RULES)


def test_a_stranger_neither_sees_nor_changes_them(api: APIClient, stranger_api: APIClient, things: Any) -> None:
    task = api.post(URL, {**things, "costs": COSTS}).json()["id"]

    refusals = [
        stranger_api.get(f"{URL}{task}/"),
        stranger_api.patch(f"{URL}{task}/", {"costs": {}}),
        stranger_api.patch(f"{URL}{task}/", {"costs": {"spred": 1}}),
    ]

    assert {answer.status_code for answer in refusals} == {404}
    assert all("spread" not in answer.json()["error"] for answer in refusals)
    assert BacktestTask.objects.get().costs == COSTS


def test_executions_keep_the_terms_they_were_started_with(api: APIClient, finished: Any) -> None:
    before = finished.manifest

    answer = api.patch(f"{URL}{finished.backtest_task_id}/", {"costs": COSTS, "fill_rules": RULES})

    assert answer.status_code == 200
    finished.refresh_from_db()
    assert finished.manifest == before


def test_the_figures_of_the_engine_are_shown_with_an_execution(
    api: APIClient, stranger_api: APIClient, finished: Any
) -> None:
    metrics = api.get(f"/api/trading/executions/{finished.pk}/").json()["metrics"]

    assert metrics == finished.checkpoints.first().metrics
    assert (metrics["ambiguous_bars"], metrics["total_slippage"]) == (0, 0.0)
    assert metrics["opposite_equity"] == metrics["final_equity"]
    assert stranger_api.get(f"/api/trading/executions/{finished.pk}/").status_code == 403


def test_before_its_first_chunk_an_execution_has_no_figures(api: APIClient, execution: Any) -> None:
    assert api.get(f"/api/trading/executions/{execution.pk}/").json()["metrics"] is None


def test_the_api_describes_every_term(client: Any) -> None:
    schema = client.get("/api/schema/", headers={"accept": "application/json"}).json()["components"]["schemas"]

    described = schema["BacktestTask"]["properties"]
    assert set(described["costs"]["properties"]) == set(COSTS)
    assert set(described["fill_rules"]["properties"]) == set(RULES)
    assert "pessimistic" in described["fill_rules"]["properties"]["intrabar"]["enum"]


@pytest.mark.parametrize(
    "body", [b'{"costs":' + b"[" * 900 + b"]" * 900 + b"}", b'{"costs":{"tiers":' + b"[" * 900 + b"]" * 900 + b"}}"]
)
def test_deep_nesting_is_refused(api: APIClient, things: dict[str, Any], body: bytes) -> None:
    inner = orjson.dumps(things)[:-1] + b"," + body[1:]

    answer = api.generic("POST", URL, inner, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"].startswith("/costs")


def test_a_service_refuses_what_the_api_refuses(owner: Any, make_config: Any, import_dataset: Any) -> None:
    with pytest.raises(Invalid) as refusal:
        create_backtest_task(
            owner=owner, name="x", config=make_config(), dataset=import_dataset(), costs={"tiers": float("nan")}
        )

    assert list(refusal.value.fields) == ["costs.tiers"]
    assert not BacktestTask.objects.exists()
