"""The types of the events that are there, noted as their writers do it now; stretch by stretch, each kept at once."""

from typing import Any

import numpy as np
import orjson
import zstandard
from django.db import migrations

STRETCH_ROWS = 4096


def note(apps: Any, editor: Any) -> None:
    database = editor.connection.alias
    executions = apps.get_model("executions", "Execution").objects.using(database)
    events = apps.get_model("events", "Event").objects.using(database)
    stretches = apps.get_model("events", "EventStretch").objects.using(database)
    long_ones = executions.filter(events_head__gte=STRETCH_ROWS, archived_at=None)
    for execution_id, head in list(long_ones.values_list("pk", "events_head")):
        noted = stretches.filter(execution_id=execution_id).order_by("-sequence")
        reached = noted.values_list("last_sequence", flat=True).first() or 0  # of a migration that was cut off
        for begin in range(reached + 1, head - STRETCH_ROWS + 2, STRETCH_ROWS):
            end = begin + STRETCH_ROWS - 1
            rows = events.filter(execution_id=execution_id, sequence__gte=begin, sequence__lte=end).order_by("sequence")
            types = list(rows.values_list("event_type", flat=True))
            numbers = {name: number for number, name in enumerate(dict.fromkeys(types))}
            codes = np.array([numbers[name] for name in types], "<u2")
            counts = dict(zip(numbers, np.bincount(codes).tolist()))
            stretches.create(
                execution_id=execution_id,
                sequence=begin,
                last_sequence=end,
                counts=orjson.dumps(counts).decode(),
                codes=zstandard.compress(codes.tobytes(), level=1),
            )


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("events", "0004_types_by_stretches")]

    operations = [migrations.RunPython(note, migrations.RunPython.noop)]
