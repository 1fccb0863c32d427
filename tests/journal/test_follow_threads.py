"""Reading the present does not ask a connection whether it lives, and does not suffer from one that does not."""

from typing import Any

import pytest
from django.db import OperationalError, connection, connections

from apps.executions.models import Execution
from apps.journal.threads import _at_once

pytestmark = [pytest.mark.storage, pytest.mark.django_db(transaction=True)]


def test_a_connection_that_broke_since_is_replaced(execution: Any) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no line that could break.")
    _at_once(Execution.objects.count)
    assert connection.connection is not None
    connection.connection.close()

    assert _at_once(Execution.objects.count) == 1


def test_one_that_worked_is_not_asked_whether_it_lives(execution: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    _at_once(Execution.objects.count)
    monkeypatch.setattr(connections["default"], "is_usable", lambda: pytest.fail("it was asked"))

    assert _at_once(Execution.objects.count) == 1


def test_an_error_on_a_connection_that_lives_is_told_at_once(execution: Any) -> None:
    attempts: list[int] = []

    def fail() -> None:
        attempts.append(1)
        raise OperationalError("database is locked")

    with pytest.raises(OperationalError):
        _at_once(fail)

    assert len(attempts) == 1
