"""The native API's doors to tasks and executions."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts.idempotency import idempotent
from apps.executions import conditional, lifecycle, presentation, queue, services
from apps.executions.filters import BacktestTaskFilter, ExecutionFilter
from apps.executions.models import BacktestTask, Checkpoint, Execution
from apps.executions.serializers import (
    BacktestTaskSerializer,
    ExecutionDetailSerializer,
    ExecutionSerializer,
    RestartSerializer,
    StartedSerializer,
    StartSerializer,
)
from apps.executions.shapes import LatestMetricsSerializer, MovedSerializer, StatusSerializer
from apps.headers import IF_NONE_MATCH
from apps.preconditions import PreconditionsMixin
from apps.queries import KnownParametersMixin, Pages
from apps.strategies.serializers import CopySerializer, read_copy

Newest = Callable[[], Checkpoint | None]
STATUS = ("status", "progress", "started_at", "completed_at", "error_message", "failure")
DETAIL = (*STATUS, "processed", "total", "simulated_at", "tape_hash", "retry_of_id")


def _started(execution: Execution, *, reused: bool = False) -> Response:
    message = "Execution reused" if reused else "Execution created"
    return Response(
        {"message": message, "task_id": execution.task_id, "execution_id": execution.pk},
        status=status.HTTP_200_OK if reused else status.HTTP_202_ACCEPTED,
        headers={"Location": f"/api/trading/executions/{execution.pk}/"},
    )


def _restarted(execution: Execution, request: Request) -> Response:
    RestartSerializer(data=request.data).is_valid(raise_exception=True)
    return _started(services.restart(execution))


class BacktestTaskViewSet(PreconditionsMixin, KnownParametersMixin, viewsets.ModelViewSet[BacktestTask]):
    """Saved back-tests: what to run, on which data, with which account."""

    serializer_class = BacktestTaskSerializer
    pagination_class = Pages
    lookup_value_regex = r"\d{1,18}"
    known_parameters = frozenset({"config_id", "strategy_type", "status", "search", "ordering"})
    filterset_class = BacktestTaskFilter
    create = idempotent()(mixins.CreateModelMixin.create)

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
        services.delete_task(task)

    @idempotent()
    @extend_schema(request=CopySerializer, responses={201: BacktestTaskSerializer})
    @action(detail=True, methods=["post"])
    def copy(self, request: Request, pk: str) -> Response:
        """Make a new task that says what this one says, under another name."""
        task = services.copy_task(self.get_object(), read_copy(request))
        headers = {"Location": f"/api/trading/backtest-tasks/{task.pk}/"}
        return Response(self.get_serializer(task).data, status=status.HTTP_201_CREATED, headers=headers)

    @idempotent()
    @extend_schema(request=StartSerializer, responses={200: StartedSerializer, 202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Run the task; with `reuse`, answer with an equal run of one's own instead of computing it again."""
        task = self.get_object()
        wanted = StartSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        reused = services.equal_to(task) if wanted.validated_data["reuse"] else None
        execution = reused or services.start(task)
        return _started(execution, reused=reused is not None)

    @idempotent()
    @extend_schema(request=RestartSerializer, responses={202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        """Run the task again, from its first bar; only when its latest execution is over."""
        execution = services.latest_execution(self.get_object())
        return _restarted(execution, request)

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """End the task's latest execution; what it wrote stays."""
        return self._move(lifecycle.stop, "stopped")

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let the task's latest execution write no further row, until it is resumed."""
        return self._move(lifecycle.pause, "paused")

    @extend_schema(request=None, responses=MovedSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let the task's paused execution go on."""
        return self._move(lifecycle.resume, "resumed")

    @extend_schema(
        operation_id="list_backtest_task_executions", responses=ExecutionSerializer(many=True), filters=False
    )
    @action(detail=True)
    def executions(self, request: Request, pk: str) -> Response:
        """The executions of one task, the newest first."""
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

    @extend_schema(parameters=[IF_NONE_MATCH], responses=ExecutionDetailSerializer)
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        """One execution, with what went into it and what came out."""
        return self._shown(lambda execution, newest: ExecutionDetailSerializer(execution).data, DETAIL)

    def destroy(self, request: Request, pk: str) -> Response:
        """Delete an execution that is over, with all that it wrote."""
        services.delete(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(parameters=[IF_NONE_MATCH], responses=StatusSerializer)
    @action(detail=True)
    def status(self, request: Request, pk: str) -> HttpResponse:
        """How far it is, with the newest figures: what is worth polling."""
        place = cache(queue.place_of)
        return self._shown(
            lambda execution, newest: presentation.status_answer(execution, newest(), place(execution)), STATUS, place
        )

    @extend_schema(
        operation_id="get_execution_metrics_latest", parameters=[IF_NONE_MATCH], responses=LatestMetricsSerializer
    )
    @action(detail=True, url_path="metrics/latest")
    def metrics_latest(self, request: Request, pk: str) -> HttpResponse:
        """The newest figures."""
        return self._shown(lambda execution, newest: presentation.metrics_answer(execution, newest()), ())

    @extend_schema(request=None, responses=StatusSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Let the execution write no further row, until it is resumed."""
        return self._move(lifecycle.pause)

    @extend_schema(request=None, responses=StatusSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let a paused execution go on."""
        return self._move(lifecycle.resume)

    @extend_schema(request=None, responses=StatusSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """End the execution; what it wrote stays."""
        return self._move(lifecycle.stop)

    @idempotent()
    @extend_schema(request=RestartSerializer, responses={202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def restart(self, request: Request, pk: str) -> Response:
        """Run its task again, as the task is now, from its first bar."""
        return _restarted(self.get_object(), request)

    @idempotent()
    @extend_schema(request=None, responses={202: StartedSerializer})
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Let a new execution go on from the last snapshot of this one, which failed."""
        return _started(services.retry(self.get_object()))

    def _shown(
        self,
        present: Callable[[Execution, Newest], Any],
        changing: Sequence[str],
        more: Callable[[Execution], object] = lambda execution: None,
    ) -> HttpResponse:
        """The execution as `present` says it, of which these members, `more` and the newest checkpoint change."""
        execution = self.get_object()
        newest = cache(partial(services.newest_checkpoint, execution))
        is_over = conditional.is_over(execution)
        # the last checkpoint of one that is over need not be read to know that it is still the last
        state = (
            is_over,
            None if is_over else getattr(newest(), "pk", None),
            *(getattr(execution, name) for name in changing),
            more(execution),
        )
        return conditional.answer(
            self.request,
            conditional.tag_of(self.request, execution, state),
            lambda: Response(present(execution, newest)),
            # the failed one that a retry went on from may still be deleted
            is_final=is_over and not ("retry_of_id" in changing and execution.retry_of_id),
        )

    def _move(self, move: Any) -> Response:
        execution = self.get_object()
        move(execution)
        place = queue.place_of(execution)
        return Response(presentation.status_answer(execution, execution.checkpoints.first(), place))
