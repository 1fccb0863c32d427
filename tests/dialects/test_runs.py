"""How a dialect starts a run."""

from collections.abc import Callable
from typing import Any

import pytest

from apps.dialects import names, runs
from apps.dialects.models import ForeignName, Surface
from apps.errors import Invalid
from apps.executions.models import BacktestTask, Execution
from apps.strategies.models import StrategyConfig

pytestmark = pytest.mark.django_db
CROSS = {"fast": 3, "slow": 8}


@pytest.fixture
def dataset(import_dataset: Callable[..., Any]) -> Any:
    return import_dataset()


def test_a_run_is_one_execution_with_the_clients_own_name(owner: Any, dataset: Any, api: Any) -> None:
    wanted = runs.Wanted("sma_cross", CROSS, dataset, terms={"initial_balance": 500.0}, reference="mine")

    execution = runs.start(owner, Surface.JESSE, wanted)

    assert names.find(owner, surface=Surface.JESSE, reference="mine") == execution
    assert execution.manifest["account"]["initial_balance"] == 500.0
    assert api.get(f"/api/trading/executions/{execution.pk}/").status_code == 200


def test_the_same_strategy_with_the_same_parameters_is_one_configuration(owner: Any, dataset: Any) -> None:
    for fast in (3, 3, 4):
        runs.start(owner, Surface.LEAN, runs.Wanted("sma_cross", {"fast": fast, "slow": 8}, dataset))

    assert StrategyConfig.objects.count() == 2
    assert BacktestTask.objects.count() == Execution.objects.count() == 3


def test_a_configuration_that_was_changed_by_hand_is_not_taken_for_the_same(owner: Any, dataset: Any) -> None:
    runs.start(owner, Surface.LEAN, runs.Wanted("sma_cross", CROSS, dataset))
    StrategyConfig.objects.update(parameters={"fast": 5, "slow": 8})

    execution = runs.start(owner, Surface.LEAN, runs.Wanted("sma_cross", CROSS, dataset))

    assert execution.manifest["strategy"]["parameters"]["fast"] == 3


@pytest.mark.parametrize(
    ("strategy", "parameters", "terms"),
    [
        ("sma_kross", CROSS, {}),
        ("sma_cross", {"fast": "many"}, {}),
        ("sma_cross", CROSS, {"initial_balance": -1.0}),
        ("sma_cross", CROSS, {"account": {"leverage": "much"}}),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    strategy: str, parameters: Any, terms: Any, owner: Any, dataset: Any
) -> None:
    with pytest.raises(Invalid):
        runs.start(owner, Surface.LEAN, runs.Wanted(strategy, parameters, dataset, terms=terms))

    for model in (StrategyConfig, BacktestTask, Execution, ForeignName):
        assert not model.objects.exists()
