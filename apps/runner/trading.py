"""What a trading execution is played on: its feed, its clock, its broker."""

import time
from collections.abc import Callable

from django.db.models import F
from django.db.models.functions import Now

from apps.brokers.broker import Broker
from apps.brokers.paper import Paper
from apps.brokers.replay import SECOND, Clock
from apps.executions import replays
from apps.executions.models import Execution, Snapshot, Status, TradingTask
from apps.runner import feeds
from apps.runner.pace import FeedPace, Pace
from apps.runner.recorder import Claim, Superseded


def pace_of(claim: Claim, task: TradingTask) -> Pace:
    """How fast a claimed execution of the task may go on. Raises Superseded where it is not ours any more."""
    if task.bars_per_second is None and task.speed is None:
        return Pace()
    clock, now = _clock_of(claim)
    return FeedPace(replays.feed_of(claim.execution, task, clock), now, claim.processed)


def broker_of(execution: Execution) -> Broker:
    """The account of an execution, at its start or at the last recorded row of an earlier attempt."""
    snapshot = Snapshot.objects.filter(execution=execution).first()
    return Paper(
        lambda *change: feeds.session_of(execution.manifest, *change),
        bytes(snapshot.state) if snapshot else None,
        is_closing=execution.closing_from is not None,
    )


def _clock_of(claim: Claim) -> tuple[Clock, Callable[[], int]]:
    """The execution's clock, which begins to go unless it does; and what tells the moment as the database has it."""
    ours = Execution.objects.filter(pk=claim.execution.pk, attempt=claim.attempt, status=Status.RUNNING)
    if claim.execution.clock_at is None:
        ours.filter(clock_at=None).update(clock_at=Now(), clock_row=F("processed"))
    found = ours.annotate(now=Now()).values_list("clock_at", "clock_row", "now").first()
    clock_at, clock_row, now = found or (None, 0, None)
    if clock_at is None or now is None:
        raise Superseded
    asked, since = time.monotonic(), replays.microseconds(now)
    return Clock(replays.microseconds(clock_at), clock_row), lambda: since + int((time.monotonic() - asked) * SECOND)
