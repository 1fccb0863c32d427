"""The shape of the trades journal's pages, for the description of the API."""

from typing import Any

from rest_framework import serializers

from apps.journal.shapes import RowsSerializer


class TradeSerializer(serializers.Serializer[Any]):
    """A round trip, written when it is closed."""

    sequence = serializers.IntegerField(min_value=1, help_text="1, 2, 3 … without gaps.")
    trade = serializers.DictField(
        help_text="instrument, direction, entry and exit with time, price and units, pnl, pips, fees, details."
    )
    created_at = serializers.DateTimeField(help_text="When it was written.")


class TradesPageSerializer(RowsSerializer):
    """A page of trades, ascending."""

    trades = TradeSerializer(many=True, help_text="The rows, ascending by sequence.")
