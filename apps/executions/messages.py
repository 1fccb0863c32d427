"""Messages to the workers, by name: this room does not know what carries an execution out."""

from functools import partial

import structlog
from celery import current_app
from django.db import transaction
from django.db.models.functions import Now
from kombu.exceptions import OperationalError

from apps.executions.models import Execution

log = structlog.get_logger("executions")

QUEUE = "backtests"


def send(execution_id: int) -> None:
    """Ask the workers to look at an execution, once the present transaction is committed.

    A broker that cannot be reached is no error: the row is the truth, and the sweep sends it again.
    """
    Execution.objects.filter(pk=execution_id).update(sent_at=Now())
    transaction.on_commit(partial(_send, execution_id))


def waiting() -> int:
    """How many messages wait for a worker; 0 where the broker cannot be asked."""
    with current_app.connection_or_acquire() as connection:
        try:
            return int(connection.default_channel.queue_declare(QUEUE, passive=True).message_count)
        except (*connection.connection_errors, *connection.channel_errors, OperationalError):
            return 0


def _send(execution_id: int) -> None:
    try:
        current_app.send_task("run_execution", [execution_id], queue=QUEUE, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("message not sent", execution_id=execution_id, error=str(error))


def send_for_due(seconds: float) -> None:
    """Ask the workers to look, in so many seconds, at the executions whose next row has come by then."""
    try:
        current_app.send_task("play_due", queue=QUEUE, countdown=seconds or None, retry=False)
    except (OperationalError, OSError) as error:
        log.warning("message not sent", error=str(error))
