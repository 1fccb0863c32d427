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

    class Meta:
        indexes = [models.Index(fields=["execution", "event_type", "sequence"], name="event_by_type")]

    def __str__(self) -> str:
        return f"event {self.sequence} of execution {self.execution_id}: {self.event_type}"
