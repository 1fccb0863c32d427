"""A run from claim to end: what it writes, how it fails, what a second delivery does."""

from typing import Any

import pytest

from apps.executions import lifecycle
from apps.executions.models import Execution
from apps.executions.services import start
from apps.runner import recorder, tasks
from apps.runner.run import run
from tests.conftest import random_bars
from tests.runner.conftest import footprint, let_lapse, tape_of

pytestmark = pytest.mark.django_db


def test_a_start_is_sent_when_it_is_committed(
    make_task: Any, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    task = make_task()

    with django_capture_on_commit_callbacks() as waiting:
        execution = start(task)
        assert sent == []
    for callback in waiting:
        callback()

    assert sent == [execution.pk]
    assert Execution.objects.get(pk=execution.pk).sent_at is not None


def test_a_broker_that_is_away_does_not_undo_a_start(
    make_task: Any, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    from celery import current_app
    from kombu.exceptions import OperationalError

    def refuse(*arguments: Any, **more: Any) -> None:
        raise OperationalError("nobody there")

    monkeypatch.setattr(current_app, "send_task", refuse)
    with django_capture_on_commit_callbacks(execute=True):
        execution = start(make_task())

    assert Execution.objects.get(pk=execution.pk).status == "created"


def test_equal_manifests_give_equal_tapes(finished: Any) -> None:
    second = start(finished.backtest_task)
    run(second.pk)

    second.refresh_from_db()
    assert second.manifest == finished.manifest
    assert tape_of(second) == tape_of(finished)


def test_a_second_delivery_changes_nothing(finished: Any) -> None:
    before = footprint(finished)

    run(finished.pk)
    tasks.run_execution(finished.pk)

    assert footprint(finished) == before


def test_a_message_for_what_was_deleted_is_ignored(db: None) -> None:
    run(987654321)


def test_data_that_is_gone_fails_the_run_in_words(make_task: Any, import_dataset: Any, settings: Any) -> None:
    from pathlib import Path

    execution = start(make_task(dataset=import_dataset(random_bars(50, seed=99))))  # rows that no other test stores
    content_hash = execution.dataset_version.content_hash
    (path,) = [path for path in Path(settings.DATA_DIR).rglob("*") if content_hash in path.name]
    path.unlink()

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert execution.error_message
    assert execution.completed_at is not None


def test_hours_without_a_bar_fail_the_run_in_words(make_task: Any) -> None:
    execution = start(make_task(session="12:00-13:00 UTC"))

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert "12:00-13:00 UTC" in execution.error_message


def test_our_own_fault_fails_the_run_without_its_inside(execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(manifest: Any) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("apps.runner.feeds.session_of", explode)

    run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "failed"
    assert "secret" not in execution.error_message


def test_a_database_that_is_away_fails_no_run(execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.db import OperationalError

    def away(*arguments: Any, **more: Any) -> None:
        raise OperationalError("server closed the connection")

    monkeypatch.setattr(recorder, "record", away)
    with pytest.raises(OperationalError):
        run(execution.pk)

    execution.refresh_from_db()
    assert execution.status == "running"


def test_a_run_that_is_stopped_while_it_fails_ends_quietly(execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop_and_explode(manifest: Any) -> None:
        lifecycle.stop(Execution.objects.get(pk=execution.pk))
        raise RuntimeError("too late to matter")

    monkeypatch.setattr("apps.runner.feeds.session_of", stop_and_explode)

    run(execution.pk)

    execution.refresh_from_db()
    assert (execution.status, execution.error_message) == ("stopped", None)


def test_a_paced_run_ends_like_any_other(finished: Any) -> None:
    from apps.executions.services import update_backtest_task

    update_backtest_task(finished.backtest_task, bars_per_second=5000.0)
    paced = start(finished.backtest_task)

    run(paced.pk)

    assert tape_of(paced) == tape_of(finished)


def test_a_lost_worker_costs_no_row(finished: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    execution = start(finished.backtest_task)
    real, calls = recorder.record, []

    def die_after_three(*arguments: Any, **more: Any) -> None:
        calls.append(arguments)
        if len(calls) == 3:
            raise SystemExit
        real(*arguments, **more)

    monkeypatch.setattr("apps.runner.pace.FIRST_CHUNK_BARS", 20)
    monkeypatch.setattr("apps.runner.run.Pace.next", lambda pace: 20)
    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", die_after_three)
        with pytest.raises(SystemExit):
            run(execution.pk)
    assert Execution.objects.get(pk=execution.pk).processed == 40

    let_lapse(execution)
    run(execution.pk)

    assert Execution.objects.get(pk=execution.pk).attempt == 2
    assert tape_of(execution) == tape_of(finished)
