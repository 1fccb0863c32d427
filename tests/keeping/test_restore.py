"""A restore is all or nothing, and what it brings is what was there."""

import io
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.models import User
from apps.executions.models import Execution
from apps.keeping import backup, restore
from apps.keeping.tables import TABLES
from apps.market import store
from apps.market.models import DatasetVersion
from tests.keeping.conftest import reading_of, table_rows
from tests.keeping.servers import is_empty, restored

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]


def test_everything_comes_back(backup_file, ended, tmp_path, settings):
    executions = list(Execution.objects.order_by("pk"))
    readings = [reading_of(execution) for execution in executions]
    rows = [table_rows(execution) for execution in executions]
    user, values = User.objects.get(), list(Execution.objects.order_by("pk").values())
    call_command("flush", interactive=False, verbosity=0)
    settings.DATA_DIR = tmp_path / "new"

    text = restored(backup_file)

    assert "tape hashes: 2 of 2 as recorded\nbars: 1 of 1 files as recorded" in text
    assert [reading_of(execution) for execution in executions] == readings
    assert [table_rows(execution) for execution in executions] == rows
    assert rows[0] == 0
    assert User.objects.get().password == user.password
    assert list(Execution.objects.order_by("pk").values()) == values
    assert ended().pk > executions[-1].pk


def test_what_is_not_empty_is_refused_and_left_alone(backup_file):
    before = list(Execution.objects.values())

    with pytest.raises(CommandError, match="This server is not empty: accounts_user has 1 rows"):
        restored(backup_file)

    assert list(Execution.objects.values()) == before


class Crash(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("where", ["_load_tables", "_free_what_ran", "_reset_sequences", "_place"])
def test_a_crash_leaves_the_server_as_empty_as_before(backup_file, new_server, monkeypatch, where):
    def crash(*arguments: Any) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(restore, where, crash)
        with pytest.raises(Crash):
            restored(backup_file)

    assert is_empty(new_server)
    restored(backup_file)
    assert Execution.objects.count() == 2


def test_the_secret_is_taken_over_only_where_both_sides_ask(backup_file, new_server, settings, tmp_path):
    text = restored(backup_file)

    assert "was not used" in text
    assert not (new_server / "secret_key").exists()

    call_command("flush", interactive=False, verbosity=0)
    restored(backup_file, "--with-secret")
    assert (new_server / "secret_key").read_text() == settings.SECRET_KEY
    assert (new_server / "secret_key").stat().st_mode & 0o077 == 0


def test_a_file_without_a_secret_is_refused_where_one_is_asked_for(backup_file, tmp_path):
    plain = tmp_path / "plain.zip"
    call_command("backup", str(plain), stdout=io.StringIO())
    call_command("flush", interactive=False, verbosity=0)

    with pytest.raises(CommandError, match="made without --with-secret"):
        restored(plain, "--with-secret")

    assert not User.objects.exists()
    with ZipFile(plain) as file:
        assert backup.SECRET not in file.namelist()
        assert settings_secret() not in b"".join(map(file.read, file.namelist()))


def test_rows_of_deleted_executions_are_not_in_the_way_of_new_ones(ended, tmp_path):
    kept, deleted = ended(), ended()
    deleted.delete()
    call_command("backup", str(tmp_path / "file.zip"), stdout=io.StringIO())
    call_command("flush", interactive=False, verbosity=0)

    restored(tmp_path / "file.zip")

    for table in TABLES:
        assert set(table.model.objects.values_list("execution_id", flat=True)) <= {kept.pk}
    assert reading_of(ended()).trades


def test_bars_that_are_lost_afterwards_are_reported(backup_file, new_server):
    restored(backup_file)
    store.delete(DatasetVersion.objects.get().content_hash)

    findings = restore.verify(lambda total: lambda count: None)

    assert not findings.is_good
    assert len(findings.bars_missing) == 1
    assert findings.tapes_differing == []


def settings_secret() -> bytes:
    from django.conf import settings as django_settings

    return django_settings.SECRET_KEY.encode()
