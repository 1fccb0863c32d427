"""Tasks and executions in the admin: people read and steer; what the engine wrote nobody edits."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.decorators import display

from apps.errors import DomainError
from apps.executions import lifecycle
from apps.executions.models import BacktestTask, Checkpoint, Execution, TradingTask

COLOURS = {"running": "info", "completed": "success", "failed": "danger", "paused": "warning", "stopped": "warning"}


class ReadOnlyAdmin(ModelAdmin):
    """Rows that services write: shown, searched, never edited."""

    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(BacktestTask, TradingTask)
class TaskAdmin(ReadOnlyAdmin):
    list_display = ["name", "owner", "config", "dataset", "initial_balance", "created_at"]
    list_select_related = ["owner", "config", "dataset"]
    list_filter = ["config__strategy_type"]
    search_fields = ["name", "owner__email"]
    date_hierarchy = "created_at"


@admin.register(Execution)
class ExecutionAdmin(ReadOnlyAdmin):
    list_display = ["id", "task", "number", "owner", "state", "done", "created_at", "completed_at"]
    list_select_related = ["owner", "backtest_task", "trading_task"]
    list_filter = ["status", "task_type"]
    search_fields = ["=id", "owner__email", "backtest_task__name", "trading_task__name"]
    date_hierarchy = "created_at"
    actions = ["pause", "resume", "stop"]

    @display(description="Task")
    def task(self, execution: Execution) -> str:
        return str(execution.task)

    @display(description="Number", ordering="execution_number")
    def number(self, execution: Execution) -> int:
        return execution.execution_number

    @display(description="Status", ordering="status", label=COLOURS)
    def state(self, execution: Execution) -> str:
        return execution.status

    @display(description="Progress", ordering="progress")
    def done(self, execution: Execution) -> str:
        return f"{execution.progress:.1f} %"

    @admin.action(description="Pause")
    def pause(self, request: HttpRequest, executions: QuerySet[Execution]) -> None:
        self._move(request, executions, lifecycle.pause, "paused")

    @admin.action(description="Resume")
    def resume(self, request: HttpRequest, executions: QuerySet[Execution]) -> None:
        self._move(request, executions, lifecycle.resume, "resumed")

    @admin.action(description="Stop")
    def stop(self, request: HttpRequest, executions: QuerySet[Execution]) -> None:
        self._move(request, executions, lifecycle.stop, "stopped")

    def _move(self, request: HttpRequest, executions: QuerySet[Execution], move: Any, word: str) -> None:
        """Move each that may be moved; say how many were, and why the others were not."""
        moved = 0
        for execution in executions:
            try:
                move(execution)
                moved += 1
            except DomainError as refusal:
                self.message_user(request, refusal.message, messages.WARNING)
        self.message_user(request, f"{moved} {word}", messages.SUCCESS)


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnlyAdmin):
    list_display = ["id", "execution", "processed", "created_at"]
    list_select_related = ["execution__backtest_task", "execution__trading_task"]
    search_fields = ["=execution__id"]
