"""What may be done with trading tasks; the rest is as with back-tests (`services`)."""

from typing import Any, Final

from django.db import transaction
from django.db.models import F

from apps.accounts import audit
from apps.brokers import offers
from apps.errors import Invalid
from apps.executions import lifecycle, messages, services
from apps.executions.models import Execution, Status, TradingTask

IMMEDIATE, GRACEFUL, CLOSE = "immediate", "graceful", "graceful_close"
STOPS: Final = (IMMEDIATE, GRACEFUL, CLOSE)
"""Ways to stop: both of the first keep the positions as they are, and write nothing more; the last closes them."""

CLOCK: Final = ("bars_per_second", "speed")
SLOWEST: Final = 1e-5  # one in 28 hours


def create(**fields: Any) -> TradingTask:
    """A new task from the model's fields; Invalid names every wrong field, and then nothing is written."""
    task = TradingTask(**fields)
    check(task)
    services.save_new(task)
    return task


def update(task: TradingTask, **changes: Any) -> TradingTask:
    """Change a task that is not running; executions made before keep what they were started with."""
    with transaction.atomic():
        services.refuse_while_running(services.locked(task), "changed")
        for name, value in changes.items():
            setattr(task, name, value)
        check(task)
        task.save()
        audit.note(task.owner_id, "changed", "trading_task", task.pk, fields=changes)
    return task


def start(task: TradingTask) -> Execution:
    """As `services.start`; raises Invalid for what this server has ceased to offer."""
    _refuse(offers.problems_of(mode=task.mode, feed=task.feed, broker=task.broker))
    return services.start(task)


def stop(task: TradingTask, mode: str | None = None) -> Execution:
    """Stop the task's latest execution; mode: one of STOPS, None for what the task says.

    One that has to close its positions runs on until they are closed. Raises Conflict.
    """
    execution = services.latest_execution(task)
    if (mode or (CLOSE if task.sell_on_stop else GRACEFUL)) == CLOSE and execution.started_at is not None:
        _close(execution)
    else:
        lifecycle.stop(execution)
    return execution


def _close(execution: Execution) -> None:
    """Have a worker close what is open, from the last recorded row on; who holds the execution now is superseded."""
    with transaction.atomic():
        row = Execution.objects.select_for_update(of=("self",)).filter(pk=execution.pk)
        status, is_closing = row.values_list("status", "closing_from").get()
        if status not in (Status.RUNNING, Status.PAUSED):
            lifecycle.stop(execution)  # which refuses
        if is_closing is None:
            fence = {"attempt": F("attempt") + 1, "lease_until": None, "worker": "", "due_at": None}
            row.update(closing_from=F("processed"), **fence)
        if status == Status.PAUSED:
            lifecycle.resume(execution)
        else:
            messages.send(execution.pk)
    execution.refresh_from_db()


def check(task: TradingTask) -> None:
    """Put the task's terms into their types, or raise Invalid with every problem of the task, by field."""
    problems = offers.problems_of(mode=task.mode, feed=task.feed, broker=task.broker)
    for name in CLOCK:
        value = getattr(task, name)
        if value is not None and not SLOWEST <= value < 1e9:
            problems[name] = [f"It must be {SLOWEST:.5f} or more, or empty."]
    if task.bars_per_second is not None and task.speed is not None:
        problems["speed"] = ["A clock goes by bars_per_second or by speed, not by both."]
    try:
        services.check(task)
    except Invalid as refusal:
        problems = {**refusal.fields, **problems}
    _refuse(problems)


def _refuse(problems: dict[str, list[str]]) -> None:
    if problems:
        raise Invalid("; ".join(f"{name}: {texts[0]}" for name, texts in problems.items()), fields=problems)
