"""The equity curve: by sequences and pages like every journal, and also by time and by number of points."""

from datetime import UTC, datetime

import numpy as np
from django.http import HttpResponse, QueryDict
from django.utils.dateparse import parse_datetime
from rest_framework.request import Request

from apps.equity.journal import encode, equity
from apps.errors import Invalid
from apps.executions import conditional
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

    def check(self, query: QueryDict) -> None:
        super().check(query)
        _part(query)

    def tag(self, request: Request, execution: Execution) -> str:
        if "max_points" not in request.query_params:
            return super().tag(request, execution)
        # where levels are missing, as in an archive, points next to a bucket's edge may be chosen otherwise
        state = (self.journal.head(execution), execution.archived_at)
        return conditional.tag_of(request, execution, state, is_weak=True)

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
