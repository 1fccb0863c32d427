"""What may be done with tasks and executions, for every door alike."""

from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from apps.accounts import audit, quotas
from apps.errors import AccessDenied, Conflict, Invalid, NotFound
from apps.executions import data, lifecycle, messages, terms, timeframes, usage
from apps.executions.manifests import manifest_hash, manifest_of, seal_of
from apps.executions.models import BacktestTask, Checkpoint, Execution, Status, TradingTask
from apps.market import sessions
from apps.market.models import DatasetVersion
from apps.questions import Question
from apps.strategies import sources

AnyTask = BacktestTask | TradingTask
UNFINISHED = usage.UNFINISHED
LONGEST_WARM_UP = 1_000_000_000
# the manifest is long, and few who ask for an execution want it
_EXECUTION = Question(lambda: Execution.objects.defer("manifest", "seal").filter(pk=0))
_CHECKPOINT = Question(lambda: Checkpoint.objects.filter(execution_id=0).order_by("-id")[:1])


class AlreadyRunning(Conflict):
    code = "already_running"


class NotFailed(Conflict):
    code = "not_failed"


def find(user: Any, execution_id: int) -> Execution:
    """The user's execution; NotFound where there is none, AccessDenied where it is another's."""
    execution = _EXECUTION.first(execution_id)
    if execution is None:
        raise NotFound("Execution not found")
    if execution.owner_id != user.pk:
        raise AccessDenied
    return execution


def newest_checkpoint(execution: Execution) -> Checkpoint | None:
    """What clients are shown of its figures; None before the first."""
    return _CHECKPOINT.first(execution.pk)


def create_backtest_task(**fields: Any) -> BacktestTask:
    """A new task from the model's fields; Invalid names every wrong field, and then nothing is written."""
    task = BacktestTask(**fields)
    save_new(task)
    return task


def update_backtest_task(task: BacktestTask, **changes: Any) -> BacktestTask:
    """Change a task that is not running; executions made before keep what they were started with."""
    refuse_while_running(task, "changed")
    for name, value in changes.items():
        setattr(task, name, value)
    check(task)
    with transaction.atomic():
        task.save()
        audit.note(task.owner_id, "changed", f"{task.kind}_task", task.pk, fields=changes)
    return task


def copy_task(task: AnyTask, new_name: str) -> AnyTask:
    """A new task that says what this one says, under another name. Raises Invalid, by `new_name`."""
    own = {"id", "name", "created_at", "updated_at"}
    said = {field.attname: getattr(task, field.attname) for field in task._meta.concrete_fields}
    copy = type(task)(**{name: value for name, value in said.items() if name not in own}, name=new_name)
    try:
        save_new(copy)
    except Invalid as error:
        fields = {"new_name" if name == "name" else name: problems for name, problems in error.fields.items()}
        raise Invalid(error.message, fields=fields) from error
    return copy


def delete_task(task: AnyTask) -> None:
    """Stop what runs, then delete the task with its executions and their journals."""
    for execution in task.executions.filter(status__in=UNFINISHED):
        lifecycle.stop(execution)
    with transaction.atomic():
        audit.note(task.owner_id, "deleted", f"{task.kind}_task", task.pk)
        task.delete()


def delete(execution: Execution) -> None:
    """Delete an execution that is over, with its journals. Raises Conflict while it or a retry of it is unfinished."""
    unfinished = Execution.objects.filter(Q(pk=execution.pk) | Q(retry_of=execution), status__in=UNFINISHED).first()
    if unfinished is not None:
        raise Conflict(
            f"Execution {execution.pk} cannot be deleted: execution {unfinished.pk} is {unfinished.status}."
            " Stop it first."
        )
    with transaction.atomic():
        audit.note(execution.owner_id, "deleted", "execution", execution.pk, before=execution.status)
        execution.delete()


def start(task: AnyTask) -> Execution:
    """A new numbered execution of the task, sent to the workers when the transaction commits.

    Raises QuotaExceeded, and Invalid when the dataset's newest version has not as many bars before the start as the
    warm-up needs.
    """
    with transaction.atomic():
        quotas.hold(task.owner_id)
        task = locked(task)
        refuse_while_running(task, "started again")
        usage.refuse_more(task.owner_id)
        version = _newest_version(task)
        manifest = manifest_of(task, version)
        sources.keep(task.config.strategy_type)
        if task.warm_up_bars:
            data.rows_of(manifest["data"])
        execution = Execution.objects.create(
            owner_id=task.owner_id,
            **_named(task),
            execution_number=_next_number(task),
            dataset_version=version,
            manifest=manifest,
            manifest_hash=manifest_hash(manifest),
            seal=seal_of(manifest),
        )
        audit.note(execution.owner_id, "started", "execution", execution.pk, after=Status.CREATED)
        messages.send(execution.pk)
        execution.refresh_from_db(fields=["sent_at"])
    return execution


def equal_to(task: BacktestTask) -> Execution | None:
    """The owner's newest completed execution of what the task would run now; None when there is none.

    Raises Invalid as `start` does.
    """
    wanted = manifest_hash(manifest_of(task, _newest_version(task)))
    equal = Execution.objects.filter(owner_id=task.owner_id, manifest_hash=wanted, status=Status.COMPLETED)
    equal = equal.filter(task_type=task.kind)
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
        quotas.hold(execution.owner_id)
        task = locked(_task_of(execution, "retried"))
        failed = Execution.objects.filter(pk=execution.pk).first()
        if failed is None:
            raise NotFound("Execution not found")
        if failed.status != Status.FAILED:
            raise NotFailed(f"Execution {failed.pk} is {failed.status}; only a failed one can be retried. Restart it.")
        if failed.archived_at is not None:
            raise NotFailed(f"The tape of execution {failed.pk} is archived; restart it instead.")
        refuse_while_running(task, "retried")
        usage.refuse_more(task.owner_id)
        retried = Execution.objects.create(
            owner_id=failed.owner_id,
            **_named(task),
            execution_number=_next_number(task),
            dataset_version_id=failed.dataset_version_id,
            manifest=failed.manifest,
            manifest_hash=failed.manifest_hash,
            seal=failed.seal,
            retry_of=failed,
            closing_from=failed.closing_from,
        )
        audit.note(retried.owner_id, "retried", "execution", retried.pk, after=Status.CREATED)
        messages.send(retried.pk)
    return retried


def latest_execution(task: AnyTask) -> Execution:
    """The task's newest execution; Conflict when it was never started."""
    execution = task.executions.order_by("-execution_number").first()
    if execution is None:
        raise Conflict(f"Task {task.pk} has never been started.")
    return execution


def save_new(task: AnyTask) -> None:
    """Raises Invalid by field; then nothing is written."""
    check(task)
    with transaction.atomic():
        task.save(force_insert=True)
        audit.note(task.owner_id, "created", f"{task.kind}_task", task.pk)


def locked(task: AnyTask) -> AnyTask:
    """The task as it is now, its row locked until the transaction ends. Raises NotFound."""
    tasks: Any = type(task)._default_manager.select_related("config", "dataset__instrument")
    found: AnyTask | None = tasks.select_for_update(of=("self",)).filter(pk=task.pk).first()
    if found is None:
        raise NotFound("Task not found")
    return found


def _named(task: AnyTask) -> dict[str, Any]:
    """How an execution knows its task."""
    return {"task_type": task.kind, f"{task.kind}_task": task}


def _newest_version(task: AnyTask) -> DatasetVersion:
    version = task.dataset.latest
    if version is None:
        raise Invalid(f"Dataset {task.dataset} holds no rows yet.", fields={"dataset": ["It holds no rows yet."]})
    return version


def _next_number(task: AnyTask) -> int:
    """The caller holds the task's row lock."""
    return (task.executions.aggregate(last=Max("execution_number"))["last"] or 0) + 1


def _task_of(execution: Execution, deed: str) -> AnyTask:
    if execution.task is None:
        raise Conflict(f"Execution {execution.pk} cannot be {deed}: it belongs to no task.")
    return execution.task


def refuse_while_running(task: AnyTask, deed: str) -> None:
    running = task.executions.filter(status__in=UNFINISHED).first()
    if running is not None:
        raise AlreadyRunning(
            f"Task {task.pk} cannot be {deed}: its execution {running.pk} is {running.status}. Stop it first."
        )


def check(task: AnyTask) -> None:
    """Put the task's terms into their types, or raise Invalid with every problem of the task, by field."""
    problems: dict[str, list[str]] = {}
    if not task.name.strip():
        problems["name"] = ["A task needs a name."]
    elif type(task)._default_manager.filter(owner_id=task.owner_id, name=task.name).exclude(pk=task.pk).exists():
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
    if problem := terms.problem_of_equity_seconds(task):
        problems["equity_seconds"] = [problem]
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
