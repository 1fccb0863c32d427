"""How a page is entered: signed in, or by way of the sign-in page; what services refuse becomes an error page."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render, resolve_url
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from apps.accounts.models import User
from apps.errors import DomainError

P = ParamSpec("P")


class PageRequest(HttpRequest):
    """A request of somebody who is signed in."""

    user: User
    htmx: HtmxDetails


View = Callable[Concatenate[PageRequest, P], HttpResponse]


def page(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """The view for people who are signed in; a refusal becomes an error page with its status and message."""

    @wraps(view)
    def door(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        try:
            return view(cast("PageRequest", request), *args, **kwargs)
        except DomainError as refusal:
            return _refused(request, refusal)

    return door


def _refused(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    context = {
        "status": refusal.status,
        "detail": refusal.message,
        "request_id": request.META.get("tapedeck.request_id", ""),
        "static": settings.STATIC_URL,
    }
    return render(request, "error.html", context, status=refusal.status)


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    """For a part of a page the whole page goes: a sign-in form inside a table would help nobody."""
    if request.htmx:  # type: ignore[attr-defined]
        return HttpResponseClientRedirect(resolve_url(settings.LOGIN_URL))
    return redirect_to_login(request.get_full_path())
