"""How a password is checked, whichever door it comes by."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.http import HttpRequest

from apps.accounts.limits import Try
from apps.accounts.models import User


class LimitedBackend(ModelBackend):
    """Django's own, which hashes for 0.2 s a try; who guesses too often is refused before it does."""

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **kwargs: Any
    ) -> User | None:
        """The user whose password this is, or None. Raises RateLimited; a call without a request is not limited."""
        email = username if username is not None else kwargs.get("email")
        if request is None or email is None or password is None:
            return super().authenticate(request, username, password, **kwargs)
        attempt = Try.of(email, request)
        attempt.begin()
        user = super().authenticate(request, username, password, **kwargs)
        if user is not None:
            attempt.succeed()
        return user
