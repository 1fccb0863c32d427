"""The journal of equity points, kept as blocks of compressed columns, and thin curves of them for charts."""

from django.db import models

from apps.executions.models import Execution

BLOCK_POINTS = 4096


class EquityBlock(models.Model):
    """Points `sequence` … `last_sequence`: up to BLOCK_POINTS of them; only an execution's last block still grows."""

    pk = models.CompositePrimaryKey("execution_id", "sequence")
    # swept a few rows at a time after the execution is deleted: a cascade would be one statement of minutes
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="equity_blocks", db_constraint=False, db_index=False
    )
    sequence = models.PositiveBigIntegerField(help_text="Of the block's first point.")
    last_sequence = models.PositiveBigIntegerField()
    starts_at = models.BigIntegerField(help_text="Time of the first point, microseconds UTC.")
    ends_at = models.BigIntegerField(help_text="Time of the last point, microseconds UTC.")
    points = models.BinaryField(help_text="Columns of the points; the codec is in blocks.py.")

    def __str__(self) -> str:
        return f"equity {self.sequence}…{self.last_sequence} of execution {self.execution_id}"


class EquityLevel(models.Model):
    """The lowest and the highest of each `bucket_points` points from `sequence` to `last_sequence`.

    It only saves work: where a row is missing, readers thin the blocks themselves, and the next writer makes it anew.
    """

    pk = models.CompositePrimaryKey("execution_id", "bucket_points", "sequence")
    execution = models.ForeignKey(
        Execution, on_delete=models.DO_NOTHING, related_name="equity_levels", db_constraint=False, db_index=False
    )
    bucket_points = models.PositiveIntegerField()
    sequence = models.PositiveBigIntegerField(help_text="Of the first point of the first bucket.")
    last_sequence = models.PositiveBigIntegerField(help_text="Of the last point of the last bucket.")
    points = models.BinaryField(help_text="Columns of the points; the codec is in blocks.py.")

    def __str__(self) -> str:
        return f"equity by {self.bucket_points} from {self.sequence} of execution {self.execution_id}"
