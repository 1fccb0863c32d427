"""How many calls a minute the API answers, and the headers that say so on each of its answers."""

import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.authentication import SessionAuthentication
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.limits import TAKEN, RateLimited, Taken, address_of, take
from config.errors import plain

API = "/api/"
WINDOW_SECONDS = 60.0
POLLED = re.compile(r"/api/trading/executions/(\d+/(status|metrics/latest)|statuses)/?")


class ApiLimit(BaseThrottle):
    """Counts a call once it is known who makes it: by user, or by address when nobody has signed in.

    There are three windows: one for calls that follow a run, one for others, and one for what our own pages ask, which
    come by the session's cookie and are polled more often where WebSockets are blocked.
    """

    def allow_request(self, request: Request, view: Any) -> bool:
        """Raises RateLimited."""
        asked = request._request  # noqa: SLF001 - DRF's own way to what it wraps
        if request.user and request.user.is_authenticated:
            is_page = isinstance(request.successful_authenticator, SessionAuthentication)
            _count(asked, f"user-{request.user.pk}", is_page=is_page)
        else:
            _count(asked, address_of(asked))
        return True


class LimitMiddleware:
    """Puts the limit's headers on answers under /api/, and counts by its address what no view counted.

    That is what was refused before anybody was known: a bad token, no such address. Preflights, which CORS answers
    further out, count as nothing.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not request.path_info.startswith(API):
            return response
        if TAKEN not in request.META:
            try:
                _count(request, address_of(request))
            except RateLimited as refusal:
                if 400 <= response.status_code < 500:
                    response = _answer(request, refusal)
        taken: Taken | None = request.META[TAKEN]
        if taken is not None:
            response["X-RateLimit-Limit"] = str(taken.limit)
            response["X-RateLimit-Remaining"] = str(taken.remaining)
            response["X-RateLimit-Reset"] = str(taken.ends_at)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Answers for pages that sign people in, ours and the admin's."""
        return _answer(request, error) if isinstance(error, RateLimited) else None


def _count(request: HttpRequest, who: str, *, is_page: bool = False) -> None:
    """Leave the place that the request takes in its META, None where there is no limit. Raises RateLimited."""
    if is_page:
        window, limit = "page", settings.RATE_LIMIT_PAGES
    elif "since_sequence" in request.GET or POLLED.fullmatch(request.path_info):
        window, limit = "realtime", settings.RATE_LIMIT_REALTIME
    else:
        window, limit = "standard", settings.RATE_LIMIT_STANDARD
    taken = take(f"{window}.{who}", limit, WINDOW_SECONDS) if limit else None
    request.META[TAKEN] = taken
    if taken is not None and taken.is_over:
        raise RateLimited(
            f"Rate limit exceeded: {limit} {window} calls a minute; try again in {taken.wait_seconds} s.",
            taken.wait_seconds,
        )


def _answer(request: HttpRequest, refusal: RateLimited) -> HttpResponseBase:
    answer = plain(request, refusal.status, refusal.code, refusal.message)
    answer["Retry-After"] = str(refusal.wait_seconds)
    return answer
