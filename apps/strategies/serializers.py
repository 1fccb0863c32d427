"""The native API's shape of a strategy configuration."""

from typing import Any

from rest_framework import serializers

from apps.strategies.models import StrategyConfig


class DefinitionSerializer(serializers.Serializer[Any]):
    """A strategy with the JSON Schema of its parameters."""

    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    config_schema = serializers.DictField()


class DefinitionsSerializer(serializers.Serializer[Any]):
    strategies = DefinitionSerializer(many=True)
    count = serializers.IntegerField()


class DefaultsSerializer(serializers.Serializer[Any]):
    strategy_id = serializers.CharField()
    defaults = serializers.DictField()


class StrategyConfigSerializer(serializers.ModelSerializer[StrategyConfig]):
    user_id = serializers.IntegerField(source="owner_id", read_only=True)
    parameters = serializers.DictField(required=False, default=dict, help_text="Those left out take their defaults.")
    is_in_use = serializers.BooleanField(read_only=True, default=False, help_text="Whether an execution runs with it.")

    class Meta:
        model = StrategyConfig
        fields = [
            "id", "user_id", "name", "strategy_type", "parameters", "description", "is_in_use", "created_at",
            "updated_at",
        ]  # fmt: skip
        read_only_fields = ["created_at", "updated_at"]
        validators: list[Any] = []  # uniqueness per owner is the service's to say
