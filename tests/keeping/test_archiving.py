"""Nothing that happens while an execution is archived loses or doubles a row, or keeps anybody waiting."""

import threading
import time
from typing import Any

import pytest
from django.db import connection, transaction

from apps.errors import Conflict
from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.rowfile import RowFileWriter
from apps.keeping import archiving, leftovers, retention
from apps.keeping.archiving import NotArchived, archive_execution
from apps.keeping.models import Leftover
from apps.keeping.tables import TABLES
from tests.keeping.conftest import reading_of, table_rows

pytestmark = pytest.mark.storage


def test_an_execution_that_is_not_over_is_not_archived(execution):
    with pytest.raises(NotArchived, match="is created"):
        archive_execution(execution)

    assert not archive.path_of(execution.pk).exists()


@pytest.mark.parametrize("name", ["events", "equity blocks"])
def test_rows_that_are_not_what_was_recorded_stay_where_they_are(finished, name):
    Execution.objects.filter(pk=finished.pk).update(tape_hash="")  # the rows alone have to tell
    table = next(table for table in TABLES if table.name == name)
    table.of(finished.pk).filter(sequence=1).delete()
    finished.refresh_from_db()

    with pytest.raises(NotArchived, match=name):
        archive_execution(finished)

    finished.refresh_from_db()
    assert finished.archived_at is None
    assert not archive.path_of(finished.pk).exists()


def test_a_tape_that_does_not_fit_its_hash_stays_where_it_is(finished):
    from apps.trades.models import Trade

    trade = Trade.objects.filter(execution=finished, sequence=2)
    trade.update(body=trade.get().body.replace('"pnl":"', '"pnl":"1'))

    with pytest.raises(NotArchived, match="verify it"):
        archive_execution(finished)

    assert table_rows(finished) > 0


class Crash(BaseException):
    """The process is gone; nothing catches it."""


def crash(*args: Any, **more: Any) -> None:
    raise Crash


@pytest.mark.parametrize(
    ("where", "what"),
    [
        (archiving, "_write_table"),
        (RowFileWriter, "finish"),
        (archiving, "_compare"),
        (archiving, "sync_folder"),
        (archiving, "_switch"),
        (leftovers, "remember"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_crash_before_the_switch_leaves_the_tables_as_they_were(finished, monkeypatch, where, what):
    before, rows = reading_of(finished), table_rows(finished)

    with monkeypatch.context() as patch:
        patch.setattr(where, what, crash)
        with pytest.raises(Crash):
            archive_execution(finished)
        finished.refresh_from_db()

    assert finished.archived_at is None
    assert (reading_of(finished), table_rows(finished)) == (before, rows)

    archive_execution(finished)
    leftovers.sweep()
    assert (reading_of(finished), table_rows(finished)) == (before, 0)


@pytest.mark.parametrize("batches", [0, 1, 2, 5])
def test_a_crash_while_rows_are_swept_leaves_the_file_and_the_next_sweep_ends_it(finished, monkeypatch, batches):
    from apps.keeping import tables

    before = reading_of(finished)
    monkeypatch.setattr(tables, "DELETE_ROWS", 10)
    archive_execution(finished)
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > batches:
            raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(tables.time, "sleep", sleep)
        with pytest.raises(Crash):
            leftovers.sweep()

    assert table_rows(finished) > 0
    assert reading_of(finished) == before
    leftovers.sweep()
    assert (reading_of(finished), table_rows(finished)) == (before, 0)


def test_what_was_in_the_tables_before_the_switch_is_readable_there_until_readers_are_done(finished, monkeypatch):
    monkeypatch.setattr(archiving, "READERS_SECONDS", 60.0)
    rows = table_rows(finished)

    archive_execution(finished)
    leftovers.sweep()

    assert table_rows(finished) == rows


def test_rows_of_a_living_execution_are_never_swept(finished):
    rows = table_rows(finished)
    leftovers.remember(finished.pk)

    assert leftovers.sweep() == 0

    assert table_rows(finished) == rows
    assert not Leftover.objects.exists()


def test_an_execution_deleted_while_it_is_archived_leaves_nothing(finished, monkeypatch):
    switch = archiving._switch

    def delete_first(execution: Any, path: Any) -> None:
        Execution.objects.get(pk=execution.pk).delete()
        switch(execution, path)

    monkeypatch.setattr(archiving, "_switch", delete_first)
    with pytest.raises(NotArchived, match="meanwhile"):
        archive_execution(finished)
    leftovers.sweep()

    assert not archive.path_of(finished.pk).exists()
    assert table_rows(finished) == 0


def test_an_execution_is_archived_once(archived):
    with pytest.raises(NotArchived):
        archive_execution(archived)

    assert archive.path_of(archived.pk).exists()


def test_a_failed_one_that_a_retry_still_copies_stays_in_the_tables(finished):
    Execution.objects.filter(pk=finished.pk).update(status="failed")
    Execution.objects.create(
        owner=finished.owner,
        task_type=finished.task_type,
        execution_number=9,
        dataset_version=finished.dataset_version,
        manifest=finished.manifest,
        retry_of=finished,
    )
    finished.refresh_from_db()

    with pytest.raises(NotArchived):
        archive_execution(finished)

    assert not retention.Policy(archive_over=1).to_archive().exists()


@pytest.mark.django_db(transaction=True)
def test_others_read_and_write_while_rows_are_archived_and_swept(finished, ended, monkeypatch):
    """Nobody waits longer for a lock than a batch takes; the bound leaves room for a busy machine."""
    from apps.keeping import tables

    monkeypatch.setattr(tables, "DELETE_ROWS", 10)
    other, stop, waits, errors = ended(), threading.Event(), [], []

    def use() -> None:
        try:
            while not stop.is_set():
                started = time.monotonic()
                with transaction.atomic():
                    Execution.objects.select_for_update().get(pk=finished.pk)
                    Execution.objects.filter(pk=other.pk).update(worker="somebody")
                reading_of(finished)
                waits.append(time.monotonic() - started)
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    user = threading.Thread(target=use)
    user.start()
    try:
        archive_execution(finished)
        leftovers.sweep()
    finally:
        stop.set()
        user.join()

    assert errors == []
    assert max(waits) < 2.0
    assert table_rows(finished) == 0


def test_two_runs_at_once_are_one(ended):
    ended(days=9)

    with archiving.alone("retention"), pytest.raises(Conflict, match="at it"):
        retention.carry_out(retention.Policy(archive_after=5), print)
