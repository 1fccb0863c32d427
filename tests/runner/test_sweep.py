"""The sweep sends what should run and does not: once each, whatever queues, clocks and other sweeps do."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone

from apps.executions import messages, queue
from apps.executions.models import Execution
from apps.executions.services import start
from apps.runner import recorder, sweep, tasks
from tests.runner.conftest import let_lapse
from tests.runner.test_recorder import begin

pytestmark = [pytest.mark.storage, pytest.mark.django_db]


def test_the_sweep_sends_what_should_run_and_does_not(
    make_task: Any, make_config: Any, import_dataset: Any, sent: list[int], django_capture_on_commit_callbacks: Any
) -> None:
    config, dataset = make_config(), import_dataset()
    names = ("never sent", "sent just now", "sent long ago", "worker silent", "worker alive", "paused", "stopped")
    by_name = {name: start(make_task(name=name, config=config, dataset=dataset)) for name in names}

    def change(name: str, **values: Any) -> None:
        Execution.objects.filter(pk=by_name[name].pk).update(**values)

    now, long_ago = timezone.now(), timezone.now() - timedelta(hours=1)
    Execution.objects.update(sent_at=None)
    change("sent just now", sent_at=now)
    change("sent long ago", sent_at=long_ago)
    change("worker silent", status="running", sent_at=long_ago, lease_until=now - timedelta(seconds=1))
    change("worker alive", status="running", sent_at=long_ago, lease_until=now + timedelta(minutes=1))
    change("paused", status="paused")
    change("stopped", status="stopped")

    with django_capture_on_commit_callbacks(execute=True):
        tasks.send_lapsed_executions()

    assert sent == [by_name[name].pk for name in ("never sent", "sent long ago", "worker silent")]
    sent.clear()
    with django_capture_on_commit_callbacks(execute=True):
        tasks.send_lapsed_executions()
    assert sent == []


def test_what_waits_in_a_long_queue_is_not_sent_twice(
    make_task: Any, sent: list[int], monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    task = make_task()
    with django_capture_on_commit_callbacks(execute=True):
        execution = start(task)
    sent.clear()
    a_while_ago = timezone.now() - timedelta(seconds=60)
    long_ago = timezone.now() - timedelta(seconds=sweep.QUEUE_SECONDS + 1)

    def due(waiting: int, **changes: Any) -> list[int]:
        monkeypatch.setattr(messages, "waiting", lambda: waiting)
        Execution.objects.filter(pk=execution.pk).update(**changes)
        return sweep.lapsed()

    assert due(0, sent_at=a_while_ago) == [execution.pk]
    assert due(3, sent_at=a_while_ago) == []
    assert due(3, sent_at=long_ago) == [execution.pk]
    assert due(3, sent_at=a_while_ago, status="running", lease_until=a_while_ago) == [execution.pk]  # its worker died


def test_the_broker_is_asked_how_many_messages_wait(execution: Any) -> None:
    from celery import current_app

    with current_app.connection_for_write() as line:
        line.SimpleQueue(messages.QUEUE).clear()  # the broker in memory keeps what other tests sent
        assert messages.waiting() == 0
        line.SimpleQueue(messages.QUEUE).put({"hello": 1})
        waiting = messages.waiting()
        line.SimpleQueue(messages.QUEUE).clear()

    assert waiting == 1
    assert messages.waiting() == 0


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_jumps_leaves_nothing_behind(execution: Any, hours: int, settings: Any) -> None:
    """The database's clock jumps by some hours: its rows seem to be of another time, and their workers are gone."""
    claim, _ = begin(execution)
    stored = Execution.objects.get(pk=execution.pk)
    assert stored.lease_until is not None
    jump = timedelta(hours=hours)
    Execution.objects.filter(pk=execution.pk).update(
        lease_until=stored.lease_until - jump, sent_at=timezone.now() - jump
    )

    assert sweep.lapsed() == [execution.pk]
    again = recorder.claim(execution.pk)

    assert again is not None
    assert again.attempt == claim.attempt + 1


def test_a_clock_that_jumps_takes_nothing_from_a_worker_that_lives(execution: Any, advance: Any) -> None:
    claim, session = begin(execution)
    advance(claim, session, 50)
    Execution.objects.filter(pk=execution.pk).update(lease_until=timezone.now() - timedelta(hours=1))

    recorder.renew(claim)

    assert recorder.claim(execution.pk) is None
    assert not advance(claim, session, 50)


def test_a_recorded_chunk_makes_up_for_the_workers_lost_before(execution: Any, advance: Any) -> None:
    for _ in range(queue.MAX_ATTEMPTS - 1):
        assert recorder.claim(execution.pk) is not None
        let_lapse(execution)
    claim, session = begin(execution)
    advance(claim, session, 1)
    let_lapse(execution)

    sweep.give_up()

    assert Execution.objects.get(pk=execution.pk).status == "running"
    assert recorder.claim(execution.pk) is not None


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_send_each_execution_once(make_task: Any, make_config: Any, import_dataset: Any) -> None:
    if not connection.features.has_select_for_update_skip_locked:
        pytest.skip("SQLite lets one write at a time: the second sweep waits, and finds nothing left.")
    config, dataset = make_config(), import_dataset()
    ids = [start(make_task(name=str(number), config=config, dataset=dataset)).pk for number in range(3)]
    Execution.objects.update(sent_at=None)
    sent: list[int] = []

    def other_sweep() -> None:
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(messages, "send", sent.append)
                sweep.send_lapsed()
        finally:
            connection.close()

    with transaction.atomic():  # one sweep has just begun with the first two …
        list(Execution.objects.filter(pk__in=ids[:2]).select_for_update())
        other = threading.Thread(target=other_sweep)
        other.start()
        other.join(20)

    assert sent == ids[2:]  # … and the other one does not wait for it
