"""The fold of the form with account, fill rules, spread and slippage: what it sends, refuses and repeats."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from hypothesis import example, given
from hypothesis import strategies as st

from apps.dashboard import advanced_form
from apps.dashboard.fields import PercentField, TiersField, percent_of, tiers_text
from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.strategies.models import StrategyConfig

pytestmark = pytest.mark.django_db
FORM = "/backtests/new/"
FILLED = {
    "kind": "cross",
    "leverage": "2.5",
    "hedging": "true",
    "margin_call": "80",
    "intrabar": "nearest",
    "exit_in_entry_bar": "false",
    "market_at_close": "true",
    "volume_share": "12.5",
    "latency_bars": "2",
    "latency_seconds": "1.5",
    "compare_opposite": "false",
    "spread": "0.02",
    "slippage_ticks": "1.5",
    "slippage_rate": "0.07",
    "slippage_atr": "150",
    "slippage_impact": "0.1",
    "slippage_random": "0.3",
    "maker_rate": "-0.01",
    "tiers": "0 0.1 0.2\n\n100000;0.08;0.16\n",
}
COSTS = {
    "spread": 0.02,
    "slippage_ticks": 1.5,
    "slippage_rate": 0.0007,
    "slippage_atr": 1.5,
    "slippage_impact": 0.1,
    "slippage_random": 0.003,
    "maker_rate": -0.0001,
    "tiers": [[0.0, 0.001, 0.002], [100_000.0, 0.0008, 0.0016]],
}
RULES = {
    "intrabar": "nearest",
    "exit_in_entry_bar": False,
    "market_at_close": True,
    "volume_share": 0.125,
    "latency_bars": 2,
    "latency_seconds": 1.5,
    "compare_opposite": False,
}


ACCOUNT = {"kind": "cross", "leverage": 2.5, "hedging": True, "margin_call": 0.8}


def offered(form: Any) -> list[Any]:
    """All fields of the fold."""
    return [*form.account_fields, *form.fill_rule_fields, *form.cost_fields]


@pytest.fixture
def fields(import_dataset: Callable[..., Any]) -> dict[str, Any]:
    """What the form sends with the fold left out."""
    return {
        "opened_at": "2026-01-12T10:00:00.123456+00:00",
        "strategy_type": "buy_and_hold",
        "parameters-quantity": "5",
        "dataset": str(import_dataset().pk),
        "initial_balance": "5000",
        "commission_rate": "0",
        "commission_per_trade": "0",
        "commission_per_unit": "0",
        "commission_minimum": "0",
    }


def test_it_offers_every_term_of_a_task() -> None:
    assert set(advanced_form.COSTS) == set(terms.COSTS.defaults)
    assert set(advanced_form.FILL_RULES) == set(terms.FILL_RULES.defaults)
    assert set(advanced_form.ACCOUNT) == set(terms.ACCOUNT.defaults)
    assert [kind for kind, _ in advanced_form.AdvancedForm.base_fields["kind"].choices] == terms.ACCOUNT_KINDS  # type: ignore[attr-defined]
    assert [rule for rule, _ in advanced_form.AdvancedForm.base_fields["intrabar"].choices] == terms.INTRABAR  # type: ignore[attr-defined]


def test_what_is_filled_in_goes_into_the_run(fields: dict[str, Any], browser: Client) -> None:
    answer = browser.post(FORM, {**fields, **FILLED})

    task = BacktestTask.objects.get()
    assert answer.status_code == 302
    assert (task.account, task.costs, task.fill_rules) == (ACCOUNT, COSTS, RULES)
    assert Execution.objects.get().manifest["rules"] == RULES


def test_what_is_left_out_is_as_the_engine_has_it(fields: dict[str, Any], browser: Client) -> None:
    browser.post(FORM, fields)

    manifest = Execution.objects.get().manifest
    assert manifest["rules"] == terms.FILL_RULES.defaults
    assert manifest["account"] == {"initial_balance": 5000.0, **terms.ACCOUNT.defaults}
    assert manifest["costs"]["maker_rate"] is None


def test_left_as_it_opens_it_changes_nothing(fields: dict[str, Any], browser: Client) -> None:
    form = browser.get(FORM).context["form"]
    untouched = {field.name: field.value() or "" for field in offered(form)}

    browser.post(FORM, {**fields, **untouched})

    manifest = Execution.objects.get().manifest
    assert manifest["rules"] == terms.FILL_RULES.defaults
    assert manifest["account"] == {"initial_balance": 5000.0, **terms.ACCOUNT.defaults}
    assert {name: manifest["costs"][name] for name in COSTS} == {**terms.COSTS.defaults, "tiers": []}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "offshore"),
        ("leverage", "5"),  # of an account that is not checked
        ("leverage", "nan"),
        ("leverage", "-1"),
        ("margin_call", "80"),
        ("margin_call", "much"),
        ("hedging", "perhaps"),
        ("intrabar", "sideways"),
        ("exit_in_entry_bar", "perhaps"),
        ("volume_share", "101"),
        ("volume_share", "-1"),
        ("latency_bars", "-1"),
        ("latency_bars", "0.5"),
        ("latency_bars", "9" * 400),
        ("spread", "-0.1"),
        ("spread", "wide"),
        ("spread", "nan"),
        ("spread", "1e300"),
        ("slippage_rate", "100"),
        ("slippage_random", "1e9999999"),
        ("slippage_atr", "-1"),
        ("commission_rate", "1e9999999"),
        ("maker_rate", "100"),
        ("tiers", "0 0.1"),
        ("tiers", "0 a b"),
        ("tiers", "nan 0 0"),
        ("tiers", "1e400 0 0"),
        ("tiers", "9 0 0\n1 0 0"),
        ("tiers", "0 0 100"),
        ("tiers", "1 2 3\n" * 1000),
    ],
)
def test_what_is_wrong_is_told_at_its_field_in_the_open_fold(
    name: str, value: str, fields: dict[str, Any], browser: Client
) -> None:
    answer = browser.post(FORM, {**fields, name: value})

    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {name}
    page = answer.content.decode()
    assert f'id="id_{name}_error"' in page
    assert ('id="advanced" open' in page) == (name != "commission_rate")
    for model in (BacktestTask, StrategyConfig, Execution):
        assert not model.objects.exists()


def test_the_fold_is_closed_until_something_in_it_differs(fields: dict[str, Any], browser: Client) -> None:
    assert 'id="advanced">' in browser.get(FORM).content.decode()
    wrong_elsewhere = {"initial_balance": "-1", "spread": "0", "intrabar": "pessimistic"}
    assert 'id="advanced">' in browser.post(FORM, {**fields, **wrong_elsewhere}).content.decode()

    assert 'id="advanced" open' in browser.post(FORM, {**fields, **wrong_elsewhere, "spread": "1"}).content.decode()


def test_a_run_can_be_repeated_with_all_its_terms(fields: dict[str, Any], browser: Client) -> None:
    browser.post(FORM, {**fields, **FILLED})
    execution = Execution.objects.get()

    answer = browser.get(FORM, {"like": execution.pk})

    form = answer.context["form"]
    assert 'id="advanced" open' in answer.content.decode()
    repeated = {field.name: field.value() for field in offered(form)}
    browser.post(FORM, {**fields, **repeated, "name": "again"})
    assert Execution.objects.order_by("pk").last().manifest == execution.manifest  # type: ignore[union-attr]


def test_a_run_from_before_there_were_terms_can_be_repeated(
    fields: dict[str, Any], execution: Execution, browser: Client
) -> None:
    commissions = dict.fromkeys(terms.COMMISSIONS, 0.0)
    manifest = {name: value for name, value in execution.manifest.items() if name != "rules"}
    account = {"initial_balance": manifest["account"]["initial_balance"]}
    Execution.objects.update(manifest={**manifest, "costs": commissions, "account": account})

    answer = browser.get(FORM, {"like": execution.pk})

    assert answer.status_code == 200
    assert 'id="advanced">' in answer.content.decode()


# Laws


@given(share=st.floats(-1, 1))
@example(0.0007)
@example(1e-05)
def test_a_share_survives_being_written_in_per_cent(share: float) -> None:
    assert PercentField().clean(percent_of(share)) == share


rates = st.floats(-1, 1)


@given(tiers=st.lists(st.tuples(st.floats(0, 1e14), rates, rates).map(list), max_size=5))
def test_tiers_survive_being_written_in_lines(tiers: list[list[float]]) -> None:
    assert TiersField(required=False).clean(tiers_text(tiers)) == tiers
