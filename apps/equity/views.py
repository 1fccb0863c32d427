"""The equity curve: by sequences and pages like every journal, and also by time and by number of points."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from django.http import HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request

from apps.equity.journal import encode, equity
from apps.equity.models import BLOCK_POINTS
from apps.equity.shapes import EquityPageSerializer
from apps.errors import Invalid
from apps.executions.models import Execution
from apps.journal.export_views import ExportView, exported, refuse_deleted, since_of
from apps.journal.exports import Column, Kind
from apps.journal.shapes import described, whole
from apps.journal.text import MICROSECONDS
from apps.journal.views import JournalView, Window, whole_number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FILTERS = [
    OpenApiParameter("start_time", OpenApiTypes.DATETIME, description="Points from here on; UTC without an offset."),
    OpenApiParameter("end_time", OpenApiTypes.DATETIME, description="Points up to here, inclusive."),
    whole("max_points", "At most so many points, chosen so that extremes stay; at least 2.", least=2),
]


@described(EquityPageSerializer, size=500, filters=FILTERS)
class EquityView(JournalView):
    """Balances marked at each bar's close."""

    journal = equity
    member = "equity_curve"
    default_page_size = 500
    filters = ("start_time", "end_time", "max_points")

    def check(self, query: QueryDict) -> None:
        super().check(query)
        _part(query)

    def page(self, request: Request, execution: Execution, window: Window) -> HttpResponse:
        query = request.query_params
        if not set(self.filters) & set(query):
            rows, count = self.read(execution, window, query)
            return self.answer(request, execution, window, rows, count, granularity_seconds=None)
        start, end, limit = _part(query)
        first, last = equity.span(execution.pk, start, end, window.since)
        last = min(last, execution.equity_head)
        count, granularity = max(last - first + 1, 0), None
        if limit and count > limit:
            points = equity.thinned(execution.pk, first, last, limit)
            count, granularity = len(points), _mean_step(points, limit)
            page = points[window.start : window.start + window.size]
        else:
            begin = first + window.start
            page = equity.points(execution.pk, begin, min(begin + window.size - 1, last))
        return self.answer(request, execution, window, encode(page), count, granularity_seconds=granularity)


@exported(FILTERS)
class EquityExportView(ExportView, EquityView):
    """The whole equity curve as a file, or the part or the thin curve of it that is asked for."""

    columns = (Column("sequence", Kind.WHOLE), Column("timestamp", Kind.TIME), Column("balance", Kind.NUMBER))

    def pieces(self, execution: Execution, query: QueryDict) -> Iterator[Sequence[str]]:
        start, end, limit = _part(query)
        first, last = equity.span(execution.pk, start, end, since_of(query))
        last = min(last, execution.equity_head)
        if limit and last - first + 1 > limit:
            yield encode(equity.thinned(execution.pk, first, last, limit))
        else:
            for begin in range(first, last + 1, BLOCK_POINTS):
                yield encode(equity.points(execution.pk, begin, min(begin + BLOCK_POINTS - 1, last)))
        refuse_deleted(execution)


def _part(query: QueryDict) -> tuple[int | None, int | None, int]:
    """Start and end, microseconds UTC, and the most points; 0: all of them."""
    start, end = _moment(query, "start_time"), _moment(query, "end_time")
    return start, end, whole_number(query, "max_points", default=0, least=2)


def _mean_step(points: np.ndarray, limit: int) -> int:
    """Seconds between two points, if `limit` of them were evenly spread over the time of these; at least 1."""
    elapsed = (int(points["time"][-1]) - int(points["time"][0])) / MICROSECONDS
    return max(1, int(np.ceil(elapsed / (limit - 1))))


def _moment(query: QueryDict, name: str) -> int | None:
    """A time parameter in microseconds UTC; one without a zone is taken as UTC."""
    text = query.get(name)
    if text is None:
        return None
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None:
        raise Invalid(
            f"Invalid {name} parameter", fields={name: ["It must be an ISO 8601 time, 2026-01-12T10:00:00Z."]}
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    elapsed = moment - EPOCH
    return (elapsed.days * 86_400 + elapsed.seconds) * MICROSECONDS + elapsed.microseconds
