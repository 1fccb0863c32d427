"""What the tests of tasks and executions share."""

from typing import Any

import pytest

from apps.executions.models import Execution


@pytest.fixture
def traded(make_trading_task: Any) -> Execution:
    """Started, and not taken up by any worker yet; with a clock that is slow enough to do nothing by itself."""
    from apps.executions.trading_tasks import start

    return start(make_trading_task(bars_per_second=0.001))
