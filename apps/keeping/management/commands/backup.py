"""`manage.py backup /backups/monday.zip`"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.errors import DomainError
from apps.keeping import backup
from apps.keeping.progress import Progress


class Command(BaseCommand):
    help = "Write everything a server needs into one file, as it is at this moment; the server may go on meanwhile."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="must not exist yet")
        parser.add_argument(
            "--with-secret", action="store_true", help="put SECRET_KEY in, so that nobody signs in anew"
        )
        parser.add_argument("--data-dir", help="the folder of the server's state; manage.py reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        progress = Progress(self.stdout, "backup")
        try:
            summary = backup.write(options["file"], progress.start, with_secret=options["with_secret"])
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        finally:
            progress.finish()
        self.stdout.write(
            f"{options['file']}: {summary.size / 1e6:,.1f} MB, {summary.rows:,} rows of {summary.tables} tables,"
            f" {summary.bars} files of bars, {summary.archives} archives"
        )
        if summary.absent:
            raise CommandError("\n".join(["Not in it, because damaged or missing on this server:", *summary.absent]))
