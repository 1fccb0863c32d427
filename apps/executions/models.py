"""Tasks (saved definitions) and executions (their numbered runs)."""

from typing import Self

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q

from apps.accounts.models import User
from apps.executions.definitions import Task, TaskQuerySet
from apps.market.models import Dataset, DatasetVersion
from apps.strategies.models import StrategyConfig


class TaskType(models.TextChoices):
    BACKTEST = "backtest"
    TRADING = "trading"


class Status(models.TextChoices):
    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPED = "stopped"
    COMPLETED = "completed"
    FAILED = "failed"


class ExecutionQuerySet(models.QuerySet["Execution"]):
    def visible_to(self, user: User | AnonymousUser) -> Self:
        return self.filter(owner_id=user.pk)

    def with_tasks(self) -> Self:
        return self.select_related("backtest_task", "trading_task")


class BacktestTask(Task):
    """What to run: a configured strategy on a dataset, over a period, with an account and its costs."""

    kind = TaskType.BACKTEST

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="backtest_tasks")
    config = models.ForeignKey(StrategyConfig, on_delete=models.RESTRICT, related_name="backtest_tasks")
    dataset = models.ForeignKey(Dataset, on_delete=models.RESTRICT, related_name="backtest_tasks")
    bars_per_second = models.FloatField(
        null=True, blank=True, help_text="Slow the run down so that it can be watched; empty: as fast as it goes."
    )

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="backtest_task_name_unique_per_owner"),
            models.CheckConstraint(condition=Q(initial_balance__gt=0), name="backtest_task_balance_positive"),
        ]


class TradingTask(Task):
    """What to trade: a configured strategy on a feed, through a broker, with an account and its costs."""

    kind = TaskType.TRADING

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="trading_tasks")
    config = models.ForeignKey(StrategyConfig, on_delete=models.RESTRICT, related_name="trading_tasks")
    dataset = models.ForeignKey(Dataset, on_delete=models.RESTRICT, related_name="trading_tasks")
    mode = models.CharField(max_length=10, default="paper", help_text="paper: nothing is at stake.")
    feed = models.CharField(max_length=40, default="replay", help_text="replay: the dataset, played on a clock.")
    broker = models.CharField(max_length=40, default="paper", help_text="paper: the engine's own matching.")
    bars_per_second = models.FloatField(
        null=True, blank=True, help_text="The replay's clock: so many bars come each second."
    )
    speed = models.FloatField(
        null=True,
        blank=True,
        help_text="The replay's clock: so many times as fast as the bars came once; neither: as fast as it goes.",
    )
    sell_on_stop = models.BooleanField(default=False, help_text="Close the positions before a stop, unless it says.")

    objects = TaskQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["owner", "name"], name="trading_task_name_unique_per_owner"),
            models.CheckConstraint(condition=Q(initial_balance__gt=0), name="trading_task_balance_positive"),
        ]


class Execution(models.Model):
    """One numbered run of a task, and the heads of its three journals.

    Only the worker whose `attempt` is the current one may write to its journals, and only while it is running.
    """

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="executions")
    task_type = models.CharField(max_length=10, choices=TaskType.choices)
    backtest_task = models.ForeignKey(BacktestTask, on_delete=models.CASCADE, null=True, related_name="executions")
    trading_task = models.ForeignKey(TradingTask, on_delete=models.CASCADE, null=True, related_name="executions")
    execution_number = models.PositiveIntegerField()
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.RESTRICT, related_name="executions")
    manifest = models.JSONField(help_text="All that went in: strategy, parameters, data, account, costs, versions.")
    manifest_hash = models.CharField(
        max_length=64, blank=True, help_text="SHA-256 of the manifest in its canonical spelling."
    )
    seal = models.JSONField(default=dict, help_text="A digest of each field of the manifest, by its dotted path.")
    tape_hash = models.CharField(max_length=64, blank=True, help_text="SHA-256 of all that the engine brought, so far.")
    retry_of = models.ForeignKey(
        "self",
        on_delete=models.SET_NULL,
        null=True,
        related_name="retries",
        help_text="The failed one it went on from.",
    )

    status = models.CharField(max_length=10, choices=Status.choices, default=Status.CREATED)
    error_message = models.TextField(null=True)  # noqa: DJ001 - null is documented, and differs from an empty message
    failure = models.JSONField(null=True, help_text="Where it failed: file, line, bar and its time, as far as known.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True, help_text="When its journals were moved from the tables into a file.")

    progress = models.FloatField(default=0.0, help_text="Per cent of the bars.")
    processed = models.PositiveBigIntegerField(default=0, help_text="Bars done.")
    total = models.PositiveBigIntegerField(null=True, help_text="Bars there are.")
    simulated_at = models.DateTimeField(null=True, help_text="Open of the last bar done.")

    events_head = models.PositiveBigIntegerField(default=0)
    trades_head = models.PositiveBigIntegerField(default=0)
    equity_head = models.PositiveBigIntegerField(default=0)

    attempt = models.PositiveIntegerField(default=0, help_text="How many workers have claimed it: the fence.")
    workers_lost = models.PositiveIntegerField(default=0, help_text="How many let their lease lapse.")
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When its message last went to the workers.")
    due_at = models.DateTimeField(null=True, help_text="When the next row of its feed comes, or came; none: at once.")
    clock_at = models.DateTimeField(null=True, help_text="When the clock of its feed last began to go …")
    clock_row = models.PositiveBigIntegerField(default=0, help_text="… and how many rows had come by then.")
    closing_from = models.PositiveBigIntegerField(
        null=True, help_text="Bars done when it was told to close its positions and stop."
    )
    queued_at = models.DateTimeField(null=True, help_text="When it was resumed or gave way; empty: when created.")

    objects = ExecutionQuerySet.as_manager()

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["task_type", "backtest_task", "execution_number"], name="execution_number_unique_per_task"
            ),
            models.UniqueConstraint(
                fields=["trading_task", "execution_number"],
                name="execution_number_unique_per_trading_task",
                condition=Q(trading_task__isnull=False),
            ),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="execution_status_known"),
        ]
        indexes = [
            models.Index(fields=["owner", "-id"], name="execution_owner_newest"),
            models.Index(fields=["owner", "manifest_hash"], name="execution_same_manifest"),
            models.Index(
                fields=["lease_until"], name="execution_runnable", condition=Q(status__in=["created", "running"])
            ),
            models.Index(fields=["due_at"], name="execution_due", condition=Q(status="running", due_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.task} #{self.execution_number}"

    @property
    def task(self) -> BacktestTask | TradingTask | None:
        return self.trading_task if self.task_type == TaskType.TRADING else self.backtest_task

    @property
    def task_id(self) -> int | None:
        return self.trading_task_id if self.task_type == TaskType.TRADING else self.backtest_task_id

    @property
    def strategy_type(self) -> str:
        return str(self.manifest["strategy"]["type"])


class Turn(models.Model):
    """When a worker last took up an execution of this user; whose turn is longest ago goes before the others.

    The row is locked while one is taken up, so that a limit on how many run at once is exact.
    """

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    taken_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"turn of user {self.owner_id}"


class Checkpoint(models.Model):
    """The metrics shown to clients after a recorded chunk; unrounded, fractions where they are shares."""

    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="checkpoints")
    processed = models.PositiveBigIntegerField()
    metrics = models.JSONField()
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [models.Index(fields=["execution", "-id"], name="checkpoint_newest")]

    def __str__(self) -> str:
        return f"checkpoint at {self.processed} of execution {self.execution_id}"


class Snapshot(models.Model):
    """The engine's and the strategy's state after a recorded row: where a next attempt, or a retry, goes on."""

    execution = models.OneToOneField(Execution, on_delete=models.CASCADE, primary_key=True, related_name="snapshot")
    processed = models.PositiveBigIntegerField()
    state = models.BinaryField()
    digests = models.BinaryField(default=bytes, help_text="Where the rolling hashes of the three journals stand.")
    events_head = models.PositiveBigIntegerField(default=0)
    trades_head = models.PositiveBigIntegerField(default=0)
    equity_head = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"snapshot at {self.processed} of execution {self.execution_id}"


class Outcome(models.TextChoices):
    PENDING = "pending"
    RUNNING = "running"
    EQUAL = "equal"
    DIFFERENT = "different"
    IMPOSSIBLE = "impossible"


class Verification(models.Model):
    """One repetition of an execution that was made to compare its tape, row by row."""

    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="verifications")
    outcome = models.CharField(max_length=10, choices=Outcome.choices, default=Outcome.PENDING)
    progress = models.FloatField(default=0.0, help_text="Per cent of the bars.")
    report = models.JSONField(default=dict, help_text="What was compared, and the first field and row that differ.")
    requested_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True, help_text="When its message last went to the workers.")
    lease_until = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-id"]
        get_latest_by = "id"
        indexes = [models.Index(fields=["execution", "-id"], name="verification_newest")]

    def __str__(self) -> str:
        return f"verification {self.pk} of execution {self.execution_id}: {self.outcome}"
