"""What happened to an execution on this server, in words: beside its tape, because no two runs have the same."""

from django.db import models

from apps.executions.models import Execution


class Level(models.TextChoices):
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogLine(models.Model):
    """One line; sequences are 1, 2, 3 … in each execution, without gaps."""

    execution = models.ForeignKey(Execution, on_delete=models.CASCADE, related_name="log_lines", db_index=False)
    sequence = models.PositiveIntegerField()
    level = models.CharField(max_length=10, choices=Level.choices)
    message = models.TextField()
    context = models.JSONField(default=dict, help_text="The same for programs.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["execution", "sequence"]
        constraints = [models.UniqueConstraint(fields=["execution", "sequence"], name="log_line_numbered")]

    def __str__(self) -> str:
        return f"{self.level}: {self.message}"
