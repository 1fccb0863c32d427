"""A task says who carries its positions, strictly, and its executions keep it."""

from dataclasses import fields
from typing import Any

import pytest
from rest_framework.test import APIClient

from apps.engine.types import Account
from apps.errors import Invalid
from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start, update_backtest_task
from apps.market.services import update_instrument

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"
CROSS = {"kind": "cross", "leverage": 5.0, "hedging": True, "margin_call": 0.8}


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


def test_every_field_of_an_account_has_its_place() -> None:
    assert {*terms.ACCOUNT.defaults, "currency"} == {field.name for field in fields(Account)} == {*CROSS, "currency"}
    assert set(terms.CARRIED_BY) == set(CROSS) - {"kind"}
    for kind in terms.ACCOUNT_KINDS:
        assert Account(kind=kind)


@pytest.mark.storage
def test_an_account_comes_back_as_it_was_given_and_goes_into_the_manifest_complete(make_task: Any) -> None:
    task = BacktestTask.objects.get(pk=make_task(account={"kind": "isolated", "leverage": 3}).pk)

    manifest = Execution.objects.get(pk=start(task).pk).manifest

    assert task.account == {"kind": "isolated", "leverage": 3.0}
    carried = {"kind": "isolated", "leverage": 3.0, "hedging": False, "margin_call": 0.0}
    assert manifest["account"] == {"initial_balance": 10_000.0, **carried}


@pytest.mark.storage
def test_a_task_that_says_nothing_is_carried_unchecked(make_task: Any) -> None:
    task = make_task()

    assert task.account == {}
    assert start(task).manifest["account"] == {"initial_balance": 10_000.0, **terms.ACCOUNT.defaults}


@pytest.mark.storage
def test_the_manifest_says_how_the_instrument_settles_and_its_margins(make_task: Any) -> None:
    task = make_task()
    contract = {"multiplier": 100.0, "is_inverse": True, "settles_in": "BTC", "initial_margin": 0.1}
    contract |= {"maintenance_margin": 0.05, "liquidation_fee": 0.001}
    update_instrument(task.dataset.instrument, **contract)

    manifest = Execution.objects.get(pk=start(task).pk).manifest

    assert {name: manifest["instrument"][name] for name in contract} == contract


def test_the_api_takes_an_account_and_shows_it(api: APIClient, things: dict[str, Any]) -> None:
    made = api.post(URL, {**things, "account": CROSS})
    shown = api.get(f"{URL}{made.json()['id']}/").json()

    assert made.status_code == 201
    assert made.json()["account"] == shown["account"] == CROSS
    assert api.patch(f"{URL}{shown['id']}/", {"account": {"kind": "cash"}}).json()["account"] == {"kind": "cash"}
    assert api.patch(f"{URL}{shown['id']}/", {"name": "another"}).json()["account"] == {"kind": "cash"}


WRONG = {
    "an unknown kind": ({"kind": "cros"}, "kind", "Did you mean cross?"),
    "a kind in capitals": ({"kind": "CASH"}, "kind", "There is"),
    "a kind by its number": ({"kind": 1}, "kind", "name of a kind of account"),
    "no kind": ({"kind": None}, "kind", "name of a kind of account"),
    "a slip of the pen": ({"levrage": 2}, "levrage", "Did you mean leverage?"),
    "a currency of its own": ({"currency": "EUR"}, "currency", "of the instrument"),
    "less than all of the value": ({"kind": "cross", "leverage": 0.5}, "leverage", "1 or more"),
    "leverage below nothing": ({"kind": "cross", "leverage": -2}, "leverage", "1 or more"),
    "leverage in words": ({"kind": "cross", "leverage": "10x"}, "leverage", "must be a number"),
    "leverage of true": ({"kind": "cross", "leverage": True}, "leverage", "must be a number"),
    "leverage without an end": ({"kind": "cross", "leverage": 1e300}, "leverage", "less than 1e+09"),
    "leverage of nobody": ({"leverage": 5}, "leverage", "only on cross and isolated"),
    "leverage of cash": ({"kind": "cash", "leverage": 5}, "leverage", "only on cross and isolated"),
    "yes for true": ({"hedging": "yes"}, "hedging", "true or false"),
    "one for true": ({"hedging": 1}, "hedging", "true or false"),
    "short positions of cash": ({"kind": "cash", "hedging": True}, "hedging", "no effect"),
    "calls below nothing": ({"kind": "cross", "margin_call": -0.1}, "margin_call", "0 or more"),
    "calls nobody makes": ({"kind": "isolated", "margin_call": 0.8}, "margin_call", "only on cross"),
}


@pytest.mark.parametrize(("account", "member", "right"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_account_is_refused_by_member_with_what_would_be_right(
    api: APIClient, things: dict[str, Any], account: Any, member: str, right: str
) -> None:
    answer = api.post(URL, {**things, "account": account})

    assert answer.status_code == 400
    (problem,) = answer.json()["errors"]
    assert problem["pointer"] == f"/account/{member}"
    assert right in problem["detail"]
    assert not BacktestTask.objects.exists()


@pytest.mark.parametrize("value", [None, [], "cross", 7, True, [["kind", "cross"]]])
def test_what_is_no_account_is_refused(api: APIClient, things: dict[str, Any], value: Any) -> None:
    answer = api.post(URL, {**things, "account": value})

    assert answer.status_code == 400
    assert [problem["pointer"] for problem in answer.json()["errors"]] == ["/account"]
    assert not BacktestTask.objects.exists()


@pytest.mark.parametrize("account", [{"kind": "cash", "leverage": 0, "hedging": False}, {"margin_call": 0}, {}])
def test_saying_that_there_is_none_is_no_contradiction(api: APIClient, things: dict[str, Any], account: Any) -> None:
    assert api.post(URL, {**things, "account": account}).status_code == 201


@pytest.mark.storage
def test_a_refused_account_changes_nothing(make_task: Any) -> None:
    task = make_task(account=CROSS)

    with pytest.raises(Invalid):
        update_backtest_task(task, account={"kind": "cash", "leverage": 2})

    task.refresh_from_db()
    assert task.account == CROSS


def test_a_stranger_neither_sees_nor_changes_an_account(api: APIClient, stranger_api: APIClient, things: Any) -> None:
    url = f"{URL}{api.post(URL, {**things, 'account': CROSS}).json()['id']}/"

    refusals = [stranger_api.get(url), stranger_api.patch(url, {"account": {}, "timeframe": "7m"})]

    assert {answer.status_code for answer in refusals} == {404}
    assert BacktestTask.objects.get().account == CROSS


def test_executions_keep_the_account_they_were_started_with(api: APIClient, finished: Any) -> None:
    before = finished.manifest

    answer = api.patch(f"{URL}{finished.backtest_task_id}/", {"account": CROSS, "timeframe": "5m"})

    assert answer.status_code == 200
    finished.refresh_from_db()
    assert finished.manifest == before


def test_the_api_describes_an_account(client: Any) -> None:
    schema = client.get("/api/schema/", headers={"accept": "application/json"}).json()["components"]["schemas"]

    described = schema["BacktestTask"]["properties"]
    assert set(described["account"]["properties"]) == set(CROSS)
    assert described["account"]["properties"]["kind"]["enum"] == ["unchecked", "cash", "cross", "isolated"]
    assert {"timeframe", "warm_up_bars"} <= set(described)
