"""What the lists of tasks and executions can be narrowed by."""

from decimal import Decimal

import django_filters
from django.db.models import Q, QuerySet

from apps.executions.models import BacktestTask, Execution, Status, TaskType, TradingTask
from apps.queries import IdFilter


class BacktestTaskFilter(django_filters.FilterSet):
    config_id = IdFilter(field_name="config_id")
    strategy_type = django_filters.CharFilter(field_name="config__strategy_type")
    status = django_filters.ChoiceFilter(choices=Status.choices, method="of_status")
    search = django_filters.CharFilter(field_name="name", lookup_expr="icontains")
    ordering = django_filters.OrderingFilter(fields=["id", "name", "created_at", "updated_at"])

    class Meta:
        model = BacktestTask
        fields: list[str] = []

    def of_status(self, tasks: QuerySet[BacktestTask], name: str, status: str) -> QuerySet[BacktestTask]:
        """By the status of the latest execution; a task never started counts as created."""
        found = Q(("latest_status", status))  # the view annotates it
        if status == Status.CREATED:
            found |= Q(("latest_status", None))
        return tasks.filter(found)


class TradingTaskFilter(BacktestTaskFilter):
    class Meta:
        model = TradingTask
        fields: list[str] = []


class ExecutionFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    task_type = django_filters.ChoiceFilter(choices=TaskType.choices)
    task_id = IdFilter(method="of_task")

    class Meta:
        model = Execution
        fields: list[str] = []

    def of_task(self, executions: QuerySet[Execution], name: str, number: Decimal) -> QuerySet[Execution]:
        """Tasks of each type have numbers of their own: `task_type` says which is meant."""
        return executions.filter(Q(backtest_task_id=number) | Q(trading_task_id=number))
