"""`manage.py verify 12 13` or `manage.py verify --all`: do executions still bring the tape that they recorded?"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.errors import DomainError
from apps.executions import verifications
from apps.executions.models import Execution, Outcome
from apps.runner.verify import verify

BAR_WIDTH = 40
STEP = 10  # per cent between two lines of progress, where no terminal can draw a bar
EXIT_DIFFERENT = 1
EXIT_IMPOSSIBLE = 2


class Command(BaseCommand):
    help = (
        "Run executions again and compare their tapes row by row. Exits with 1 when one is different, and with 2 when"
        " none is but one cannot be run again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("ids", nargs="*", type=int, default=[], metavar="ID", help="of an execution")
        which.add_argument("--all", action="store_true", help="every execution that is paused or over")

    def handle(self, *args: Any, **options: Any) -> None:
        ids = _every() if options["all"] else _known(options["ids"])
        outcomes = [self._verify(place, execution_id, len(ids)) for place, execution_id in enumerate(ids, 1)]
        counts = {outcome: outcomes.count(outcome) for outcome in Outcome if outcome in outcomes}
        self.stdout.write("; ".join(f"{count} {outcome.label.lower()}" for outcome, count in counts.items()) or "none")
        if Outcome.DIFFERENT in counts:
            sys.exit(EXIT_DIFFERENT)
        if Outcome.IMPOSSIBLE in counts:
            sys.exit(EXIT_IMPOSSIBLE)

    def _verify(self, place: int, execution_id: int, count: int) -> Outcome | None:
        """None for one that was deleted or resumed meanwhile."""
        title = f"execution {execution_id}" + (f" ({place} of {count})" if count > 1 else "")
        try:
            execution = Execution.objects.get(pk=execution_id)
            verifications.refuse_moving(execution)
            progress = _progress(title)
            findings = verify(execution, progress)
            progress(100.0)
        except (DomainError, Execution.DoesNotExist) as refusal:
            self.stdout.write(f"{title}: left out. {refusal}")
            return None
        verifications.keep(execution, findings.outcome, findings.report)
        self.stdout.write(f"{title}: {findings.outcome}. {findings.report['summary']}")
        return findings.outcome


def _every() -> list[int]:
    settled = Execution.objects.exclude(status__in=verifications.MOVING)
    return list(settled.order_by("pk").values_list("pk", flat=True))


def _known(ids: list[int]) -> list[int]:
    """Raises CommandError where one of them is no execution, or cannot be verified now."""
    found = Execution.objects.in_bulk(ids)
    if missing := [str(each) for each in ids if each not in found]:
        raise CommandError(f"There is no execution {', '.join(missing)}.")
    try:
        for execution in found.values():
            verifications.refuse_moving(execution)
    except DomainError as refusal:
        raise CommandError(refusal.message) from refusal
    return list(dict.fromkeys(ids))


def _progress(title: str) -> Callable[[float], None]:
    """Draws a bar on a terminal that goes when it is done, and writes lines elsewhere."""
    if sys.stderr.isatty():
        return _Bar(title)
    return _Lines(title)


class _Bar:
    def __init__(self, title: str) -> None:
        self.title = title

    def __call__(self, done: float) -> None:
        share = min(done / 100.0, 1.0)
        end = "\r\033[K" if share == 1.0 else ""
        sys.stderr.write(f"\r{self.title} [{'#' * round(share * BAR_WIDTH):<{BAR_WIDTH}}] {share:4.0%}{end}")
        sys.stderr.flush()


class _Lines:
    def __init__(self, title: str) -> None:
        self.title = title
        self.due = STEP

    def __call__(self, done: float) -> None:
        if done >= self.due:
            self.due = int(done) // STEP * STEP + STEP
            sys.stderr.write(f"{self.title}: {done:.0f} %\n")
            sys.stderr.flush()
