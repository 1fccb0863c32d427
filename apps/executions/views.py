"""The native API's doors to tasks and executions."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.executions import lifecycle, presentation, services
from apps.executions.filters import BacktestTaskFilter, ExecutionFilter
from apps.executions.models import BacktestTask, Execution
from apps.executions.serializers import BacktestTaskSerializer, ExecutionDetailSerializer, ExecutionSerializer
from apps.queries import KnownParametersMixin, Pages


class BacktestTaskViewSet(KnownParametersMixin, viewsets.ModelViewSet[BacktestTask]):
    """Saved back-tests: what to run, on which data, with which account."""

    serializer_class = BacktestTaskSerializer
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    known_parameters = frozenset({"config_id", "strategy_type", "status", "search", "ordering"})
    filterset_class = BacktestTaskFilter

    def get_queryset(self) -> QuerySet[BacktestTask]:
        newest = Execution.objects.filter(backtest_task=OuterRef("pk")).order_by("-execution_number")
        return (
            BacktestTask.objects.visible_to(self.request.user)
            .select_related("config", "dataset__instrument")
            .annotate(
                latest_execution_id=Subquery(newest.values("pk")[:1]),
                latest_status=Subquery(newest.values("status")[:1]),
            )
        )

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = services.create_backtest_task(owner=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        services.update_backtest_task(serializer.instance, **serializer.validated_data)

    def perform_destroy(self, task: BacktestTask) -> None:
        services.delete_backtest_task(task)

    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        task = self.get_object()
        execution = services.start(task)
        body = {"message": "Execution created", "task_id": task.pk, "execution_id": execution.pk}
        return Response(
            body, status=status.HTTP_202_ACCEPTED, headers={"Location": f"/api/trading/executions/{execution.pk}/"}
        )

    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.stop, "stopped")

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.pause, "paused")

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.resume, "resumed")

    @action(detail=True)
    def executions(self, request: Request, pk: str) -> Response:
        runs: Any = self.get_object().executions.select_related("backtest_task").order_by("-id")
        page = self.paginate_queryset(runs)
        return self.get_paginated_response(ExecutionSerializer(page, many=True).data)

    def _move(self, move: Any, word: str) -> Response:
        task = self.get_object()
        execution = services.latest_execution(task)
        move(execution)
        return Response(
            {"id": task.pk, "execution_id": execution.pk, "status": execution.status, "message": f"Execution {word}"}
        )


class ExecutionViewSet(KnownParametersMixin, mixins.ListModelMixin, viewsets.GenericViewSet[Execution]):
    """Runs of tasks: read, and steered by pause, resume and stop."""

    serializer_class = ExecutionSerializer
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    known_parameters = frozenset({"status", "task_type", "task_id"})
    filterset_class = ExecutionFilter

    def get_queryset(self) -> QuerySet[Execution]:
        return Execution.objects.visible_to(self.request.user).select_related("backtest_task")

    def get_object(self) -> Execution:
        return services.find(self.request.user, int(self.kwargs["pk"]))

    def retrieve(self, request: Request, pk: str) -> Response:
        return Response(ExecutionDetailSerializer(self.get_object()).data)

    @action(detail=True)
    def status(self, request: Request, pk: str) -> Response:
        execution = self.get_object()
        return Response(presentation.status_answer(execution, execution.checkpoints.first()))

    @action(detail=True, url_path="metrics/latest")
    def metrics_latest(self, request: Request, pk: str) -> Response:
        execution = self.get_object()
        return Response(presentation.metrics_answer(execution, execution.checkpoints.first()))

    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.pause)

    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.resume)

    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        return self._move(lifecycle.stop)

    def _move(self, move: Any) -> Response:
        execution = self.get_object()
        move(execution)
        return Response(presentation.status_answer(execution, execution.checkpoints.first()))
