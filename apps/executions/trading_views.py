"""The native API's doors to trading tasks."""

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet, Subquery
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.idempotency import idempotent
from apps.executions import lifecycle, services, trading_tasks
from apps.executions.filters import TradingTaskFilter
from apps.executions.models import Execution, Snapshot, Status, TradingTask
from apps.executions.serializers import ExecutionSerializer, StartedSerializer
from apps.executions.shapes import MovedSerializer
from apps.executions.trading_serializers import (
    RestartSerializer,
    StopSerializer,
    TradingTaskDetailSerializer,
    TradingTaskSerializer,
)
from apps.preconditions import PreconditionsMixin
from apps.queries import KnownParametersMixin, Pages
from apps.strategies.serializers import CopySerializer, read_copy


class TradingTaskViewSet(PreconditionsMixin, KnownParametersMixin, viewsets.ModelViewSet[TradingTask]):
    """Saved trading: what to run, on which feed, through which broker, with which account."""

    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    filterset_class = TradingTaskFilter
    create = idempotent()(mixins.CreateModelMixin.create)

    def get_serializer_class(self) -> Any:
        return TradingTaskSerializer if self.action == "list" else TradingTaskDetailSerializer

    def get_queryset(self) -> QuerySet[TradingTask]:
        newest = Execution.objects.filter(trading_task=OuterRef("pk")).order_by("-execution_number")
        return (
            TradingTask.objects.visible_to(self.request.user)
            .select_related("config", "dataset__instrument")
            .annotate(
                latest_execution_id=Subquery(newest.values("pk")[:1]),
                latest_status=Subquery(newest.values("status")[:1]),
            )
            .annotate(has_strategy_state=Exists(Snapshot.objects.filter(pk=OuterRef("latest_execution_id"))))
        )

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = trading_tasks.create(owner=self.request.user, **serializer.validated_data)

    def perform_update(self, serializer: Any) -> None:
        trading_tasks.update(serializer.instance, **serializer.validated_data)

    def perform_destroy(self, task: TradingTask) -> None:
        services.delete_task(task)

    @idempotent()
    @extend_schema(request=None, responses={202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Trade: a new execution, whose feed begins when a worker takes it up."""
        return _started(trading_tasks.start(self.get_object()))

    @idempotent()
    @extend_schema(request=RestartSerializer, responses={202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        """Trade again, from the first bar; only when the latest execution is over."""
        RestartSerializer(data=request.data).is_valid(raise_exception=True)
        task = self.get_object()
        services.latest_execution(task)
        return _started(trading_tasks.start(task))

    @extend_schema(request=StopSerializer, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """End the task's latest execution, with its positions closed before where that is wanted."""
        wanted = StopSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        task = self.get_object()
        execution = trading_tasks.stop(task, wanted.validated_data.get("mode"))
        is_over = execution.status == Status.STOPPED
        return _moved(task, execution, "Execution stopped" if is_over else "Execution closes its positions, then stops")

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let the task's latest execution write no further row, and its clock rest, until it is resumed."""
        task = self.get_object()
        execution = services.latest_execution(task)
        lifecycle.pause(execution)
        return _moved(task, execution, "Execution paused")

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let the task's paused execution go on where it was."""
        task = self.get_object()
        execution = services.latest_execution(task)
        lifecycle.resume(execution)
        return _moved(task, execution, "Execution resumed")

    @idempotent()
    @extend_schema(request=CopySerializer, responses={201: TradingTaskDetailSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """Make another task with the same terms."""
        task = services.copy_task(self.get_object(), read_copy(request))
        headers = {"Location": f"/api/trading/trading-tasks/{task.pk}/"}
        return Response(self.get_serializer(task).data, status=status.HTTP_201_CREATED, headers=headers)

    @extend_schema(operation_id="list_trading_task_executions", responses=ExecutionSerializer(many=True), filters=False)
    @action(detail=True)
    def executions(self, request: Request, pk: str) -> Response:
        """The executions of one task, the newest first."""
        runs: Any = self.get_object().executions.with_tasks().order_by("-id")
        page = self.paginate_queryset(runs)
        return self.get_paginated_response(ExecutionSerializer(page, many=True).data)


def _started(execution: Execution) -> Response:
    return Response(
        {"message": "Execution created", "task_id": execution.task_id, "execution_id": execution.pk},
        status=status.HTTP_202_ACCEPTED,
        headers={"Location": f"/api/trading/executions/{execution.pk}/"},
    )


def _moved(task: TradingTask, execution: Execution, message: str) -> Response:
    return Response({"id": task.pk, "execution_id": execution.pk, "status": execution.status, "message": message})
