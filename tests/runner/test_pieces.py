"""Bars made of finer rows, in pieces: what fills between two calls of the strategy is known at the next one."""

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.executions.models import BacktestTask, Execution
from apps.executions.services import start
from apps.market.quality import Checked
from apps.market.services import import_rows
from apps.runner.run import run
from apps.runner.verify import verify
from tests.conftest import random_bars
from tests.market.quotes import random_quotes, random_ticks
from tests.runner.conftest import let_lapse, tape_of
from tests.runner.test_recorder import Advance, begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
ROWS = {
    "bars": (random_bars(400, seed=3), "5m", 60),
    "quote_bars": (random_quotes(400, seed=3), "5m", 60),
    "ticks": (random_ticks(1500, seed=3), "10s", 0),
}


@pytest.fixture
def task_of(make_task: Any, make_config: Any, owner: Any) -> Any:
    """task_of(layout): a task that turns around often, on bars made of rows of this layout."""

    def make(layout: str) -> BacktestTask:
        if task := BacktestTask.objects.first():
            return task
        rows, timeframe, seconds = ROWS[layout]
        version = import_rows(
            owner=owner,
            name=layout,
            symbol="EUR_USD",
            layout=layout,
            timeframe_seconds=seconds,
            checked=Checked(rows, {}),
            instrument={"kind": "forex", "price_increment": 1e-5},
        )
        config = make_config(parameters={"fast": 2, "slow": 4, "direction": "both"})
        task: BacktestTask = make_task(dataset=version.dataset, config=config, timeframe=timeframe)
        return task

    return make


@pytest.mark.parametrize("layout", ROWS)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.tuples(st.integers(1, 250), st.booleans()), min_size=1, max_size=8))
@example(chunks=[(1, False)])
@example(chunks=[(7, True)])
def test_any_pieces_and_any_crash_bring_the_same_tape(
    task_of: Any, advance: Advance, layout: str, chunks: list[tuple[int, bool]]
) -> None:
    task = task_of(layout)
    whole = task.executions.first()
    if whole is None:
        whole = start(task)
        run(whole.pk)
        assert Execution.objects.get(pk=whole.pk).trades_head > 10
    execution = start(task)
    claim, session = begin(execution)

    step = 0
    while True:
        rows, crashes = chunks[step % len(chunks)]
        if advance(claim, session, rows):
            break
        if crashes and step < 15:
            let_lapse(execution)
            claim, session = begin(execution)
        step += 1

    assert tape_of(execution) == tape_of(whole)
    assert verify(execution).outcome == "equal"
