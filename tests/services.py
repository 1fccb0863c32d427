"""The servers and programs that some tests need: where they are, and what their absence means."""

import functools
import getpass
import os
import shutil
from collections.abc import Iterator
from typing import NoReturn

import psycopg
import pytest
import redis

REQUIRED = os.environ.get("TAPEDECK_REQUIRE_SERVICES") == "1"


def missing(what: str) -> NoReturn:
    """Skip the test, or fail it where TAPEDECK_REQUIRE_SERVICES=1 promises that everything is there."""
    if REQUIRED:
        pytest.fail(f"{what} TAPEDECK_REQUIRE_SERVICES=1 forbids to skip this test.", pytrace=False)
    pytest.skip(what)


@functools.cache
def postgres_url() -> str | None:
    """A PostgreSQL database from which test databases can be made; None when no server answers."""
    return next((url for url in _postgres_candidates() if _can_create_databases(url)), None)


def require_postgres() -> str:
    return postgres_url() or missing("No PostgreSQL: TAPEDECK_TEST_DATABASE_URL names none that answers.")


@functools.cache
def redis_url() -> str | None:
    """A Redis server, without a number; None when none answers."""
    url = os.environ.get("TAPEDECK_TEST_REDIS_URL", "redis://127.0.0.1:6379")
    server = url.rstrip("/") if url.count("/") < 3 else url.rpartition("/")[0]
    try:
        with redis.Redis.from_url(server, socket_timeout=2, socket_connect_timeout=2) as client:
            client.ping()
    except (redis.RedisError, OSError):
        return None
    return server


def require_redis() -> str:
    return redis_url() or missing("No Redis: TAPEDECK_TEST_REDIS_URL names none that answers.")


@functools.cache
def chromium() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def require_chromium() -> str:
    return chromium() or missing("No Chromium on PATH.")


def _postgres_candidates() -> Iterator[str]:
    if given := os.environ.get("TAPEDECK_TEST_DATABASE_URL"):
        yield given
        return
    user = getpass.getuser()
    for database in ("test", "postgres"):
        yield f"postgres://{user}@127.0.0.1:5432/{database}"  # trusted, or by the password in ~/.pgpass


def _can_create_databases(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            row = connection.execute("SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user")
            return bool((row.fetchone() or (False,))[0])
    except psycopg.Error:
        return False
