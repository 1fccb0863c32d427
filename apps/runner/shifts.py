"""Shifts: a worker plays what has come for the executions that wait for a feed, one after the other.

Between two rows such an execution has no worker, and no message either: it has a time at which it is due. Whoever ends
a shift has a message sent for the moment at which the next of all of them is due, unless one is on its way; the sweep
sees to it that a lost one is sent again. So many executions cost few messages, and few workers.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, DurationField, ExpressionWrapper, F, QuerySet
from django.db.models.functions import Coalesce, Greatest, Now

from apps.executions import messages, queue
from apps.executions.models import Execution, Status
from apps.runner import handover
from apps.runner.pace import REST_SECONDS
from apps.runner.run import run

HORIZON_SECONDS = 10.0  # what is due later the sweep has woken: a broker that fails forgets what it was to deliver then
HELP_SECONDS = 0.5  # who finds rows that are later than that calls another worker


@dataclass(frozen=True)
class Due:
    """The execution that is to be looked at first: `seconds` from now, or ago where they are negative."""

    execution_id: int
    seconds: float
    sent_at: datetime | None


def play(turns: float = 1.0) -> None:
    """Play what has come, for so many turns at most; then have somebody look when the next row comes."""
    ends, has_called = time.monotonic() + turns * settings.TURN_SECONDS, False
    while not handover.is_requested() and time.monotonic() < ends:
        due = first_due()
        if due is None or due.seconds > REST_SECONDS:
            break
        if due.seconds < -HELP_SECONDS and not has_called:
            has_called = True
            _call()
        time.sleep(max(due.seconds, 0.0))
        run(due.execution_id)
    wake()


def wake() -> None:
    """Have a worker look when the next row comes, unless one will."""
    due = first_due()
    if due is None or due.seconds > HORIZON_SECONDS or _is_sent(due):
        return
    unsent = Execution.objects.filter(pk=due.execution_id, sent_at=due.sent_at)
    if unsent.update(sent_at=Now()):  # of several that end a shift, one
        messages.send_for_due(max(due.seconds, 0.0))


def first_due() -> Due | None:
    """Of the executions that wait for a feed, the one whose row came first, or will.

    One that has more to do than it gets done is due again when it was put down, behind the others.
    """
    first: Any = waiting().first()
    return first and Due(first.pk, first.ahead.total_seconds(), first.sent_at)


def waiting() -> QuerySet[Execution]:
    """What is running on a feed and has no worker; the first one first."""
    on_feeds = Execution.objects.filter(queue.is_free(), status=Status.RUNNING, due_at__isnull=False)
    when = Greatest("due_at", Coalesce("queued_at", "due_at"), output_field=DateTimeField())
    ahead = ExpressionWrapper(F("when") - Now(), output_field=DurationField())
    return on_feeds.only("pk", "sent_at").annotate(when=when, ahead=ahead).order_by("when", "pk")


def _is_sent(due: Due) -> bool:
    """Whether a message for it is on its way, or would have come by now."""
    if due.sent_at is None:
        return False
    lost = Execution.objects.filter(pk=due.execution_id, sent_at__lt=Now() - timedelta(seconds=settings.RESEND_SECONDS))
    return due.seconds > -settings.RESEND_SECONDS or not lost.exists()


def _call() -> None:
    """Have another worker help, where one is free."""
    if not messages.waiting():
        messages.send_for_due(0.0)
