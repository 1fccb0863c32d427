"""What may be done with tasks and executions, for every door alike."""

from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from apps.errors import AccessDenied, Conflict, Invalid, NotFound
from apps.executions import data, lifecycle, messages, terms, timeframes
from apps.executions.manifests import manifest_hash, manifest_of, seal_of
from apps.executions.models import BacktestTask, Execution, Status, TaskType
from apps.market import sessions
from apps.market.models import DatasetVersion
from apps.strategies import sources

UNFINISHED = (Status.CREATED, Status.RUNNING, Status.PAUSED)
LONGEST_WARM_UP = 1_000_000_000


class AlreadyRunning(Conflict):
    code = "already_running"


class NotFailed(Conflict):
    code = "not_failed"


def find(user: Any, execution_id: int) -> Execution:
    """The user's execution; NotFound where there is none, AccessDenied where it is another's."""
    execution = Execution.objects.select_related("backtest_task").filter(pk=execution_id).first()
    if execution is None:
        raise NotFound("Execution not found")
    if execution.owner_id != user.pk:
        raise AccessDenied
    return execution


def create_backtest_task(**fields: Any) -> BacktestTask:
    """A new task from the model's fields; Invalid names every wrong field, and then nothing is written."""
    task = BacktestTask(**fields)
    check(task)
    task.save(force_insert=True)
    return task


def update_backtest_task(task: BacktestTask, **changes: Any) -> BacktestTask:
    """Change a task that is not running; executions made before keep what they were started with."""
    _refuse_while_running(task, "changed")
    for name, value in changes.items():
        setattr(task, name, value)
    check(task)
    task.save()
    return task


def delete_backtest_task(task: BacktestTask) -> None:
    """Stop what runs, then delete the task with its executions and their journals."""
    for execution in task.executions.filter(status__in=UNFINISHED):
        lifecycle.stop(execution)
    task.delete()


def delete(execution: Execution) -> None:
    """Delete an execution that is over, with its journals. Raises Conflict while it or a retry of it is unfinished."""
    unfinished = Execution.objects.filter(Q(pk=execution.pk) | Q(retry_of=execution), status__in=UNFINISHED).first()
    if unfinished is not None:
        raise Conflict(
            f"Execution {execution.pk} cannot be deleted: execution {unfinished.pk} is {unfinished.status}."
            " Stop it first."
        )
    execution.delete()


def start(task: BacktestTask) -> Execution:
    """A new numbered execution of the task, sent to the workers when the transaction commits.

    Raises Invalid when the dataset's newest version has not as many bars before the start as the warm-up needs.
    """
    with transaction.atomic():
        task = (
            BacktestTask.objects.select_for_update(of=("self",))
            .select_related("config", "dataset__instrument")
            .get(pk=task.pk)
        )
        _refuse_while_running(task, "started again")
        version = _newest_version(task)
        manifest = manifest_of(task, version)
        sources.keep(task.config.strategy_type)
        if task.warm_up_bars:
            data.rows_of(manifest["data"])
        execution = Execution.objects.create(
            owner_id=task.owner_id,
            task_type=TaskType.BACKTEST,
            backtest_task=task,
            execution_number=_next_number(task),
            dataset_version=version,
            manifest=manifest,
            manifest_hash=manifest_hash(manifest),
            seal=seal_of(manifest),
        )
        messages.send(execution.pk)
        execution.refresh_from_db(fields=["sent_at"])
    return execution


def equal_to(task: BacktestTask) -> Execution | None:
    """The owner's newest completed execution of what the task would run now; None when there is none.

    Raises Invalid as `start` does.
    """
    wanted = manifest_hash(manifest_of(task, _newest_version(task)))
    equal = Execution.objects.filter(owner_id=task.owner_id, manifest_hash=wanted, status=Status.COMPLETED)
    return equal.order_by("-id").first()


def restart(execution: Execution) -> Execution:
    """A new numbered execution of the same task, as the task is now, from its first bar.

    Raises AlreadyRunning while any execution of the task is unfinished, and what `start` raises.
    """
    return start(_task_of(execution, "started again"))


def retry(execution: Execution) -> Execution:
    """A new numbered execution of the same manifest that goes on from the last snapshot of a failed one.

    A worker copies the tape up to there. One that failed before its first snapshot begins at its first bar.
    """
    with transaction.atomic():
        task = BacktestTask.objects.select_for_update().filter(pk=_task_of(execution, "retried").pk).first()
        failed = Execution.objects.filter(pk=execution.pk).first()
        if task is None or failed is None:
            raise NotFound("Execution not found")
        if failed.status != Status.FAILED:
            raise NotFailed(f"Execution {failed.pk} is {failed.status}; only a failed one can be retried. Restart it.")
        if failed.archived_at is not None:
            raise NotFailed(f"The tape of execution {failed.pk} is archived; restart it instead.")
        _refuse_while_running(task, "retried")
        retried = Execution.objects.create(
            owner_id=failed.owner_id,
            task_type=failed.task_type,
            backtest_task=task,
            execution_number=_next_number(task),
            dataset_version_id=failed.dataset_version_id,
            manifest=failed.manifest,
            manifest_hash=failed.manifest_hash,
            seal=failed.seal,
            retry_of=failed,
        )
        messages.send(retried.pk)
    return retried


def latest_execution(task: BacktestTask) -> Execution:
    """The task's newest execution; Conflict when it was never started."""
    execution = task.executions.order_by("-execution_number").first()
    if execution is None:
        raise Conflict(f"Task {task.pk} has never been started.")
    return execution


def _newest_version(task: BacktestTask) -> DatasetVersion:
    version = task.dataset.latest
    if version is None:
        raise Invalid(f"Dataset {task.dataset} holds no rows yet.", fields={"dataset": ["It holds no rows yet."]})
    return version


def _next_number(task: BacktestTask) -> int:
    """The caller holds the task's row lock."""
    return (task.executions.aggregate(last=Max("execution_number"))["last"] or 0) + 1


def _task_of(execution: Execution, deed: str) -> BacktestTask:
    if execution.backtest_task is None:
        raise Conflict(f"Execution {execution.pk} cannot be {deed}: it belongs to no back-test task.")
    return execution.backtest_task


def _refuse_while_running(task: BacktestTask, deed: str) -> None:
    running = task.executions.filter(status__in=UNFINISHED).first()
    if running is not None:
        raise AlreadyRunning(
            f"Task {task.pk} cannot be {deed}: its execution {running.pk} is {running.status}. Stop it first."
        )


def check(task: BacktestTask) -> None:
    """Put the task's terms into their types, or raise Invalid with every problem of the task, by field."""
    problems: dict[str, list[str]] = {}
    if not task.name.strip():
        problems["name"] = ["A task needs a name."]
    elif BacktestTask.objects.filter(owner_id=task.owner_id, name=task.name).exclude(pk=task.pk).exists():
        problems["name"] = ["You have another task of this name."]
    if task.start_time and task.end_time and task.start_time >= task.end_time:
        problems["start_time"] = ["It must be before end_time."]
    if not 0 < task.initial_balance < 1e15:
        problems["initial_balance"] = ["It must be more than 0 and less than 1e15."]
    for name in terms.COMMISSIONS.values():
        if not 0 <= getattr(task, name) < 1e9:
            problems[name] = ["It must be 0 or more, and less than 1e9."]
    if not 0 <= task.commission_rate < 1:
        problems["commission_rate"] = ["It is a share of the value: 0 or more and less than 1."]
    if task.bars_per_second is not None and not 0 < task.bars_per_second < 1e9:
        problems["bars_per_second"] = ["It must be more than 0, or empty for as fast as it goes."]
    if not 0 <= task.warm_up_bars <= LONGEST_WARM_UP:
        problems["warm_up_bars"] = [f"It must be from 0 to {LONGEST_WARM_UP}."]
    elif task.warm_up_bars and task.start_time is None:
        problems["warm_up_bars"] = ["It counts bars before start_time, and there are none before the first one."]
    try:
        task.timeframe = timeframes.clean(task.timeframe, task.dataset.timeframe_seconds)
    except Invalid as error:
        problems |= error.fields
    try:
        sessions.parse(task.session)
    except Invalid as error:
        problems["session"] = [error.message]
    for part in terms.ALL:
        try:
            setattr(task, part.name, part.clean(getattr(task, part.name)))
        except Invalid as error:
            problems |= error.fields
    if problems:
        raise Invalid("; ".join(f"{name}: {texts[0]}" for name, texts in problems.items()), fields=problems)
