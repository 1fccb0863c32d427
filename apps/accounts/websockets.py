"""Who opens a WebSocket: a browser by its session cookie from our own pages, a program by a one-time ticket."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

from channels.db import database_sync_to_async
from django.conf import settings
from django.http.request import validate_host

from apps.accounts.models import Ticket, User


async def user_of(scope: dict[str, Any]) -> User | None:
    """The user who may use this socket, or None. A ticket is used up; a session counts only from an allowed Origin."""
    query = parse_qs(scope["query_string"].decode(errors="replace"))
    if tickets := query.get("ticket"):
        return await database_sync_to_async(Ticket.objects.redeem)(tickets[0])
    user = scope.get("user")
    if user is not None and user.is_authenticated and is_own_origin(scope):
        return await database_sync_to_async(_the_user)(user)
    return None


def is_own_origin(scope: dict[str, Any]) -> bool:
    """Whether the page that opens the socket is one of ours: browsers always send its Origin."""
    headers = dict(scope["headers"])
    origin = urlsplit(headers.get(b"origin", b"").decode(errors="replace"))
    host = headers.get(b"host", b"").decode(errors="replace")
    same_host = bool(origin.netloc) and origin.netloc == host
    return same_host and validate_host(origin.hostname or "", settings.ALLOWED_HOSTS)


def _the_user(user: Any) -> User | None:
    """The session's lazy user, loaded."""
    return user if user.is_active else None
