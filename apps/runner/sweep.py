"""The sweep: the database is the queue's truth, so whatever should run and does not is sent again."""

from contextlib import suppress
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from apps.executions import lifecycle, messages
from apps.executions.lifecycle import InvalidTransition
from apps.executions.models import Execution, Status
from apps.executions.queue import HOPELESS, MAX_ATTEMPTS, has_lapsed

MOST_AT_ONCE = 1000
QUEUE_SECONDS = 300.0  # a message that waits its turn in a queue is not sent again sooner: it would come twice


def lapsed() -> list[int]:
    """Ids of executions that should be running and whose worker is silent, or that no worker ever took up."""
    return list(_due().order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])


def send_lapsed() -> None:
    """Send all of them again; of several sweeps at the same moment, one sends each."""
    if not _due().exists():
        return  # on SQLite, a transaction keeps every writer waiting
    with transaction.atomic():
        due = _due().order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        for execution_id in list(due.values_list("pk", flat=True)[:MOST_AT_ONCE]):
            messages.send(execution_id)


def give_up() -> None:
    """Fail the executions that have taken down MAX_ATTEMPTS workers without one recorded chunk in between."""
    for execution in Execution.objects.filter(has_lapsed(), HOPELESS, status=Status.RUNNING):
        with suppress(InvalidTransition):  # it was stopped meanwhile
            lifecycle.fail(
                execution,
                f"{MAX_ATTEMPTS} workers were lost while they carried it out; the last rows are kept.",
                {"error_type": "WorkersLost"},
            )


def _due() -> QuerySet[Execution]:
    """What should run and does not, and was not sent a moment ago; nor a while ago, where messages wait in a queue."""
    runnable = Execution.objects.filter(status__in=(Status.CREATED, Status.RUNNING), due_at=None)
    due = runnable.filter(Q(lease_until=None) | has_lapsed(), _sent_before(settings.RESEND_SECONDS))
    if due.filter(lease_until=None).exists() and messages.waiting():
        due = due.filter(has_lapsed() | _sent_before(QUEUE_SECONDS))
    return due


def _sent_before(seconds: float) -> Q:
    """A moment to come is one of a clock that was set back since."""
    return Q(sent_at=None) | Q(sent_at__lt=Now() - timedelta(seconds=seconds)) | Q(sent_at__gt=Now())
