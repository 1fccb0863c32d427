"""`manage.py retention --archive-after 90 --delete-after 365 --dry-run`"""

import argparse
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.errors import DomainError
from apps.keeping import archiving, retention
from apps.keeping.models import Leftover
from apps.keeping.retention import Policy, Report

LONGEST_DAYS = 36_500


class Command(BaseCommand):
    help = "Archive and delete what is older than the policy says, and sweep away what belongs to nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--archive-after",
            type=_number,
            metavar="DAYS",
            default=settings.ARCHIVE_AFTER_DAYS,
            help="move the journals of executions that ended before into files (default: %(default)s; 0: never)",
        )
        parser.add_argument(
            "--archive-over",
            type=_number,
            metavar="COUNT",
            default=settings.ARCHIVE_OVER_COUNT,
            help="and those of all but each user's newest ones that are over (default: %(default)s; 0: none)",
        )
        parser.add_argument(
            "--delete-after",
            type=_number,
            metavar="DAYS",
            default=settings.DELETE_AFTER_DAYS,
            help="delete executions that ended before (default: %(default)s; 0: never)",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")
        parser.add_argument("--data-dir", help="the folder of the server's state; manage.py reads it")

    def handle(self, *args: Any, **options: Any) -> None:
        policy = Policy(options["archive_after"], options["archive_over"], options["delete_after"])
        if options["dry_run"]:
            self._say(_summary(retention.rehearse(policy, self._say), "would be "))
            return
        try:
            report = retention.carry_out(policy, self._say)
        except DomainError as refusal:
            raise CommandError(refusal.message) from refusal
        self._sweep()
        self._say(_summary(report, ""))
        if report.refused:
            raise CommandError("\n".join([f"{len(report.refused)} executions stay as they are:", *report.refused]))

    def _sweep(self) -> None:
        """Sweep what is due now, and what becomes due when the last reader has done with it."""
        rows = retention.sweep()
        if Leftover.objects.exists():
            self._say(f"rows: waiting {archiving.READERS_SECONDS:g} s for readers that came before")
            time.sleep(archiving.READERS_SECONDS)
            rows += retention.sweep()
        self._say(f"rows: {rows:,} swept out of the tables")

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def _summary(report: Report, would: str) -> str:
    lines = [
        f"{report.archived:,} executions {would}archived, {report.deleted:,} {would}deleted:"
        f" {report.rows:,} rows of {_size(report.row_bytes)} {'would leave' if would else 'left'} the tables",
    ]
    if not would:
        lines.append(f"{_size(report.file_bytes)} of archives were written, {report.files:,} stray files removed")
    return "\n".join(lines)


def _size(count: int) -> str:
    return f"{count / 1e6:,.1f} MB"


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) > LONGEST_DAYS:
        raise argparse.ArgumentTypeError(f"{text} is no whole number from 0 to {LONGEST_DAYS}")
    return int(text)
