from apps.events.journal import events
from apps.journal.views import JournalView


class EventsView(JournalView):
    """What the strategy decided, what was filled, how the execution's status changed."""

    journal = events
    member = "events"
    filters = ("event_type",)
