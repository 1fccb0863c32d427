"""Executions in every state that a server keeps, and their tapes as a reader sees them."""

import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone


@dataclass(frozen=True)
class Reading:
    """All rows of an execution by the readers that everybody uses."""

    events: list[str]
    trades: list[str]
    equity: list[str]
    tape_hash: str


def reading_of(execution: Any) -> Reading:
    from apps.equity.journal import equity
    from apps.events.journal import events
    from apps.executions.models import Execution
    from apps.runner import tape
    from apps.trades.journal import trades

    stored = Execution.objects.get(pk=execution.pk)
    rows = [journal.since(stored.pk, 0, 10**9) for journal in (events, trades, equity)]
    assert [len(part) for part in rows] == [stored.events_head, stored.trades_head, stored.equity_head]
    return Reading(*rows, tape.hash_of(stored))


def table_rows(execution: Any) -> int:
    """How many rows of it are in the tables."""
    from apps.keeping.tables import TABLES

    return sum(table.of(execution.pk).count() for table in TABLES)


def age(execution: Any, days: float) -> None:
    """Let it have ended so many days ago."""
    from apps.executions.models import Execution

    Execution.objects.filter(pk=execution.pk).update(completed_at=timezone.now() - timedelta(days=days))


@pytest.fixture
def ended(make_task: Callable[..., Any]) -> Callable[..., Any]:
    """ended(days): an execution that was carried out to its end so many days ago."""
    task = None

    def make(days: float = 0) -> Any:
        from apps.executions.models import BacktestTask
        from apps.executions.services import start
        from apps.runner.run import run

        nonlocal task
        task = task or BacktestTask.objects.first() or make_task()
        execution = start(task)
        run(execution.pk)
        age(execution, days)
        execution.refresh_from_db()
        assert execution.status == "completed", execution.error_message
        return execution

    return make


@pytest.fixture(autouse=True)
def data_dir(tmp_path: Path, settings: Any) -> Path:
    """A folder of the test's own: ids of executions come again in another test, and name files here."""
    settings.DATA_DIR = tmp_path / "data"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """No reader came before, so what is left over may be swept at once."""
    from apps.keeping import archiving

    monkeypatch.setattr(archiving, "READERS_SECONDS", 0.0)


@pytest.fixture
def archived(finished: Any) -> Any:
    """In a file, and not in the tables any more."""
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    archive_execution(finished)
    leftovers.sweep()
    finished.refresh_from_db()
    return finished


@pytest.fixture
def backup_file(ended: Any, tmp_path: Path) -> Path:
    """Of a server with a finished execution and an archived one."""
    from apps.keeping import leftovers
    from apps.keeping.archiving import archive_execution

    archive_execution(ended())
    leftovers.sweep()
    ended()
    path = tmp_path / "backup.zip"
    call_command("backup", str(path), "--with-secret", stdout=io.StringIO())
    return path


@pytest.fixture
def new_server(backup_file: Path, tmp_path: Path, settings: Any) -> Path:
    """Everything is gone, but for the backup: as `migrate` leaves a database; gives the empty folder of data."""
    call_command("flush", interactive=False, verbosity=0)
    settings.DATA_DIR = tmp_path / "new"
    settings.DATA_DIR.mkdir()
    return settings.DATA_DIR
