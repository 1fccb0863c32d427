"""Headers that differ between parts of the site."""

from collections.abc import Callable
from functools import cached_property

from csp.constants import HEADER
from csp.utils import build_policy
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.urls import reverse


class AdminPolicyMiddleware:
    """Gives the admin its own, looser content security policy; the rest of the site keeps the strict one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response
        self.policy = build_policy(config=settings.ADMIN_CONTENT_SECURITY_POLICY)

    @cached_property
    def where(self) -> str:
        return reverse("admin:index")

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.path_info.startswith(self.where):
            response[HEADER] = self.policy
        return response
