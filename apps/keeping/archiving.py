"""Moving the journals of a finished execution out of the tables into a file: at any moment one of both is whole.

1. The rows are written to a file of another name, which is made durable, read again and compared with the tables.
2. The file gets its name: a file of an execution that is not archived means nothing yet.
3. One transaction sets `archived_at` and remembers the rows as left over: from then on readers use the file.
4. The rows are swept, after the last reader that came before has done with them.

A crash leaves the state of the last step that was done. The execution's row is locked in step 3 alone.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Now

from apps.errors import Conflict
from apps.executions.lifecycle import TERMINAL
from apps.executions.models import Execution
from apps.journal import archive
from apps.journal.rowfile import ARCHIVE_PART_BYTES, RowFile, RowFileWriter
from apps.keeping import leftovers
from apps.keeping.tables import ARCHIVED, TABLES, Table
from apps.runner import tape

READERS_SECONDS = 60.0  # no statement of a reader takes longer: PostgreSQL's statement_timeout


class NotArchived(Conflict):
    """Its rows stay where they are."""

    code = "not_archived"


@dataclass(frozen=True)
class Moved:
    """rows: how many left the tables; row_bytes: their contents; file_bytes: the file they are in."""

    rows: int
    row_bytes: int
    file_bytes: int


def archive_execution(execution: Execution) -> Moved:
    """Move the journals into a file. Raises NotArchived when they are not as they were recorded, or it was deleted."""
    if execution.status not in TERMINAL:
        raise NotArchived(f"Execution {execution.pk} is {execution.status}; only one that is over can be archived.")
    if execution.tape_hash and tape.hash_of(execution) != execution.tape_hash:
        raise NotArchived(f"The rows of execution {execution.pk} are not those that were recorded: verify it.")
    path = archive.path_of(execution.pk)
    with _unfinished(path) as part:
        rows = _write(execution, part)
        _compare(execution, part)
        part.replace(path)
        sync_folder(path.parent)
    row_bytes = sum(table.bytes_of(execution.pk) for table in TABLES)
    _switch(execution, path)
    return Moved(rows, row_bytes, path.stat().st_size)


def over() -> QuerySet[Execution]:
    """Executions that have ended, besides those that an unfinished retry may still be copying."""
    unfinished = Execution.objects.exclude(status__in=TERMINAL).filter(retry_of=OuterRef("pk"))
    return Execution.objects.filter(~Exists(unfinished), status__in=TERMINAL)


def tables_only() -> QuerySet[Execution]:
    """Executions whose journals can be archived: they are over and in the tables."""
    return over().filter(archived_at=None)


@contextmanager
def alone(name: str) -> Iterator[bool]:
    """Whether no other process is at it: archiving and sweeping are done by one at a time."""
    archive.folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with (archive.folder() / f"{name}.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def sweep_files() -> int:
    """Remove files that belong to no archived execution; returns how many. Only while nobody archives."""
    known = {archive.path_of(pk) for pk in Execution.objects.exclude(archived_at=None).values_list("pk", flat=True)}
    strays = [path for path in archive.folder().iterdir() if path.suffix in (".zip", ".part") and path not in known]
    for path in strays:
        path.unlink(missing_ok=True)
    return len(strays)


def sync_folder(folder: Path) -> None:
    """Make names in it durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _unfinished(path: Path) -> Iterator[Path]:
    """A name beside the path to write to, which is gone afterwards."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _write(execution: Execution, part: Path) -> int:
    with part.open("wb") as file:
        with RowFileWriter(file, ARCHIVE_PART_BYTES) as writer:
            rows = sum(_write_table(execution, table, writer) for table in ARCHIVED)
            writer.finish(execution=execution.pk, tape_hash=execution.tape_hash)
        file.flush()
        os.fsync(file.fileno())
    return rows


def _write_table(execution: Execution, table: Table, writer: RowFileWriter) -> int:
    return writer.write(table.model, table.rows(execution.pk), key=table.sequence_of)


def _compare(execution: Execution, part: Path) -> None:
    """Read the file again, row by row beside the tables, and look that no sequence is missing."""
    with RowFile(part) as file:
        for table in ARCHIVED:
            last = 0
            for kept, stored in zip(file.rows(table.model), table.rows(execution.pk), strict=True):
                if kept != stored or table.sequence_of(kept) != last + 1:
                    raise NotArchived(f"Execution {execution.pk}: {table.name} after sequence {last} cannot be kept.")
                last = table.last_of(kept)
            if last != table.head(execution):
                raise NotArchived(f"Execution {execution.pk} has {table.name} up to {last} of {table.head(execution)}.")


def _switch(execution: Execution, path: Path) -> None:
    """From the commit on, readers use the file."""
    with transaction.atomic():
        present = tables_only().filter(pk=execution.pk)
        if present.update(archived_at=Now()):
            leftovers.remember(execution.pk, READERS_SECONDS)
            return
    if not Execution.objects.filter(pk=execution.pk).exists():
        path.unlink(missing_ok=True)
    raise NotArchived(f"Execution {execution.pk} was deleted, archived or retried meanwhile.")
