"""What there is to run and to run on: strategies and datasets."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from apps.dashboard.doors import PageRequest, page
from apps.market.models import Dataset, DatasetVersion
from apps.strategies.services import definitions


@require_safe
@page
def strategies(request: PageRequest) -> HttpResponse:
    return render(request, "dashboard/strategies.html", {"definitions": definitions()})


@require_safe
@page
def data(request: PageRequest) -> HttpResponse:
    """Each dataset with its newest version."""
    datasets = Dataset.objects.visible_to(request.user).select_related("instrument").order_by("name")
    ascending = DatasetVersion.objects.filter(dataset__in=datasets).order_by("number")
    newest = {version.dataset_id: version for version in ascending}
    context = {
        "rows": [(dataset, newest.get(dataset.pk)) for dataset in datasets],
        "first": min((version.starts_at for version in newest.values()), default=None),
        "last": max((version.ends_at for version in newest.values()), default=None),
    }
    return render(request, "dashboard/data.html", context)
