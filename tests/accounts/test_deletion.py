from typing import Any

import pytest


@pytest.mark.storage
def test_a_deleted_account_takes_all_that_was_its_own_along(finished: Any) -> None:
    from apps.equity.models import EquityBlock
    from apps.events.models import Event
    from apps.executions.models import BacktestTask, Execution
    from apps.keeping import leftovers
    from apps.market.models import Dataset
    from apps.strategies.models import StrategyConfig

    finished.owner.delete()
    leftovers.sweep()

    for model in (Execution, BacktestTask, StrategyConfig, Dataset, Event, EquityBlock):
        assert not model.objects.exists(), model
