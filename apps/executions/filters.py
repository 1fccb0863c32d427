"""What the lists of tasks and executions can be narrowed by."""

import django_filters
from django.db.models import Q, QuerySet

from apps.executions.models import BacktestTask, Execution, Status, TaskType


class BacktestTaskFilter(django_filters.FilterSet):
    config_id = django_filters.NumberFilter(field_name="config_id")
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


class ExecutionFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=Status.choices)
    task_type = django_filters.ChoiceFilter(choices=TaskType.choices)
    task_id = django_filters.NumberFilter(field_name="backtest_task_id")

    class Meta:
        model = Execution
        fields: list[str] = []
