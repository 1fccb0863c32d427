"""Many executions on feeds need few workers: each waits without one, and is looked after when its row comes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from apps.executions import lifecycle, messages, queue, trading_tasks
from apps.executions.models import Execution
from apps.runner import handover, recorder, run, shifts, sweep, tasks
from tests.runner.clocks import World
from tests.runner.conftest import let_lapse, market_rows, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """In how many seconds the workers were asked to look."""
    seconds: list[float] = []
    monkeypatch.setattr(messages, "send_for_due", seconds.append)
    monkeypatch.setattr(messages, "waiting", lambda: 0)
    return seconds


@pytest.fixture
def waiting(make_trading_task: Any, make_config: Any, import_dataset: Any) -> Callable[..., list[Execution]]:
    """waiting(3): as many executions that have begun, and wait for their first row."""

    def make(count: int, **terms: Any) -> list[Execution]:
        things = {"config": make_config(), "dataset": import_dataset(), "bars_per_second": 1.0, **terms}
        made = []
        for number in range(count):
            execution = trading_tasks.start(make_trading_task(name=f"task {number}", **things))
            run.run(execution.pk)
            made.append(execution)
        return made

    return make


def due_in(execution: Execution, seconds: float, **changes: Any) -> None:
    """Let the row be due then; and nobody have looked since."""
    moment = timezone.now() + timedelta(seconds=seconds)
    Execution.objects.filter(pk=execution.pk).update(due_at=moment, queued_at=None, **changes)


def test_one_that_waits_holds_no_worker_and_stands_in_no_queue(waiting: Any, world: World) -> None:
    (execution,) = waiting(1)

    execution.refresh_from_db()
    assert (execution.status, execution.lease_until, execution.due_at is None) == ("running", None, False)
    assert queue.next_up() is None
    assert recorder.claim_next() is None
    assert execution.pk not in sweep.lapsed()


def test_a_shift_plays_what_has_come_for_everybody(waiting: Any, world: World, woken: list[float]) -> None:
    executions = waiting(5)
    world.pass_(3.0)
    for execution in executions:
        due_in(execution, -1.0)

    shifts.play()

    assert {one.processed for one in Execution.objects.all()} == {3}


def test_of_two_shifts_that_end_one_sends_for_the_next_row(waiting: Any, world: World, woken: list[float]) -> None:
    first, second = waiting(2)
    due_in(first, 3.0)
    due_in(second, 5.0)

    shifts.wake()
    shifts.wake()

    assert len(woken) == 1
    assert 2.0 < woken[0] <= 3.0
    assert Execution.objects.get(pk=first.pk).sent_at is not None


def test_what_is_due_much_later_is_left_to_the_sweep(waiting: Any, world: World, woken: list[float]) -> None:
    (execution,) = waiting(1)
    due_in(execution, shifts.HORIZON_SECONDS + 5.0)

    shifts.wake()

    assert woken == []


def test_a_message_that_was_lost_is_sent_again(waiting: Any, world: World, woken: list[float], settings: Any) -> None:
    (execution,) = waiting(1)
    lost = timezone.now() - timedelta(seconds=2 * settings.RESEND_SECONDS)
    due_in(execution, -1.5 * settings.RESEND_SECONDS, sent_at=lost)

    shifts.wake()

    assert woken == [0.0]


def test_one_whose_worker_died_is_due_again(waiting: Any, world: World, woken: list[float]) -> None:
    (execution,) = waiting(1)
    claim = recorder.claim(execution.pk)
    assert claim is not None
    due_in(execution, -1.0)
    assert shifts.first_due() is None

    let_lapse(execution)

    due = shifts.first_due()
    assert due is not None
    assert due.execution_id == execution.pk


def test_a_paused_one_is_not_due_and_its_clock_rests(waiting: Any, world: World, woken: list[float]) -> None:
    (execution,) = waiting(1)
    lifecycle.pause(execution)
    world.pass_(50.0)
    assert shifts.first_due() is None

    lifecycle.resume(execution)
    claim = recorder.claim_next()
    assert claim is not None
    recorder.release(claim)
    run.run(execution.pk)
    world.pass_(2.0)
    run.run(execution.pk)

    execution.refresh_from_db()
    assert execution.processed == 2


def test_one_that_has_more_to_do_than_it_gets_done_stands_behind_the_others(waiting: Any, world: World) -> None:
    busy, other = waiting(2)
    due_in(busy, -100.0)
    Execution.objects.filter(pk=busy.pk).update(queued_at=timezone.now())
    due_in(other, -1.0)

    due = shifts.first_due()

    assert due is not None
    assert due.execution_id == other.pk


def test_a_worker_that_is_told_to_stop_plays_no_further_row(
    waiting: Any, world: World, woken: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    (execution,) = waiting(1)
    world.pass_(3.0)
    due_in(execution, -1.0)
    monkeypatch.setattr(handover, "is_requested", lambda: True)

    shifts.play()

    assert Execution.objects.get(pk=execution.pk).processed == 0
    assert woken == [0.0]


def test_the_sweep_has_what_is_due_looked_at(waiting: Any, world: World, woken: list[float]) -> None:
    (execution,) = waiting(1)
    due_in(execution, -1.0)

    tasks.send_lapsed_executions()

    assert woken == [0.0]


@pytest.mark.parametrize("message", [tasks.play_due, lambda: tasks.run_execution(987654321)])
def test_any_message_has_what_has_come_played(
    waiting: Any, world: World, woken: list[float], message: Callable[[], None]
) -> None:
    (execution,) = waiting(1)
    world.pass_(3.0)
    due_in(execution, -0.1)

    message()

    assert Execution.objects.get(pk=execution.pk).processed == 3


def test_another_worker_is_called_where_rows_are_late(
    waiting: Any, world: World, woken: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    (execution,) = waiting(1)
    due_in(execution, -5.0)
    played: list[int] = []

    def play(execution_id: int) -> None:
        played.append(execution_id)
        Execution.objects.filter(pk=execution_id).update(status="completed")

    monkeypatch.setattr(shifts, "run", play)
    shifts.play()

    assert (played, woken) == ([execution.pk], [0.0])


def test_by_a_real_clock_several_go_to_their_end_in_shifts(
    make_trading_task: Any, finished: Any, woken: list[float]
) -> None:
    things = {"config": finished.backtest_task.config, "dataset": finished.backtest_task.dataset}
    tasks = [make_trading_task(name=f"task {n}", bars_per_second=600.0 + n, **things) for n in range(4)]
    executions = [trading_tasks.start(task) for task in tasks]
    for execution in executions:
        run.run(execution.pk)

    for _ in range(200):
        shifts.play()
        if not Execution.objects.filter(status="running").exists():
            break

    for execution in executions:
        execution.refresh_from_db()
        assert execution.status == "completed"
        assert execution.tape_hash == finished.tape_hash
        assert market_rows(tape_of(execution)) == market_rows(tape_of(finished))
