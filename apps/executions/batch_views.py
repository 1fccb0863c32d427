"""The native API's doors to many executions at once."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.accounts import quotas
from apps.accounts.idempotency import idempotent
from apps.accounts.models import User
from apps.bodies import KnownMembers
from apps.errors import DomainError, Invalid
from apps.executions import batch, presentation, queue, usage
from apps.executions.serializers import BacktestTaskSerializer
from apps.executions.shapes import StatusSerializer
from apps.strategies.serializers import StrategyConfigSerializer

LARGEST_ID = 10**18


class NewTaskSerializer(BacktestTaskSerializer):
    """A new task; without a `config` of its own where the item brings a new one."""

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        fields["config"].required = False
        return fields


class ItemSerializer(KnownMembers, serializers.Serializer[Any]):
    """A task to start: one that there is, or a new one, with a new configuration if you like."""

    task_id = serializers.IntegerField(
        required=False, min_value=1, max_value=LARGEST_ID, help_text="A task that there is."
    )
    task = NewTaskSerializer(required=False, help_text="A new one.")
    config = StrategyConfigSerializer(required=False, help_text="A new configuration, for the new task.")
    reuse = serializers.BooleanField(default=False, help_text="As a start has it.")

    def validate(self, item: dict[str, Any]) -> dict[str, Any]:
        if ("task" in item) == ("task_id" in item):
            raise serializers.ValidationError({"task": ["An item has either task_id or task."]})
        if "config" in item and ("task_id" in item or "config" in item["task"]):
            raise serializers.ValidationError({"config": ["It is for a new task that names no configuration itself."]})
        if "task" in item and "config" not in item and "config" not in item["task"]:
            raise serializers.ValidationError({"task": {"config": ["This field is required."]}})
        return item


class BatchSerializer(serializers.Serializer[Any]):
    """Items by themselves: each is carried out or refused, whatever becomes of the others."""

    items = serializers.ListField(
        child=ItemSerializer(), min_length=1, max_length=batch.MOST_STARTED, help_text="What to start."
    )


class WholeBatchSerializer(KnownMembers, serializers.Serializer[Any]):
    """The frame alone: what is in an item is its own matter."""

    items = serializers.ListField(min_length=1, max_length=batch.MOST_STARTED)


class ProblemSerializer(serializers.Serializer[Any]):
    """One problem of one field."""

    pointer = serializers.CharField(help_text="Which one, within the item: /task/name.")
    detail = serializers.CharField(help_text="What is wrong with it, and what would be right.")


class OutcomeSerializer(serializers.Serializer[Any]):
    """What became of one item: an execution, or a refusal."""

    index = serializers.IntegerField(help_text="The item: 0, 1, 2 …")
    status = serializers.IntegerField(help_text="The HTTP status that a request for it alone would have.")
    message = serializers.CharField(required=False, help_text="Where there is an execution.")
    task_id = serializers.IntegerField(required=False, help_text="Its task.")
    execution_id = serializers.IntegerField(required=False, help_text="The execution.")
    error = serializers.CharField(required=False, help_text="Where it was refused: why.")
    code = serializers.CharField(required=False, help_text="The same, for programs.")
    errors = ProblemSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text="The wrong fields."
    )


class OutcomesSerializer(serializers.Serializer[Any]):
    """What became of a batch."""

    started = serializers.IntegerField(help_text="How many new executions there are.")
    refused = serializers.IntegerField(help_text="How many items were refused.")
    results = OutcomeSerializer(many=True, help_text="Of each item, in the order of the items.")


class BatchView(APIView):
    """Start many executions by one request."""

    @idempotent()
    @extend_schema(
        operation_id="start_executions",
        request=BatchSerializer,
        responses=OutcomesSerializer,
        examples=[OpenApiExample("Two tasks", {"items": [{"task_id": 1}, {"task_id": 2}]}, request_only=True)],
    )
    def post(self, request: Request) -> Response:
        """Start up to 100 tasks, new ones or ones that there are; each is started, or refused with nothing made."""
        whole = WholeBatchSerializer(data=request.data)
        whole.is_valid(raise_exception=True)
        results = [{"index": index, **self._start(item)} for index, item in enumerate(whole.validated_data["items"])]
        return Response(
            {
                "started": sum(result["status"] == status.HTTP_202_ACCEPTED for result in results),
                "refused": sum("error" in result for result in results),
                "results": results,
            }
        )

    def _start(self, item: Any) -> dict[str, Any]:
        assert isinstance(self.request.user, User)
        try:
            read = ItemSerializer(data=item, context={"request": self.request})
            read.is_valid(raise_exception=True)
            execution, is_reused = batch.start(self.request.user, read.validated_data)
        except (DomainError, exceptions.ValidationError) as error:
            return self._refused(error)
        return {
            "status": status.HTTP_200_OK if is_reused else status.HTTP_202_ACCEPTED,
            "message": "Execution reused" if is_reused else "Execution created",
            "task_id": execution.task_id,
            "execution_id": execution.pk,
        }

    def _refused(self, error: Exception) -> dict[str, Any]:
        """In the words that a request for the item alone would be refused with."""
        answer = self.get_exception_handler()(error, self.get_exception_handler_context())
        assert answer is not None
        told = {name: answer.data[name] for name in ("error", "code", "errors") if name in answer.data}
        return {"status": answer.status_code, **told}


class StatusesSerializer(serializers.Serializer[Any]):
    """The status of each, in the order in which they were asked for."""

    results = StatusSerializer(many=True, help_text="As each execution's own status says it.")
    missing = serializers.ListField(
        child=serializers.IntegerField(), help_text="Ids of which you have no execution; another user may."
    )


class StatusesView(APIView):
    """How far many executions are, by one request."""

    @extend_schema(
        operation_id="list_execution_statuses",
        parameters=[
            OpenApiParameter(
                "ids",
                str,
                required=True,
                description=f"Ids of up to {batch.MOST_ASKED} executions, with commas between them: 12,13,17.",
            )
        ],
        responses=StatusesSerializer,
    )
    def get(self, request: Request) -> Response:
        """The status of many executions; it costs about as much as one."""
        assert isinstance(request.user, User)
        found, missing = batch.statuses(request.user, _ids(request.query_params.get("ids", "")))
        places = queue.places_of([execution for execution, _ in found])
        results = [
            presentation.status_answer(execution, checkpoint, places[execution.pk]) for execution, checkpoint in found
        ]
        return Response({"results": results, "missing": missing})


def _ids(text: str) -> list[int]:
    parts = text.split(",") if len(text) <= 20 * batch.MOST_ASKED else []
    ids = [int(part) for part in parts if part.isascii() and part.isdigit() and int(part) <= LARGEST_ID]
    if not 0 < len(ids) == len(parts) <= batch.MOST_ASKED:
        problem = f"1 to {batch.MOST_ASKED} ids of executions with commas between them, as in 12,13,17."
        raise Invalid(f"Invalid ids parameter: {problem}", fields={"ids": [problem]})
    return ids


class UsageSerializer(serializers.Serializer[Any]):
    """What you have now."""

    running = serializers.IntegerField(help_text="Executions that a worker carries out.")
    waiting = serializers.IntegerField(help_text="Executions that wait for one.")
    paused = serializers.IntegerField(help_text="Executions that are paused.")
    unfinished = serializers.IntegerField(help_text="All of these.")
    rows = serializers.IntegerField(help_text="Events, trades and equity points that are kept.")


class LimitsSerializer(serializers.Serializer[Any]):
    """What you may have; 0: no limit."""

    running = serializers.IntegerField(help_text="More than these wait.")
    unfinished = serializers.IntegerField(help_text="With these, no other is started.")
    rows = serializers.IntegerField(help_text="With these, no other is started.")


class QuotaSerializer(serializers.Serializer[Any]):
    """What you take of the server, and what you may."""

    usage = UsageSerializer(help_text="Now.")
    limits = LimitsSerializer(help_text="The most.")


class QuotaView(APIView):
    """How much of the server one user takes."""

    @extend_schema(responses=QuotaSerializer)
    def get(self, request: Request) -> Response:
        """What you take of the server by your executions, and what you may."""
        assert isinstance(request.user, User)
        limits = quotas.limits_of([request.user.pk])[request.user.pk]
        return Response({"usage": asdict(usage.usage_of(request.user.pk)), "limits": asdict(limits)})
