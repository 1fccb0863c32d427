"""A filter by type finds the rows that a look at every row finds, however they came and whatever is noted of them."""

from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.events.journal import events
from apps.events.models import Event, EventStretch
from apps.executions.models import Execution
from apps.journal import places
from apps.journal.journal import NewRows
from tests.journal.conftest import CREATED_AT

pytestmark = [pytest.mark.storage, pytest.mark.django_db]
STRETCH = 8
types = st.lists(st.sampled_from(["trade_executed", "strategy_signal", "ä\t,\\", "tick_received"]), max_size=30)
laws = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(autouse=True)
def short_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STRETCH_ROWS", STRETCH)


def append(execution: Any, kinds: list[str]) -> None:
    events.append(execution.pk, NewRows((kinds,), [f'"event_type":"{kind}"' for kind in kinds], CREATED_AT))


def noted(execution: Any) -> list[tuple[int, int]]:
    notes = EventStretch.objects.filter(execution=execution).order_by("sequence")
    return list(notes.values_list("sequence", "last_sequence"))


@laws
@given(
    pieces=st.lists(types, max_size=5),
    lost=st.sets(st.integers(0, 20)),
    after=st.integers(0, 60),
    cut=st.none() | st.integers(0, 80),
    start=st.integers(0, 20),
    size=st.integers(1, 20),
)
def test_a_selection_is_what_a_look_at_every_row_finds(
    execution: Any, pieces: list[list[str]], lost: set[int], after: int, cut: int | None, start: int, size: int
) -> None:
    with transaction.atomic():
        for piece in pieces:
            append(execution, piece)
        EventStretch.objects.filter(execution=execution, sequence__in=[1 + STRETCH * part for part in lost]).delete()
        for kind in ("trade_executed", "ä\t,\\", "no_such_type"):
            rows = Event.objects.filter(execution=execution, event_type=kind, sequence__gt=after)
            found = events.bodies(execution.pk, after, event_type=kind)
            if cut is not None:
                rows, found = rows.filter(sequence__lte=cut), found.filter(sequence__lte=cut)
            expected = list(rows.order_by("sequence").values_list("body", flat=True))

            assert found.count() == len(expected)
            assert list(found) == list(found.iterator()) == expected
            assert found[start : start + size] == expected[start : start + size]
            assert found[:size] == expected[:size]
        transaction.set_rollback(True)


def test_each_whole_stretch_is_noted_once_and_the_rest_is_not(execution: Any) -> None:
    began = Execution.objects.get(pk=execution.pk).events_head
    for size in (1, 2, 3, 17, 1, 8, 2):
        append(execution, ["strategy_signal"] * size)

    head = began + 34
    assert noted(execution) == [(n, n + STRETCH - 1) for n in range(1, head - STRETCH + 2, STRETCH)]


def test_the_next_writer_makes_up_for_notes_that_are_missing(execution: Any) -> None:
    append(execution, ["strategy_signal", "trade_executed"] * 20)
    whole = list(EventStretch.objects.filter(execution=execution).order_by("sequence").values())
    EventStretch.objects.filter(execution=execution, sequence__gt=STRETCH).delete()

    append(execution, ["strategy_signal"] * STRETCH)

    assert list(EventStretch.objects.filter(execution=execution).order_by("sequence").values())[: len(whole)] == whole


def test_notes_stand_and_fall_with_their_rows(execution: Any) -> None:
    before = noted(execution)

    with transaction.atomic():
        append(execution, ["strategy_signal"] * 3 * STRETCH)
        assert noted(execution) != before
        transaction.set_rollback(True)

    assert noted(execution) == before


def test_rare_rows_of_many_stretches_are_found_by_a_few_questions(execution: Any) -> None:
    append(execution, (["strategy_signal"] * (STRETCH - 1) + ["margin_called"]) * 40)

    with CaptureQueriesContext(connection) as asked:
        found = events.bodies(execution.pk, 0, event_type="margin_called")[5:25]

    assert len(found) == 20
    assert len(asked) <= 5


def test_events_that_were_there_before_are_noted_by_the_migration(execution: Any, monkeypatch: Any) -> None:
    migration = import_module("apps.events.migrations.0005_note_types")
    monkeypatch.setattr(migration, "STRETCH_ROWS", STRETCH)
    append(execution, ["strategy_signal", "trade_executed", "strategy_signal"] * 13)
    whole = list(EventStretch.objects.filter(execution=execution).order_by("sequence").values())
    EventStretch.objects.filter(execution=execution, sequence__gt=STRETCH).delete()

    migration.note(apps, SimpleNamespace(connection=connection))

    assert list(EventStretch.objects.filter(execution=execution).order_by("sequence").values()) == whole
