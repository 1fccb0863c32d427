"""A trading execution writes, at any speed and whatever happens to it, the tape of a back-test of the same terms."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.executions import lifecycle, services, trading_tasks
from apps.executions.models import Execution, TradingTask
from apps.runner import recorder, trading
from apps.runner.run import run
from apps.runner.verify import verify
from tests.conftest import random_bars
from tests.runner.clocks import World
from tests.runner.conftest import let_lapse, market_rows, tape_of
from tests.runner.test_ticks import done, tick_task  # noqa: F401 - a fixture

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
BARS = 300


@pytest.fixture
def truth(finished: Any) -> Any:
    """The tape of the back-test, and its task's things."""
    return finished


def like(finished: Any, make_trading_task: Any, **terms: Any) -> Execution:
    task = finished.backtest_task
    return trading_tasks.start(make_trading_task(config=task.config, dataset=task.dataset, **terms))


def test_as_fast_as_it_goes_it_is_the_back_test(truth: Any, make_trading_task: Any) -> None:
    execution = like(truth, make_trading_task)

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "completed"
    assert execution.manifest_hash == truth.manifest_hash
    assert execution.tape_hash == truth.tape_hash
    assert tape_of(execution) == tape_of(truth)


def test_what_has_not_come_is_not_played_and_no_worker_waits_for_it(
    truth: Any, make_trading_task: Any, world: World
) -> None:
    execution = like(truth, make_trading_task, bars_per_second=1.0)

    run(execution.pk)
    execution.refresh_from_db()
    assert (execution.status, execution.processed, execution.lease_until) == ("running", 0, None)

    world.pass_(7.5)
    run(execution.pk)
    execution.refresh_from_db()
    assert (execution.status, execution.processed, execution.lease_until) == ("running", 7, None)
    assert execution.due_at == datetime(2026, 1, 1, 0, 0, 8, tzinfo=UTC)

    world.pass_(BARS)
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed"
    assert execution.tape_hash == truth.tape_hash


def test_by_speed_the_hours_without_a_bar_pass_too(make_trading_task: Any, import_dataset: Any, world: World) -> None:
    bars = random_bars(20)
    bars["time"][10:] += 3_600_000_000  # an hour in which nothing was traded, after ten minutes
    dataset = import_dataset(bars, name="with a gap")
    execution = trading_tasks.start(make_trading_task(dataset=dataset, speed=60.0))
    run(execution.pk)

    done = []
    for seconds in (0.9, 0.2, 8.9, 0.9, 60.0, 0.2):
        world.pass_(seconds)
        run(execution.pk)
        execution.refresh_from_db()
        done.append(execution.processed)

    assert done == [0, 1, 10, 10, 10, 11]


def test_ticks_come_as_they_came(tick_task: Any, make_trading_task: Any, world: World) -> None:  # noqa: F811
    truth = done(tick_task())
    task = truth.backtest_task
    terms = {"config": task.config, "dataset": task.dataset, "timeframe": "1m", "speed": 60.0}
    execution = trading_tasks.start(make_trading_task(**terms))
    closed = trading_tasks.start(make_trading_task(name="closed", **terms))

    seen = []
    for _ in range(8):
        run(execution.pk)
        run(closed.pk)
        execution.refresh_from_db()
        seen.append(execution.processed)
        world.pass_(5.0)
        if len(seen) == 4:
            trading_tasks.stop(closed.trading_task, "graceful_close")

    assert seen == sorted(seen)
    assert len(set(seen)) > 4
    assert (execution.status, execution.tape_hash) == ("completed", truth.tape_hash)
    closed.refresh_from_db()
    assert closed.status == "stopped"
    assert not verify(closed).rows


def test_a_failed_one_goes_on_where_it_failed(truth: Any, make_trading_task: Any, world: World) -> None:
    execution = like(truth, make_trading_task, bars_per_second=1.0)
    run(execution.pk)
    world.pass_(50.0)
    run(execution.pk)
    lifecycle.fail(execution, "the venue burnt down", {"error_type": "Fire"})

    retried = services.retry(execution)
    run(retried.pk)
    world.pass_(10.0)
    run(retried.pk)
    retried.refresh_from_db()
    assert (retried.task_type, retried.execution_number, retried.processed) == ("trading", 2, 60)
    world.pass_(float(BARS))
    run(retried.pk)

    retried.refresh_from_db()
    assert (retried.status, retried.tape_hash) == ("completed", truth.tape_hash)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("pass"), st.floats(0.0, 40.0)),
        st.tuples(st.sampled_from(["pause", "resume", "kill", "twice"]), st.just(0.0)),
    ),
    max_size=12,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS, clock=st.sampled_from(["bars_per_second", "speed"]), rate=st.floats(0.3, 80.0))
def test_any_speed_any_pause_and_any_death_give_the_back_tests_tape(
    truth: Any, make_trading_task: Any, world: World, steps: Any, clock: str, rate: float
) -> None:
    rate = rate if clock == "bars_per_second" else rate * 60.0
    TradingTask.objects.all().delete()
    execution = like(truth, make_trading_task, **{clock: rate})

    for name, seconds in steps:
        world.pass_(seconds)
        _do(execution, name)
    execution.refresh_from_db()
    if execution.status == "paused":
        lifecycle.resume(execution)
    run(execution.pk)
    world.pass_(BARS / rate * (60.0 if clock == "speed" else 1.0) + 1000.0)
    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "completed"
    assert execution.tape_hash == truth.tape_hash
    assert market_rows(tape_of(execution)) == market_rows(tape_of(truth))


def _do(execution: Execution, name: str) -> None:
    """Play what has come, with something happening meanwhile."""
    execution.refresh_from_db()
    if name == "pause" and execution.status == "running":
        lifecycle.pause(execution)
    elif name == "resume" and execution.status == "paused":
        lifecycle.resume(execution)
    elif name == "kill" and execution.status == "running":
        _die_in_the_middle(execution)
    run(execution.pk)
    if name == "twice":
        run(execution.pk)


def _die_in_the_middle(execution: Execution) -> None:
    """A worker claims it, sees rows, records some of them, and is never heard of again."""
    claim = recorder.claim(execution.pk)
    assert claim is not None
    session = trading.broker_of(claim.execution).session
    feed = trading.pace_of(claim, claim.execution.trading_task)
    there = feed.next()
    if feed.ahead() <= 0:
        rows = session.advance(there)
        due_at = feed.due_at(session.processed)
        args = (session.processed, session.total, session.time, session.snapshot(), None, due_at)
        if not session.finished:
            recorder.record(claim, rows, recorder.Progress(*args))
            session.advance(1)
    let_lapse(execution)
