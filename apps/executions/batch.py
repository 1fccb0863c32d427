"""Many executions at once: each item is done or refused by itself, and none half."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.db.models import OuterRef, Subquery

from apps.accounts.models import User
from apps.errors import NotFound
from apps.executions import services
from apps.executions.models import BacktestTask, Checkpoint, Execution
from apps.strategies import services as strategies

MOST_STARTED = 100
MOST_ASKED = 200


def start(user: User, item: Mapping[str, Any]) -> tuple[Execution, bool]:
    """Carry one item out; its execution, and whether that was there already. Raises DomainError: nothing is made then.

    item: `task_id`, or `task` (the fields of a new one) and, unless those name a configuration, `config` (the fields of
    a new one of those); and `reuse`, as a start has it.
    """
    with transaction.atomic():
        task = _task_of(user, item)
        reused = services.equal_to(task) if item["reuse"] else None
        return reused or services.start(task), reused is not None


def statuses(user: User, ids: Iterable[int]) -> tuple[list[tuple[Execution, Checkpoint | None]], list[int]]:
    """The user's executions of these ids with their newest checkpoints, and the ids that are none of the user's."""
    wanted = list(dict.fromkeys(ids))
    newest = Checkpoint.objects.filter(execution=OuterRef("pk")).order_by("-pk").values("pk")[:1]
    own = Execution.objects.visible_to(user).defer("manifest", "seal").annotate(newest=Subquery(newest))
    found = {execution.pk: execution for execution in own.filter(pk__in=wanted)}
    newest_of = {pk: execution.__dict__["newest"] for pk, execution in found.items()}
    checkpoints = Checkpoint.objects.in_bulk([key for key in newest_of.values() if key is not None])
    shown = [(found[pk], checkpoints.get(newest_of[pk])) for pk in wanted if pk in found]
    return shown, [pk for pk in wanted if pk not in found]


def _task_of(user: User, item: Mapping[str, Any]) -> BacktestTask:
    if "task_id" in item:
        task = BacktestTask.objects.visible_to(user).filter(pk=item["task_id"]).first()
        if task is None:
            raise NotFound("Task not found", fields={"task_id": ["You have no back-test task of this id."]})
        return task
    fields = dict(item["task"])
    if "config" in item:
        fields["config"] = strategies.create_config(owner=user, **item["config"])
    return services.create_backtest_task(owner=user, **fields)
