"""A database connection that lay idle is used again without asking the server, unless the server has ended it."""

import select
import socket
from typing import Any
from unittest import mock

import environ
import psycopg
import pytest
from django.db.utils import ConnectionHandler

from config.postgresql.base import DatabaseWrapper, _is_quiet


def test_a_line_is_quiet_until_something_is_said() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert _is_quiet(here.fileno())
        there.send(b"x")
        assert not _is_quiet(here.fileno())


def test_a_closed_line_is_not_quiet() -> None:
    here, there = socket.socketpair()
    with here:
        there.close()

        assert not _is_quiet(here.fileno())
    assert not _is_quiet(-1)


@pytest.fixture
def database(db: None, require_services: Any) -> Any:
    """A connection of its own to PostgreSQL."""
    settings = environ.Env.db_url_config(require_services.require_postgres())
    settings |= {"ENGINE": "config.postgresql", "CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
    wrapper = ConnectionHandler({"default": settings})["default"]
    yield wrapper
    wrapper.close()


def _process(database: Any) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def test_a_quiet_connection_is_not_asked(database: Any) -> None:
    assert isinstance(database, DatabaseWrapper)
    process = _process(database)

    database.close_if_unusable_or_obsolete()  # as at the beginning of each request
    with mock.patch.object(DatabaseWrapper, "is_usable", side_effect=AssertionError):
        assert _process(database) == process


def test_a_connection_that_the_server_ended_is_opened_anew(database: Any, require_services: Any) -> None:
    process = _process(database)
    with psycopg.connect(require_services.require_postgres(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (process,))
    assert select.select([database.connection.pgconn.socket], [], [], 30)[0]  # the server has said so

    database.close_if_unusable_or_obsolete()

    assert _process(database) != process
