"""What a user takes of the server by executions, and the refusal of more than the quota allows."""

from dataclasses import dataclass

from django.db.models import Count, F, Q, Sum

from apps.accounts import quotas
from apps.accounts.quotas import QuotaExceeded
from apps.executions import queue
from apps.executions.models import Execution, Status

UNFINISHED = (Status.CREATED, Status.RUNNING, Status.PAUSED)
ROWS = F("events_head") + F("trades_head") + F("equity_head")


@dataclass(frozen=True)
class Usage:
    """running: executions that a worker carries out now. waiting: that would be, if there were more workers.

    rows: events, trades and equity points of all executions, archived ones too.
    """

    running: int
    waiting: int
    paused: int
    unfinished: int
    rows: int


def usage_of(user_id: int) -> Usage:
    counts = Execution.objects.filter(owner_id=user_id).aggregate(
        running=Count("pk", filter=queue.is_held()),
        paused=Count("pk", filter=Q(status=Status.PAUSED)),
        unfinished=Count("pk", filter=Q(status__in=UNFINISHED)),
        rows=Sum(ROWS, default=0),
    )
    return Usage(waiting=counts["unfinished"] - counts["running"] - counts["paused"], **counts)


def refuse_more(user_id: int) -> None:
    """Raise QuotaExceeded unless the user may have one more execution; the caller holds the user's quota."""
    limits = quotas.limits_of([user_id])[user_id]
    own = Execution.objects.filter(owner_id=user_id)
    if limits.unfinished and (unfinished := own.filter(status__in=UNFINISHED).count()) >= limits.unfinished:
        raise QuotaExceeded(
            f"{unfinished:,} of your executions wait, run or are paused, and {limits.unfinished:,} may."
            " Stop one, or wait until one is over."
        )
    if limits.rows and (rows := own.aggregate(rows=Sum(ROWS, default=0))["rows"]) >= limits.rows:
        largest = own.annotate(rows=ROWS).order_by("-rows").values_list("pk", "rows").first() or (0, 0)
        raise QuotaExceeded(
            f"Your executions keep {rows:,} rows, and {limits.rows:,} are the most before another may start."
            f" Delete some; the largest is execution {largest[0]} with {largest[1]:,}."
        )
