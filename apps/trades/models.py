"""The journal of closed round trips."""

from django.db import models

from apps.executions.models import Execution


class Trade(models.Model):
    """One round trip, entry to exit; `body` is its JSON as the API serves it, encoded once by its writer."""

    pk = models.CompositePrimaryKey("execution_id", "sequence")
    # the writer holds the parent row already: checking the constraint again would double the cost of a row;
    # and rows are swept a few at a time after it is deleted: a cascade would be one statement of minutes
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="trades", db_constraint=False, db_index=False
    )
    sequence = models.PositiveBigIntegerField()
    instrument = models.CharField(max_length=40)
    direction = models.CharField(max_length=5)
    body = models.TextField()

    class Meta:
        indexes = [
            models.Index(fields=["execution", "instrument", "sequence"], name="trade_by_instrument"),
            models.Index(fields=["execution", "direction", "sequence"], name="trade_by_direction"),
        ]

    def __str__(self) -> str:
        return f"trade {self.sequence} of execution {self.execution_id}"
