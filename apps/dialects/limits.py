"""How many calls a minute a dialect answers to one user, or to one address where nobody signed in."""

from typing import Any, ClassVar

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from apps.accounts.limits import TAKEN, RateLimited, address_of, take
from apps.dialects.models import Surface

WINDOW_SECONDS = 60.0


class DialectLimit(BaseThrottle):
    """A window of its own for each dialect, as long as the standard one of the native API.

    `has_headers`: whether answers carry X-RateLimit-*, as the native API's do. Raises RateLimited, which each dialect
    says in its own form.
    """

    surface: ClassVar[Surface]
    has_headers: ClassVar[bool] = False

    def allow_request(self, request: Request, view: Any) -> bool:
        asked = request._request  # noqa: SLF001 - DRF's own way to what it wraps
        asked.META[TAKEN] = None
        limit = settings.RATE_LIMIT_STANDARD
        if not limit:
            return True
        user = request.user
        who = f"user-{user.pk}" if user and user.is_authenticated else address_of(asked)
        taken = take(f"{self.surface}.{who}", limit, WINDOW_SECONDS)
        if self.has_headers:
            asked.META[TAKEN] = taken
        if taken.is_over:
            raise RateLimited(f"Too many requests: try again in {taken.wait_seconds} s.", taken.wait_seconds)
        return True
