"""Everything a server needs in one file: all rows of all tables at one moment, the stored bars, the archives.

The file is a zip of `apps.journal.rowfile`: tables as JSON lines, `bars/<content hash>.npy.zst` and `archive/<id>.zip`.
What was damaged or missing on this server is missing in the file too, and named in its contents.
"""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Model, QuerySet
from django.utils import timezone

from apps.engine import ENGINE_VERSION
from apps.errors import Conflict, Invalid
from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.rowfile import BACKUP_PART_BYTES, RowFileWriter, fields_of
from apps.keeping.archiving import sync_folder
from apps.market import store
from apps.market.models import DatasetVersion

KIND = "backup"
SECRET = "secret_key"  # noqa: S105 - the name of a file
READ_ROWS = 500

Advance = Callable[[int], None]


@dataclass
class Summary:
    rows: int = 0
    tables: int = 0
    bars: int = 0
    archives: int = 0
    size: int = 0
    absent: list[str] = field(default_factory=list)
    """What was missing or damaged before, in words."""


def write(path: Path, start: Callable[[int], Advance], *, with_secret: bool = False) -> Summary:
    """Make the backup; the file appears whole or not at all, readable by its owner alone.

    start: told the number of rows and files there are, gives what hears of those that are done.
    Raises Conflict when there is a file of this name, and Invalid when the folder cannot be written to.
    """
    _refuse_existing(path)
    try:
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")  # mode 0600
    except OSError as error:
        raise Invalid(f"{path} cannot be written: {error.strerror}.") from error
    part = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            with RowFileWriter(file, BACKUP_PART_BYTES) as writer:
                summary = _write(writer, start, with_secret)
            file.flush()
            os.fsync(file.fileno())
        _refuse_existing(path)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    sync_folder(path.parent)
    summary.size = path.stat().st_size
    return summary


def tables() -> list[type[Model]]:
    """The models of all tables, those of many-to-many relations too."""
    models = apps.get_models(include_auto_created=True)
    return [model for model in models if model._meta.managed and not model._meta.proxy]


def migrations() -> list[str]:
    """What has been done to the tables, in words that can be compared."""
    return sorted(f"{app}.{name}" for app, name in MigrationRecorder(connection).applied_migrations())


@contextmanager
def one_moment() -> Iterator[None]:
    """Within it all queries see the database as it is now, and nobody waits for them."""
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL statement_timeout = 0")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield
        return
    with connection.cursor() as cursor:
        cursor.execute("BEGIN DEFERRED")  # as Django begins them, a transaction would keep all others from writing
        try:
            yield
        finally:
            cursor.execute("ROLLBACK")


def _refuse_existing(path: Path) -> None:
    if path.exists():
        raise Conflict(f"{path} exists; a backup replaces no file. Name another one.")


def _write(writer: RowFileWriter, start: Callable[[int], Advance], with_secret: bool) -> Summary:
    summary = Summary()
    with one_moment():
        hashes = sorted(set(DatasetVersion.objects.values_list("content_hash", flat=True)))
        archived = sorted(Execution.objects.exclude(archived_at=None).values_list("pk", flat=True))
        counts = {model: QuerySet(model).count() for model in tables()}
        advance = start(sum(counts.values()) + len(hashes) + len(archived))
        for content_hash in hashes:  # before the rows: the less time there is for somebody to delete one
            summary.bars += _copy_bars(writer, content_hash, summary)
            advance(1)
        for execution_id in archived:
            summary.archives += _copy_archive(writer, execution_id, summary)
            advance(1)
        for model in counts:
            summary.rows += writer.write(model, _rows(model, advance))
            summary.tables += 1
    if with_secret:
        writer.add(SECRET, settings.SECRET_KEY.encode())
    writer.finish(
        kind=KIND,
        made_at=timezone.now().isoformat(),
        database=connection.vendor,
        engine=ENGINE_VERSION,
        migrations=migrations(),
        has_secret=with_secret,
        absent=summary.absent,
    )
    return summary


def _rows(model: type[Model], advance: Advance) -> Iterator[Any]:
    names = [field.attname for field in fields_of(model)]
    for row in QuerySet(model).values_list(*names).order_by().iterator(READ_ROWS):
        yield row
        advance(1)


def _copy_bars(writer: RowFileWriter, content_hash: str, summary: Summary) -> bool:
    try:
        if store.rehash(content_hash) == content_hash:
            with store.path_of(content_hash).open("rb") as file:
                writer.copy(f"bars/{content_hash}.npy.zst", file, compress=True)
            return True
    except (store.DataDamaged, FileNotFoundError):
        pass
    summary.absent.append(f"bars {content_hash}")
    return False


def _copy_archive(writer: RowFileWriter, execution_id: int, summary: Summary) -> bool:
    try:
        with archive.path_of(execution_id).open("rb") as file:
            writer.copy(f"archive/{execution_id}.zip", file, compress=False)
    except FileNotFoundError:
        summary.absent.append(f"archive of execution {execution_id}")
        return False
    return True
