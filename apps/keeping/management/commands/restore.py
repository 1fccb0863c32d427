"""`manage.py restore /backups/monday.zip`"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from apps.errors import DomainError
from apps.keeping import restore
from apps.keeping.progress import Progress
from apps.keeping.restore import Findings
from apps.runner.data_folder import claimed


class Command(BaseCommand):
    help = "Put a backup into a new, empty server, on either database, and verify what was restored."
    requires_system_checks: list[str] = []  # the secret of a new data folder is not made yet

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--with-secret", action="store_true", help="take over the SECRET_KEY that is in the file")
        parser.add_argument("--data-dir", help="the folder of the new server's state; manage.py reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(self.stdout, "check")
        try:
            with restore.opened(options["file"]) as file, _folder():
                file.check(progress.start(file.size))
                if not connection.introspection.table_names():
                    call_command("migrate", verbosity=0, interactive=False)
                restore.refuse_unfit(file)
                progress.title = "restore"
                absent, about = file.contents["absent"], file.contents
                rows = restore.load(file, progress.start(file.row_count), with_secret=options["with_secret"])
                progress.title = "verify"
                findings = restore.verify(progress.start)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        finally:
            progress.finish()
        self.stdout.write(f"restored: {rows:,} rows of {about['made_at']} from {about['database']}")
        self._tell(findings, absent)
        if about["has_secret"] and not options["with_secret"]:
            self.stdout.write("The SECRET_KEY in the file was not used; --with-secret takes it over.")

    def _tell(self, findings: Findings, absent: list[str]) -> None:
        good = findings.tapes - len(findings.tapes_differing)
        older = f" ({findings.unhashed:,} older executions have none)" if findings.unhashed else ""
        self.stdout.write(f"tape hashes: {good:,} of {findings.tapes:,} as recorded{older}")
        self.stdout.write(
            f"bars: {findings.bars - len(findings.bars_missing):,} of {findings.bars:,} files as recorded"
        )
        if absent:
            self.stdout.write("\n".join(["missing on the old server already:", *absent]))
        if not findings.is_good:
            differing = [*findings.tapes_differing, *findings.bars_missing]
            raise CommandError("\n".join(["Everything was restored, but this is not as it was recorded:", *differing]))


@contextmanager
def _folder() -> Iterator[None]:
    """Hold the state's folder where the database is in it: so that `serve` goes on there, and none is serving now."""
    if settings.DATABASES["default"]["NAME"] != str(settings.DATA_DIR / "db.sqlite3"):
        yield
        return
    with claimed(settings.DATA_DIR, "serve", accepts=frozenset({"serve", "demo"})):
        yield
