"""The native API's door to an execution's figures by periods."""

from typing import Any

import numpy as np
from django.http import HttpResponse, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from apps.errors import Invalid
from apps.executions import conditional, presentation, services
from apps.executions.models import Execution
from apps.executions.shapes import CheckpointSerializer, HeadingSerializer, Money
from apps.headers import IF_NONE_MATCH
from apps.journal.moments import microseconds, moment
from apps.journal.views import whole_number
from apps.periods.figures import UNITS, Period, Span, periods_of

CHECKPOINT = "checkpoint"
GRANULARITIES = (*UNITS, CHECKPOINT)
USUAL, MOST = 100, 1000


class PeriodSerializer(serializers.Serializer[Any]):
    """The figures of one calendar period, UTC."""

    start = serializers.DateTimeField(help_text="When the period begins; weeks begin on Monday.")
    points = serializers.IntegerField(help_text="Points of the equity curve in it.")
    start_balance = Money("Balance at the last point before it, or the initial balance")
    end_balance = Money("Balance at its last point")
    low = Money("Lowest balance")
    high = Money("Highest balance")
    pnl = Money("What the balance gained")
    total_return = Money("The same in per cent of the start balance")
    max_drawdown = Money("Largest fall from a peak within it, in per cent of that")
    realized_pnl = Money("Results of the trades that were closed in it")
    total_trades = serializers.IntegerField(help_text="Trades that were closed in it.")
    winning_trades = serializers.IntegerField(help_text="Of them, those with a profit.")
    losing_trades = serializers.IntegerField(help_text="Of them, those without one.")


class PeriodsSerializer(HeadingSerializer):
    """Figures by periods, ascending."""

    granularity = serializers.ChoiceField(choices=GRANULARITIES, help_text="What a row is of.")
    metrics = PolymorphicProxySerializer(
        component_name="PeriodOrCheckpoint",
        serializers=[PeriodSerializer, CheckpointSerializer],
        resource_type_field_name=None,
        many=True,
    )
    count = serializers.IntegerField(help_text="How many rows these are.")


class PeriodsView(APIView):
    """`GET executions/{id}/metrics/`: by day, week, month, year, or checkpoint by checkpoint."""

    @extend_schema(
        operation_id="get_execution_metrics",
        parameters=[
            OpenApiParameter("granularity", str, enum=GRANULARITIES, description="What a row is of; day unless said."),
            OpenApiParameter("last_n", int, description=f"The last so many; {USUAL} unless said, up to {MOST}."),
            OpenApiParameter(
                "start_time",
                OpenApiTypes.DATETIME,
                description="Points and trades from here on; of checkpoints, those written from here on.",
            ),
            OpenApiParameter("end_time", OpenApiTypes.DATETIME, description="The same up to here, inclusive."),
            IF_NONE_MATCH,
        ],
        responses=PeriodsSerializer,
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The figures of each day, week, month or year of the simulated time, or of each checkpoint, ascending."""
        execution = services.find(request.user, pk)
        query = request.query_params
        granularity = query.get("granularity", "day")
        if granularity not in GRANULARITIES:
            problem = f"It must be one of {', '.join(GRANULARITIES)}."
            raise Invalid("Invalid granularity parameter", fields={"granularity": [problem]})
        most = min(whole_number(query, "last_n", default=USUAL, least=1), MOST)
        span = Span(granularity, most, microseconds(query, "start_time"), microseconds(query, "end_time"))
        is_over = conditional.is_over(execution)
        newest = None if is_over else execution.checkpoints.values_list("pk", flat=True).first()
        state = (is_over, execution.equity_head, execution.trades_head, newest)
        return conditional.answer(
            request,
            conditional.tag_of(request, execution, state),
            lambda: self._answer(execution, span, query),
            is_final=is_over,
        )

    def _answer(self, execution: Execution, span: Span, query: QueryDict) -> Response:
        if span.granularity == CHECKPOINT:
            metrics = _checkpoints(execution, span.most, query)
        else:
            metrics = [_shown(period) for period in periods_of(execution, span)]
        heading = presentation.heading(execution)
        return Response({**heading, "granularity": span.granularity, "metrics": metrics, "count": len(metrics)})


def _checkpoints(execution: Execution, most: int, query: QueryDict) -> list[Any]:
    found = execution.checkpoints.order_by("-pk")
    for name, lookup in (("start_time", "created_at__gte"), ("end_time", "created_at__lte")):
        if (time := moment(query, name)) is not None:
            found = found.filter(**{lookup: time})
    return [presentation.checkpoint_answer(checkpoint) for checkpoint in reversed(found[:most])]


def _shown(period: Period) -> dict[str, Any]:
    gain = period.end_balance - period.start_balance
    share = gain / period.start_balance if period.start_balance > 0 else None
    money = {
        "start_balance": period.start_balance,
        "end_balance": period.end_balance,
        "low": period.low,
        "high": period.high,
        "pnl": gain,
        "total_return": None if share is None else share * 100.0,
        "max_drawdown": period.drawdown * 100.0,
        "realized_pnl": period.realized,
    }
    return {
        "start": f"{np.datetime_as_string(period.start, unit='s')}Z",
        "points": period.points,
        **{name: presentation.two_decimals(value) for name, value in money.items()},
        "total_trades": period.trades,
        "winning_trades": period.won,
        "losing_trades": period.trades - period.won,
    }
