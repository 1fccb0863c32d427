"""A backup into an empty server: all of it in one transaction, or nothing; then what can be verified is verified."""

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.color import no_style
from django.db import Error, connection, transaction
from django.db.models import Model, QuerySet

from apps.errors import Conflict, Invalid
from apps.executions.models import Execution, Status, Verification
from apps.journal import archive
from apps.journal.rowfile import FileDamaged, RowFile, fields_of, table_of
from apps.keeping import backup
from apps.keeping.archiving import sync_folder
from apps.keeping.backup import Advance
from apps.keeping.models import Leftover
from apps.keeping.tables import TABLES
from apps.market import store
from apps.market.models import DatasetVersion
from apps.runner import tape

INSERT_ROWS = 500
MADE_BY_ITSELF = ("auth_permission", "django_celery_beat_", "django_content_type")  # what a new server has rows of


class NotEmpty(Conflict):
    code = "not_empty"


class OtherTables(Conflict):
    code = "other_tables"


@dataclass
class Findings:
    """What the verification of a restored server says; the lists name what is not as it was recorded."""

    tapes: int = 0
    unhashed: int = 0
    """Executions from before there were tape hashes."""
    bars: int = 0
    tapes_differing: list[str] = field(default_factory=list)
    bars_missing: list[str] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        return not self.tapes_differing and not self.bars_missing


def opened(path: Path) -> RowFile:
    """The backup. Raises Invalid when there is none, or the file is something else, and FileDamaged."""
    try:
        file = RowFile(path)
    except OSError as error:
        raise Invalid(f"{path} cannot be read: {error.strerror}.") from error
    if file.contents.get("kind") != backup.KIND:
        raise Invalid(f"{path} is no backup, or its end is missing; `manage.py backup FILE` makes one.")
    return file


def refuse_unfit(file: RowFile) -> None:
    """Raise OtherTables or NotEmpty unless the server has the backup's tables, and nothing in them."""
    theirs, ours = set(file.contents["migrations"]), set(backup.migrations())
    if theirs != ours:
        raise OtherTables(_difference(theirs, ours))
    for model in backup.tables():
        if not table_of(model).startswith(MADE_BY_ITSELF) and (count := QuerySet(model).count()):
            raise NotEmpty(
                f"This server is not empty: {table_of(model)} has {count:,} rows."
                " A backup is restored into a new server only; name another folder or database."
            )


def load(file: RowFile, advance: Advance, *, with_secret: bool = False) -> int:
    """Put everything in place; returns how many rows. Whatever is refused on the way, the server is as empty as before.

    The caller has checked the file and called `refuse_unfit`.
    """
    if with_secret and not file.contents["has_secret"]:
        raise Conflict(f"{file.path} holds no secret key: it was made without --with-secret.")
    with store.kept(), _files(file, advance), transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute("SET LOCAL statement_timeout = 0")
        rows = _load_tables(file, advance)
        _free_what_ran()
        _drop_leftovers()
        _reset_sequences()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # until it has counted, the database chooses ways through tables it takes for empty
    if with_secret:
        _place_secret(file)
    return rows


def verify(start: Callable[[int], Advance]) -> Findings:
    """Compare every tape with its hash, and all stored bars with theirs."""
    findings = Findings()
    executions = Execution.objects.order_by("pk")
    hashes = sorted(set(DatasetVersion.objects.values_list("content_hash", flat=True)))
    advance = start(executions.count() + len(hashes))
    for content_hash in hashes:
        _verify_bars(content_hash, findings)
        advance(1)
    for execution in executions.iterator(100):
        _verify_tape(execution, findings)
        advance(1)
    return findings


# The tables


def _load_tables(file: RowFile, advance: Advance) -> int:
    loaded = 0
    models = backup.tables()
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table_of(model))}")  # noqa: S608 - names of our models
    for model in models:
        place = table_of(model)
        try:
            count = _insert(model, _prepared(model, file.rows(model), advance))
        except Error as error:
            raise Conflict(f"The rows of {place} cannot be put into this database: {error}") from error
        if count != file.count(model):
            raise FileDamaged(f"{file.path.name} has {count:,} rows of {place} instead of {file.count(model):,}.")
        loaded += count
    try:
        connection.check_constraints()
    except Error as error:
        raise Conflict(f"The rows of {file.path.name} do not fit together: {error}") from error
    return loaded


def _prepared(model: type[Model], rows: Iterable[list[Any]], advance: Advance) -> Iterator[list[Any]]:
    fields = fields_of(model)
    for row in rows:
        yield [each.get_db_prep_save(value, connection) for each, value in zip(fields, row, strict=True)]
        advance(1)


def _insert(model: type[Model], rows: Iterable[list[Any]]) -> int:
    """Insert all rows by the fastest way there is; returns how many."""
    quoted = connection.ops.quote_name
    columns = [quoted(each.column) for each in fields_of(model)]
    target = f"{quoted(table_of(model))} ({', '.join(columns)})"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            count = 0
            with cursor.copy(f"COPY {target} FROM STDIN") as line:
                for count, row in enumerate(rows, start=1):  # noqa: B007 - used after the loop
                    line.write_row(row)
            return count
        marks = ", ".join(["%s"] * len(columns))
        statement = f"INSERT INTO {target} VALUES ({marks})"  # noqa: S608 - names of our models
        count, rest = 0, iter(rows)
        while few := list(islice(rest, INSERT_ROWS)):  # Django would keep all of a longer sequence
            cursor.executemany(statement, few)
            count += len(few)
        return count


def _free_what_ran() -> None:
    """No worker of the old server is alive here: what ran goes on from its snapshot as soon as workers start."""
    running = Execution.objects.filter(status__in=(Status.CREATED, Status.RUNNING))
    running.update(lease_until=None, sent_at=None, worker="")
    Verification.objects.filter(finished_at=None).update(lease_until=None, sent_at=None)


def _drop_leftovers() -> None:
    """Rows of deleted executions would be in the way of new ones that are given the same numbers."""
    for execution_id in Leftover.objects.values_list("pk", flat=True):
        for table in TABLES:
            table.of(execution_id).delete()
    Leftover.objects.all().delete()


def _reset_sequences() -> None:
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), backup.tables()):
            cursor.execute(statement)


# The files


@contextmanager
def _files(file: RowFile, advance: Advance) -> Iterator[None]:
    """Put the files in place; when the rest fails, those that were not there before are removed again."""
    placed: list[Path] = []
    try:
        for name in file.names:
            if target := _target(name):
                if not target.exists():
                    placed.append(target)
                _place(file, name, target)
                advance(1)
        yield
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise


def _target(name: str) -> Path | None:
    """Where a file of the backup belongs on this server; None for a part of a table."""
    folder, _, rest = name.rpartition("/")
    stem = rest.partition(".")[0]
    if folder == "bars" and len(stem) == 64 and set(stem) <= set("0123456789abcdef"):
        return store.path_of(stem)
    if folder == "archive" and stem.isascii() and stem.isdigit():
        return archive.path_of(int(stem))
    return None


def _place(file: RowFile, name: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, part = tempfile.mkstemp(dir=target.parent, suffix=".part")
    try:
        with os.fdopen(descriptor, "wb") as copy:
            file.extract(name, copy, compressed=name.endswith(".zst"))
            copy.flush()
            os.fsync(copy.fileno())
        Path(part).replace(target)
    finally:
        Path(part).unlink(missing_ok=True)
    sync_folder(target.parent)


def _place_secret(file: RowFile) -> None:
    path = settings.DATA_DIR / backup.SECRET
    part = path.with_suffix(".new")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as copy:
        file.extract(backup.SECRET, copy, compressed=False)
    part.replace(path)


# What it is worth


def _verify_tape(execution: Execution, findings: Findings) -> None:
    if not execution.tape_hash:
        findings.unhashed += 1
        return
    findings.tapes += 1
    try:
        found = tape.hash_of(execution)
    except Exception as error:  # what stands in damaged rows may be anything
        found = str(error)
    if found != execution.tape_hash:
        findings.tapes_differing.append(f"execution {execution.pk}: {found}")


def _verify_bars(content_hash: str, findings: Findings) -> None:
    findings.bars += 1
    try:
        found = store.rehash(content_hash)
    except store.DataDamaged as damage:
        found = damage.message
    if found != content_hash:
        findings.bars_missing.append(f"bars {content_hash}: {found}")


def _difference(theirs: set[str], ours: set[str]) -> str:
    if missing := sorted(theirs - ours):
        return (
            f"The backup is of a newer Tapedeck, or this database is not migrated: it lacks {', '.join(missing[:5])}."
            " Run `manage.py migrate`, or restore with the version that made the backup."
        )
    return (
        f"The backup is of an older Tapedeck, without {', '.join(sorted(ours - theirs)[:5])}:"
        " restore it with the version that made it, then update."
    )
