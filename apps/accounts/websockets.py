"""Who opens a WebSocket: a browser by its session cookie from our own pages, a program by a one-time ticket or by the
token or API key that it sends with its requests."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.http import HttpRequest
from django.http.request import validate_host
from rest_framework.exceptions import AuthenticationFailed

from apps.accounts.authentication import BearerAuthentication
from apps.accounts.models import Ticket, User

CREDENTIALS = {b"authorization": "HTTP_AUTHORIZATION", b"x-api-key": "HTTP_X_API_KEY"}


async def user_of(scope: dict[str, Any]) -> User | None:
    """The user who may use this socket, or None. A ticket is used up; a session counts only from an allowed Origin.

    Credentials that prove nothing close the socket, whatever the session says; a page cannot send any.
    """
    query = parse_qs(scope["query_string"].decode(errors="replace"))
    if tickets := query.get("ticket"):
        return await database_sync_to_async(Ticket.objects.redeem)(tickets[0])
    request = HttpRequest()
    request.method = "GET"  # a socket reads
    request.META = {
        CREDENTIALS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in CREDENTIALS
    }
    try:
        proved = await database_sync_to_async(BearerAuthentication().authenticate)(request)
    except AuthenticationFailed:
        return None
    if proved is not None:
        return proved[0]
    user = scope.get("user")
    is_known = user is not None and user.is_authenticated and user.is_active
    return user if is_known and is_own_origin(scope) else None


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Whether the page that opens the socket is one of ours: browsers always send its Origin."""
    headers = dict(scope["headers"])
    origin = urlsplit(headers.get(b"origin", b"").decode(errors="replace"))
    host = headers.get(b"host", b"").decode(errors="replace")
    same_host = bool(origin.netloc) and origin.netloc == host
    return same_host and validate_host(origin.hostname or "", settings.ALLOWED_HOSTS)
