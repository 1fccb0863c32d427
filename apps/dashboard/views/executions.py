"""The list of executions, and the rows of it that are still moving."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render

from apps.dashboard import listing
from apps.dashboard.doors import PageRequest, page
from apps.errors import Invalid
from apps.executions import lifecycle
from apps.executions.models import Status

MAX_ID = 2**62


@page
def listing_page(request: PageRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    if status and status not in Status.values:
        raise Invalid(f"There is no status {status!r}; there are {', '.join(Status.values)}.")
    before = _id(request.GET["before"]) if "before" in request.GET else None
    shown = listing.page(request.user, status=status, before=before)
    context = {
        "page": shown,
        "status": status,
        "statuses": Status.values,
        "before": before,
        "moving": _moving(shown.rows),
    }
    return render(request, "dashboard/executions.html", context)


@page
def live_rows(request: PageRequest) -> HttpResponse:
    """The asked rows anew, each to take its old place, and a next call for those that still move."""
    ids = [_id(text) for text in request.GET.get("ids", "").split(",") if text]
    rows = listing.rows_of(request.user, ids[: listing.PAGE_ROWS])
    return render(request, "dashboard/parts/live_rows.html", {"rows": rows, "moving": _moving(rows)})


def _moving(rows: Sequence[listing.Row]) -> str:
    """Ids of the rows that may still change, joined by commas."""
    return ",".join(str(row.execution.pk) for row in rows if row.execution.status not in lifecycle.TERMINAL)


def _id(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= MAX_ID):
        raise Invalid(f"{text!r} is not the id of an execution.")
    return int(text)
