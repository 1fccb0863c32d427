from django.db import models


class Leftover(models.Model):
    """Rows that nobody reads any more: those of an execution that was deleted, or is in a file now.

    It is written in the transaction that makes them so and goes when they are gone: none is ever forgotten.
    """

    execution_id = models.BigIntegerField(primary_key=True)
    due_at = models.DateTimeField(db_index=True, help_text="Until then a reader who came before may still read them.")

    def __str__(self) -> str:
        return f"rows left over of execution {self.execution_id}"
