"""The form starts what the API would start, once, or says everything that is wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.market.models import Dataset
from apps.strategies.models import StrategyConfig

pytestmark = pytest.mark.django_db

FORM = "/backtests/new/"


@pytest.fixture
def dataset(import_dataset: Callable[..., Dataset]) -> Dataset:
    return import_dataset()


@pytest.fixture
def fields(dataset: Dataset) -> dict[str, Any]:
    """What a filled form sends."""
    return {
        "opened_at": "2026-01-12T10:00:00.123456+00:00",
        "strategy_type": "sma_cross",
        "parameters-fast": "3",
        "parameters-slow": "8",
        "parameters-direction": "both",
        "parameters-sizing": "quantity",
        "parameters-quantity": "5",
        "parameters-fraction": "0.5",
        "dataset": str(dataset.pk),
        "name": "",
        "start_time": "2024-01-01T01:00",
        "end_time": "",
        "session": "",
        "timeframe": "5m",
        "warm_up_bars": "20",
        "initial_balance": "5000",
        "commission_rate": "0.07",
        "commission_per_trade": "0.5",
        "commission_per_unit": "0",
        "commission_minimum": "0",
        "bars_per_second": "",
    }


def assert_nothing_was_started() -> None:
    assert not BacktestTask.objects.exists()
    assert not StrategyConfig.objects.exists()
    assert not Execution.objects.exists()


def test_it_starts_what_it_says(fields: dict[str, Any], dataset: Dataset, browser: Client, owner: Any) -> None:
    answer = browser.post(FORM, fields)

    execution = Execution.objects.get()
    assert answer.status_code == 302
    assert answer.url == reverse("dashboard:execution", args=[execution.pk])
    assert execution.owner == owner
    manifest = execution.manifest
    assert manifest["strategy"]["type"] == "sma_cross"
    expected = {"fast": 3, "slow": 8, "direction": "both", "sizing": "quantity", "quantity": 5.0, "fraction": 0.5}
    assert manifest["strategy"]["parameters"] == expected
    assert manifest["data"]["content_hash"] == dataset.latest.content_hash
    assert manifest["data"]["start_time"] == "2024-01-01T01:00:00+00:00"
    assert manifest["account"] == {"initial_balance": 5000.0, **terms.ACCOUNT.defaults}
    assert (manifest["data"]["timeframe"], manifest["data"]["warm_up_bars"]) == ("5m", 20)
    assert manifest["costs"]["commission_rate"] == 0.0007  # as the API's client writes 0.07 %, to the last bit
    assert manifest["costs"]["commission_fixed"] == 0.5


def test_sent_twice_it_starts_once(fields: dict[str, Any], browser: Client) -> None:
    browser.post(FORM, fields)

    second = browser.post(FORM, fields)

    assert second.status_code == 422
    assert second.context["form"].errors["name"] == ["You have another task of this name."]
    assert Execution.objects.count() == BacktestTask.objects.count() == 1


def test_equal_parameters_are_one_configuration(fields: dict[str, Any], browser: Client) -> None:
    browser.post(FORM, {**fields, "name": "first"})
    browser.post(FORM, {**fields, "name": "second"})

    assert Execution.objects.count() == 2
    assert StrategyConfig.objects.count() == 1


def test_every_problem_is_told_at_its_field_at_once(fields: dict[str, Any], browser: Client) -> None:
    wrong = {
        "parameters-fast": "9",  # not shorter than slow
        "session": "breakfast",
        "timeframe": "7s",
        "warm_up_bars": "-1",
        "initial_balance": "-1",
        "commission_rate": "100",
        "bars_per_second": "0",
        "start_time": "2024-01-01T03:00",
        "end_time": "2024-01-01T02:00",
    }

    answer = browser.post(FORM, {**fields, **wrong})

    assert answer.status_code == 422
    places = {
        "session",
        "timeframe",
        "warm_up_bars",
        "initial_balance",
        "commission_rate",
        "bars_per_second",
        "start_time",
    }
    assert set(answer.context["form"].errors) == places
    assert set(answer.context["parameters"].errors) == {"fast"}
    assert answer.content.decode().count('aria-invalid="true"') == len(places) + 1
    assert_nothing_was_started()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parameters-fast", "fast"),
        ("parameters-fast", ""),
        ("parameters-fast", "0"),
        ("parameters-direction", "sideways"),
        ("initial_balance", "much"),
        ("initial_balance", "nan"),
        ("commission_rate", "1e400"),
        ("start_time", "yesterday"),
        ("start_time", "2030-01-01T00:00"),
        ("end_time", "1990-01-01T00:00"),
        ("timeframe", "90s"),
        ("timeframe", "m" * 11),
        ("warm_up_bars", "61"),  # sixty are there before 01:00
        ("warm_up_bars", "9" * 400),
        ("warm_up_bars", "0.5"),
        ("dataset", "0"),
        ("dataset", "x"),
        ("name", "n" * 121),
        ("opened_at", ""),
    ],
)
def test_a_wrong_value_starts_nothing(name: str, value: str, fields: dict[str, Any], browser: Client) -> None:
    answer = browser.post(FORM, {**fields, name: value})

    assert answer.status_code == 422
    field = name.removeprefix("parameters-")
    errors = answer.context["parameters" if field != name else "form"].errors
    assert field in errors
    assert_nothing_was_started()


def test_the_data_of_another_person_cannot_be_named(
    fields: dict[str, Any], browser: Client, stranger: Any, import_dataset: Callable[..., Dataset]
) -> None:
    theirs = import_dataset(owner=stranger, name="theirs")

    answer = browser.post(FORM, {**fields, "dataset": str(theirs.pk)})

    assert "dataset" in answer.context["form"].errors
    assert "theirs" not in browser.get(FORM).content.decode()
    assert_nothing_was_started()


def test_an_unknown_strategy_is_a_page_that_says_so(fields: dict[str, Any], browser: Client) -> None:
    posted = browser.post(FORM, {**fields, "strategy_type": "nonsense"})
    swapped = browser.get(reverse("dashboard:strategy-parameters"), {"strategy_type": "nonsense"})

    assert posted.status_code == swapped.status_code == 404
    assert_nothing_was_started()


@pytest.mark.usefixtures("dataset")
def test_parameters_come_with_their_units_limits_and_help(browser: Client) -> None:
    page = browser.get(FORM, {"strategy_type": "sma_cross"}).content.decode()

    assert 'name="parameters-fast" value="10" min="1" max="5000" step="1"' in page
    assert "bars, 1 to 5000" in page
    assert "Length of the fast average." in page


@pytest.mark.usefixtures("dataset")
def test_another_strategy_brings_its_own_parameters(browser: Client) -> None:
    part = browser.get(reverse("dashboard:strategy-parameters"), {"strategy_type": "buy_and_hold"}).content.decode()

    assert 'name="parameters-quantity"' in part
    assert 'name="parameters-fast"' not in part


def test_a_dataset_brings_its_coverage(dataset: Dataset, browser: Client) -> None:
    part = browser.get(reverse("dashboard:dataset-coverage"), {"dataset": dataset.pk}).content.decode()

    assert 'min="2024-01-01T00:00" max="2024-01-01T04:59"' in part
    assert "300 bars" in part
    assert 'placeholder="1m"' in part
    assert 'name="warm_up_bars"' in part
    assert dataset.latest.content_hash[:12] in part


def test_without_data_it_says_what_to_do_first(browser: Client) -> None:
    page = browser.get(FORM).content.decode()

    assert "No data to run on yet" in page
    assert "<form class=" not in page


def test_it_can_be_filled_like_an_earlier_run(fields: dict[str, Any], browser: Client) -> None:
    browser.post(FORM, {**fields, "name": "first"})
    execution = Execution.objects.get()

    answer = browser.get(FORM, {"like": execution.pk})

    form, parameters = answer.context["form"], answer.context["parameters"]
    assert parameters["fast"].value() == 3
    assert parameters["direction"].value() == "both"
    assert float(form["commission_rate"].value()) == 0.07
    assert form["initial_balance"].value() == 5000.0
    assert not form["name"].value()
    again = {name: form[name].value() or "" for name in form.fields if name not in ("start_time", "opened_at")}
    repeated = {f"parameters-{name}": parameters[name].value() for name in parameters.fields}
    opened_at = timezone.now().isoformat()
    browser.post(FORM, {**again, **repeated, "start_time": fields["start_time"], "opened_at": opened_at})
    assert Execution.objects.order_by("pk").last().manifest == execution.manifest


@pytest.mark.parametrize("like", ["0", "x", "9" * 30])
def test_it_cannot_be_filled_like_nothing(like: str, browser: Client) -> None:
    assert browser.get(FORM, {"like": like}).status_code == 404


def test_it_cannot_be_filled_like_the_run_of_another(execution: Execution, stranger_browser: Client) -> None:
    assert stranger_browser.get(FORM, {"like": execution.pk}).status_code == 403
