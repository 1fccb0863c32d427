"""The journal of what happened: signals, fills, changes of status, errors."""

from django.db import models

from apps.executions.models import Execution


class Event(models.Model):
    """One row of the events journal; `body` is its JSON as the API serves it, encoded once by its writer."""

    pk = models.CompositePrimaryKey("execution_id", "sequence")
    # the writer holds the parent row already: checking the constraint again would double the cost of a row;
    # and rows are swept a few at a time after it is deleted: a cascade would be one statement of minutes
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="events", db_constraint=False, db_index=False
    )
    sequence = models.PositiveBigIntegerField()
    event_type = models.CharField(max_length=40)
    body = models.TextField()

    def __str__(self) -> str:
        return f"event {self.sequence} of execution {self.execution_id}: {self.event_type}"


class EventStretch(models.Model):
    """Which types the events `sequence` … `last_sequence` have: what filters are answered from.

    It only saves work: where a row is missing, readers look at the events, and the next writer makes it anew.
    """

    pk = models.CompositePrimaryKey("execution_id", "sequence")
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="event_stretches", db_constraint=False, db_index=False
    )
    sequence = models.PositiveBigIntegerField(help_text="Of the first event.")
    last_sequence = models.PositiveBigIntegerField()
    counts = models.TextField(help_text="A JSON object: how often each type occurs.")
    codes = models.BinaryField(help_text="The type of each event, as its place in `counts`; packed by places.py.")

    class Meta:
        verbose_name_plural = "event stretches"

    def __str__(self) -> str:
        return f"types of events {self.sequence}…{self.last_sequence} of execution {self.execution_id}"
