"""The shapes of answers that are made without a serializer, for the description of the API."""

from typing import Any

from rest_framework import serializers

from apps.executions.models import Status, TaskType
from apps.executions.queue import REASONS


class Money(serializers.CharField):
    """A number with two decimals, as text."""

    def __init__(self, help_text: str) -> None:
        super().__init__(allow_null=True, help_text=f'{help_text}, as "12.50"; null where it is undefined.')


class CheckpointSerializer(serializers.Serializer[Any]):
    """The figures after a recorded piece of the run."""

    id = serializers.IntegerField(help_text="It rises with each checkpoint.")
    processed = serializers.IntegerField(help_text="Bars done.")
    total_pnl = Money("Realised and unrealised profit")
    total_return = Money("Profit in per cent of the initial balance")
    win_rate = Money("Winning trades in per cent of all")
    max_drawdown = Money("Largest fall from a peak, in per cent of it")
    realized_pnl = Money("Profit of what is closed")
    unrealized_pnl = Money("Profit of what is open")
    sharpe_ratio = Money("Mean return by its deviation, a year")
    profit_factor = Money("Sum of the wins by sum of the losses")
    average_win = Money("Mean profit of a winning trade")
    average_loss = Money("Mean loss of a losing trade, positive")
    total_trades = serializers.IntegerField(help_text="Closed trades.")
    winning_trades = serializers.IntegerField(help_text="Of them, those with a profit.")
    losing_trades = serializers.IntegerField(help_text="Of them, those without a profit.")
    created_at = serializers.DateTimeField(help_text="When it was written.")


class HeadingSerializer(serializers.Serializer[Any]):
    """What every answer about an execution begins with."""

    execution_id = serializers.IntegerField(help_text="The execution.")
    task_type = serializers.ChoiceField(choices=TaskType.choices, help_text="The kind of its task.")
    task_id = serializers.IntegerField(allow_null=True, help_text="Its task.")


class LatestMetricsSerializer(HeadingSerializer):
    """The newest figures."""

    has_checkpoint = serializers.BooleanField(help_text="Whether there are any yet.")
    checkpoint = CheckpointSerializer(allow_null=True, help_text="Null before the first.")


class PlaceSerializer(serializers.Serializer[Any]):
    """Where an execution stands that no worker carries out."""

    position = serializers.IntegerField(allow_null=True, help_text="1: the next one; null: it will not be taken up.")
    reason = serializers.ChoiceField(choices=REASONS, help_text="Why it waits.")
    message = serializers.CharField(help_text="The same in words.")
    since = serializers.DateTimeField(help_text="When it began to wait.")


class StatusSerializer(LatestMetricsSerializer):
    """How far an execution is, with the newest figures."""

    execution_number = serializers.IntegerField(help_text="1, 2, 3 … of its task.")
    status = serializers.ChoiceField(choices=Status.choices, help_text="Where it stands.")
    progress = serializers.FloatField(help_text="Per cent of the bars, 0 to 100.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Null until a worker has taken it up.")
    completed_at = serializers.DateTimeField(allow_null=True, help_text="Null until it is over.")
    error_message = serializers.CharField(allow_null=True, help_text="Why it failed; null unless it did.")
    failure = serializers.DictField(
        allow_null=True, help_text="Where it failed: file, line, bar and its time, as far as known."
    )
    queue = PlaceSerializer(allow_null=True, help_text="Null while a worker carries it out, and when it is over.")


class MovedSerializer(serializers.Serializer[Any]):
    """What became of a task's latest execution."""

    id = serializers.IntegerField(help_text="The task.")
    execution_id = serializers.IntegerField(help_text="Its latest execution.")
    status = serializers.ChoiceField(choices=Status.choices, help_text="Where that stands now.")
    message = serializers.CharField(help_text="The same in words.")
