"""The native API's shape of a strategy configuration."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request

from apps.bodies import KnownMembers
from apps.strategies.models import StrategyConfig


class DefinitionSerializer(serializers.Serializer[Any]):
    """A strategy with the JSON Schema of its parameters."""

    id = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    config_schema = serializers.DictField()


class DefinitionsSerializer(serializers.Serializer[Any]):
    """All strategies of the server."""

    strategies = DefinitionSerializer(many=True)
    count = serializers.IntegerField()


class DefaultsSerializer(serializers.Serializer[Any]):
    """The default parameters of a strategy."""

    strategy_id = serializers.CharField()
    defaults = serializers.DictField()


class StrategyConfigSerializer(KnownMembers, serializers.ModelSerializer[StrategyConfig]):
    """A named parameter set of a strategy."""

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


class CopySerializer(KnownMembers, serializers.Serializer[Any]):
    """What a copy needs."""

    new_name = serializers.CharField(max_length=120, help_text="The copy's name.")


def read_copy(request: Request) -> str:
    """The name of the copy that is asked for. Raises ValidationError."""
    wanted = CopySerializer(data=request.data)
    wanted.is_valid(raise_exception=True)
    return str(wanted.validated_data["new_name"])
