"""One execution: its page, the parts of it that change, and its three buttons."""

from collections.abc import Callable
from typing import Any

import orjson
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from apps.dashboard import charts, figures, listing, tape, terms
from apps.dashboard.doors import PageRequest, page
from apps.errors import Conflict, Invalid
from apps.executions import lifecycle, services, verifications
from apps.executions.manifests import manifest_hash
from apps.executions.models import Execution, Outcome

MOST_POINTS = 5000
LATEST_SECOND = 2**40
OUTCOMES = {
    Outcome.PENDING: {"words": "waits for a worker", "tone": ""},
    Outcome.RUNNING: {"words": "runs again", "tone": "running"},
    Outcome.EQUAL: {"words": "the same again", "tone": "completed"},
    Outcome.DIFFERENT: {"words": "different", "tone": "failed"},
    Outcome.IMPOSSIBLE: {"words": "not possible", "tone": "paused"},
}
"""What the page says of a verification, and the badge whose colours it has."""


@require_safe
@page
def detail(request: PageRequest, pk: int) -> HttpResponse:
    execution = services.find(request.user, pk)
    context = {
        **_heading(execution),
        **_figures(execution),
        **_verification(execution),
        "dataset": execution.dataset_version.dataset,
        "period": listing.period_of(execution),
        "account": terms.account(execution.manifest),
        "fills": terms.fills(execution.manifest.get("rules")),
        "manifest_hash": execution.manifest_hash or manifest_hash(execution.manifest),
        "trades": tape.newest_trades(execution),
        "events": tape.newest_events(execution),
    }
    return render(request, "dashboard/execution.html", context)


@require_safe
@page
def chart_columns(request: PageRequest, pk: int) -> HttpResponse:
    """The chart's columns as JSON; a finished run's do not change any more."""
    execution = services.find(request.user, pk)
    body = orjson.dumps(charts.columns(execution, _window(request.GET)), option=orjson.OPT_SERIALIZE_NUMPY)
    response = HttpResponse(body, content_type="application/json")
    is_final = execution.status in lifecycle.TERMINAL
    response["Cache-Control"] = "private, max-age=300" if is_final else "no-store"
    return response


@require_safe
@page
def older_trades(request: PageRequest, pk: int) -> HttpResponse:
    execution = services.find(request.user, pk)
    before = _whole(request.GET, "before", 1, 2**62)
    context = {"execution": execution, "trades": tape.newest_trades(execution, before)}
    return render(request, "dashboard/parts/trades.html", context)


@require_safe
@page
def controls_part(request: PageRequest, pk: int) -> HttpResponse:
    return render(request, "dashboard/parts/controls.html", _heading(services.find(request.user, pk)))


@require_safe
@page
def figures_part(request: PageRequest, pk: int) -> HttpResponse:
    execution = services.find(request.user, pk)
    return render(request, "dashboard/parts/figures.html", {**_heading(execution), **_figures(execution)})


@require_POST
@page
def pause(request: PageRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lifecycle.pause)


@require_POST
@page
def resume(request: PageRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lifecycle.resume)


@require_POST
@page
def stop(request: PageRequest, pk: int) -> HttpResponse:
    return _steer(request, pk, lifecycle.stop)


@require_safe
@page
def verification_part(request: PageRequest, pk: int) -> HttpResponse:
    execution = services.find(request.user, pk)
    return render(request, "dashboard/parts/verification.html", {**_heading(execution), **_verification(execution)})


@require_POST
@page
def verify(request: PageRequest, pk: int) -> HttpResponse:
    """Have it verified, then show that it is under way; a refusal is told in its place."""
    execution, refusal = services.find(request.user, pk), ""
    try:
        verifications.request(execution)
    except Conflict as conflict:
        refusal = conflict.message
    if request.htmx:
        context = {**_heading(execution), **_verification(execution), "refusal": refusal}
        return render(request, "dashboard/parts/verification.html", context, status=409 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    return redirect("dashboard:execution", pk)


def _steer(request: PageRequest, pk: int, deed: Callable[[Execution], None]) -> HttpResponse:
    """Do it, then show the buttons that are left; a refusal is told beside them."""
    execution, refusal = services.find(request.user, pk), ""
    try:
        deed(execution)
    except Conflict as conflict:
        refusal = conflict.message
    if request.htmx:
        context = {**_heading(execution), "refusal": refusal}
        return render(request, "dashboard/parts/controls.html", context, status=409 if refusal else 200)
    if refusal:
        messages.error(request, refusal)
    return redirect("dashboard:execution", pk)


def _heading(execution: Execution) -> dict[str, Any]:
    return {
        "execution": execution,
        "is_over": execution.status in lifecycle.TERMINAL,
        "elapsed_seconds": figures.elapsed_seconds(execution),
        "currency": terms.currency_of(execution.manifest),
    }


def _verification(execution: Execution) -> dict[str, Any]:
    verification = execution.verifications.first()
    return {
        "verification": verification,
        "outcome": OUTCOMES[Outcome(verification.outcome)] if verification else None,
        "is_verifying": verification is not None and verification.outcome in verifications.OPEN,
    }


def _figures(execution: Execution) -> dict[str, Any]:
    checkpoint = execution.checkpoints.first()
    return {
        "verdict": figures.verdict(checkpoint),
        "further": figures.further(checkpoint),
        "shortage": terms.shortage(checkpoint.metrics, tape.margin_calls(execution)) if checkpoint else "",
        "doubt": terms.doubt(checkpoint.metrics, execution.manifest) if checkpoint else "",
    }


def _window(query: QueryDict) -> charts.Window:
    """Raises Invalid for anything but whole numbers within their limits."""
    return charts.Window(
        start=_whole(query, "start", -LATEST_SECOND, LATEST_SECOND),
        end=_whole(query, "end", -LATEST_SECOND, LATEST_SECOND),
        points=_whole(query, "points", 2, MOST_POINTS) or charts.Window.points,
        step=_whole(query, "step", 1, 2**40),
    )


def _whole(query: QueryDict, name: str, least: int, most: int) -> int | None:
    text = query.get(name)
    if text is None:
        return None
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 19 and least <= int(text) <= most):
        raise Invalid(f"{name} must be a whole number from {least} to {most}.")
    return int(text)
