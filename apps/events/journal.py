"""The events journal: what goes in, in which shape."""

from typing import Any

import orjson
from django.utils import timezone

from apps.events.models import Event
from apps.executions.models import Execution
from apps.journal import doorbell
from apps.journal.journal import RowJournal
from apps.journal.text import iso_time

events = RowJournal(name="events", model=Event, head_field="events_head", columns=("event_type",))


def tail(event_type: str, strategy_type: str, timestamp: str, event: str, created_at: str) -> str:
    """A row's JSON after its sequence; `event` is JSON already."""
    return (
        f',"event_type":"{event_type}","strategy_type":"{strategy_type}","timestamp":"{timestamp}",'
        f'"event":{event},"created_at":"{created_at}"}}'
    )


def record_status_change(sender: Any, *, execution_id: int, before: str, after: str, **more: Any) -> None:
    """Write the change of a status down, in the transaction that makes it."""
    moment = iso_time(timezone.now())
    strategy_type = Execution.objects.get(pk=execution_id).strategy_type
    event = orjson.dumps({"from": before, "to": after}).decode()
    events.append(execution_id, [("status_changed", tail("status_changed", strategy_type, moment, event, moment))])
    doorbell.ring(execution_id)
