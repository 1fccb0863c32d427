"""Claim and record: the laws by which no row is lost or doubled, on both databases."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from apps.executions import lifecycle, queue
from apps.executions.models import Checkpoint, Execution, Snapshot
from apps.executions.services import start
from apps.journal.journal import RowJournal
from apps.runner import feeds, recorder, sweep
from apps.runner.recorder import Superseded
from tests.runner.conftest import footprint, let_lapse, market_rows, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
Advance = Callable[..., bool]


def begin(execution: Any) -> tuple[Any, Any]:
    """Take an execution up where it stands."""
    claim = recorder.claim(execution.pk)
    assert claim is not None
    session = feeds.session_of(claim.execution.manifest)
    if snapshot := Snapshot.objects.filter(execution=execution).first():
        session.restore(bytes(snapshot.state))
    return claim, session


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chunks=st.lists(st.tuples(st.integers(1, 120), st.booleans()), min_size=1, max_size=12))
@example(chunks=[(1, False)])
@example(chunks=[(7, True)])
def test_any_chunking_and_any_crash_between_chunks_gives_the_same_tape(
    finished: Any, advance: Advance, chunks: list[tuple[int, bool]]
) -> None:
    execution = start(finished.backtest_task)
    claim, session = begin(execution)

    step = 0
    while True:
        bars, crashes = chunks[step % len(chunks)]
        if advance(claim, session, bars):
            break
        if crashes and step < 15:
            let_lapse(execution)
            claim, session = begin(execution)
        step += 1

    assert tape_of(execution) == tape_of(finished)


def test_heads_checkpoint_and_snapshot_are_of_one_moment(execution: Any, advance: Advance) -> None:
    claim, session = begin(execution)

    for bars in (10, 1, 100):
        advance(claim, session, bars)

        stored = Execution.objects.get(pk=execution.pk)
        assert stored.processed == stored.equity_head == session.processed
        assert Snapshot.objects.get(execution=execution).processed == session.processed
        assert Checkpoint.objects.filter(execution=execution).latest().processed == session.processed
        assert stored.progress == pytest.approx(100 * session.processed / 300)


def test_who_was_taken_over_writes_nothing(execution: Any, advance: Advance) -> None:
    old_claim, old_session = begin(execution)
    advance(old_claim, old_session, 50)
    let_lapse(execution)
    new_claim, new_session = begin(execution)
    before = footprint(execution)

    with pytest.raises(Superseded):
        advance(old_claim, old_session, 50)
    with pytest.raises(Superseded):
        recorder.fail(old_claim, "too late", {})
    recorder.release(old_claim)

    assert footprint(execution) == before
    assert Execution.objects.get(pk=execution.pk).lease_until is not None
    assert not advance(new_claim, new_session, 50)


@pytest.mark.parametrize("end", [lifecycle.pause, lifecycle.stop])
def test_after_a_pause_or_a_stop_nothing_is_written(execution: Any, advance: Advance, end: Any) -> None:
    claim, session = begin(execution)
    advance(claim, session, 50)
    end(Execution.objects.get(pk=execution.pk))
    before = footprint(execution)

    for bars in (1, 1000):
        with pytest.raises(Superseded):
            advance(claim, session, bars)
    with pytest.raises(Superseded):
        recorder.fail(claim, "too late", {})

    assert footprint(execution) == before


def test_after_a_resume_the_tape_goes_on_as_if_nothing_had_been(finished: Any, advance: Advance) -> None:
    execution = start(finished.backtest_task)
    claim, session = begin(execution)
    advance(claim, session, 123)
    lifecycle.pause(execution)
    lifecycle.resume(execution)

    claim, session = begin(execution)
    while not advance(claim, session, 40):
        pass

    assert market_rows(tape_of(execution)) == market_rows(tape_of(finished))


FAILING: dict[str, Callable[[pytest.MonkeyPatch, Any], None]] = {
    "events": lambda patch, fail: patch.setattr(RowJournal, "write", _failing_for("events", RowJournal.write)),
    "trades": lambda patch, fail: patch.setattr(RowJournal, "write", _failing_for("trades", RowJournal.write)),
    "equity": lambda patch, fail: patch.setattr("apps.equity.journal.EquityJournal.write", fail),
    "snapshot": lambda patch, fail: patch.setattr(Snapshot.objects, "bulk_create", fail),
    "checkpoint": lambda patch, fail: patch.setattr(Checkpoint.objects, "create", fail),
    "the end": lambda patch, fail: patch.setattr(lifecycle, "complete", fail),
}


def _failing_for(name: str, write: Any) -> Any:
    def maybe(journal: Any, *arguments: Any) -> None:
        if journal.name == name:
            raise ConnectionError("the line is dead")
        write(journal, *arguments)

    return maybe


@pytest.mark.parametrize("step", FAILING)
def test_a_failing_step_leaves_nothing_of_the_whole(
    execution: Any, advance: Advance, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim, session = begin(execution)
    advance(claim, session, 100)
    before, tape = footprint(execution), tape_of(execution)

    def fail(*arguments: Any, **more: Any) -> None:
        raise ConnectionError("the line is dead")

    with monkeypatch.context() as patch:
        FAILING[step](patch, fail)
        with pytest.raises(ConnectionError):
            advance(claim, session, 1000)

    assert footprint(execution) == before
    assert tape_of(execution) == tape
    claim.execution.refresh_from_db()
    assert claim.execution.status == "running"


def test_a_live_lease_keeps_others_away(execution: Any) -> None:
    assert recorder.claim(execution.pk) is not None

    assert recorder.claim(execution.pk) is None

    assert Execution.objects.get(pk=execution.pk).attempt == 1


def test_recording_renews_the_lease(execution: Any, advance: Advance) -> None:
    claim, session = begin(execution)
    let_lapse(execution)

    advance(claim, session, 10)

    assert recorder.claim(execution.pk) is None


@pytest.mark.parametrize("status", ["paused", "stopped", "completed", "failed"])
def test_what_should_not_run_is_not_claimed(execution: Any, status: str) -> None:
    Execution.objects.filter(pk=execution.pk).update(status=status)
    before = footprint(execution)

    assert recorder.claim(execution.pk) is None

    assert footprint(execution) == before


def test_what_is_not_there_is_not_claimed(db: None) -> None:
    assert recorder.claim(987654321) is None


def test_a_released_execution_is_free_at_once(execution: Any, advance: Advance) -> None:
    claim, session = begin(execution)
    advance(claim, session, 10)

    recorder.release(claim)

    assert sweep.lapsed() == [execution.pk]
    assert recorder.claim(execution.pk) is not None


def test_pausing_often_is_not_losing_workers(execution: Any, advance: Advance) -> None:
    for _ in range(queue.MAX_ATTEMPTS + 5):
        claim, session = begin(execution)
        advance(claim, session, 2)
        lifecycle.pause(claim.execution)
        lifecycle.resume(claim.execution)

    sweep.give_up()

    claim, session = begin(execution)
    assert advance(claim, session, 1000)


def test_an_execution_that_takes_down_every_worker_is_given_up(execution: Any) -> None:
    for _ in range(queue.MAX_ATTEMPTS):
        assert recorder.claim(execution.pk) is not None
        let_lapse(execution)

    assert recorder.claim(execution.pk) is None
    sweep.give_up()

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert execution.error_message
