from drf_spectacular.utils import OpenApiParameter

from apps.events.journal import events
from apps.events.shapes import EventsPageSerializer
from apps.journal.export_views import ExportView, exported
from apps.journal.exports import Column, Kind
from apps.journal.shapes import described
from apps.journal.views import JournalView

FILTERS = [OpenApiParameter("event_type", str, description="Events of this type only: trade_executed, …")]


@described(EventsPageSerializer, size=1000, filters=FILTERS)
class EventsView(JournalView):
    """What the strategy decided, what was filled, how the execution's status changed."""

    journal = events
    member = "events"
    filters = ("event_type",)


@exported(FILTERS)
class EventsExportView(ExportView, EventsView):
    """All events as a file."""

    columns = (
        Column("sequence", Kind.WHOLE),
        Column("event_type", Kind.TEXT),
        Column("strategy_type", Kind.TEXT),
        Column("timestamp", Kind.TIME),
        Column("event", Kind.JSON),
        Column("created_at", Kind.TIME),
    )
