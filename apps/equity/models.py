"""The journal of equity points, kept as blocks of compressed columns."""

from django.db import models

from apps.executions.models import Execution

BLOCK_POINTS = 4096


class EquityBlock(models.Model):
    """Points `sequence` … `last_sequence`: up to BLOCK_POINTS of them; only an execution's last block still grows."""

    pk = models.CompositePrimaryKey("execution_id", "sequence")
    execution = models.ForeignKey(
        Execution, on_delete=models.CASCADE, related_name="equity_blocks", db_constraint=False, db_index=False
    )
    sequence = models.PositiveBigIntegerField(help_text="Of the block's first point.")
    last_sequence = models.PositiveBigIntegerField()
    starts_at = models.BigIntegerField(help_text="Time of the first point, microseconds UTC.")
    ends_at = models.BigIntegerField(help_text="Time of the last point, microseconds UTC.")
    points = models.BinaryField(help_text="Columns of the points; the codec is in blocks.py.")

    def __str__(self) -> str:
        return f"equity {self.sequence}…{self.last_sequence} of execution {self.execution_id}"
