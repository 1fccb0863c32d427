"""System checks that refuse unsafe combinations at start, each with an id and a hint."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning

TAG = "tapedeck"


@register(TAG)
def refuse_default_secret(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    if settings.SECRET_KEY == settings.UNSAFE_SECRET_KEY and not settings.DEBUG:
        return [
            Error(
                "SECRET_KEY is the default one, which everybody knows.",
                hint="Set SECRET_KEY to 50 random characters, or start by `manage.py serve`, which makes one.",
                id="tapedeck.E001",
            )
        ]
    return []


@register(TAG)
def refuse_sqlite_with_several_hosts(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    sqlite = settings.DATABASES["default"]["ENGINE"].endswith("sqlite3")
    if sqlite and settings.WORKER_HOSTS > 1:
        return [
            Error(
                f"WORKER_HOSTS is {settings.WORKER_HOSTS}, but SQLite can be shared on one machine only.",
                hint="Set DATABASE_URL to a PostgreSQL server, or WORKER_HOSTS to 1.",
                id="tapedeck.E002",
            )
        ]
    return []


@register(TAG)
def refuse_embedded_broker_with_several_hosts(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED and settings.WORKER_HOSTS > 1:
        return [
            Error(
                f"WORKER_HOSTS is {settings.WORKER_HOSTS}, but the embedded broker serves one machine only.",
                hint="Set REDIS_URL to a Redis server that every host reaches.",
                id="tapedeck.E003",
            )
        ]
    return []


@register(TAG)
def refuse_debug_for_others(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    if settings.DEBUG and settings.HTTPS:
        return [
            Error(
                "DEBUG is on behind HTTPS: error pages would show settings and code to strangers.",
                hint="Set DEBUG to false on a server that others reach.",
                id="tapedeck.E004",
            )
        ]
    return []


@register(TAG)
def refuse_unknown_broker(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    if settings.EMBEDDED_BROKER not in ("redis", "filesystem"):
        return [
            Error(
                f"EMBEDDED_BROKER is {settings.EMBEDDED_BROKER!r}; there are redis and filesystem.",
                hint="Leave it unset: the best broker this machine can run is taken.",
                id="tapedeck.E005",
            )
        ]
    if settings.EMBEDDED and settings.EMBEDDED_BROKER == "redis" and not settings.EMBEDDED_REDIS_BINARY:
        return [
            Error(
                "EMBEDDED_BROKER is redis but no redis-server was found on this machine.",
                hint="Install redis-server, set REDIS_URL, or set EMBEDDED_BROKER to filesystem.",
                id="tapedeck.E006",
            )
        ]
    return []


@register(TAG)
def warn_without_charts(app_configs: Sequence[Any] | None, **options: Any) -> list[CheckMessage]:
    if not (settings.BASE_DIR / "node_modules/lightweight-charts/dist").exists():
        return [
            CheckWarning(
                "The chart library is not installed: pages will show no charts.",
                hint="Run `npm ci`, or start by `python3 manage.py demo`, which does.",
                id="tapedeck.W001",
            )
        ]
    return []
