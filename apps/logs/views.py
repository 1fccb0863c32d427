"""The native API's door to the log of an execution."""

from datetime import datetime

from django.db.models import Max, QuerySet
from django.http import HttpResponse, QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.errors import Invalid
from apps.executions import conditional, presentation, services
from apps.executions.models import Execution
from apps.executions.shapes import HeadingSerializer
from apps.headers import IF_NONE_MATCH
from apps.journal.moments import moment
from apps.journal.views import whole_number
from apps.logs.models import Level, LogLine

USUAL_LINES, MOST_LINES = 100, 1000
LONGEST_TEXT = 200


class LogLineSerializer(serializers.ModelSerializer[LogLine]):
    """One line."""

    sequence = serializers.IntegerField(help_text="1, 2, 3 … without gaps.")
    context = serializers.DictField(  # type: ignore[assignment]
        help_text="The same for programs: worker, bar, line of the strategy …"
    )
    timestamp = serializers.DateTimeField(source="created_at", help_text="When it was written.")

    class Meta:
        model = LogLine
        fields = ["sequence", "level", "message", "context", "timestamp"]
        extra_kwargs = {"level": {"help_text": "How bad it is."}, "message": {"help_text": "What happened."}}


class LogSerializer(HeadingSerializer):
    """What happened to an execution on this server."""

    logs = LogLineSerializer(many=True, help_text="The lines, ascending.")
    count = serializers.IntegerField(help_text="Of all lines that match.")
    next = serializers.URLField(allow_null=True, help_text="Where to read on; null where there is no more yet.")


class LogView(APIView):
    """`GET executions/{id}/logs/`: status changes, failures, workers that came and were lost."""

    @extend_schema(
        operation_id="get_execution_logs",
        parameters=[
            OpenApiParameter("since_sequence", int, description="Only lines with a higher sequence."),
            OpenApiParameter("level", str, description="Only lines of these levels: warning, or warning,error."),
            OpenApiParameter("text", str, description="Only lines that contain this, in capitals or not."),
            OpenApiParameter("start_time", datetime, description="Only lines of this moment or later."),
            OpenApiParameter("end_time", datetime, description="Only lines of this moment or earlier."),
            OpenApiParameter(
                "limit", int, description=f"Lines at most: {USUAL_LINES} unless said, up to {MOST_LINES}."
            ),
            IF_NONE_MATCH,
        ],
        responses=LogSerializer,
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """What happened to the execution, in words: when it was taken up, paused, lost its worker, why it failed."""
        execution = services.find(request.user, pk)
        query = request.query_params
        lines = _chosen(query, LogLine.objects.filter(execution=execution))
        limit = min(whole_number(query, "limit", default=USUAL_LINES, least=1), MOST_LINES)
        head = LogLine.objects.filter(execution=execution).aggregate(last=Max("sequence"))["last"]
        return conditional.answer(
            request,
            conditional.tag_of(request, execution, (execution.status, head)),
            lambda: self._page(request, execution, lines, limit),
            is_final=conditional.is_over(execution),
        )

    def _page(self, request: Request, execution: Execution, lines: QuerySet[LogLine], limit: int) -> Response:
        count = lines.count()
        page = list(lines.order_by("sequence")[:limit])
        more = None
        if count > len(page):
            query = request.query_params.copy()
            query["since_sequence"] = str(page[-1].sequence)
            more = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
        logs = LogLineSerializer(page, many=True).data
        return Response({**presentation.heading(execution), "logs": logs, "count": count, "next": more})


def _chosen(query: QueryDict, lines: QuerySet[LogLine]) -> QuerySet[LogLine]:
    """The lines that the query asks for. Raises Invalid."""
    lines = lines.filter(sequence__gt=whole_number(query, "since_sequence", default=0, least=0))
    if (text := query.get("level")) is not None:
        levels = text.split(",")
        if not set(levels) <= set(Level.values):
            raise _invalid("level", f"It must be of {', '.join(Level.values)}, with commas between several.")
        lines = lines.filter(level__in=levels)
    if (text := query.get("text")) is not None:
        if not 0 < len(text) <= LONGEST_TEXT or "\x00" in text:
            raise _invalid("text", f"It must have 1 to {LONGEST_TEXT} characters.")
        lines = lines.filter(message__icontains=text)
    for name, lookup in (("start_time", "created_at__gte"), ("end_time", "created_at__lte")):
        if (time := moment(query, name)) is not None:
            lines = lines.filter(**{lookup: time})
    return lines


def _invalid(name: str, problem: str) -> Invalid:
    return Invalid(f"Invalid {name} parameter", fields={name: [problem]})
