"""The database goes away, is locked or full in the middle of a run: it goes on, and no row is lost or doubled."""

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction

from apps.executions import services
from apps.executions.models import Execution, Snapshot
from apps.executions.services import start
from apps.runner import recorder
from apps.runner.run import run
from tests.conftest import random_bars
from tests.runner.conftest import footprint, let_lapse, market_rows, tape_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 20)


@pytest.fixture
def at_record(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """at_record(n, deed): do this just before the end of the transaction that is the n-th to ring the bell."""
    from apps.journal import doorbell

    real, rung, deeds = doorbell.ring, [0], dict[int, Callable[[], None]]()

    def ring(execution_id: int) -> None:
        real(execution_id)
        rung[0] += 1
        if deed := deeds.pop(rung[0], None):
            deed()

    monkeypatch.setattr(recorder.doorbell, "ring", ring)
    return deeds.__setitem__


def on_postgresql() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("There is no server whose connection could break.")


def in_another_thread(deed: Callable[[], None]) -> threading.Thread:
    def go() -> None:
        try:
            deed()
        finally:
            connection.close()

    thread = threading.Thread(target=go)
    thread.start()
    return thread


def execute(statement: str, *parameters: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)


def cut(process: int) -> None:
    in_another_thread(lambda: execute("SELECT pg_terminate_backend(%s)", process)).join()


def backend() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_connection_that_is_cut_in_a_record_costs_no_row(finished: Any, at_record: Any) -> None:
    on_postgresql()
    execution = start(finished.backtest_task)
    for number in (2, 4, 5, 9):  # the bell first rings at the beginning
        at_record(number, lambda: cut(backend()))

    run(execution.pk)

    assert Execution.objects.get(pk=execution.pk).attempt == 1
    assert tape_of(execution) == tape_of(finished)


@pytest.mark.parametrize("number", [2, 15])
def test_a_commit_whose_answer_is_lost_is_not_repeated(
    finished: Any, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server commits, and the line breaks before it can say so; the 15th record is that of the last chunk."""
    execution = start(finished.backtest_task)
    wrapper_class = type(connections["default"])
    real, committed = wrapper_class._commit, [0]
    records: list[int] = []
    real_record = recorder.record

    def record(*arguments: Any, **more: Any) -> None:
        records.append(1)
        real_record(*arguments, **more)

    def commit(wrapper: Any) -> None:
        is_record = len(records) == number and not committed[0] and wrapper.in_atomic_block is False
        real(wrapper)
        if is_record and threading.current_thread() is threading.main_thread():
            committed[0] += 1
            if wrapper.vendor == "postgresql":
                wrapper.connection.close()
            raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr(recorder, "record", record)
    monkeypatch.setattr(wrapper_class, "_commit", commit)
    run(execution.pk)

    assert committed == [1]
    assert len(records) == 16  # 300 bars by twenties, and the one that found itself done
    assert Execution.objects.get(pk=execution.pk).status == "completed"
    assert tape_of(execution) == tape_of(finished)


def test_who_was_taken_over_while_the_database_was_away_writes_nothing(
    finished: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    execution = start(finished.backtest_task)
    real, calls, seen = recorder.record, [], []

    def away_at_the_third(*arguments: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) == 3:
            let_lapse(execution)
            assert recorder.claim(execution.pk) is not None
            seen.append(footprint(execution))
            raise OperationalError("server closed the connection unexpectedly")
        real(*arguments, **more)

    monkeypatch.setattr(recorder, "record", away_at_the_third)
    run(execution.pk)

    assert len(calls) == 4
    assert [footprint(execution)] == seen
    assert Execution.objects.get(pk=execution.pk).processed == 40


def test_a_row_that_is_locked_for_long_only_delays_the_run(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    on_postgresql()
    execution = start(finished.backtest_task)
    held, errors = threading.Event(), []
    real = recorder.record

    def hold() -> None:
        with transaction.atomic():
            Execution.objects.select_for_update().get(pk=execution.pk)
            held.set()
            time.sleep(1.0)

    def record(*arguments: Any, **more: Any) -> None:
        try:
            real(*arguments, **more)
        except OperationalError as error:
            errors.append(str(error))
            raise

    monkeypatch.setattr(recorder, "record", record)
    claim, lines = recorder.claim, []

    def claim_and_be_locked(execution_id: int) -> Any:
        made = claim(execution_id)
        execute("SET lock_timeout = '200ms'")
        lines.append(in_another_thread(hold))
        assert held.wait(10)
        return made

    monkeypatch.setattr(recorder, "claim", claim_and_be_locked)
    run(execution.pk)
    lines[0].join()
    connection.close()

    assert errors
    assert all("lock timeout" in error for error in errors)
    assert tape_of(execution) == tape_of(finished)


def test_a_full_disk_is_waited_for(make_task: Any, import_dataset: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("Only SQLite can be told how many pages it may have.")
    task = make_task(dataset=import_dataset(random_bars(3000)))
    whole, execution = start(task), None
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 500)
    run(whole.pk)
    execution = start(task)
    execute("VACUUM")  # no page of an earlier test stands empty
    real, errors = recorder.record, []

    def record(*arguments: Any, **more: Any) -> None:
        if not errors:
            execute("PRAGMA max_page_count = 1")  # SQLite takes the number of pages there are
            filled = footprint(execution)
        try:
            real(*arguments, **more)
        except OperationalError as error:
            errors.append(str(error))
            assert footprint(execution) == filled
            raise

    def room_again(seconds: float) -> None:
        execute("PRAGMA max_page_count = 1000000")

    monkeypatch.setattr(recorder, "record", record)
    monkeypatch.setattr("apps.runner.patience.time.sleep", room_again)
    run(execution.pk)

    assert errors == ["database or disk is full"]
    assert market_rows(tape_of(execution)) == market_rows(tape_of(whole))


def test_a_disk_that_stays_full_leaves_the_execution_to_the_sweep(
    finished: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from apps.runner import sweep

    execution = start(finished.backtest_task)
    real, calls = recorder.record, []

    def full(*arguments: Any, **more: Any) -> None:
        calls.append(1)
        if len(calls) > 3:
            raise OperationalError("could not extend file: No space left on device")
        real(*arguments, **more)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", full)
        patch.setattr("apps.runner.patience.PATIENCE_SECONDS", 0.3)
        with pytest.raises(OperationalError, match="No space left"):
            run(execution.pk)

    execution.refresh_from_db()
    assert (execution.status, execution.processed, execution.lease_until) == ("running", 60, None)
    assert sweep.lapsed() == [execution.pk]
    assert "execution left to the sweep" in caplog.text
    run(execution.pk)
    execution.refresh_from_db()
    assert (execution.status, execution.workers_lost) == ("completed", 0)
    assert tape_of(execution) == tape_of(finished)


def test_a_snapshot_of_another_moment_is_not_gone_on_from(finished: Any) -> None:
    execution = services.start(finished.backtest_task)
    claim = recorder.claim(execution.pk)
    assert claim is not None
    recorder.release(claim)
    other = Snapshot.objects.get(execution=finished)
    Snapshot.objects.create(execution=execution, processed=other.processed, state=bytes(other.state))

    run(execution.pk)

    execution.refresh_from_db()
    assert (execution.status, execution.equity_head) == ("failed", 0)
