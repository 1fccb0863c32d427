"""Who may move an execution from which status to which: one table, one locked row.

          start          pause            resume
created ─────────► running ─────► paused ─────────► running
   │                  │ └► completed  │
   └─► stopped        └► failed       └► stopped          (stopped, completed, failed: for ever)

To run what is over again, or to go on where it failed, is another execution: `services.restart` and `services.retry`.
"""

from collections.abc import Mapping
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now
from django.dispatch import Signal

from apps.accounts import audit
from apps.errors import Conflict
from apps.executions import messages
from apps.executions.models import Execution, Status

ALLOWED: Final[dict[Status, frozenset[Status]]] = {
    Status.CREATED: frozenset({Status.RUNNING, Status.STOPPED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.PAUSED, Status.STOPPED, Status.COMPLETED, Status.FAILED}),
    Status.PAUSED: frozenset({Status.RUNNING, Status.STOPPED}),
    Status.STOPPED: frozenset(),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
}
TERMINAL: Final = frozenset(status for status, onward in ALLOWED.items() if not onward)

status_changed = Signal()
"""Sent within the transaction of the change, with execution_id, before and after: the events journal writes it down."""

execution_failed = Signal()
"""Sent within the transaction of a failure, with execution_id, message and failure, just before its status_changed."""


class InvalidTransition(Conflict):
    code = "invalid_transition"


def pause(execution: Execution) -> None:
    """Let no further row be written: after this returns, none is."""
    clock = {"due_at": None, "clock_at": None}  # that of its feed rests with it
    _move(execution, to=Status.PAUSED, lease_until=None, worker="", **clock)


def resume(execution: Execution) -> None:
    """Let a paused execution go on from its snapshot."""
    execution.refresh_from_db(fields=["status"])
    if execution.status != Status.PAUSED:
        raise _refusal(execution, Status.RUNNING)
    _move(execution, to=Status.RUNNING, queued_at=Now())
    messages.send(execution.pk)


def stop(execution: Execution) -> None:
    """End it for good; what it wrote so far stays."""
    _move(execution, to=Status.STOPPED, completed_at=Now(), lease_until=None, worker="")


def begin(execution: Execution) -> None:
    """A worker has taken it up."""
    _move(execution, to=Status.RUNNING, started_at=Now())


def complete(execution: Execution) -> None:
    _move(execution, to=Status.COMPLETED, progress=100.0, completed_at=Now(), lease_until=None, worker="")


def fail(execution: Execution, message: str, failure: Mapping[str, Any]) -> None:
    """End it with a reason that its owner can act on; the partial tape stays.

    failure: `error_type`, and as far as they are known the strategy's `file` and `line`, the `bar` (its index) and its
    `time`.
    """
    changes = {"error_message": message, "failure": dict(failure), "completed_at": Now()}
    _move(execution, to=Status.FAILED, lease_until=None, worker="", **changes)


def _move(execution: Execution, *, to: Status, **changes: Any) -> None:
    with transaction.atomic():
        row = Execution.objects.filter(pk=execution.pk)
        before = Status(row.select_for_update().values_list("status", flat=True).get())
        if allowed := to in ALLOWED[before]:
            row.update(status=to, **changes)
            audit.note(execution.owner_id, "moved", "execution", execution.pk, before=before, after=to)
            if to == Status.FAILED:
                told = {"message": changes["error_message"], "failure": changes["failure"]}
                execution_failed.send(sender=Execution, execution_id=execution.pk, **told)
            status_changed.send(sender=Execution, execution_id=execution.pk, before=before, after=to)
    execution.refresh_from_db()
    if not allowed:
        raise _refusal(execution, to)


def _refusal(execution: Execution, to: Status) -> InvalidTransition:
    sources = " or ".join(str(status) for status, onward in ALLOWED.items() if to in onward)
    return InvalidTransition(f"Execution {execution.pk} is {execution.status}; only a {sources} one can become {to}.")
