"""The native API's shapes of trading tasks."""

from dataclasses import asdict
from typing import Any

from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from apps.bodies import KnownMembers
from apps.executions import replays, trading_tasks
from apps.executions.models import Execution, TradingTask
from apps.executions.serializers import BacktestTaskSerializer


class TradingTaskSerializer(BacktestTaskSerializer):
    """A trading task; `config` and `dataset` are ids that the user can see."""

    mode = serializers.CharField(default="paper", help_text="paper; live is refused as long as no venue is there.")
    feed = serializers.CharField(default="replay", help_text="replay: the dataset, played on a clock.")
    broker = serializers.CharField(default="paper", help_text="paper: the engine's own matching.")
    can_resume = serializers.SerializerMethodField(help_text="Whether the latest execution is paused.")
    has_strategy_state = serializers.BooleanField(
        read_only=True, default=False, help_text="Whether the latest execution has a state that it would go on from."
    )

    class Meta(BacktestTaskSerializer.Meta):
        model = TradingTask  # type: ignore[assignment]
        fields = [
            *BacktestTaskSerializer.Meta.fields, "mode", "feed", "broker", "speed", "sell_on_stop", "can_resume",
            "has_strategy_state",
        ]  # fmt: skip

    def get_can_resume(self, task: TradingTask) -> bool:
        return getattr(task, "latest_status", None) == "paused"


class LagSerializer(serializers.Serializer[Any]):
    """What has come of the feed and is not played yet."""

    rows = serializers.IntegerField(allow_null=True, help_text="How many rows; null where the data cannot be read.")
    seconds = serializers.FloatField(help_text="Since the first of them came.")


class TradingTaskDetailSerializer(TradingTaskSerializer):
    """A trading task, and how far it is behind its feed."""

    lag = serializers.SerializerMethodField(help_text="Null while no clock goes.")

    class Meta(TradingTaskSerializer.Meta):
        fields = [*TradingTaskSerializer.Meta.fields, "lag"]

    @extend_schema_field(LagSerializer(allow_null=True))
    def get_lag(self, task: TradingTask) -> dict[str, Any] | None:
        latest = getattr(task, "latest_execution_id", None)
        execution = Execution.objects.with_tasks().filter(pk=latest).first() if latest else None
        lag = replays.lag_of(execution) if execution else None
        return None if lag is None else asdict(lag)


class StopSerializer(KnownMembers, serializers.Serializer[Any]):
    """How to stop; what is left out the task says by `sell_on_stop`."""

    mode = serializers.ChoiceField(
        choices=trading_tasks.STOPS,
        required=False,
        help_text=(
            "immediate and graceful end it after the last written row and leave the positions open; graceful_close "
            "lets it run on until they are closed."
        ),
    )


@extend_schema_serializer(component_name="TradingRestart")
class RestartSerializer(KnownMembers, serializers.Serializer[Any]):
    """What a restart may say; usually nothing."""

    clear_state = serializers.BooleanField(default=True, help_text="It begins anew; only a resumed one does not.")

    def validate_clear_state(self, clear_state: bool) -> bool:
        if not clear_state:
            raise serializers.ValidationError(
                "A restart begins at the first bar. To go on where an execution was paused, POST to resume/."
            )
        return clear_state
