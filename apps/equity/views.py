"""The equity curve: by sequences and pages like every journal, and also by time and by number of points."""

from datetime import UTC, datetime

import numpy as np
from django.http import HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from apps.equity.blocks import extremes
from apps.equity.journal import encode, equity
from apps.errors import Invalid
from apps.executions import services
from apps.executions.models import Execution
from apps.journal.text import MICROSECONDS
from apps.journal.views import JournalView, Window, whole_number

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EquityView(JournalView):
    """Balances marked at each bar's close."""

    journal = equity
    member = "equity_curve"
    default_page_size = 500
    filters = ("start_time", "end_time", "max_points")

    def get(self, request: Request, pk: int) -> HttpResponse:
        execution = services.find(request.user, pk)
        query = request.query_params
        self.refuse_unknown(query)
        window = Window.of(query, self.default_page_size)
        if not set(self.filters) & set(query):
            rows, count = self.read(execution, window, query)
            return self.answer(request, execution, window, rows, count, granularity_seconds=None)
        points, granularity = _selected(execution, window, query)
        page = points[window.start : window.start + window.size]
        return self.answer(request, execution, window, encode(page), len(points), granularity_seconds=granularity)


def _selected(execution: Execution, window: Window, query: QueryDict) -> tuple[np.ndarray, int | None]:
    """The points of the asked time, thinned to max_points, and the mean step in seconds if they were thinned."""
    start, end = _moment(query, "start_time"), _moment(query, "end_time")
    limit = whole_number(query, "max_points", default=0, least=2)
    points = equity.between(execution.pk, start, end, window.since)
    if not limit or len(points) <= limit:
        return points, None
    span = (int(points["time"][-1]) - int(points["time"][0])) / MICROSECONDS
    return points[extremes(points["balance"], limit)], max(1, int(np.ceil(span / (limit - 1))))


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
