"""The events journal: what goes in, in which shape."""

from dataclasses import dataclass
from typing import Any

import orjson
from django.db.models import Q
from django.utils import timezone

from apps.events.models import Event, EventStretch
from apps.executions.models import Execution
from apps.journal import doorbell
from apps.journal.journal import NewRows, RowJournal
from apps.journal.places import Places
from apps.journal.text import iso_time

HISTORY = ("status_changed", "error_occurred")  # what happened to the execution: not part of its result
STORED = {"strategy_signal": "signal.", "status_changed": "status.", "strategy_stopped": "stopped."}
"""How the type of an event that a strategy tells begins in the table, before its kind: a reader finds it by either."""

HISTORY_STARTS = tuple(f'"event_type":"{name}"'.encode() for name in HISTORY)


@dataclass(frozen=True)
class OfType:
    """The rows of an event type, or of a kind that strategies tell of."""

    name: str

    def __contains__(self, stored: str) -> bool:
        return stored in self._spellings or stored.startswith(self._kinds)

    @property
    def rows(self) -> Q:
        after = f"{self._kinds[:-1]}/"  # "/" follows "."
        return Q(event_type__in=self._spellings) | Q(event_type__gte=self._kinds, event_type__lt=after)

    @property
    def _spellings(self) -> list[str]:
        """How the table may hold it as a type or as a kind."""
        return [self.name, *(start + self.name for start in STORED.values())]

    @property
    def _kinds(self) -> str:
        """How its kinds begin in the table, if it is a type."""
        return STORED.get(self.name, f"{self.name}.")


events = RowJournal(
    name="events",
    model=Event,
    head_field="events_head",
    columns=("event_type",),
    results=~Q(event_type__in=HISTORY),
    places=Places(EventStretch, Event, "event_type", OfType),
)


def content(event_type: str, strategy_type: str, timestamp: str, event: str) -> str:
    """A row's JSON besides its sequence and created_at; `event` is JSON already."""
    return f'"event_type":"{event_type}","strategy_type":"{strategy_type}","timestamp":"{timestamp}","event":{event}'


def stored_type(event_type: str, kind: str) -> str:
    """What the table holds as the type of an event that a strategy tells."""
    return STORED[event_type] + kind


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
