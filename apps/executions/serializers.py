"""The native API's shapes of tasks and executions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from apps.bodies import KnownMembers
from apps.executions import terms
from apps.executions.models import BacktestTask, Execution
from apps.market.models import Dataset
from apps.strategies.models import StrategyConfig


class TermsField(serializers.Field[Any, Any, Any, Any]):
    """A JSON object; what its members may be the service says."""

    def to_internal_value(self, data: Any) -> Any:
        return data

    def to_representation(self, value: Any) -> Any:
        return value


@extend_schema_field(terms.COSTS.schema())
class CostsField(TermsField):
    """Costs beside the commissions."""


@extend_schema_field(terms.FILL_RULES.schema())
class FillRulesField(TermsField):
    """How bars fill orders."""


@extend_schema_field(terms.ACCOUNT.schema())
class AccountField(TermsField):
    """Who carries the positions, and how."""


class BacktestTaskSerializer(KnownMembers, serializers.ModelSerializer[BacktestTask]):
    """A task; `config` and `dataset` are ids that the user can see."""

    strategy_type = serializers.CharField(source="config.strategy_type", read_only=True)
    instrument = serializers.CharField(source="dataset.instrument.symbol", read_only=True)
    status = serializers.SerializerMethodField(help_text="Of the latest execution; created when there is none.")
    latest_execution = serializers.IntegerField(
        source="latest_execution_id", read_only=True, default=None, allow_null=True
    )
    costs = CostsField(required=False, help_text="Those left out cost nothing.")
    fill_rules = FillRulesField(required=False, help_text="Those left out have the engine's defaults.")
    account = AccountField(required=False, help_text="Those left out have the engine's defaults.")

    class Meta:
        model = BacktestTask
        fields = [
            "id", "name", "description", "config", "strategy_type", "dataset", "instrument", "start_time", "end_time",
            "session", "timeframe", "warm_up_bars", "initial_balance", "commission_rate", "commission_per_trade",
            "commission_per_unit", "commission_minimum", "costs", "fill_rules", "account", "equity_seconds",
            "bars_per_second", "status", "latest_execution", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "updated_at"]
        validators: list[Any] = []  # uniqueness per owner is the service's to say
        # without it, 1.5 would be taken for 1
        extra_kwargs = {name: {"pk_field": serializers.IntegerField()} for name in ("config", "dataset")}

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if user := getattr(self.context.get("request"), "user", None):
            fields["config"].queryset = StrategyConfig.objects.visible_to(user)  # type: ignore[attr-defined]
            fields["dataset"].queryset = Dataset.objects.visible_to(user)  # type: ignore[attr-defined]
        return fields

    def get_status(self, task: BacktestTask) -> str:
        return getattr(task, "latest_status", None) or "created"


class StartSerializer(KnownMembers, serializers.Serializer[Any]):
    """What a start may say; usually nothing."""

    reuse = serializers.BooleanField(
        default=False,
        help_text="Answer with your newest completed execution of the same manifest, if there is one.",
    )


class RestartSerializer(KnownMembers, serializers.Serializer[Any]):
    """What a restart may say; usually nothing."""

    clear_state = serializers.BooleanField(default=True, help_text="A back-test cannot be restarted without.")

    def validate_clear_state(self, clear_state: bool) -> bool:
        if not clear_state:
            raise serializers.ValidationError(
                "A back-test restarts from its first bar. To go on where a failed execution ended, POST to its retry/."
            )
        return clear_state


class StartedSerializer(serializers.Serializer[Any]):
    """Which execution the task runs as; 200 when an equal one is reused, 202 when a new one was sent."""

    message = serializers.CharField()
    task_id = serializers.IntegerField()
    execution_id = serializers.IntegerField()


class ExecutionSerializer(serializers.ModelSerializer[Execution]):
    """One row of the lists of executions."""

    task_id = serializers.IntegerField(read_only=True)
    strategy_type = serializers.CharField(read_only=True)
    duration = serializers.SerializerMethodField(help_text="Seconds from start to end; null while it runs.")

    class Meta:
        model = Execution
        fields = [
            "id", "task_type", "task_id", "execution_number", "strategy_type", "status", "progress", "processed",
            "total", "simulated_at", "created_at", "started_at", "completed_at", "duration", "error_message",
        ]  # fmt: skip

    def get_duration(self, execution: Execution) -> float | None:
        if execution.started_at is None or execution.completed_at is None:
            return None
        return (execution.completed_at - execution.started_at).total_seconds()


class ExecutionDetailSerializer(ExecutionSerializer):
    """One execution with what went into it and what came out."""

    metrics = serializers.SerializerMethodField(
        help_text="Every figure of the engine so far, unrounded, shares as fractions; null before the first."
    )

    class Meta(ExecutionSerializer.Meta):
        fields = [
            *ExecutionSerializer.Meta.fields,
            "manifest",
            "manifest_hash",
            "seal",
            "tape_hash",
            "failure",
            "retry_of",
            "metrics",
        ]

    @extend_schema_field({"type": ["object", "null"], "additionalProperties": {"type": ["number", "null"]}})
    def get_metrics(self, execution: Execution) -> dict[str, float | int | None] | None:
        checkpoint = execution.checkpoints.first()
        return checkpoint.metrics if checkpoint else None
