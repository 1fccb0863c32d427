"""Starting a back-test from a form."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from apps.dashboard import submission
from apps.dashboard.backtest_form import BacktestForm, ParametersForm, filled_like
from apps.dashboard.doors import PageRequest, page
from apps.errors import NotFound
from apps.executions import services
from apps.strategies.services import definitions


@require_http_methods(["GET", "HEAD", "POST"])
@page
def new(request: PageRequest) -> HttpResponse:
    """The form, filled like an execution (`?like=`) or with a choice (`?strategy_type=`, `?dataset=`); or the start."""
    if request.method == "POST":
        return _start(request)
    initial, parameters = request.GET.dict(), None
    if like := initial.pop("like", ""):
        initial, parameters = filled_like(services.find(request.user, int(like) if like.isdecimal() else 0))
    form = BacktestForm(request.user, definitions(), initial={**initial, "opened_at": timezone.now().isoformat()})
    definition = _definition(form["strategy_type"].value())
    return _page(request, form, ParametersForm(definition["config_schema"], initial=parameters), definition)


@require_safe
@page
def parameters(request: PageRequest) -> HttpResponse:
    """The parameters of another strategy, for the form that is open."""
    definition = _definition(request.GET.get("strategy_type"))
    context = {"definition": definition, "parameters": ParametersForm(definition["config_schema"])}
    return render(request, "dashboard/parts/parameters.html", context)


@require_safe
@page
def coverage(request: PageRequest) -> HttpResponse:
    """What another dataset covers, and the fields of the period with its limits."""
    form = BacktestForm(request.user, definitions(), initial=request.GET.dict())
    return render(request, "dashboard/parts/coverage.html", {"form": form, **form.coverage()})


def _start(request: PageRequest) -> HttpResponse:
    form = BacktestForm(request.user, definitions(), request.POST)
    definition = _definition(request.POST.get("strategy_type"))
    parameters_form = ParametersForm(definition["config_schema"], request.POST)
    execution = submission.start(request.user, form, parameters_form)
    if execution is not None:
        return redirect("dashboard:execution", execution.pk)
    return _page(request, form, parameters_form, definition, status=422)


def _page(
    request: PageRequest,
    form: BacktestForm,
    parameters_form: ParametersForm,
    definition: Mapping[str, Any],
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "parameters": parameters_form, "definition": definition, **form.coverage()}
    return render(request, "dashboard/new_backtest.html", context, status=status)


def _definition(strategy_type: str | None) -> Mapping[str, Any]:
    """The definition of a strategy; the first one where none is named. Raises NotFound."""
    known = definitions()
    found = [definition for definition in known if definition["id"] == (strategy_type or known[0]["id"])]
    if not found:
        raise NotFound(f"There is no strategy {strategy_type!r}.")
    return found[0]
