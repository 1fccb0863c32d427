"""The events journal: what goes in, in which shape."""

from typing import Any

import orjson
from django.db.models import Q
from django.utils import timezone

from apps.events.models import Event
from apps.executions.models import Execution
from apps.journal import archive, doorbell
from apps.journal.journal import NewRows, RowJournal
from apps.journal.text import iso_time

HISTORY = ("status_changed", "error_occurred")  # what happened to the execution: not part of its result
STORED = {"strategy_signal": "signal.", "status_changed": "status.", "strategy_stopped": "stopped."}
"""How the type of an event that a strategy tells begins in the table, before its kind: a reader finds it by either."""

HISTORY_STARTS = tuple(f'"event_type":"{name}"'.encode() for name in HISTORY)

events = RowJournal(
    name="events",
    model=Event,
    head_field="events_head",
    columns=("event_type",),
    results=~Q(event_type__in=HISTORY),
)


def content(event_type: str, strategy_type: str, timestamp: str, event: str) -> str:
    """A row's JSON besides its sequence and created_at; `event` is JSON already."""
    return f'"event_type":"{event_type}","strategy_type":"{strategy_type}","timestamp":"{timestamp}","event":{event}'


def stored_type(event_type: str, kind: str) -> str:
    """What the table holds as the type of an event that a strategy tells."""
    return STORED[event_type] + kind


def of_type(execution_id: int, wanted: str) -> Q:
    """The rows of an event type, or of a kind that strategies tell of.

    Which of its spellings there are is asked first, a probe of the index each: of one alone, as of nearly every
    execution, a page far behind costs what it costs without kinds.
    """
    rows = archive.rows_of(Event, execution_id)
    if isinstance(rows, archive.ArchivedRows):
        return Q(event_type__in=_spellings(wanted)) | Q(**_kinds_of(wanted))
    found = [wanted, *(each for each in _spellings(wanted)[1:] if rows.filter(event_type=each).exists())]
    if wanted in STORED:
        kinds = rows.filter(**_kinds_of(wanted)).order_by("event_type").values_list("event_type", flat=True)
        kind = kinds.first()
        while kind is not None:
            found.append(kind)
            kind = kinds.filter(event_type__gt=kind).first()
    return Q(event_type=wanted) if len(found) == 1 else Q(event_type__in=found)


def _spellings(wanted: str) -> list[str]:
    """How the table may hold this as a type or as a kind."""
    return [wanted, *(start + wanted for start in STORED.values())]


def _kinds_of(wanted: str) -> dict[str, str]:
    """Lookups of the kinds of an event type; "/" follows "."."""
    start = STORED.get(wanted, f"{wanted}.")
    return {"event_type__gte": start, "event_type__lt": f"{start[:-1]}/"}


def is_history(content: bytes) -> bool:
    """Whether a row, without its sequence, is of HISTORY; what a strategy tells of itself has a kind first."""
    return content.startswith(HISTORY_STARTS) and b'"event":{"kind":' not in content


def write_history(execution_id: int, event_type: str, event: dict[str, Any]) -> None:
    """Append a row of HISTORY, which happens in the server's time, within the caller's transaction."""
    moment = iso_time(timezone.now())
    strategy_type = Execution.objects.get(pk=execution_id).strategy_type
    row = content(event_type, strategy_type, moment, orjson.dumps(event).decode())
    events.append(execution_id, NewRows(([event_type],), [row], moment))
    doorbell.ring(execution_id)


def record_status_change(sender: Any, *, execution_id: int, before: str, after: str, **more: Any) -> None:
    """Write the change of a status down, in the transaction that makes it."""
    write_history(execution_id, "status_changed", {"from": before, "to": after})
