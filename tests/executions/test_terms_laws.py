"""Laws of a task's terms: garbage never gets in, what is right arrives to the last bit."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from apps.engine.types import Account, Costs, FillRules
from apps.errors import Invalid
from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start, update_backtest_task

pytestmark = pytest.mark.django_db
URL = "/api/trading/backtest-tasks/"


@pytest.fixture
def things(make_config: Any, import_dataset: Any) -> dict[str, Any]:
    """What a task needs at least."""
    return {"name": "first try", "config": make_config().pk, "dataset": import_dataset().pk}


members = [name for part in terms.ALL for name in part.defaults]
names = st.sampled_from(members) | st.text(max_size=20)
numbers = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
leaves = st.none() | st.booleans() | numbers | st.text(max_size=20)
values = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=3))
garbage = values | st.dictionaries(names, values, max_size=5)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(costs=garbage, fill_rules=garbage, account=garbage, timeframe=leaves, warm_up_bars=leaves)
def test_garbage_is_refused_or_kept_but_never_breaks_the_server(
    api: APIClient, things: dict[str, Any], **terms: Any
) -> None:
    BacktestTask.objects.all().delete()
    body = json.dumps({**things, "start_time": "2024-01-01T01:00:00Z", **terms})

    answer = api.generic("POST", URL, body, content_type="application/json")

    assert answer.status_code in (201, 400), answer.content
    assert BacktestTask.objects.count() == (answer.status_code == 201)
    if answer.status_code == 201:
        assert Costs(**terms["costs"])
        assert FillRules(**terms["fill_rules"])
        assert Account(**terms["account"])
    else:
        assert {problem["pointer"].split("/")[1] for problem in answer.json()["errors"]} <= set(terms)


amounts = st.floats(0, 1e8)
shares = st.floats(0, 1, exclude_max=True)
rates = st.floats(-1, 1, exclude_min=True, exclude_max=True)
right_costs = st.fixed_dictionaries(
    {},
    optional={
        "maker_rate": st.none() | rates,
        "tiers": st.lists(st.tuples(st.floats(0, 1e14), rates, rates), max_size=4, unique_by=lambda tier: tier[0]).map(
            lambda tiers: [list(tier) for tier in sorted(tiers)]
        ),
        "spread": amounts,
        "slippage_ticks": amounts | st.integers(0, 10**6),
        "slippage_rate": shares,
        "slippage_atr": amounts,
        "slippage_impact": amounts,
        "slippage_random": shares,
    },
)
right_rules = st.fixed_dictionaries(
    {},
    optional={
        "intrabar": st.sampled_from(terms.INTRABAR),
        "exit_in_entry_bar": st.booleans(),
        "market_at_close": st.booleans(),
        "volume_share": st.floats(0, 1),
        "latency_bars": st.integers(0, 1_000_000),
        "latency_seconds": st.floats(0, 3600),
        "compare_opposite": st.booleans(),
    },
)
right_accounts = st.one_of(
    st.fixed_dictionaries({}, optional={"kind": st.just("unchecked"), "hedging": st.booleans()}),
    st.just({"kind": "cash"}),
    st.fixed_dictionaries(
        {"kind": st.just("cross")},
        optional={"leverage": st.floats(1, 1e8), "hedging": st.booleans(), "margin_call": amounts},
    ),
    st.fixed_dictionaries(
        {"kind": st.just("isolated")}, optional={"leverage": st.just(0.0) | st.floats(1, 1e8), "hedging": st.booleans()}
    ),
)


@pytest.mark.storage
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(costs=right_costs, fill_rules=right_rules, account=right_accounts)
def test_right_terms_reach_the_manifest_to_the_last_bit(
    make_task: Any, costs: Any, fill_rules: Any, account: Any
) -> None:
    task = BacktestTask.objects.first() or make_task()
    task.executions.all().delete()
    update_backtest_task(task, costs=costs, fill_rules=fill_rules, account=account)

    manifest = Execution.objects.get(pk=start(task).pk).manifest

    assert {name: manifest["costs"][name] for name in costs} == costs
    assert {name: manifest["rules"][name] for name in fill_rules} == fill_rules
    assert {name: manifest["account"][name] for name in account} == account
    assert Costs(**manifest["costs"])
    assert FillRules(**manifest["rules"])
    assert Account(**{name: manifest["account"][name] for name in terms.ACCOUNT.defaults})


@given(value=st.floats(allow_nan=True, allow_infinity=True))
def test_what_is_not_finite_is_no_amount(value: float) -> None:
    if math.isfinite(value) and 0 <= value < terms.LARGEST:
        assert terms.COSTS.clean({"spread": value}) == {"spread": value}
    else:
        with pytest.raises(Invalid, match=r"costs\.spread"):
            terms.COSTS.clean({"spread": value})
