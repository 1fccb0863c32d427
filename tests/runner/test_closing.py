"""To stop with the positions closed: what is open is sold at the next bars, by whoever carries the execution out."""

from typing import Any

import pytest

from apps.engine.strategy import Strategy
from apps.executions import lifecycle, services, trading_tasks
from apps.executions.models import Execution
from apps.runner import recorder, trading
from apps.runner.recorder import Superseded
from apps.runner.run import run
from apps.runner.tape import hash_of
from apps.runner.verify import verify
from tests.runner.clocks import World
from tests.runner.conftest import let_lapse, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


@pytest.fixture
def holding(make_trading_task: Any, make_config: Any, world: World) -> Execution:
    """It has bought at the first bars, and holds what it has."""
    config = make_config(strategy_type="buy_and_hold", parameters={})
    execution = trading_tasks.start(make_trading_task(config=config, bars_per_second=1.0))
    run(execution.pk)
    world.pass_(20.0)
    run(execution.pk)
    execution.refresh_from_db()
    assert (execution.processed, execution.trades_head) == (20, 0)
    return execution


def test_it_sells_at_the_next_bars_and_stops(holding: Execution, world: World) -> None:
    execution = trading_tasks.stop(holding.trading_task, "graceful_close")
    assert (execution.status, execution.closing_from) == ("running", 20)

    for _ in range(3):
        world.pass_(1.0)
        run(execution.pk)
    execution.refresh_from_db()

    assert execution.status == "stopped"
    assert execution.processed == 22  # told to at the close of one bar, filled at the open of the next
    assert execution.trades_head == 1
    assert execution.completed_at is not None
    assert execution.tape_hash == hash_of(execution)
    last = tape_of(execution).events[-1]
    assert (last["event_type"], last["event"]["to"]) == ("status_changed", "stopped")


def test_what_it_wrote_can_be_verified(holding: Execution, world: World) -> None:
    trading_tasks.stop(holding.trading_task, "graceful_close")
    run(holding.pk)
    world.pass_(5.0)
    run(holding.pk)
    holding.refresh_from_db()
    assert holding.status == "stopped"

    findings = verify(holding)

    assert not findings.reason
    assert not findings.rows
    assert (findings.compared["bars"], findings.compared["trades"]) == (22, 1)
    Execution.objects.filter(pk=holding.pk).update(closing_from=None)
    assert verify(holding).rows


def test_a_worker_that_dies_while_it_closes_changes_nothing(holding: Execution, world: World) -> None:
    trading_tasks.stop(holding.trading_task, "graceful_close")
    world.pass_(1.0)
    run(holding.pk)
    claim = recorder.claim(holding.pk)
    assert claim is not None
    trading.broker_of(claim.execution).session.advance(1)
    let_lapse(holding)

    world.pass_(5.0)
    run(holding.pk)

    holding.refresh_from_db()
    assert (holding.status, holding.processed, holding.trades_head) == ("stopped", 22, 1)
    assert holding.tape_hash == hash_of(holding)


def test_who_carries_it_out_when_it_is_told_to_close_writes_no_more(holding: Execution, world: World) -> None:
    world.pass_(2.0)
    claim = recorder.claim(holding.pk)
    assert claim is not None
    session = trading.broker_of(claim.execution).session
    rows = session.advance(2)

    trading_tasks.stop(holding.trading_task, "graceful_close")

    progress = recorder.Progress(session.processed, session.total, session.time, session.snapshot(), None)
    with pytest.raises(Superseded):
        recorder.record(claim, rows, progress)
    assert Execution.objects.get(pk=holding.pk).processed == 20


def test_with_nothing_open_it_stops_at_once(make_trading_task: Any, world: World) -> None:
    execution = trading_tasks.start(make_trading_task(bars_per_second=1.0))
    run(execution.pk)

    trading_tasks.stop(execution.trading_task, "graceful_close")
    run(execution.pk)

    execution.refresh_from_db()
    assert (execution.status, execution.processed) == ("stopped", 0)


def test_a_paused_one_goes_on_to_close(holding: Execution, world: World) -> None:
    lifecycle.pause(holding)
    trading_tasks.stop(holding.trading_task, "graceful_close")
    assert Execution.objects.get(pk=holding.pk).status == "running"

    run(holding.pk)
    world.pass_(3.0)
    run(holding.pk)

    holding.refresh_from_db()
    assert (holding.status, holding.trades_head) == ("stopped", 1)


def test_to_be_told_twice_is_to_be_told_once(holding: Execution, world: World) -> None:
    trading_tasks.stop(holding.trading_task, "graceful_close")
    world.pass_(1.0)
    run(holding.pk)
    trading_tasks.stop(holding.trading_task, "graceful_close")

    holding.refresh_from_db()
    assert holding.closing_from == 20


def test_the_task_says_what_a_stop_means_unless_it_is_said(holding: Execution, world: World) -> None:
    trading_tasks.stop(holding.trading_task)

    holding.refresh_from_db()
    assert (holding.status, holding.closing_from, holding.trades_head) == ("stopped", None, 0)

    holding.trading_task.refresh_from_db()
    task = trading_tasks.update(holding.trading_task, sell_on_stop=True)
    execution = trading_tasks.start(task)
    run(execution.pk)
    world.pass_(20.0)
    run(execution.pk)
    trading_tasks.stop(task)
    assert Execution.objects.get(pk=execution.pk).closing_from == 20


def test_a_strategy_that_sleeps_is_not_asked_when_to_close(
    make_trading_task: Any, make_config: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from apps.engine import strategies

    class Sleeper(Strategy):
        """Buys in the first hour, and wants to be called once a day."""

        strategy_type = "buy_and_hold"

        def init(self) -> None:
            self.wake_every("5m")

        def on_bar(self) -> None:
            if not self.position:
                self.buy(10)
                self.sell(5, limit=1e6)

    monkeypatch.setattr(strategies, "get", lambda name: Sleeper)
    config = make_config(strategy_type="buy_and_hold", parameters={})
    execution = trading_tasks.start(make_trading_task(config=config, bars_per_second=1.0))
    run(execution.pk)
    world.pass_(11.0)
    run(execution.pk)

    trading_tasks.stop(execution.trading_task, "graceful_close")
    run(execution.pk)
    world.pass_(2.0)
    run(execution.pk)

    execution.refresh_from_db()
    assert (execution.status, execution.processed, execution.trades_head) == ("stopped", 13, 1)


def test_one_that_ends_before_it_has_closed_is_completed(
    make_trading_task: Any, make_config: Any, world: World
) -> None:
    config = make_config(strategy_type="buy_and_hold", parameters={})
    execution = trading_tasks.start(make_trading_task(config=config, bars_per_second=1.0))
    run(execution.pk)
    world.pass_(299.0)
    run(execution.pk)

    trading_tasks.stop(execution.trading_task, "graceful_close")
    world.pass_(1.0)
    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "completed"


def test_what_is_over_cannot_be_closed(make_trading_task: Any) -> None:
    execution = trading_tasks.start(make_trading_task())
    run(execution.pk)

    with pytest.raises(lifecycle.InvalidTransition, match="completed"):
        trading_tasks.stop(execution.trading_task, "graceful_close")
    assert services.latest_execution(execution.trading_task).closing_from is None
