"""The policy takes what is old and nothing else; what is deleted is gone with all that belonged to it."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.executions.models import Checkpoint, Execution, Snapshot
from apps.journal import archive
from apps.keeping import leftovers, retention
from apps.keeping.models import Leftover
from apps.keeping.retention import Policy
from apps.keeping.tables import TABLES
from tests.keeping.conftest import age, reading_of, table_rows

pytestmark = pytest.mark.storage


def said(*arguments: str) -> str:
    out = io.StringIO()
    call_command("retention", *arguments, stdout=out)
    return out.getvalue()


def test_only_what_ended_long_enough_ago_is_archived(ended):
    old, new = ended(days=91), ended(days=89)
    before = reading_of(old)

    said("--archive-after=90")

    assert [row.archived_at is not None for row in Execution.objects.order_by("pk")] == [True, False]
    assert (table_rows(old), reading_of(old)) == (0, before)
    assert table_rows(new) > 0


def test_the_newest_of_each_user_stay_in_the_tables(ended):
    runs = [ended() for _ in range(4)]

    said("--archive-over=2")

    archived = Execution.objects.exclude(archived_at=None).values_list("pk", flat=True)
    assert set(archived) == {runs[0].pk, runs[1].pk}


def test_deleting_by_age_leaves_nothing_of_an_execution(ended):
    old, archived, new = ended(days=400), ended(days=500), ended(days=100)
    said("--archive-after=450")
    assert archive.path_of(archived.pk).exists()

    said("--delete-after=365")

    assert list(Execution.objects.all()) == [new]
    assert table_rows(old) == table_rows(archived) == 0
    assert not archive.path_of(archived.pk).exists()
    for model in (Checkpoint, Snapshot):
        assert not model.objects.exclude(execution=new).exists()
    assert not Leftover.objects.exists()


def test_what_still_runs_or_waits_is_never_touched(execution):
    for status in ("created", "running", "paused"):
        Execution.objects.filter(pk=execution.pk).update(status=status)
        age(execution, 1000)

        said("--archive-after=1", "--delete-after=1", "--archive-over=1")

        execution.refresh_from_db()
        assert execution.archived_at is None


def test_by_default_nothing_is_archived_or_deleted(ended):
    old = ended(days=10_000)

    said()

    old.refresh_from_db()
    assert old.archived_at is None


def test_a_rehearsal_says_what_would_be_and_changes_nothing(ended):
    first, second = ended(days=400), ended(days=100)
    rows = table_rows(first) + table_rows(second)

    text = said("--delete-after=365", "--archive-after=90", "--dry-run")

    assert f"execution {first.pk} would be deleted" in text
    assert f"execution {second.pk} would be archived" in text
    assert f"1 executions would be archived, 1 would be deleted: {rows} rows of" in text
    assert table_rows(first) + table_rows(second) == rows
    assert Execution.objects.filter(archived_at=None).count() == 2


def test_an_execution_that_cannot_be_archived_does_not_keep_the_others_from_it(ended):
    broken, whole = ended(days=100), ended(days=100)
    TABLES[1].of(broken.pk).filter(sequence=1).delete()

    with pytest.raises(CommandError, match="1 executions stay as they are"):
        said("--archive-after=90")

    whole.refresh_from_db()
    broken.refresh_from_db()
    assert whole.archived_at is not None
    assert broken.archived_at is None
    assert table_rows(broken) > 0


def test_a_run_whose_time_is_over_leaves_the_rest_to_the_next(ended):
    first, second = ended(days=100), ended(days=99)

    report = retention.carry_out(Policy(archive_after=90), print, seconds=0.0)

    assert (report.archived, Execution.objects.filter(archived_at=None).count()) == (0, 2)
    assert retention.carry_out(Policy(archive_after=90), print).archived == 2
    assert {first.pk, second.pk} == set(Leftover.objects.values_list("pk", flat=True))


@pytest.mark.parametrize("argument", ["--archive-after=-1", "--delete-after=soon", "--archive-over=99999999"])
def test_a_wrong_number_is_refused_in_words(db, argument):
    with pytest.raises(CommandError, match="whole number from 0 to"):
        said(argument)


def test_files_that_belong_to_nothing_are_swept(ended, data_dir, import_dataset):
    archived = ended(days=100)
    said("--archive-after=90")
    dataset = import_dataset()
    stray_bars = data_dir / "market" / "ab" / f"ab{'0' * 62}.npy"
    strays = [data_dir / "archive" / "77.zip", data_dir / "archive" / "8abc.part", stray_bars]
    strays.append(data_dir / "market" / "ab" / "tmp123.part")
    stray_bars.parent.mkdir(exist_ok=True)
    for path in strays:
        path.write_bytes(b"left over")
    kept = [path for path in data_dir.rglob("*") if path.is_file() and path not in strays]

    assert "4 stray files removed" in said()

    assert [path for path in data_dir.rglob("*") if path.is_file()] == kept
    assert archive.path_of(archived.pk).exists()
    assert dataset.versions.exists()


# Deletion by people


def test_a_deleted_execution_is_gone_at_once_and_its_rows_are_swept(finished, api):
    address = f"/api/trading/executions/{finished.pk}/"

    answer = api.delete(address)

    assert answer.status_code == 204
    assert api.get(address).status_code == api.get(f"{address}events/").status_code == 404
    assert leftovers.sweep() > 0
    assert table_rows(finished) == 0
    assert not Leftover.objects.exists()


def test_an_execution_that_is_not_over_cannot_be_deleted(execution, api):
    answer = api.delete(f"/api/trading/executions/{execution.pk}/")

    assert answer.status_code == 409
    assert "Stop it first" in answer.json()["error"]
    assert Execution.objects.filter(pk=execution.pk).exists()


def test_nobody_else_deletes_an_execution(finished, stranger_api, anonymous_api):
    address = f"/api/trading/executions/{finished.pk}/"

    assert stranger_api.delete(address).status_code == 403
    assert anonymous_api.delete(address).status_code == 401
    assert Execution.objects.filter(pk=finished.pk).exists()
    assert not Leftover.objects.exists()


@pytest.mark.parametrize("what", ["backtest_task", "owner"])
def test_a_deleted_task_or_account_takes_the_rows_of_its_executions_along(ended, what):
    getattr(ended(), what).delete()

    leftovers.sweep()

    assert not Execution.objects.exists()
    for table in TABLES:
        assert not table.model.objects.exists(), table.name


def test_every_table_that_a_deletion_leaves_rows_in_is_swept() -> None:
    from django.apps import apps
    from django.db.models import DO_NOTHING, ForeignKey

    left = {
        model
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, ForeignKey) and field.remote_field.on_delete is DO_NOTHING
    }

    assert left >= {table.model for table in TABLES}
    assert {model for model in left if model.__module__.startswith("apps.")} == {table.model for table in TABLES}


# The clock


def test_beat_keeps_to_the_policy_of_the_settings(ended, settings: Any):
    from apps.keeping.tasks import keep_to_policy, sweep_leftovers

    settings.ARCHIVE_AFTER_DAYS, settings.DELETE_AFTER_DAYS = 90, 365
    old, older, new = ended(days=100), ended(days=400), ended(days=1)

    keep_to_policy()
    sweep_leftovers()

    old.refresh_from_db()
    assert old.archived_at is not None
    assert set(Execution.objects.all()) == {old, new}
    assert table_rows(old) == table_rows(older) == 0
    tasks = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert {keep_to_policy.name, sweep_leftovers.name} <= tasks
