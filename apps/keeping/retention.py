"""How long what is kept: the policy, and one run that carries it out."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import structlog
from django.conf import settings
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from apps.errors import Conflict
from apps.executions.lifecycle import TERMINAL
from apps.executions.models import Execution
from apps.keeping import archiving, leftovers
from apps.keeping.archiving import NotArchived
from apps.keeping.tables import TABLES
from apps.market import services as market
from apps.market import store
from apps.market.models import DatasetVersion

log = structlog.get_logger("keeping")

Say = Callable[[str], None]


class AlreadyAtIt(Conflict):
    code = "already_at_it"


@dataclass(frozen=True)
class Policy:
    """Days since an execution ended, and executions of one user; 0 stands for ever, and for any number."""

    archive_after: int = 0
    archive_over: int = 0
    delete_after: int = 0

    @classmethod
    def of_settings(cls) -> "Policy":
        return cls(settings.ARCHIVE_AFTER_DAYS, settings.ARCHIVE_OVER_COUNT, settings.DELETE_AFTER_DAYS)

    def to_delete(self) -> QuerySet[Execution]:
        """Executions that ended too long ago, the oldest first."""
        if self.delete_after <= 0:
            return Execution.objects.none()
        return archiving.over().filter(_ended_before(self.delete_after)).order_by("completed_at", "pk")

    def to_archive(self) -> QuerySet[Execution]:
        """Executions with journals in the tables that ended long ago, or before the newest ones of their users."""
        chosen = Q(pk__in=())
        if self.archive_after > 0:
            chosen |= _ended_before(self.archive_after)
        if self.archive_over > 0:
            newest_first = Window(RowNumber(), partition_by=F("owner_id"), order_by=F("pk").desc())
            ended = Execution.objects.filter(status__in=TERMINAL).annotate(place=newest_first)
            chosen |= Q(pk__in=ended.filter(place__gt=self.archive_over).values("pk"))
        return archiving.tables_only().filter(chosen).order_by("completed_at", "pk")


@dataclass
class Report:
    """What a run did, or would do."""

    archived: int = 0
    deleted: int = 0
    rows: int = 0
    row_bytes: int = 0
    """Contents of the rows that leave the tables."""
    file_bytes: int = 0
    """The archives that they went into."""
    files: int = 0
    """Files that belonged to nothing."""
    refused: list[str] = field(default_factory=list)


def carry_out(policy: Policy, say: Say, *, seconds: float = float("inf")) -> Report:
    """Delete, archive and sweep; stops between two executions when the time is over, and the next run goes on.

    Raises AlreadyAtIt while another run is at it.
    """
    deadline = time.monotonic() + seconds
    report = Report()
    with archiving.alone("retention") as is_alone:
        if not is_alone:
            raise AlreadyAtIt("Another run of the retention is at it.")
        report.files += archiving.sweep_files() + _sweep_bars()
        for execution_id in _ids(policy.to_delete()):
            if time.monotonic() < deadline:
                _delete(execution_id, report, say)
        for execution_id in _ids(policy.to_archive()):
            if time.monotonic() < deadline:
                _archive(execution_id, report, say)
    return report


def rehearse(policy: Policy, say: Say) -> Report:
    """What `carry_out` would do; nothing is changed."""
    report = Report()
    deleted = _ids(policy.to_delete())
    for execution_id in deleted:
        _count(execution_id, report)
        report.deleted += 1
        say(f"execution {execution_id} would be deleted")
    for execution_id in _ids(policy.to_archive()):
        if execution_id not in deleted:
            _count(execution_id, report)
            report.archived += 1
            say(f"execution {execution_id} would be archived")
    return report


def sweep() -> int:
    """Delete rows that are left over and due; returns how many. 0 while another process is at it."""
    with archiving.alone("sweep") as is_alone:
        return leftovers.sweep() if is_alone else 0


def _delete(execution_id: int, report: Report, say: Say) -> None:
    execution = archiving.over().filter(pk=execution_id).first()
    if execution is None:
        return
    _count(execution_id, report)
    execution.delete()  # its rows are left over, and swept
    report.deleted += 1
    say(f"execution {execution_id} deleted")


def _archive(execution_id: int, report: Report, say: Say) -> None:
    execution = Execution.objects.filter(pk=execution_id, archived_at=None).first()
    if execution is None:
        return
    try:
        moved = archiving.archive_execution(execution)
    except NotArchived as refusal:
        log.warning("not archived", execution_id=execution_id, reason=refusal.message)
        report.refused.append(refusal.message)
        return
    report.archived += 1
    report.rows += moved.rows
    report.row_bytes += moved.row_bytes
    report.file_bytes += moved.file_bytes
    say(f"execution {execution_id} archived: {moved.rows:,} rows, {moved.row_bytes:,} bytes into {moved.file_bytes:,}")


def _count(execution_id: int, report: Report) -> None:
    report.rows += sum(table.of(execution_id).count() for table in TABLES)
    report.row_bytes += sum(table.bytes_of(execution_id) for table in TABLES)


def _sweep_bars() -> int:
    """Remove stored bars that no dataset has; returns how many files."""
    known = set(DatasetVersion.objects.values_list("content_hash", flat=True))
    strays = [content_hash for content_hash in store.hashes() if content_hash not in known]
    for content_hash in strays:
        market.forget(content_hash)  # looks again, with the store locked
    return len(strays) + store.remove_unfinished()


def _ended_before(days: int) -> Q:
    return Q(completed_at__lt=timezone.now() - timedelta(days=days))


def _ids(executions: QuerySet[Execution]) -> list[int]:
    return list(executions.values_list("pk", flat=True))
