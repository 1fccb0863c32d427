"""A second server to restore into: its own folder, its own database, its own processes."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management import call_command

from tests import services, stack

ROOT = Path(__file__).resolve().parents[2]
FACTS = "from tests.keeping.servers import print_facts; print_facts({ids!r}, {resumed!r})"


@dataclass(frozen=True)
class Server:
    folder: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return self.python("manage.py", *arguments)

    def facts(self, ids: list[int], resumed: int | None = None) -> Any:
        """What its readers say of these executions; `resumed` is first resumed and carried out to its end."""
        answer = self.python("-c", f"import django; django.setup(); {FACTS.format(ids=ids, resumed=resumed)}")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout.splitlines()[-1])

    def python(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment, capture_output=True, text=True
        )


@contextmanager
def another(kind: str, folder: Path) -> Iterator[Server]:
    """A server on `sqlite` or `postgresql` without anything in it, not even tables."""
    environment = stack.environment_of(folder, {"EMBEDDED_BROKER": "filesystem", "NO_BOOTSTRAP": "1"})
    environment["SECRET_KEY"] = "another secret, long enough for every algorithm there is"
    if kind == "sqlite":
        yield Server(folder, environment)
        return
    with stack._own_database(services.require_postgres()) as url:
        yield Server(folder, {**environment, "DATABASE_URL": url})


def print_facts(ids: list[int], resumed: int | None) -> None:
    """In a process of the other server."""
    print(json.dumps(facts_of(ids, resumed)))


def facts_of(ids: list[int], resumed: int | None = None) -> dict[str, Any]:
    """What readers say of these executions here."""
    from apps.accounts.models import User
    from apps.executions import lifecycle
    from apps.executions.models import Execution
    from apps.runner.run import run
    from tests.keeping.conftest import reading_of, table_rows

    if resumed is not None:
        lifecycle.resume(Execution.objects.get(pk=resumed))
        run(resumed)
    readings = {}
    for execution in Execution.objects.filter(pk__in=ids).order_by("pk"):
        reading = reading_of(execution)
        checkpoint = execution.checkpoints.first()
        readings[str(execution.pk)] = {
            "status": execution.status,
            "owner": execution.owner.email,
            "tape": [reading.events, reading.trades, reading.equity],
            "tape_hash": [reading.tape_hash, execution.tape_hash],
            "metrics": checkpoint.metrics if checkpoint else None,
            "in_tables": table_rows(execution),
            "lease": [str(execution.lease_until), str(execution.sent_at), execution.worker],
        }
    return {"readings": readings, "users": sorted(User.objects.values_list("email", flat=True))}


def restored(path: Path, *options: str) -> str:
    """What the command says that restores the file here."""
    out = io.StringIO()
    call_command("restore", str(path), *options, stdout=out)
    return out.getvalue()


def is_empty(folder: Path) -> bool:
    """Whether nothing was put into this server, whose folder this is."""
    from apps.keeping import backup, restore

    models = [model for model in backup.tables() if not model._meta.db_table.startswith(restore.MADE_BY_ITSELF)]
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]
    return not any(model._base_manager.exists() for model in models) and files == []
