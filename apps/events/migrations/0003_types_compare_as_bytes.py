"""Event types are compared byte by byte: a locale's rules would cost a third of appending a row."""

from typing import Any

from django.db import migrations


def compare_as_bytes(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":  # SQLite compares bytes by itself
        editor.execute('ALTER TABLE events_event ALTER COLUMN event_type TYPE varchar(40) COLLATE "C"')


def compare_by_locale(apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        editor.execute('ALTER TABLE events_event ALTER COLUMN event_type TYPE varchar(40) COLLATE "default"')


class Migration(migrations.Migration):
    dependencies = [("events", "0002_rows_are_swept")]

    operations = [migrations.RunPython(compare_as_bytes, compare_by_locale)]
