"""What may be done with tasks and executions, for every door alike."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from django.db import transaction
from django.db.models import Max

from apps.engine import ENGINE_VERSION
from apps.errors import AccessDenied, Conflict, Invalid, NotFound
from apps.executions import data, lifecycle, messages, terms, timeframes
from apps.executions.models import BacktestTask, Execution, Status, TaskType
from apps.market import sessions
from apps.market.models import DatasetVersion
from apps.strategies import services as strategies

UNFINISHED = (Status.CREATED, Status.RUNNING, Status.PAUSED)
LONGEST_WARM_UP = 1_000_000_000


INSTRUMENT = (
    "symbol",
    "quote_currency",
    "price_increment",
    "pip_size",
    "quantity_step",
    "min_quantity",
    "max_quantity",
    "periods_per_year",
    "multiplier",
    "is_inverse",
    "settles_in",
    "initial_margin",
    "maintenance_margin",
    "liquidation_fee",
)
"""Fields of an instrument that a manifest carries to the engine."""


class AlreadyRunning(Conflict):
    code = "already_running"


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
        version = task.dataset.latest
        if version is None:
            raise Invalid(f"Dataset {task.dataset} holds no rows yet.", fields={"dataset": ["It holds no rows yet."]})
        manifest = manifest_of(task, version)
        if task.warm_up_bars:
            data.rows_of(manifest["data"])
        last = task.executions.aggregate(last=Max("execution_number"))["last"] or 0
        execution = Execution.objects.create(
            owner_id=task.owner_id,
            task_type=TaskType.BACKTEST,
            backtest_task=task,
            execution_number=last + 1,
            dataset_version=version,
            manifest=manifest,
        )
        messages.send(execution.pk)
    return execution


def latest_execution(task: BacktestTask) -> Execution:
    """The task's newest execution; Conflict when it was never started."""
    execution = task.executions.order_by("-execution_number").first()
    if execution is None:
        raise Conflict(f"Task {task.pk} has never been started.")
    return execution


def manifest_of(task: BacktestTask, version: DatasetVersion) -> dict[str, Any]:
    """Everything that goes into a run; equal manifests give equal tapes."""
    instrument = task.dataset.instrument
    return {
        "strategy": {
            "type": task.config.strategy_type,
            "parameters": strategies.clean(task.config.strategy_type, task.config.parameters),
        },
        "data": {
            "content_hash": version.content_hash,
            "timeframe_seconds": task.dataset.timeframe_seconds,
            "start_time": _iso(task.start_time),
            "end_time": _iso(task.end_time),
            "session": task.session,
            "timeframe": task.timeframe,
            "warm_up_bars": task.warm_up_bars,
        },
        "instrument": {name: getattr(instrument, name) for name in INSTRUMENT},
        "account": terms.account_of(task),
        "costs": terms.costs_of(task),
        "rules": terms.rules_of(task),
        "engine": {"version": ENGINE_VERSION, "seed": 0},
    }


def manifest_hash(manifest: dict[str, Any]) -> str:
    """SHA-256 of the manifest in one canonical spelling."""
    return hashlib.sha256(orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _iso(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


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
