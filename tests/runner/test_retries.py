"""A retry goes on from the last snapshot of what failed: its tape is that of a run that was never disturbed."""

from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.engine import strategies
from apps.engine.strategy import Strategy
from apps.errors import Conflict
from apps.executions import lifecycle, services
from apps.executions.models import Execution, Snapshot
from apps.executions.services import start
from apps.runner import handover, recorder, retries
from apps.runner.run import run
from apps.runner.tape import hash_of
from tests.runner.conftest import let_lapse, market_rows, tape_of
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


class Moody(Strategy):
    """Trades at every third bar; at one bar it fails, unless somebody has cheered it up."""

    fails_at: ClassVar[int | None] = None

    def on_bar(self) -> None:
        if self.index % 3 == 0:
            (self.sell if self.position > 0 else self.buy)(1)
        if self.index == Moody.fails_at:
            raise ZeroDivisionError("not today")


@pytest.fixture
def moody(make_task: Any, make_config: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The task of a strategy that fails at the bar `Moody.fails_at`, if at all."""
    monkeypatch.setattr(strategies, "all", lambda: {"moody": Moody})
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 40)
    monkeypatch.setattr(Moody, "fails_at", None)
    return make_task(config=make_config(strategy_type="moody", parameters={}))


def failed(task: Any, bar: int) -> Any:
    Moody.fails_at = bar
    execution = start(task)
    run(execution.pk)
    Moody.fails_at = None
    execution.refresh_from_db()
    assert execution.status == "failed"
    return execution


def undisturbed(task: Any) -> Any:
    execution = start(task)
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed", execution.error_message
    return execution


def test_a_failure_names_file_line_bar_and_time_and_keeps_the_rows_before_it(moody: Any) -> None:
    execution = failed(moody, 131)

    assert execution.failure == {
        "error_type": "ZeroDivisionError",
        "file": __file__,
        "line": Moody.on_bar.__code__.co_firstlineno + 4,
        "bar": 131,
        "time": "2024-01-01T02:11:00Z",
    }
    for part in (__file__, f"line {execution.failure['line']}", "bar 131", "2024-01-01 02:11", "not today"):
        assert part in execution.error_message
    tape = tape_of(execution)
    assert tape.heads[2] == execution.processed == 131
    assert Snapshot.objects.get(execution=execution).processed == 120  # the last good one
    assert [row["event_type"] for row in tape.events][-2:] == ["error_occurred", "status_changed"]
    assert tape.events[-2]["event"]["context"]["bar"] == 131


@pytest.mark.parametrize("bar", [0, 1, 39, 40, 130, 299])
def test_a_retry_gives_the_tape_of_an_undisturbed_run(moody: Any, bar: int) -> None:
    whole = undisturbed(moody)
    broken = failed(moody, bar)

    retried = services.retry(broken)
    run(retried.pk)

    retried.refresh_from_db()
    assert (retried.status, retried.execution_number, retried.retry_of) == ("completed", 3, broken)
    assert (retried.manifest, retried.manifest_hash) == (broken.manifest, broken.manifest_hash)
    assert tape_of(retried) == tape_of(whole)  # changes of status and all numbers included
    assert retried.tape_hash == whole.tape_hash == hash_of(retried)
    assert retried.checkpoints.latest().metrics == whole.checkpoints.latest().metrics


def test_a_retry_begins_behind_the_copied_rows(moody: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    retried = services.retry(failed(moody, 130))
    claim = recorder.claim(retried.pk)
    assert claim is not None

    assert retries.carry_over(claim)

    retried.refresh_from_db()
    assert (claim.processed, retried.processed, retried.equity_head) == (120, 120, 120)
    assert retried.progress == pytest.approx(40.0)
    assert Snapshot.objects.get(execution=retried).events_head == retried.events_head


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(piece=st.integers(1, 30), disturbances=st.lists(st.sampled_from(["lost", "paused", "none"]), max_size=6))
def test_a_copy_that_is_disturbed_between_two_pieces_is_gone_on_with(
    moody: Any, piece: int, disturbances: list[str]
) -> None:
    whole, broken = undisturbed(moody), failed(moody, 130)
    retried = services.retry(broken)
    waiting = list(disturbances)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retries, "PIECE_ROWS", piece)
        patch.setattr(retries, "PIECE_POINTS", 3 * piece)
        for disturbance in waiting:
            claim = recorder.claim(retried.pk)
            assert claim is not None
            calls: list[int] = []

            def is_requested(calls: list[int] = calls) -> bool:
                calls.append(1)
                return len(calls) > 3

            with pytest.MonkeyPatch.context() as inner:
                inner.setattr(handover, "is_requested", is_requested)
                retries.carry_over(claim)
            if disturbance == "paused":
                stored = Execution.objects.get(pk=retried.pk)
                lifecycle.pause(stored)
                with pytest.raises(recorder.Superseded):
                    recorder.hold(claim)
                lifecycle.resume(stored)
            elif disturbance == "lost":
                let_lapse(retried)
            else:
                recorder.release(claim)
        run(retried.pk)

    retried.refresh_from_db()
    assert retried.status == "completed", retried.error_message
    assert market_rows(tape_of(retried)) == market_rows(tape_of(whole))
    assert retried.tape_hash == whole.tape_hash


def test_who_was_taken_over_copies_nothing(moody: Any) -> None:
    retried = services.retry(failed(moody, 130))
    old = recorder.claim(retried.pk)
    assert old is not None
    let_lapse(retried)
    assert recorder.claim(retried.pk) is not None

    with pytest.raises(recorder.Superseded):
        retries.carry_over(old)

    assert tape_of(retried).heads == (1, 0, 0)


def test_a_damaged_tape_is_not_gone_on_from(moody: Any) -> None:
    from apps.trades.models import Trade

    broken = failed(moody, 130)
    retried = services.retry(broken)
    trade = Trade.objects.filter(execution=broken).order_by("sequence")[2:3].get()
    Trade.objects.filter(execution=broken, sequence=trade.sequence).update(
        body=trade.body.replace('"pnl":"', '"pnl":"1')
    )

    run(retried.pk)

    retried.refresh_from_db()
    assert retried.status == "failed"
    assert "restart the task" in retried.error_message
    assert retried.failure == {"error_type": "TapeIncomplete"}


def test_a_retry_of_what_was_deleted_meanwhile_begins_at_the_first_bar(moody: Any) -> None:
    whole, broken = undisturbed(moody), failed(moody, 130)
    retried = services.retry(broken)
    broken.delete()

    run(retried.pk)

    assert tape_of(retried) == tape_of(whole)


def test_a_retry_that_fails_can_be_retried(moody: Any) -> None:
    whole, broken = undisturbed(moody), failed(moody, 130)
    again = services.retry(broken)
    Moody.fails_at = 250
    run(again.pk)
    Moody.fails_at = None
    again.refresh_from_db()
    assert again.failure["bar"] == 250

    third = services.retry(again)
    run(third.pk)

    assert market_rows(tape_of(third)) == market_rows(tape_of(whole))


@pytest.mark.parametrize("end", ["completed", "stopped", "running"])
def test_only_what_failed_is_retried(moody: Any, end: str) -> None:
    execution = start(moody)
    if end == "completed":
        run(execution.pk)
    else:
        begin(execution)
    if end == "stopped":
        lifecycle.stop(execution)

    with pytest.raises(Conflict, match=end):
        services.retry(execution)

    assert Execution.objects.count() == 1
