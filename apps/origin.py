"""Which request is answered now: what the audit asks when something changes."""

from contextvars import ContextVar

from django.http import HttpRequest

request: ContextVar[HttpRequest | None] = ContextVar("request", default=None)
"""None in workers and commands."""
