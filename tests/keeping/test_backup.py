"""A backup holds everything, and a server made of it goes on as if nothing had happened, on either database."""

import io
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from apps.executions.models import Execution
from apps.journal import archive
from apps.keeping import backup, leftovers
from apps.keeping.archiving import archive_execution
from tests.conftest import random_bars
from tests.keeping.conftest import reading_of, table_rows
from tests.keeping.servers import another, facts_of

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]
BARS = 4000


def back_up(path: Path, *options: str) -> str:
    out = io.StringIO()
    call_command("backup", str(path), *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def paused(make_task: Any, import_dataset: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Paused by its owner in the middle."""
    from apps.executions import lifecycle, services
    from apps.runner import recorder
    from apps.runner.run import run

    execution = services.start(make_task(dataset=import_dataset(random_bars(BARS))))
    record = recorder.record

    def record_and_pause(*arguments: Any, **options: Any) -> None:
        record(*arguments, **options)
        execution.refresh_from_db()
        if execution.processed > 100:
            lifecycle.pause(execution)

    with monkeypatch.context() as patch:
        patch.setattr(recorder, "record", record_and_pause)
        run(execution.pk)
    assert execution.status == "paused"
    assert 100 < execution.processed < BARS
    return execution


@pytest.fixture
def undisturbed(paused: Any) -> Any:
    """The same run, from its first bar to its last."""
    from apps.runner.run import run

    execution = Execution.objects.create(
        owner=paused.owner,
        task_type=paused.task_type,
        backtest_task=paused.backtest_task,
        execution_number=2,
        dataset_version=paused.dataset_version,
        manifest=paused.manifest,
        manifest_hash=paused.manifest_hash,
    )
    run(execution.pk)
    execution.refresh_from_db()
    assert execution.status == "completed"
    return execution


@pytest.fixture
def archived(undisturbed: Any, stranger: Any) -> Any:
    """Of another user, and in a file."""
    from apps.runner.run import run

    execution = Execution.objects.create(
        owner=stranger,
        task_type=undisturbed.task_type,
        execution_number=1,
        dataset_version=undisturbed.dataset_version,
        manifest=undisturbed.manifest,
    )
    run(execution.pk)
    execution.refresh_from_db()
    archive_execution(execution)
    leftovers.sweep()
    return execution


@pytest.fixture
def running(archived: Any) -> Any:
    """Its worker holds a lease at this moment."""
    from apps.runner import recorder

    execution = Execution.objects.create(
        owner=archived.owner,
        task_type=archived.task_type,
        execution_number=2,
        dataset_version=archived.dataset_version,
        manifest=archived.manifest,
    )
    assert recorder.claim(execution.pk) is not None
    return execution


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_restored_server_goes_on_where_the_old_one_was(paused, undisturbed, archived, running, tmp_path, kind):
    ids = [paused.pk, undisturbed.pk, archived.pk, running.pk]
    before, file = facts_of(ids), tmp_path / "backup.zip"

    back_up(file)
    with another(kind, tmp_path / "other") as server:
        answer = server.manage("restore", str(file))
        assert answer.returncode == 0, answer.stderr
        after = server.facts(ids)
        resumed = server.facts([paused.pk], resumed=paused.pk)["readings"][str(paused.pk)]
        again = server.manage("restore", str(file))
        new = server.python("-c", NEW_EXECUTION.format(task=paused.backtest_task_id))

    assert "tape hashes: 3 of 3 as recorded (1 older executions have none)" in answer.stdout  # one has no row yet
    assert "bars: 1 of 1 files as recorded" in answer.stdout
    assert before["readings"][str(running.pk)].pop("lease")[0] != "None"
    assert after["readings"][str(running.pk)].pop("lease") == ["None", "None", ""]
    assert after == before
    whole = before["readings"][str(undisturbed.pk)]
    for name in ("status", "tape_hash", "metrics"):
        assert resumed[name] == whole[name], name
    assert list(map(len, resumed["tape"][1:])) == list(map(len, whole["tape"][1:]))
    assert again.returncode != 0
    assert "not empty" in again.stderr
    assert int(new.stdout) > max(ids), new.stderr


NEW_EXECUTION = """
import django; django.setup()
from apps.executions import services
from apps.executions.models import BacktestTask
print(services.start(BacktestTask.objects.get(pk={task})).pk)
"""


def test_a_backup_is_of_one_moment_while_others_write(finished, tmp_path, monkeypatch):
    """A row that is committed while the tables are being read is not in it, whichever table it is of."""
    from apps.accounts.models import User
    from apps.journal.rowfile import RowFile

    copy_bars, written = backup._copy_bars, []

    def write_meanwhile(*arguments: Any) -> bool:
        def write() -> None:
            try:
                User.objects.create_user("late@example.org", "x")
                Execution.objects.filter(pk=finished.pk).update(worker="late")
                written.append(True)
            finally:
                connection.close()

        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        return copy_bars(*arguments)

    monkeypatch.setattr(backup, "_copy_bars", write_meanwhile)
    back_up(tmp_path / "file.zip")

    assert written == [True]  # nobody had to wait for the backup
    with RowFile(tmp_path / "file.zip") as file:
        assert file.count(User) == 1
        assert [row for row in file.rows(Execution) if "late" in row] == []
    assert User.objects.count() == 2


def test_a_backup_is_for_its_maker_alone_and_replaces_nothing(finished, tmp_path):
    path = tmp_path / "file.zip"
    back_up(path)
    content = path.read_bytes()

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CommandError, match="replaces no file"):
        back_up(path)
    assert path.read_bytes() == content


def test_a_backup_that_fails_leaves_no_file(finished, tmp_path, monkeypatch):
    def fail(*arguments: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(backup, "migrations", fail)
    with pytest.raises(OSError, match="No space"):
        back_up(tmp_path / "file.zip")

    assert list(tmp_path.glob("file*")) == []


def test_what_was_lost_before_is_named_and_the_rest_is_kept(finished, tmp_path):
    from apps.market import store

    content_hash = finished.dataset_version.content_hash
    store.delete(content_hash)
    archive_execution(finished)
    archive.path_of(finished.pk).unlink()

    with pytest.raises(CommandError, match=rf"bars {content_hash}\narchive of execution {finished.pk}"):
        back_up(tmp_path / "file.zip")

    assert (tmp_path / "file.zip").exists()


def test_memory_does_not_grow_with_the_tables(finished, tmp_path, monkeypatch):
    """Rows are read and written a part at a time; none is held longer."""
    from apps.journal import rowfile

    sizes: list[int] = []
    part = rowfile.RowFileWriter._part
    monkeypatch.setattr(backup, "BACKUP_PART_BYTES", 2000)
    monkeypatch.setattr(
        rowfile.RowFileWriter,
        "_part",
        lambda self, model, first, lines: (sizes.append(sum(map(len, lines))), part(self, model, first, lines)),
    )

    back_up(tmp_path / "file.zip")

    longest = 16_000  # one row: a snapshot
    assert len(sizes) > 20
    assert max(sizes) < 2000 + longest
    assert reading_of(finished)
    assert table_rows(finished)
