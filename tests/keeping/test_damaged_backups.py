"""Whatever is wrong with a file, it is refused in words, and the server is as empty as before."""

import io
import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.management import CommandError
from django.db import DatabaseError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.errors import DomainError
from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.rowfile import FileDamaged, RowFile, RowFileWriter
from apps.keeping import backup, restore
from tests.keeping.servers import is_empty, restored

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_refused(backup_file, new_server, share):
    content = backup_file.read_bytes()
    backup_file.write_bytes(content[: int(len(content) * share)])

    with pytest.raises(
        CommandError, match=r"backup\.zip is (damaged at its directory|no backup, or its end is missing)"
    ):
        restored(backup_file)

    assert is_empty(new_server)


def test_a_damaged_part_is_named(backup_file, new_server):
    with ZipFile(backup_file) as file:
        entry = next(entry for entry in file.infolist() if entry.filename.startswith("events_event/"))
    content = bytearray(backup_file.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + 20] ^= 1
    backup_file.write_bytes(content)

    with pytest.raises(CommandError, match=r"backup\.zip is damaged at events_event/000000000001\.jsonl\.zst"):
        restored(backup_file)

    assert is_empty(new_server)


def test_no_flipped_bit_is_taken_for_data(backup_file, new_server):
    """It is refused, or it was of no meaning: a date, a comment, a version that nobody reads."""
    content = backup_file.read_bytes()
    with RowFile(backup_file) as file:
        whole = {name: file._zip.read(name) for name in file.names}

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(place=st.one_of(st.integers(0, len(content) - 1), st.integers(len(content) - 3000, len(content) - 1)))
    def check(place: int) -> None:
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        backup_file.write_bytes(damaged)
        with suppress(DomainError), restore.opened(backup_file) as file:
            file.check(lambda size: None)
            assert {name: file._zip.read(name) for name in file.names} == whole

    check()
    assert is_empty(new_server)


@pytest.mark.parametrize("content", [b"", b"PK", b"a letter to somebody", bytes(5000)])
def test_what_is_no_backup_is_refused(new_server, tmp_path, content):
    path = tmp_path / "letter.zip"
    path.write_bytes(content)

    with pytest.raises(CommandError, match=r"letter\.zip"):
        restored(path)
    with pytest.raises(CommandError, match="cannot be read"):
        restored(tmp_path / "nothing.zip")

    assert is_empty(new_server)


def test_an_archive_is_no_backup(backup_file):
    path = archive.path_of(Execution.objects.exclude(archived_at=None).get().pk)

    with pytest.raises(CommandError, match="is no backup, or"):
        restored(path)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"migrations": ["accounts.0001_initial"]}, "of an older Tapedeck"),
        ({"migrations": [*range(3)]}, "of a newer Tapedeck"),
        ({"format": 2}, "has format 2"),
    ],
)
def test_a_backup_of_other_tables_is_refused(backup_file, new_server, change, words):
    if len(change.get("migrations", [])) == 3:
        change = {"migrations": [*backup.migrations(), "accounts.0099_future"]}
    rewrite(backup_file, lambda contents: {**contents, **change})

    with pytest.raises(CommandError, match=words):
        restored(backup_file)

    assert is_empty(new_server)


def test_rows_that_do_not_fit_together_are_refused(backup_file, new_server):
    drop(backup_file, "accounts_user")

    with pytest.raises((CommandError, DatabaseError), match=r"do not fit together|foreign key"):
        restored(backup_file)

    assert is_empty(new_server)


def test_a_part_that_is_missing_is_noticed(backup_file, new_server):
    drop(backup_file, "trades_trade", keep_count=True)

    with pytest.raises(CommandError, match=r"0 rows of trades_trade instead of \d+"):
        restored(backup_file)

    assert is_empty(new_server)


def test_a_tape_that_was_tampered_with_is_restored_and_reported(backup_file, new_server, tmp_path):
    """The verification is no reason to lose the rest."""
    path = tmp_path / "tampered.zip"
    with RowFile(backup_file) as file, path.open("wb") as target, RowFileWriter(target, 1 << 20) as writer:
        for model in backup.tables():
            writer.write(model, [[flipped(value) for value in row] for row in file.rows(model)])
        for name in file.names:
            if name.startswith(("archive/", "bars/")):
                copy = io.BytesIO()
                file.extract(name, copy, compressed=False)
                writer.add(name, copy.getvalue())
        writer.finish(**{name: file.contents[name] for name in file.contents if name not in ("format", "tables")})

    with pytest.raises(CommandError, match=r"Everything was restored, but this is not as it was recorded:\nexecution"):
        restored(path)

    assert Execution.objects.count() == 2


def flipped(value: Any) -> Any:
    return value.replace('"pnl":"', '"pnl":"1') if isinstance(value, str) and '"pnl":"' in value else value


def rewrite(path: Path, change: Any, names: Any = lambda name: True) -> None:
    """The same zip with other contents."""
    with ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist() if names(name)}
    members["contents.json"] = json.dumps(change(json.loads(members["contents.json"]))).encode()
    with ZipFile(path, "w") as file:
        for name, content in members.items():
            file.writestr(name, content)


def drop(path: Path, table: str, *, keep_count: bool = False) -> None:
    """The same zip without a table's rows."""

    def without(contents: Any) -> Any:
        if not keep_count:
            contents["tables"][table]["rows"] = 0
        return contents

    rewrite(path, without, lambda name: not name.startswith(f"{table}/"))


def test_a_damaged_archive_of_the_file_is_seen_by_the_check(backup_file):
    with RowFile(backup_file) as file:
        entry = next(entry for entry in file._zip.infolist() if entry.filename.startswith("archive/"))
    content = bytearray(backup_file.read_bytes())
    content[entry.header_offset + 30 + len(entry.filename) + 40] ^= 1
    backup_file.write_bytes(content)

    with restore.opened(backup_file) as file, pytest.raises(FileDamaged, match="archive/"):
        file.check(lambda size: None)
