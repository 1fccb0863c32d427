"""What there is to run and to run on: strategies and datasets."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from apps.dashboard.doors import PageRequest, page
from apps.dashboard.upload_form import UploadForm
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


@require_http_methods(["GET", "HEAD", "POST"])
@page
def upload(request: PageRequest) -> HttpResponse:
    """The form for a file of market data; or its import."""
    form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
    if form.is_bound and (version := form.take(request.user)) is not None:
        kind = version.dataset.get_layout_display()
        messages.success(request, f"{version.dataset.name} holds {version.rows:,} {kind} now.")
        return redirect("dashboard:data")
    context = {"form": form, "most_megabytes": settings.MAX_UPLOAD_MB}
    return render(request, "dashboard/upload.html", context, status=422 if form.errors else 200)
