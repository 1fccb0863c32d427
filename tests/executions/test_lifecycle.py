"""T62 to T64: every way through the life cycle is the table's, and each change is written down once."""

from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.errors import Conflict
from apps.events.models import Event
from apps.executions import lifecycle
from apps.executions.models import Execution, Status

pytestmark = [pytest.mark.storage, pytest.mark.django_db]

# the documented statuses and changes, written down anew: the code's own table is what is tested
CHANGES = {
    "begin": {"created": "running", "paused": "running"},
    "pause": {"running": "paused"},
    "resume": {"paused": "running"},
    "stop": {"created": "stopped", "running": "stopped", "paused": "stopped"},
    "complete": {"running": "completed"},
    "fail": {"created": "failed", "running": "failed"},
}
TERMINAL = {"stopped", "completed", "failed"}


def step(execution: Any, name: str) -> None:
    arguments = ("out of bars", {"error_type": "OutOfBars", "bar": 7}) if name == "fail" else ()
    getattr(lifecycle, name)(execution, *arguments)


def written(execution: Any) -> list[tuple[int, str, str]]:
    rows = Event.objects.filter(execution=execution, event_type="status_changed").order_by("sequence")
    bodies = [orjson.loads(row.body) for row in rows]
    return [(body["sequence"], body["event"]["from"], body["event"]["to"]) for body in bodies]


@pytest.mark.case("T62")
def test_t62_the_statuses_are_the_documented_ones() -> None:
    assert set(Status.values) == {"created", "running", "paused", "stopped", "completed", "failed"}
    assert lifecycle.TERMINAL == TERMINAL


@pytest.mark.case("T63", "T64")
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(st.sampled_from(sorted(CHANGES)), max_size=8))
def test_t63_t64_any_sequence_of_wishes_leads_where_the_table_says(execution: Any, names: list[str]) -> None:
    Event.objects.all().delete()
    Execution.objects.filter(pk=execution.pk).update(
        status="created", events_head=0, error_message=None, failure=None, started_at=None, completed_at=None
    )
    execution.refresh_from_db()
    status, expected = "created", []

    for name in names:
        after = CHANGES[name].get(status)
        if after is None:
            with pytest.raises(Conflict, match=status):
                step(execution, name)
        else:
            step(execution, name)
            number = len(expected) + 1 + (after == "failed")  # its reason is written down before it
            expected.append((number, status, after))
            status = after
        execution.refresh_from_db()
        assert execution.status == status

    assert written(execution) == expected
    assert execution.events_head == len(expected) + (status == "failed")
    assert (execution.completed_at is not None) == (status in TERMINAL)
    assert (execution.error_message is not None) == (status == "failed")
    assert execution.failure == ({"error_type": "OutOfBars", "bar": 7} if status == "failed" else None)


@pytest.mark.case("T63")
def test_a_stale_copy_does_not_revive_what_has_ended(execution: Any) -> None:
    stale = Execution.objects.get(pk=execution.pk)
    lifecycle.stop(execution)

    with pytest.raises(Conflict):
        lifecycle.begin(stale)

    assert stale.status == "stopped"


def test_a_refused_change_leaves_the_lease_alone(execution: Any) -> None:
    from apps.runner import recorder

    claim = recorder.claim(execution.pk)
    assert claim is not None
    lease = Execution.objects.get(pk=execution.pk).lease_until

    with pytest.raises(Conflict):
        lifecycle.resume(claim.execution)

    assert Execution.objects.get(pk=execution.pk).lease_until == lease


@pytest.mark.case("T34")
def test_t34_a_failure_is_written_down_with_its_reason_before_the_change_of_status(execution: Any) -> None:
    failure = {"error_type": "ZeroDivisionError", "file": "own.py", "line": 3, "bar": 12, "time": None}
    lifecycle.begin(execution)

    lifecycle.fail(execution, "Own failed at bar 12.", failure)

    rows = [orjson.loads(row.body) for row in Event.objects.filter(execution=execution).order_by("sequence")]
    assert [row["event_type"] for row in rows] == ["status_changed", "error_occurred", "status_changed"]
    assert rows[1]["event"] == {
        "type": "error_occurred",
        "error_type": "ZeroDivisionError",
        "error_message": "Own failed at bar 12.",
        "context": {"file": "own.py", "line": 3, "bar": 12, "time": None},
    }
    assert execution.failure == failure


def test_what_cannot_fail_any_more_gets_no_reason(execution: Any) -> None:
    lifecycle.stop(execution)

    with pytest.raises(Conflict):
        lifecycle.fail(execution, "too late", {"error_type": "Late"})

    assert not Event.objects.filter(execution=execution, event_type="error_occurred").exists()
    assert (execution.status, execution.error_message, execution.failure) == ("stopped", None, None)


@pytest.mark.case("T75")
def test_t75_a_status_change_names_its_strategy(execution: Any) -> None:
    lifecycle.stop(execution)

    body = orjson.loads(Event.objects.get(execution=execution).body)
    assert set(body) == {"sequence", "event_type", "strategy_type", "timestamp", "event", "created_at"}
    assert body["strategy_type"] == "sma_cross"
