"""The shape of the equity journal's pages, for the description of the API."""

from typing import Any

from rest_framework import serializers

from apps.journal.shapes import RowsSerializer


class PointSerializer(serializers.Serializer[Any]):
    """The balance, marked to the market, at one time."""

    sequence = serializers.IntegerField(min_value=1, help_text="1, 2, 3 … without gaps.")
    timestamp = serializers.DateTimeField(help_text="The time in the market's data.")
    balance = serializers.FloatField(help_text="In the account's currency.")


class EquityPageSerializer(RowsSerializer):
    """A page of the equity curve, ascending."""

    equity_curve = PointSerializer(many=True, help_text="The points, ascending by sequence.")
    granularity_seconds = serializers.IntegerField(
        allow_null=True, help_text="Mean seconds between two points of a thinned curve; null for a whole one."
    )
