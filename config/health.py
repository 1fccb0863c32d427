"""Whether the process lives, and whether it can do its work; neither tells a stranger more than that."""

from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database and the broker answer, else 503 with the names of what does not."""
    missing = [name for name, answers in CHECKS.items() if not answers()]
    body = {"status": "unavailable", "missing": missing} if missing else {"status": "ok"}
    return JsonResponse(body, status=503 if missing else 200)


def _database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return False
    return True


def _broker_answers() -> bool:
    if not settings.CHANNEL_REDIS_URL:
        return True  # the filesystem broker is a folder of this machine
    client = redis.Redis.from_url(settings.CHANNEL_REDIS_URL, socket_timeout=2, socket_connect_timeout=2)
    try:
        return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
    finally:
        client.close()


CHECKS: dict[str, Callable[[], bool]] = {"database": _database_answers, "broker": _broker_answers}
