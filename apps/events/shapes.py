"""The shape of the events journal's pages, for the description of the API."""

from typing import Any

from rest_framework import serializers

from apps.journal.shapes import RowsSerializer


class EventSerializer(serializers.Serializer[Any]):
    """Something that happened in an execution."""

    sequence = serializers.IntegerField(min_value=1, help_text="1, 2, 3 … without gaps.")
    event_type = serializers.CharField(help_text="trade_executed, strategy_signal, status_changed, …")
    strategy_type = serializers.CharField(help_text="The strategy that ran.")
    timestamp = serializers.CharField(help_text="The time in the market's data, or of the change of status.")
    event = serializers.DictField(help_text="What happened; its members depend on the type of the event.")
    created_at = serializers.DateTimeField(help_text="When it was written.")


class EventsPageSerializer(RowsSerializer):
    """A page of events, ascending."""

    events = EventSerializer(many=True, help_text="The rows, ascending by sequence.")
