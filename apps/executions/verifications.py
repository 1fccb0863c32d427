"""Verifications: repetitions of an execution that compare its tape; asked for here, carried out by a worker.

A worker claims one by its lease, whose end is also the fence: who finds another end in the row than the one it wrote
was taken for dead, and lets go. The row is the truth, as with executions: whatever is not carried out is sent again.
"""

from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.expressions import CombinedExpression
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from apps.errors import Conflict, NotFound
from apps.executions.models import Execution, Outcome, Status, Verification

log = structlog.get_logger("executions")

MOVING = (Status.CREATED, Status.RUNNING)
OPEN = (Outcome.PENDING, Outcome.RUNNING)
MOST_WORKERS = 3  # so many may be lost to one verification before it is given up
FREE = Q(lease_until=None) | Q(lease_until__lt=Now())


class StillMoving(Conflict):
    code = "still_moving"


class LetGo(Exception):
    """Another worker has taken the verification up, or it was deleted."""


def request(execution: Execution) -> Verification:
    """A new verification, sent to the workers when the transaction commits; the present one while one is under way.

    Raises StillMoving for an execution that waits or runs.
    """
    with transaction.atomic():
        row = Execution.objects.select_for_update(of=("self",)).filter(pk=execution.pk).first()
        if row is None:
            raise NotFound("Execution not found")
        refuse_moving(row)
        verification = row.verifications.filter(outcome__in=OPEN).first()
        if verification is None:
            verification = Verification.objects.create(execution=row)
            send(verification.pk)
    return verification


def newest(execution: Execution) -> Verification:
    """NotFound when the execution was never verified."""
    verification = execution.verifications.first()
    if verification is None:
        raise NotFound(f"Execution {execution.pk} has not been verified yet.")
    return verification


def refuse_moving(execution: Execution) -> None:
    if execution.status in MOVING:
        raise StillMoving(
            f"Execution {execution.pk} is {execution.status}; it can be verified when it is over or paused."
        )


def keep(execution: Execution, outcome: Outcome, report: Mapping[str, Any]) -> None:
    """Write down what a verification found that no message had asked for."""
    Verification.objects.create(
        execution=execution, outcome=outcome, progress=100.0, report=dict(report), finished_at=Now()
    )


# The worker's side


def claim(verification_id: int) -> Verification | None:
    """Take a verification up; None when there is nothing to do, or somebody else holds its lease."""
    with transaction.atomic():
        free = Verification.objects.select_for_update(of=("self",)).filter(FREE, pk=verification_id, outcome__in=OPEN)
        verification = free.select_related("execution__backtest_task").first()
        if verification is None:
            return None
        lost = verification.report.get("workers_lost", 0) + (verification.lease_until is not None)
        report = {"workers_lost": lost} if lost else {}
        row = Verification.objects.filter(pk=verification.pk)
        row.update(outcome=Outcome.RUNNING, report=report, lease_until=_lease_end())
        verification.refresh_from_db(fields=["outcome", "report", "lease_until"])
        if lost >= MOST_WORKERS:
            reason = f"{lost} workers were lost while they tried"
            finish(verification, Outcome.IMPOSSIBLE, {"reason": reason, "summary": f"It was given up: {reason}."})
            return None
    return verification


def renew(verification: Verification, progress: float) -> None:
    """Show that the worker lives, and how far it is in per cent. Raises LetGo."""
    if not _held(verification).update(lease_until=_lease_end(), progress=progress):
        raise LetGo
    verification.refresh_from_db(fields=["lease_until"])


def finish(verification: Verification, outcome: Outcome, report: Mapping[str, Any]) -> None:
    """Raises LetGo."""
    changes = {"outcome": outcome, "report": dict(report), "progress": 100.0, "lease_until": None}
    if not _held(verification).update(**changes, finished_at=Now()):
        raise LetGo


def release(verification: Verification) -> None:
    """Hand it over: another worker begins it anew with the next sweep."""
    _held(verification).update(outcome=Outcome.PENDING, lease_until=None, sent_at=None)


def lapsed() -> list[int]:
    """Ids of verifications whose worker is silent, or that no worker ever took up."""
    resend = Now() - timedelta(seconds=settings.RESEND_SECONDS)
    due = Verification.objects.filter(FREE, Q(sent_at=None) | Q(sent_at__lt=resend), outcome__in=OPEN)
    return list(due.order_by("pk").values_list("pk", flat=True)[:1000])


def send(verification_id: int) -> None:
    """Ask the workers to carry it out, once the present transaction is committed; the sweep asks again."""
    transaction.on_commit(partial(_send, verification_id))


def _send(verification_id: int) -> None:
    Verification.objects.filter(pk=verification_id).update(sent_at=Now())
    try:
        current_app.send_task("verify_execution", [verification_id], queue="backtests", retry=False)
    except (OperationalError, OSError) as error:
        log.warning("message not sent", verification_id=verification_id, error=str(error))


def _held(verification: Verification) -> Any:
    return Verification.objects.filter(
        pk=verification.pk, outcome=Outcome.RUNNING, lease_until=verification.lease_until
    )


def _lease_end() -> CombinedExpression:
    return Now() + timedelta(seconds=settings.LEASE_SECONDS)
